/* SPDX-License-Identifier: MIT */
/* base/utf8.c - reading UTF-8 that may be broken. */
#include "config.h"

#include "base/utf8.h"

#include <string.h>

#include <rotor/str.h>

/* By length in bytes: what the first byte looks like, and the smallest character
 * that needs so many. */
static const struct form {
	unsigned char	mask, lead;
	uint32_t	min;
} forms[] = {
	{ 0x80, 0x00, 0x00 },
	{ 0xe0, 0xc0, 0x80 },
	{ 0xf0, 0xe0, 0x800 },
	{ 0xf8, 0xf0, 0x10000 },
};

static size_t
broken(uint32_t *ret_char)
{
	*ret_char = UTF8_INVALID;
	return 1;
}

size_t
utf8_read(const char *s, size_t len, uint32_t *ret_char)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t n = 1, i;
	uint32_t c;

	while (n <= 4 && (u[0] & forms[n - 1].mask) != forms[n - 1].lead)
		n++;
	if (n > 4 || n > len)
		return broken(ret_char);
	c = u[0] & (unsigned char)~forms[n - 1].mask;
	for (i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return broken(ret_char);
		c = c << 6 | (u[i] & 0x3fu);
	}
	if (c < forms[n - 1].min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return broken(ret_char);
	*ret_char = c;
	return n;
}

int
utf8_valid(const char *s, size_t len)
{
	const char *end = s + len;
	uint64_t eight;
	uint32_t c;

	while (s < end) {
		if (end - s >= 8) {
			memcpy(&eight, s, 8);
			if ((eight & UINT64_C(0x8080808080808080)) == 0) {
				s += 8;
				continue;
			}
		}
		if (((unsigned char)*s & 0x80) == 0) {
			s++;
			continue;
		}
		/* A broken byte is consumed alone; U+FFFD itself takes three. */
		len = utf8_read(s, (size_t)(end - s), &c);
		if (len == 1)
			return 0;
		s += len;
	}
	return 1;
}

int
rotor_utf8_valid(struct rotor_str s)
{
	return s.len == 0 || utf8_valid(s.p, s.len);
}

size_t
utf8_cut(const char *s, size_t len, size_t max)
{
	size_t back;

	if (len <= max)
		return len;
	/* s[max] exists; while it continues a character, that one is left out. */
	for (back = 0; back < 4 && back <= max; back++)
		if (((unsigned char)s[max - back] & 0xc0) != 0x80)
			return max - back;
	return max;
}
