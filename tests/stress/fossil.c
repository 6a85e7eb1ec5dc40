/* SPDX-License-Identifier: MIT */
/*
 * fossil.c - see fossil.h.
 *
 *	size "\n" (count "@" offset "," | count ":" bytes)* checksum ";"
 *
 * Numbers are written to the base of 64.
 */
#include "config.h"

#include "fossil.h"

#include <string.h>

static int
take_number(struct slice *s, uint32_t *ret)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";
	const char *d;
	uint32_t v = 0;
	size_t n = 0;

	for (; s->len > 0 && (d = memchr(digits, *s->p, 64)) != NULL; s->p++, s->len--, n++)
		v = v << 6 | (uint32_t)(d - digits);
	*ret = v;
	return n > 0 && n <= 6 ? 0 : -1;
}

static int
take_char(struct slice *s)
{
	if (s->len == 0)
		return -1;
	s->len--;
	return *s->p++;
}

static uint32_t
checksum(struct slice s)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < s.len; i++)
		sum += (uint32_t)(unsigned char)s.p[i] << (24 - 8 * (i & 3));
	return sum;
}

int
fossil_apply(struct slice from, struct slice delta, struct out *o)
{
	size_t begin = o->len;
	uint32_t size, n, offset;

	if (take_number(&delta, &size) != 0 || take_char(&delta) != '\n')
		return -1;
	while (take_number(&delta, &n) == 0)
		switch (take_char(&delta)) {
		case '@':
			if (take_number(&delta, &offset) != 0 || take_char(&delta) != ',' ||
			    offset > from.len || n > from.len - offset)
				return -1;
			out_put(o, from.p + offset, n);
			break;
		case ':':
			if (n > delta.len)
				return -1;
			out_put(o, delta.p, n);
			delta.p += n;
			delta.len -= n;
			break;
		case ';':
			return delta.len == 0 && o->len - begin == size &&
			    checksum((struct slice){ o->p + begin, size }) == n ? 0 : -1;
		default:
			return -1;
		}
	return -1;
}
