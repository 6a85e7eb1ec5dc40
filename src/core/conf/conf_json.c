/* SPDX-License-Identifier: MIT */
/*
 * conf/conf_json.c - the two things in which JSON is not YAML to libyaml: tabs around
 * the document, and characters escaped as two UTF-16 halves.
 */
#include "config.h"

#include "conf/conf_priv.h"

#include <stdio.h>
#include <string.h>

#define ESCAPE_LEN	6u	/* \uXXXX */

/* The code unit of the escape at s, or -1. */
static int
code_unit(const char *s, size_t len)
{
	static const char hex[] = "0123456789abcdef0123456789ABCDEF";
	const char *digit;
	int v = 0;
	size_t i;

	if (len < ESCAPE_LEN || s[0] != '\\' || s[1] != 'u')
		return (-1);
	for (i = 2; i < ESCAPE_LEN; i++) {
		digit = memchr(hex, s[i], sizeof hex - 1);
		if (digit == NULL)
			return (-1);
		v = v << 4 | (int)((digit - hex) % 16);
	}
	return (v);
}

/* Writes the pair of escapes at s, if it is one, to `out` as one of YAML's, which is
 * shorter, so that `out` may be s.  Its length; 0: it is none. */
static size_t
join_halves(const char *s, size_t len, char *out)
{
	int high = code_unit(s, len), low;
	char buf[16];
	int n;

	if (high < 0xd800 || high > 0xdbff)
		return (0);
	low = code_unit(s + ESCAPE_LEN, len - ESCAPE_LEN);
	if (low < 0xdc00 || low > 0xdfff)
		return (0);
	n = snprintf(buf, sizeof buf, "\\U%08x",
	    (unsigned)(0x10000 + (high - 0xd800) * 0x400 + (low - 0xdc00)));
	memcpy(out, buf, (size_t)n);
	return ((size_t)n);
}

size_t
conf_json_to_yaml(char *text, size_t len)
{
	size_t i = 0, out = 0, n;
	int quoted = 0;

	while (i < len) {
		if (quoted && text[i] == '\\') {
			n = join_halves(text + i, len - i, text + out);
			if (n > 0) {
				out += n;
				i += 2 * ESCAPE_LEN;
				continue;
			}
			/* The next character means nothing by itself. */
			text[out++] = text[i++];
		} else if (text[i] == '"') {
			quoted = !quoted;
		} else if (text[i] == '\t' && !quoted) {
			text[i] = ' ';
		}
		if (i < len)
			text[out++] = text[i++];
	}
	text[out] = '\0';
	return (out);
}
