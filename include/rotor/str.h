/* SPDX-License-Identifier: MIT */
/*
 * rotor/str.h - comparing and checking counted strings.
 *
 * What clients send may hold any byte, NUL included, and has no NUL behind it.  So a
 * struct rotor_str never meets strcmp(), strncmp() and their kin, which believe in one:
 * a key of "id", NUL and more is not "id".  The second argument called `text` is a C
 * string of ours.  Any thread.
 */
#ifndef ROTOR_STR_H
#define ROTOR_STR_H

#include <string.h>

#include <rotor/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All of `text`, which may be NULL: the empty string. */
static inline struct rotor_str
rotor_str_of(const char *text)
{
	struct rotor_str s = { text, text != NULL ? strlen(text) : 0 };

	return s;
}

/* 1 when both hold the same bytes. */
static inline int
rotor_str_eq(struct rotor_str a, struct rotor_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline int
rotor_str_is(struct rotor_str s, const char *text)
{
	return rotor_str_eq(s, rotor_str_of(text));
}

/* 1 when `s` begins with `text`. */
static inline int
rotor_str_begins(struct rotor_str s, const char *text)
{
	struct rotor_str t = rotor_str_of(text);

	return s.len >= t.len && (t.len == 0 || memcmp(s.p, t.p, t.len) == 0);
}

/* 1 when `s` ends with `text`. */
static inline int
rotor_str_ends(struct rotor_str s, const char *text)
{
	struct rotor_str t = rotor_str_of(text);

	return s.len >= t.len && (t.len == 0 || memcmp(s.p + (s.len - t.len), t.p, t.len) == 0);
}

/* Below 0, 0 or above 0, by the bytes; of two that begin alike the shorter comes first. */
static inline int
rotor_str_cmp(struct rotor_str a, struct rotor_str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

static inline unsigned char
rotor_ascii_lower(char c)
{
	unsigned char u = (unsigned char)c;

	return u >= 'A' && u <= 'Z' ? (unsigned char)(u | 0x20) : u;
}

/* 1 when both are the same but for the case of ASCII letters, whatever the locale:
 * names of headers, of their options, of encodings. */
static inline int
rotor_str_eq_nocase(struct rotor_str a, struct rotor_str b)
{
	size_t i;

	if (a.len != b.len)
		return 0;
	for (i = 0; i < a.len; i++)
		if (a.p[i] != b.p[i] && rotor_ascii_lower(a.p[i]) != rotor_ascii_lower(b.p[i]))
			return 0;
	return 1;
}

static inline int
rotor_str_is_nocase(struct rotor_str s, const char *text)
{
	return rotor_str_eq_nocase(s, rotor_str_of(text));
}

/* 1 when it is valid UTF-8. */
ROTOR_API int rotor_utf8_valid(struct rotor_str s);

#ifdef __cplusplus
}
#endif

#endif
