/* SPDX-License-Identifier: MIT */
/* fossil_rig.c - written from the format's description, without the encoder's tables. */
#include "config.h"

#include "fossil_rig.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	const char	*p, *end;
};

struct result {
	char	*p;
	size_t	len, size;
};

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 37;
	return c == '_' ? 36 : c == '~' ? 63 : -1;
}

/* 32 bits, no leading zeros. */
static int
number(struct reader *r, uint64_t *ret)
{
	const char *first = r->p;
	uint64_t v = 0;

	for (; r->p < r->end && digit(*r->p) >= 0; r->p++) {
		if ((v = v << 6 | (uint64_t)digit(*r->p)) > UINT32_MAX)
			return -1;
	}
	*ret = v;
	return r->p == first || (*first == '0' && r->p > first + 1) ? -1 : 0;
}

static int
expect(struct reader *r, char c)
{
	return r->p < r->end && *r->p++ == c ? 0 : -1;
}

static int
append(struct result *to, const char *p, size_t room, uint64_t len)
{
	if (len == 0 || len > room || len > to->size - to->len)
		return -1;
	memcpy(to->p + to->len, p, len);
	to->len += len;
	return 0;
}

static uint32_t
checksum(const struct result *of)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < of->len; i++)
		sum += (uint32_t)(unsigned char)of->p[i] << (8 * (3 - i % 4));
	return sum;
}

/* 1 after a command, 0 after the end, -1. */
static int
command(struct reader *r, struct rotor_str from, struct result *to)
{
	uint64_t n, offset;

	if (number(r, &n) != 0 || r->p == r->end)
		return -1;
	switch (*r->p++) {
	case '@':
		if (number(r, &offset) != 0 || expect(r, ',') != 0 || offset > from.len)
			return -1;
		return append(to, from.p + offset, from.len - offset, n) == 0 ? 1 : -1;
	case ':':
		if (append(to, r->p, (size_t)(r->end - r->p), n) != 0)
			return -1;
		r->p += n;
		return 1;
	case ';':
		return r->p == r->end && to->len == to->size && n == checksum(to) ? 0 : -1;
	default:
		return -1;
	}
}

char *
fossil_apply(struct rotor_str from, struct rotor_str delta, size_t *ret_len)
{
	struct reader r = { delta.p, delta.p + delta.len };
	struct result to = { .p = NULL };
	uint64_t size;
	int more;

	if (number(&r, &size) != 0 || expect(&r, '\n') != 0)
		return NULL;
	to.size = size;
	to.p = malloc(to.size > 0 ? to.size : 1);
	if (to.p == NULL)
		return NULL;
	while ((more = command(&r, from, &to)) == 1)
		;
	if (more < 0) {
		free(to.p);
		return NULL;
	}
	*ret_len = to.len;
	return to.p;
}
