/* SPDX-License-Identifier: MIT */
/*
 * http_chars.h - what a byte may be part of in HTTP's grammar (RFC 9110 5, RFC 9112 3).
 */
#ifndef HTTP_CHARS_H
#define HTTP_CHARS_H

#include <rotor/abi.h>

enum {
	HTTP_TOKEN = 1,		/* a method, a field's name */
	HTTP_TARGET = 2,	/* a target: what browsers leave unescaped, but no '#' */
	HTTP_VALUE = 4,		/* a field's value; other character sets are let through */
	HTTP_REG_NAME = 8,	/* a host's name, but for "%XX"; no ',', which joins two of them */
};

extern const uint8_t http_chars[256];

static inline int
http_char_is(uint8_t class, char c)
{
	return (http_chars[(unsigned char)c] & class) != 0;
}

/* Whether all of `s` is of the class; nothing is.  Each byte of a head comes by here: four
 * at a time cost half of one by one. */
static inline int
http_chars_are(uint8_t class, struct rotor_str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n = s.len;

	for (; n >= 4; n -= 4, p += 4)
		class &= http_chars[p[0]] & http_chars[p[1]] & http_chars[p[2]] & http_chars[p[3]];
	for (; n > 0; n--)
		class &= http_chars[*p++];
	return class != 0;
}
/* The value of a hexadecimal digit, or -1. */
int http_hex(char c);

#endif
