/* SPDX-License-Identifier: MIT */
/* proto/json_write.c - strings, payloads and numbers as JSON text. */
#include "config.h"

#include "proto/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/text.h"

/*
 * How a byte of a string is written: 0 as it is, 'u' as \u00XX, 'x' (not ASCII)
 * after a look at the whole character, else as a backslash and this letter.
 */
static const char escapes[256] = {
	[0 ... 8] = 'u', ['\t'] = 't', ['\n'] = 'n', [11 ... 12] = 'u', ['\r'] = 'r',
	[14 ... 31] = 'u', ['"'] = '"', ['\\'] = '\\', [0x80 ... 0xff] = 'x',
	/* so that it may be put into a HTML page without harm */
	['<'] = 'u', ['>'] = 'u', ['&'] = 'u',
};

/* U+2028 and U+2029 end a line in JavaScript: the last digit, or 0. */
static char
line_separator(const char *p, const char *end)
{
	if (end - p < 3 || p[0] != '\xe2' || p[1] != '\x80')
		return 0;
	return p[2] == '\xa8' ? '8' : p[2] == '\xa9' ? '9' : 0;
}

static void
write_line_separator(struct out *o, char digit)
{
	out_lit(o, "\\u202");
	out_byte(o, digit);
}

static void
write_escape(struct out *o, unsigned char c, char how)
{
	static const char hex[16] = "0123456789abcdef";

	if (how == 'u') {
		out_lit(o, "\\u00");
		out_byte(o, hex[c >> 4]);
		out_byte(o, hex[c & 15]);
	} else {
		out_byte(o, '\\');
		out_byte(o, how);
	}
}

/* Writes the character at p, which is not ASCII; returns how far it reaches. */
static size_t
write_wide(struct out *o, const char *p, const char *end)
{
	size_t n = text_char_len(p, end);
	char separator = line_separator(p, end);

	if (n == 0) {
		out_lit(o, "\\ufffd");
		return 1;
	}
	if (separator != 0)
		write_line_separator(o, separator);
	else
		out_put(o, p, n);
	return n;
}

void
json_write_string(struct out *o, struct rotor_str s)
{
	const char *p = s.p, *end = s.p + s.len, *run;
	char how;

	out_byte(o, '"');
	while (p < end) {
		for (run = p; p < end && escapes[(unsigned char)*p] == 0; p++)
			continue;
		out_put(o, run, (size_t)(p - run));
		if (p == end)
			break;
		how = escapes[(unsigned char)*p];
		if (how == 'x')
			p += write_wide(o, p, end);
		else
			write_escape(o, (unsigned char)*p++, how);
	}
	out_byte(o, '"');
}

static int
is_newline(char c)
{
	return c == '\n' || c == '\r';
}

void
json_write_raw(struct out *o, struct rotor_str s)
{
	const char *p = s.p, *end = s.p + s.len, *run;

	if (s.len == 0)
		return;
	if (memchr(p, '\n', s.len) == NULL && memchr(p, '\r', s.len) == NULL) {
		out_put(o, p, s.len);
		return;
	}
	while (p < end) {
		for (run = p; p < end && !is_newline(*p); p++)
			continue;
		out_put(o, run, (size_t)(p - run));
		while (p < end && is_newline(*p))
			p++;
	}
}

/* Writes one byte (or line separator) of a payload's string; returns how far it
 * reaches.  The payload's own escapes stay as they are. */
static size_t
compact_in_string(struct out *o, const char *p, const char *end)
{
	char separator = line_separator(p, end);

	if (separator != 0) {
		write_line_separator(o, separator);
		return 3;
	}
	if (*p == '<' || *p == '>' || *p == '&') {
		write_escape(o, (unsigned char)*p, 'u');
		return 1;
	}
	out_byte(o, *p);
	if (*p == '\\' && end - p > 1) {
		out_byte(o, p[1]);
		return 2;
	}
	return 1;
}

void
json_write_raw_compact(struct out *o, struct rotor_str s)
{
	const char *p = s.p, *end = s.p + s.len;
	int in_string = 0;

	while (p < end) {
		if (*p == '"') {
			in_string = !in_string;
			out_byte(o, *p++);
		} else if (in_string) {
			p += compact_in_string(o, p, end);
		} else {
			if (*p != ' ' && *p != '\t' && !is_newline(*p))
				out_byte(o, *p);
			p++;
		}
	}
}

/* The shortest digits that read back as v: "d.ddde[+-]xx", in `text`. */
static void
shortest(double v, char text[32])
{
	int precision;

	for (precision = 0; precision <= 16; precision++) {
		snprintf(text, 32, "%.*e", precision, v);
		if (strtod(text, NULL) == v)
			return;
	}
}

/* digits (without a point) times ten to the `point - 1`, written without exponent. */
static void
write_fixed(struct out *o, const char *digits, int n, int point)
{
	int i;

	if (point <= 0)
		out_lit(o, "0.");
	for (i = point; i < 0; i++)
		out_byte(o, '0');
	for (i = 0; i < n || i < point; i++) {
		if (i == point && i > 0)
			out_byte(o, '.');
		out_byte(o, i < n ? digits[i] : '0');
	}
}

/* Like JavaScript, and so Go: plain digits from 1e-6 up to 1e21, else an exponent. */
int
json_write_double(struct out *o, double v)
{
	char text[32], digits[20], *p;
	int n = 0, exponent;

	if (!isfinite(v))
		return -1;
	if (v == 0) {
		out_byte(o, '0');
		return 0;
	}
	shortest(v < 0 ? -v : v, text);
	for (p = text; *p != 'e'; p++)
		if (*p >= '0' && *p <= '9')
			digits[n++] = *p;
	exponent = atoi(p + 1);
	if (v < 0)
		out_byte(o, '-');
	if (exponent >= -6 && exponent < 21) {
		write_fixed(o, digits, n, exponent + 1);
		return 0;
	}
	write_fixed(o, digits, n, 1);
	out_byte(o, 'e');
	out_byte(o, exponent < 0 ? '-' : '+');
	out_u64(o, (uint64_t)(exponent < 0 ? -exponent : exponent));
	return 0;
}
