/* SPDX-License-Identifier: MIT */
/* base/random.c - randomness from the kernel, for secrets; and a cheap kind. */
#include "config.h"

#include <errno.h>
#include <sys/random.h>

#include "base/obj.h"
#include "base/str.h"

void
random_fill(void *p, size_t len)
{
	unsigned char *at = p;
	ssize_t n;

	while (len > 0) {
		n = getrandom(at, len, 0);
		ASSERT(n > 0 || errno == EINTR);
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
}

/* xorshift: good enough to spread timers, and for nothing else. */
uint32_t
random_jitter(void)
{
	static _Thread_local uint32_t x;

	while (x == 0)
		random_fill(&x, sizeof x);
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}
