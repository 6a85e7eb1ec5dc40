/* SPDX-License-Identifier: MIT */
/*
 * log/line.c - the two forms of a log line.
 *
 * Much of what is logged was sent by somebody else.  So in both forms nothing gets
 * through that could end the line or steer a terminal: control characters (C1 too),
 * the Unicode line separators, and the marks that turn the direction of writing.
 *
 * The last line of a server that crashes is made here too, so nothing of the C library is
 * called that a signal handler may not call: no printf, no time zones.
 */
#include "config.h"

#include "log/line.h"

#include <string.h>

#include "base/utf8.h"
#include "log/level.h"

/* Kept free for what closes a line. */
#define TAIL	64u

static void
put(struct line *l, const char *s, size_t len)
{
	if (l->full || len > LINE_MAX_BYTES - TAIL - l->len) {
		l->full = 1;
		return;
	}
	memcpy(l->buf + l->len, s, len);
	l->len += len;
}

static void
put_str(struct line *l, const char *s)
{
	put(l, s, strlen(s));
}

/* Into the reserve, which is large enough. */
static void
put_tail(struct line *l, const char *s)
{
	size_t len = strlen(s);

	memcpy(l->buf + l->len, s, len);
	l->len += len;
}

/* The last `width` digits or, width 0, all there are. */
static void
put_digits(struct line *l, uint64_t v, size_t width)
{
	char text[20];		/* of UINT64_MAX */
	size_t n = 0;

	do {
		text[sizeof text - ++n] = (char)('0' + v % 10);
		v /= 10;
	} while (n < width || (width == 0 && v != 0));
	put(l, text + sizeof text - n, n);
}

static void
put_num(struct line *l, int64_t num)
{
	if (num < 0)
		put(l, "-", 1);
	put_digits(l, num < 0 ? -(uint64_t)num : (uint64_t)num, 0);
}

/* "2026-11-24", of a day since 1970.  Years are counted from March, so that the day that
 * only some have is their last; 400 of them, an era, have 146,097 days. */
static void
put_date(struct line *l, uint64_t day)
{
	uint64_t since = day + 719468, era = since / 146097, doe = since % 146097;
	uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	uint64_t m = (5 * doy + 2) / 153, month = m < 10 ? m + 3 : m - 9;

	put_digits(l, era * 400 + yoe + (month <= 2), 4);
	put(l, "-", 1);
	put_digits(l, month, 2);
	put(l, "-", 1);
	put_digits(l, doy - (153 * m + 2) / 5 + 1, 2);
}

/* RFC 3339 in UTC with milliseconds. */
static void
put_time(struct line *l, int64_t unix_ms)
{
	uint64_t ms = unix_ms > 0 ? (uint64_t)unix_ms : 0, s = ms / 1000;

	put_date(l, s / 86400);
	put(l, "T", 1);
	put_digits(l, s / 3600 % 24, 2);
	put(l, ":", 1);
	put_digits(l, s / 60 % 60, 2);
	put(l, ":", 1);
	put_digits(l, s % 60, 2);
	put(l, ".", 1);
	put_digits(l, ms % 1000, 3);
	put(l, "Z", 1);
}

static int
unsafe(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0xfeff ||
	    (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069);
}

/* \n and the like where JSON has a letter, else \uXXXX. */
static void
put_escape(struct line *l, uint32_t c)
{
	static const char from[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
	static const char hex[] = "0123456789abcdef";
	const char *at = c != 0 && c < 0x80 ? strchr(from, (int)c) : NULL;

	if (at != NULL)
		put(l, (const char[]){ '\\', letter[at - from] }, 2);
	else
		put(l, (const char[]){ '\\', 'u', hex[c >> 12 & 15], hex[c >> 8 & 15],
		    hex[c >> 4 & 15], hex[c & 15] }, 6);
}

/* A long string is cut, a broken byte becomes U+FFFD. */
static void
put_escaped(struct line *l, const char *s, size_t len, int quoted)
{
	size_t at = 0, n;
	uint32_t c;

	for (len = utf8_cut(s, len, LINE_FIELD_MAX); at < len; at += n) {
		n = utf8_read(s + at, len - at, &c);
		if (unsafe(c) || (quoted && (c == '"' || c == '\\')))
			put_escape(l, c);
		else if (c == UTF8_INVALID)
			put_str(l, "\xef\xbf\xbd");
		else
			put(l, s + at, n);
	}
}

static void
put_quoted(struct line *l, const char *s, size_t len)
{
	put(l, "\"", 1);
	put_escaped(l, s, len, 1);
	put(l, "\"", 1);
}

/* Whether a value can stand in a text line without quotes and be told apart. */
static int
is_plain(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] >= 0x7f || s[i] == '"' || s[i] == '\\' || s[i] == '=')
			return 0;
	return len > 0;
}

static void
put_text_field(struct line *l, const struct rotor_field *f)
{
	put(l, " ", 1);
	put_escaped(l, f->key, strlen(f->key), 0);
	put(l, "=", 1);
	if (f->str == NULL)
		put_num(l, f->num);
	else if (is_plain(f->str, f->len))
		put_escaped(l, f->str, f->len, 0);
	else
		put_quoted(l, f->str, f->len);
}

static void
put_json_field(struct line *l, const struct rotor_field *f)
{
	put(l, ",", 1);
	put_quoted(l, f->key, strlen(f->key));
	put(l, ":", 1);
	if (f->str == NULL)
		put_num(l, f->num);
	else
		put_quoted(l, f->str, f->len);
}

/* Each field whole or not at all. */
static size_t
put_fields(struct line *l, void (*put_field)(struct line *, const struct rotor_field *),
    const struct rotor_field *fields, size_t n_fields)
{
	size_t i, mark, dropped = 0;

	for (i = 0; i < n_fields; i++) {
		mark = l->len;
		put_field(l, &fields[i]);
		if (l->full) {
			l->len = mark;
			l->full = 0;
			dropped++;
		}
	}
	return dropped;
}

void
line_text(struct line *l, uint32_t level, int64_t unix_ms, const char *area, const char *msg,
    const struct rotor_field *fields, size_t n_fields)
{
	l->len = 0;
	l->full = 0;
	put_time(l, unix_ms);
	put(l, " ", 1);
	put_str(l, level_label(level));
	put(l, " ", 1);
	put_escaped(l, area, strlen(area), 0);
	put(l, ": ", 2);
	put_escaped(l, msg, strlen(msg), 0);
	if (put_fields(l, put_text_field, fields, n_fields) > 0)
		put_tail(l, " ...");
	put_tail(l, "\n");
}

void
line_json(struct line *l, uint32_t level, int64_t unix_ms, const char *area, const char *msg,
    const struct rotor_field *fields, size_t n_fields)
{
	l->len = 0;
	l->full = 0;
	put_str(l, "{\"level\":\"");
	put_str(l, level_name(level));
	put_str(l, "\",\"time\":\"");
	put_time(l, unix_ms);
	put_str(l, "\",\"area\":");
	put_quoted(l, area, strlen(area));
	put_str(l, ",\"message\":");
	put_quoted(l, msg, strlen(msg));
	if (put_fields(l, put_json_field, fields, n_fields) > 0)
		put_tail(l, ",\"fields_left_out\":true");
	put_tail(l, "}\n");
}
