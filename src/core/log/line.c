/* SPDX-License-Identifier: MIT */
/*
 * log/line.c - the two forms of a log line.
 *
 * Much of what is logged was sent by somebody else.  So in both forms nothing gets
 * through that could end the line or steer a terminal: control characters (C1 too),
 * the Unicode line separators, and the marks that turn the direction of writing.
 */
#include "config.h"

#include "log/line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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

static void
put_num(struct line *l, int64_t num)
{
	char text[24];

	put(l, text, (size_t)snprintf(text, sizeof text, "%" PRId64, num));
}

/* RFC 3339 in UTC with milliseconds. */
static void
put_time(struct line *l, int64_t unix_ms)
{
	time_t s = (time_t)(unix_ms / 1000);
	struct tm tm;
	char text[48];
	size_t len;

	if (gmtime_r(&s, &tm) == NULL)
		return;
	len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	len += (size_t)snprintf(text + len, sizeof text - len, ".%03dZ", (int)(unix_ms % 1000));
	put(l, text, len);
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
	const char *at = c != 0 && c < 0x80 ? strchr(from, (int)c) : NULL;
	char text[8];

	if (at != NULL)
		put(l, (const char[]){ '\\', letter[at - from] }, 2);
	else
		put(l, text, (size_t)snprintf(text, sizeof text, "\\u%04x", (unsigned)c & 0xffff));
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
