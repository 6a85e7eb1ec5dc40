/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "scan.h"

#include <string.h>

#include "scratch.h"

static int
peek(const struct scan *sc)
{
	return (sc->p < sc->end ? (unsigned char)*sc->p : -1);
}

/* Takes `c` when it is next. */
static int
take(struct scan *sc, int c)
{
	if (peek(sc) != c)
		return (0);
	sc->p++;
	return (1);
}

static void
skip_space(struct scan *sc)
{
	int c;

	while ((c = peek(sc)) == ' ' || c == '\t' || c == '\n' || c == '\r')
		sc->p++;
}

static int
skip_literal(struct scan *sc, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(sc->end - sc->p) < len || memcmp(sc->p, word, len) != 0)
		return (-1);
	sc->p += len;
	return (0);
}

static size_t
skip_digits(struct scan *sc)
{
	const char *start = sc->p;

	while (sc->p < sc->end && *sc->p >= '0' && *sc->p <= '9')
		sc->p++;
	return ((size_t)(sc->p - start));
}

static int
skip_number(struct scan *sc)
{
	take(sc, '-');
	if (!take(sc, '0') && skip_digits(sc) == 0)
		return (-1);
	if (take(sc, '.') && skip_digits(sc) == 0)
		return (-1);
	if (take(sc, 'e') || take(sc, 'E')) {
		if (!take(sc, '-'))
			take(sc, '+');
		if (skip_digits(sc) == 0)
			return (-1);
	}
	return (0);
}

static int
hex_value(int c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	c |= 0x20;
	return (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
}

static int
skip_escape(struct scan *sc)
{
	int c = peek(sc), i;

	if (c < 0 || strchr("\"\\/bfnrtu", c) == NULL || c == 0)
		return (-1);
	sc->p++;
	for (i = 0; c == 'u' && i < 4; i++) {
		if (peek(sc) < 0 || hex_value(peek(sc)) < 0)
			return (-1);
		sc->p++;
	}
	return (0);
}

/* One multi-byte UTF-8 sequence: the shortest form, no surrogates, <= U+10FFFF. */
static int
skip_utf8(struct scan *sc)
{
	const unsigned char *p = (const unsigned char *)sc->p;
	size_t left = (size_t)(sc->end - sc->p), len, i;
	uint32_t cp;

	len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || left < len)
		return (-1);
	cp = p[0] & (0xffu >> (len + 1));
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return (-1);
		cp = cp << 6 | (p[i] & 0x3fu);
	}
	if ((len == 3 && (cp < 0x800 || (cp >= 0xd800 && cp <= 0xdfff))) ||
	    (len == 4 && (cp < 0x10000 || cp > 0x10ffff)))
		return (-1);
	sc->p += len;
	return (0);
}

static int
skip_string(struct scan *sc)
{
	int c;

	if (!take(sc, '"'))
		return (-1);
	while ((c = peek(sc)) != '"') {
		if (c < 0x20)
			return (-1);
		if (c >= 0x80) {
			if (skip_utf8(sc) != 0)
				return (-1);
			continue;
		}
		sc->p++;
		if (c == '\\' && skip_escape(sc) != 0)
			return (-1);
	}
	sc->p++;
	return (0);
}

static int
skip_scalar(struct scan *sc)
{
	switch (peek(sc)) {
	case '"':
		return (skip_string(sc));
	case 't':
		return (skip_literal(sc, "true"));
	case 'f':
		return (skip_literal(sc, "false"));
	case 'n':
		return (skip_literal(sc, "null"));
	default:
		return (skip_number(sc));
	}
}

/* A member's name and the colon. */
static int
skip_name(struct scan *sc)
{
	skip_space(sc);
	if (skip_string(sc) != 0)
		return (-1);
	skip_space(sc);
	return (take(sc, ':') ? 0 : -1);
}

/* What is open while a value is skipped: the closing brackets due, outermost first. */
struct nest {
	char	close[SCAN_MAX_DEPTH];
	size_t	depth;
};

/* Takes an opening bracket, and what leads to the first value inside.  Returns 1
 * when a value comes next, 0 when the container is empty, -1. */
static int
nest_open(struct nest *n, struct scan *sc)
{
	char close = *sc->p == '{' ? '}' : ']';

	if (n->depth == SCAN_MAX_DEPTH)
		return (-1);
	n->close[n->depth++] = close;
	sc->p++;
	skip_space(sc);
	if (peek(sc) == close)
		return (0);
	return (close == '}' && skip_name(sc) != 0 ? -1 : 1);
}

/* A value has ended: takes what closes here, and what leads to the next value.
 * Returns 1 when one comes, 0 when the outermost container is closed, -1. */
static int
nest_close(struct nest *n, struct scan *sc)
{
	while (n->depth > 0) {
		skip_space(sc);
		if (take(sc, n->close[n->depth - 1])) {
			n->depth--;
			continue;
		}
		if (!take(sc, ','))
			return (-1);
		return (n->close[n->depth - 1] == '}' && skip_name(sc) != 0 ? -1 : 1);
	}
	return (0);
}

static int
skip_value(struct scan *sc)
{
	struct nest n;
	int r;

	n.depth = 0;
	do {
		skip_space(sc);
		if (peek(sc) == '{' || peek(sc) == '[')
			r = nest_open(&n, sc);
		else
			r = skip_scalar(sc);
		if (r == 0)
			r = nest_close(&n, sc);
	} while (r == 1);
	return (r);
}

static enum scan_type
type_of(char c)
{
	switch (c) {
	case '{':
		return (SCAN_OBJECT);
	case '[':
		return (SCAN_ARRAY);
	case '"':
		return (SCAN_STRING);
	case 't':
		return (SCAN_TRUE);
	case 'f':
		return (SCAN_FALSE);
	case 'n':
		return (SCAN_NULL);
	default:
		return (SCAN_NUMBER);
	}
}

static int
read_value(struct scan *sc, struct scan_value *ret)
{
	const char *start;

	skip_space(sc);
	start = sc->p;
	if (skip_value(sc) != 0)
		return (-1);
	ret->type = type_of(*start);
	ret->raw = (struct rotor_str){ start, (size_t)(sc->p - start) };
	return (0);
}

int
scan_document(struct rotor_str text, struct scan_value *ret)
{
	struct scan sc = { text.p, text.p + text.len, 1 };
	struct scan_value v;

	if (text.len == 0 || read_value(&sc, &v) != 0)
		return (-1);
	skip_space(&sc);
	if (sc.p != sc.end)
		return (-1);
	*ret = v;
	return (0);
}

static int
enter(struct scan *sc, const struct scan_value *v, enum scan_type type)
{
	if (v->type != type || v->raw.len < 2)
		return (-1);
	sc->p = v->raw.p + 1;
	sc->end = v->raw.p + v->raw.len;
	sc->first = 1;
	return (0);
}

int
scan_enter_object(struct scan *sc, const struct scan_value *v)
{
	return (enter(sc, v, SCAN_OBJECT));
}

int
scan_enter_array(struct scan *sc, const struct scan_value *v)
{
	return (enter(sc, v, SCAN_ARRAY));
}

/* The comma, if one is due: 1 when something follows, 0 at the end, -1. */
static int
next(struct scan *sc, char close)
{
	skip_space(sc);
	if (take(sc, close))
		return (0);
	if (!sc->first && !take(sc, ','))
		return (-1);
	sc->first = 0;
	return (1);
}

int
scan_next_member(struct scan *sc, struct scratch *s, struct rotor_str *ret_key,
    struct scan_value *ret)
{
	struct scan_value key = { .type = SCAN_STRING };
	int r = next(sc, '}');

	if (r != 1)
		return (r);
	skip_space(sc);
	key.raw.p = sc->p;
	if (skip_string(sc) != 0)
		return (-1);
	key.raw.len = (size_t)(sc->p - key.raw.p);
	skip_space(sc);
	if (!take(sc, ':') || read_value(sc, ret) != 0)
		return (-1);
	return (scan_text(&key, s, ret_key) != 0 ? -1 : 1);
}

int
scan_next_element(struct scan *sc, struct scan_value *ret)
{
	int r = next(sc, ']');

	if (r != 1)
		return (r);
	return (read_value(sc, ret) != 0 ? -1 : 1);
}

static uint32_t
hex4(const char *p)
{
	uint32_t cp = 0;
	int i;

	for (i = 0; i < 4; i++)
		cp = cp << 4 | (uint32_t)hex_value((unsigned char)p[i]);
	return (cp);
}

/* The code point of the \u escape whose digits start at *pp, with its second half
 * when it is a pair; *pp moves behind it. */
static uint32_t
escaped_char(const char **pp, const char *end)
{
	uint32_t cp = hex4(*pp), low;

	*pp += 4;
	if (cp < 0xd800 || cp > 0xdfff)
		return (cp);
	if (cp < 0xdc00 && end - *pp >= 6 && (*pp)[0] == '\\' && (*pp)[1] == 'u') {
		low = hex4(*pp + 2);
		if (low >= 0xdc00 && low <= 0xdfff) {
			*pp += 6;
			return (0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00));
		}
	}
	return (0xfffd);
}

static char *
put_utf8(char *out, uint32_t cp)
{
	if (cp < 0x80) {
		*out++ = (char)cp;
	} else if (cp < 0x800) {
		*out++ = (char)(0xc0 | cp >> 6);
		*out++ = (char)(0x80 | (cp & 0x3f));
	} else if (cp < 0x10000) {
		*out++ = (char)(0xe0 | cp >> 12);
		*out++ = (char)(0x80 | (cp >> 6 & 0x3f));
		*out++ = (char)(0x80 | (cp & 0x3f));
	} else {
		*out++ = (char)(0xf0 | cp >> 18);
		*out++ = (char)(0x80 | (cp >> 12 & 0x3f));
		*out++ = (char)(0x80 | (cp >> 6 & 0x3f));
		*out++ = (char)(0x80 | (cp & 0x3f));
	}
	return (out);
}

/* The text has been checked, so each escape is whole; none grows when resolved. */
static size_t
unescape(const char *p, const char *end, char *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char *start = out;

	while (p < end) {
		if (*p != '\\') {
			*out++ = *p++;
			continue;
		}
		p++;
		if (*p == 'u') {
			p++;
			out = put_utf8(out, escaped_char(&p, end));
		} else {
			*out++ = to[strchr(from, *p++) - from];
		}
	}
	return ((size_t)(out - start));
}

int
scan_text(const struct scan_value *v, struct scratch *s, struct rotor_str *ret)
{
	struct rotor_str in = { v->raw.p + 1, v->raw.len - 2 };
	char *out;

	if (v->type != SCAN_STRING)
		return (-1);
	if (memchr(in.p, '\\', in.len) == NULL) {
		*ret = in;
		return (0);
	}
	out = scratch_alloc(s, in.len);
	if (out == NULL)
		return (-1);
	*ret = (struct rotor_str){ out, unescape(in.p, in.p + in.len, out) };
	return (0);
}

int
scan_int64(struct rotor_str text, int64_t *ret)
{
	int negative = text.len > 0 && text.p[0] == '-';
	size_t i = (size_t)negative;
	int64_t n = 0;

	if (i == text.len || (text.p[i] == '0' && text.len > i + 1))
		return (-1);
	for (; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9' ||
		    __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_sub_overflow(n, text.p[i] - '0', &n))
			return (-1);
	}
	/* Summed up below zero, where there is room for the lowest number too. */
	if (!negative && __builtin_sub_overflow(0, n, &n))
		return (-1);
	*ret = n;
	return (0);
}

#define EXP10_MAX	400	/* beyond every double */

static double
scale10(double d, long e)
{
	for (; e > 0; e--)
		d *= 10;
	for (; e < 0; e++)
		d /= 10;
	return (d);
}

int
scan_double(struct rotor_str text, double *ret)
{
	struct scan sc = { text.p, text.p + text.len, 1 };
	const char *p = text.p;
	double d = 0;
	long e = 0, shift = 0;
	int sign, fraction = 0;

	if (text.len == 0 || skip_number(&sc) != 0 || sc.p != sc.end)
		return (-1);
	sign = *p == '-' ? -1 : 1;
	p += *p == '-';
	for (; p < sc.end && (*p | 0x20) != 'e'; p++) {
		if (*p == '.') {
			fraction = 1;
			continue;
		}
		d = d * 10 + (*p - '0');
		shift -= fraction;
	}
	if (p < sc.end) {
		int down = *++p == '-';

		p += down || *p == '+';
		for (; p < sc.end && e < EXP10_MAX; p++)
			e = e * 10 + (*p - '0');
		e = down ? -e : e;
	}
	e += shift;
	d = scale10(d, e > EXP10_MAX ? EXP10_MAX : e < -EXP10_MAX ? -EXP10_MAX : e);
	*ret = sign * d;
	return (0);
}
