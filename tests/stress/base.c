/* SPDX-License-Identifier: MIT */
/* base.c - random numbers, text, memory, the end. */
#include "config.h"

#include "stress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t
mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

uint64_t
rng_next(uint64_t *state)
{
	*state += UINT64_C(0x9e3779b97f4a7c15);
	return mix(*state);
}

uint32_t
rng_below(uint64_t *state, uint32_t n)
{
	return (uint32_t)((rng_next(state) >> 32) * n >> 32);
}

struct slice
str(const char *text)
{
	return (struct slice){ text, strlen(text) };
}

int
str_is(struct slice a, const char *b)
{
	return a.len == strlen(b) && memcmp(a.p, b, a.len) == 0;
}

uint64_t
hash_bytes(struct slice s)
{
	uint64_t h = s.len, word;

	for (; s.len >= sizeof word; s.p += sizeof word, s.len -= sizeof word) {
		memcpy(&word, s.p, sizeof word);
		h = mix(h ^ word);
	}
	word = 0;
	if (s.len > 0)
		memcpy(&word, s.p, s.len);
	return mix(h ^ word);
}

void *
must_alloc(void *old, size_t size)
{
	void *p = realloc(old, size);

	if (p == NULL)
		fail("no memory");
	return p;
}

void
fail(const char *format, ...)
{
	va_list ap;

	printf("VIOLATION (seed %llu, run %s): ", (unsigned long long)opt.seed, opt.run);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	exit(1);
}
