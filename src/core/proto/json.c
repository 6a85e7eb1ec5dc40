/* SPDX-License-Identifier: MIT */
/*
 * proto/json.c - the reader.
 *
 * The skip_*() functions do the work: each takes a position, checks one thing
 * there, and returns the position behind it, or NULL.  Every payload of every
 * command passes through skip_value(), hence the eight bytes at a time in
 * skip_plain() and a stack of bits instead of recursion.
 */
#include "config.h"

#include "proto/json.h"

#include <string.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "proto/text.h"

static const char *
skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
		p++;
	return p;
}

static const char *
skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* One digit or more. */
static const char *
skip_digits1(const char *p, const char *end)
{
	const char *q = skip_digits(p, end);

	return q != p ? q : NULL;
}

static const char *
skip_number(const char *p, const char *end)
{
	if (p < end && *p == '-')
		p++;
	if (p < end && *p == '0')
		p++;
	else
		p = skip_digits1(p, end);
	if (p != NULL && p < end && *p == '.')
		p = skip_digits1(p + 1, end);
	if (p != NULL && p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		p = skip_digits1(p, end);
	}
	return p;
}

static const char *
skip_word(const char *p, const char *end, const char *word, size_t len)
{
	return (size_t)(end - p) >= len && memcmp(p, word, len) == 0 ? p + len : NULL;
}

#define EACH_BYTE(x)	(0x0101010101010101u * (uint64_t)(x))
/* The top bit of each byte of x that is 0, and perhaps of one above such a byte. */
#define HAS_ZERO(x)	(((x) - EACH_BYTE(1)) & ~(x) & EACH_BYTE(0x80))
/* The same for bytes below 0x20. */
#define HAS_CONTROL(x)	(((x) - EACH_BYTE(0x20)) & ~(x) & EACH_BYTE(0x80))

/* To the next quote, backslash or control character of a string. */
static const char *
skip_plain(const char *p, const char *end)
{
	uint64_t eight, stops;

	while (end - p >= 8) {
		memcpy(&eight, p, 8);
		stops = HAS_CONTROL(eight) | HAS_ZERO(eight ^ EACH_BYTE('"')) |
		    HAS_ZERO(eight ^ EACH_BYTE('\\'));
		if (stops == 0) {
			p += 8;
			continue;
		}
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		/* A borrow reaches upwards only: the lowest is a true one. */
		return p + __builtin_ctzll(stops) / 8;
#else
		break;
#endif
	}
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
		p++;
	return p;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits of a \u escape, or -1. */
static int
hex4(const char *p, const char *end)
{
	int i, digit, v = 0;

	if (end - p < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		digit = hex_digit(p[i]);
		if (digit < 0)
			return -1;
		v = v << 4 | digit;
	}
	return v;
}

/* What the letter after a backslash stands for; 0: no such escape. */
static char
escape_char(char c)
{
	switch (c) {
	case '"': case '\\': case '/': return c;
	case 'b': return '\b';
	case 'f': return '\f';
	case 'n': return '\n';
	case 'r': return '\r';
	case 't': return '\t';
	default: return 0;
	}
}

static const char *
skip_escape(const char *p, const char *end)
{
	if (p == end)
		return NULL;
	if (*p == 'u')
		return hex4(p + 1, end) >= 0 ? p + 5 : NULL;
	return escape_char(*p) != 0 ? p + 1 : NULL;
}

/* From the opening quote to behind the closing one. */
static const char *
skip_string(const char *p, const char *end)
{
	if (p == end || *p != '"')
		return NULL;
	for (p = skip_plain(p + 1, end); p < end && *p == '\\'; p = skip_plain(p, end)) {
		p = skip_escape(p + 1, end);
		if (p == NULL)
			return NULL;
	}
	return p < end && *p == '"' ? p + 1 : NULL;
}

static const char *
skip_scalar(const char *p, const char *end)
{
	switch (*p) {
	case '"': return skip_string(p, end);
	case 't': return skip_word(p, end, "true", 4);
	case 'f': return skip_word(p, end, "false", 5);
	case 'n': return skip_word(p, end, "null", 4);
	default: return skip_number(p, end);
	}
}

/* A member's key and colon, with the space around them. */
static const char *
skip_key(const char *p, const char *end)
{
	p = skip_string(skip_space(p, end), end);
	if (p == NULL)
		return NULL;
	p = skip_space(p, end);
	return p < end && *p == ':' ? p + 1 : NULL;
}

/* The open containers, a bit each: is it an object? */
struct nest {
	uint64_t	object[JSON_MAX_DEPTH / 64];
	unsigned	depth;
};

static int
nest_push(struct nest *n, int object)
{
	uint64_t bit = (uint64_t)1 << n->depth % 64, *word = &n->object[n->depth / 64];

	if (n->depth == JSON_MAX_DEPTH)
		return -1;
	*word = object ? *word | bit : *word & ~bit;
	n->depth++;
	return 0;
}

static int
nest_in_object(const struct nest *n)
{
	return n->object[(n->depth - 1) / 64] >> (n->depth - 1) % 64 & 1;
}

static char
nest_closer(const struct nest *n)
{
	return nest_in_object(n) ? '}' : ']';
}

/* At a value's first byte.  *ret_done: 1 when the value is complete, 0 when a
 * container was opened whose first member comes next. */
static const char *
skip_begin(struct nest *n, const char *p, const char *end, int *ret_done)
{
	int object = *p == '{';

	*ret_done = 1;
	if (!object && *p != '[')
		return skip_scalar(p, end);
	if (nest_push(n, object) != 0)
		return NULL;
	p = skip_space(p + 1, end);
	if (p < end && *p == nest_closer(n)) {
		n->depth--;
		return p + 1;
	}
	*ret_done = 0;
	return object ? skip_key(p, end) : p;
}

/* Behind a value: closes what ends here; then the next value's place, or, with
 * depth 0, the end. */
static const char *
skip_after(struct nest *n, const char *p, const char *end)
{
	while (n->depth > 0) {
		p = skip_space(p, end);
		if (p == end)
			return NULL;
		if (*p == ',')
			return nest_in_object(n) ? skip_key(p + 1, end) : p + 1;
		if (*p != nest_closer(n))
			return NULL;
		n->depth--;
		p++;
	}
	return p;
}

static const char *
skip_value(const char *p, const char *end)
{
	struct nest n;
	int done;

	n.depth = 0;
	do {
		p = skip_space(p, end);
		if (p == end)
			return NULL;
		p = skip_begin(&n, p, end, &done);
		if (p != NULL && done)
			p = skip_after(&n, p, end);
	} while (p != NULL && n.depth > 0);
	return p;
}

void
json_reader_init(struct json_reader *r, const char *p, size_t len)
{
	/* No arithmetic on a NULL pointer. */
	r->p = p != NULL ? p : "";
	r->end = p != NULL ? p + len : r->p;
}

enum json_type
json_peek(struct json_reader *r)
{
	r->p = skip_space(r->p, r->end);
	if (r->p == r->end)
		return JSON_ERROR;
	switch (*r->p) {
	case '{': return JSON_OBJECT;
	case '[': return JSON_ARRAY;
	case '"': return JSON_STRING;
	case 't': case 'f': return JSON_BOOL;
	case 'n': return JSON_NULL;
	case '-': case '0' ... '9': return JSON_NUMBER;
	default: return JSON_ERROR;
	}
}

/* Moves to `p`, unless it is NULL. */
static int
json_advance(struct json_reader *r, const char *p)
{
	if (p == NULL)
		return -1;
	r->p = p;
	return 0;
}

int
json_read_null(struct json_reader *r)
{
	if (json_peek(r) != JSON_NULL)
		return -1;
	return json_advance(r, skip_scalar(r->p, r->end));
}

int
json_read_bool(struct json_reader *r, int *ret)
{
	int value;

	if (json_peek(r) != JSON_BOOL)
		return -1;
	value = *r->p == 't';
	if (json_advance(r, skip_scalar(r->p, r->end)) != 0)
		return -1;
	*ret = value;
	return 0;
}

int
json_read_number(struct json_reader *r, struct rotor_str *ret)
{
	const char *start;

	if (json_peek(r) != JSON_NUMBER)
		return -1;
	start = r->p;
	if (json_advance(r, skip_number(start, r->end)) != 0)
		return -1;
	*ret = (struct rotor_str){ start, (size_t)(r->p - start) };
	return 0;
}

/* Digits only, in range. */
static int
parse_u64(struct rotor_str s, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i;

	if (s.len == 0)
		return -1;
	for (i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
			return -1;
	}
	*ret = v;
	return 0;
}

int
json_read_uint64(struct json_reader *r, uint64_t *ret)
{
	struct rotor_str s;

	return json_read_number(r, &s) != 0 ? -1 : parse_u64(s, ret);
}

int
json_read_int64(struct json_reader *r, int64_t *ret)
{
	struct rotor_str s;
	uint64_t v;
	int negative;

	if (json_read_number(r, &s) != 0)
		return -1;
	negative = *s.p == '-';
	if (parse_u64((struct rotor_str){ s.p + negative, s.len - (size_t)negative }, &v) != 0 ||
	    v > (uint64_t)INT64_MAX + (uint64_t)negative)
		return -1;
	*ret = (int64_t)(negative ? 0 - v : v);
	return 0;
}

/* The code point of a \u escape whose digits start at *pp; moves behind it, and
 * behind the low surrogate that completes it. */
static uint32_t
unescape_unicode(const char **pp, const char *end)
{
	uint32_t c = (uint32_t)hex4(*pp, end);
	int low;

	*pp += 4;
	if (c < 0xd800 || c > 0xdfff)
		return c;
	if (c > 0xdbff || end - *pp < 6 || (*pp)[0] != '\\' || (*pp)[1] != 'u')
		return UTF8_INVALID;
	low = hex4(*pp + 2, end);
	if (low < 0xdc00 || low > 0xdfff)
		return UTF8_INVALID;
	*pp += 6;
	return 0x10000 + ((c - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
}

/* The inside of a string that skip_string() has passed, decoded to `to`, which has
 * room for three times as much: each bad byte becomes a three-byte U+FFFD. */
static size_t
unescape(char *to, const char *p, const char *end)
{
	char *start = to;
	size_t n;

	while (p < end) {
		if (*p != '\\') {
			n = text_char_len(p, end);
			if (n == 0)
				to += text_put_char(to, UTF8_INVALID);
			else
				to = (char *)memcpy(to, p, n) + n;
			p += n != 0 ? n : 1;
		} else if (p[1] == 'u') {
			p += 2;
			to += text_put_char(to, unescape_unicode(&p, end));
		} else {
			*to++ = escape_char(p[1]);
			p += 2;
		}
	}
	return (size_t)(to - start);
}

/* A string's inside, still escaped; *ret_plain: it stands for itself. */
static int
read_quoted(struct json_reader *r, struct rotor_str *ret, int *ret_plain)
{
	const char *start;

	if (json_peek(r) != JSON_STRING)
		return -1;
	start = r->p + 1;
	if (json_advance(r, skip_string(r->p, r->end)) != 0)
		return -1;
	*ret = (struct rotor_str){ start, (size_t)(r->p - 1 - start) };
	*ret_plain = (ret->len == 0 || memchr(start, '\\', ret->len) == NULL) && text_valid(*ret);
	return 0;
}

static int
unescape_str(struct arena *a, struct rotor_str s, struct rotor_str *ret)
{
	char *text;

	if (s.len > SIZE_MAX / 4)
		return -1;
	text = arena_alloc(a, 3 * s.len + 1);
	if (text == NULL)
		return -1;
	ret->len = unescape(text, s.p, s.p + s.len);
	text[ret->len] = '\0';
	ret->p = text;
	return 0;
}

int
json_read_string(struct json_reader *r, struct arena *a, struct rotor_str *ret)
{
	struct rotor_str s;
	int plain;

	if (read_quoted(r, &s, &plain) != 0)
		return -1;
	if (!plain)
		return unescape_str(a, s, ret);
	s.p = arena_strndup(a, s.p, s.len);
	if (s.p == NULL)
		return -1;
	*ret = s;
	return 0;
}

int
json_read_raw(struct json_reader *r, struct rotor_str *ret)
{
	const char *start = skip_space(r->p, r->end);

	if (json_advance(r, skip_value(start, r->end)) != 0)
		return -1;
	*ret = (struct rotor_str){ start, (size_t)(r->p - start) };
	return utf8_valid(ret->p, ret->len) ? 0 : -1;
}

static int
enter(struct json_reader *r, enum json_type type)
{
	if (json_peek(r) != type)
		return -1;
	r->p++;
	return 0;
}

/* The comma before all members but the first, or the end of the container. */
static int
next_member(struct json_reader *r, char closer, int *first)
{
	r->p = skip_space(r->p, r->end);
	if (r->p == r->end)
		return -1;
	if (*r->p == closer) {
		r->p++;
		return 0;
	}
	if (!*first && *r->p++ != ',')
		return -1;
	*first = 0;
	return 1;
}

int
json_enter_object(struct json_reader *r)
{
	return enter(r, JSON_OBJECT);
}

int
json_next_key(struct json_reader *r, struct arena *a, struct rotor_str *ret_key, int *first)
{
	struct rotor_str key;
	int more = next_member(r, '}', first), plain;

	if (more != 1)
		return more;
	if (read_quoted(r, &key, &plain) != 0)
		return -1;
	if (!plain && unescape_str(a, key, &key) != 0)
		return -1;
	r->p = skip_space(r->p, r->end);
	if (r->p == r->end || *r->p != ':')
		return -1;
	r->p++;
	*ret_key = key;
	return 1;
}

int
json_enter_array(struct json_reader *r)
{
	return enter(r, JSON_ARRAY);
}

int
json_next_element(struct json_reader *r, int *first)
{
	return next_member(r, ']', first);
}

int
json_at_end(struct json_reader *r)
{
	r->p = skip_space(r->p, r->end);
	return r->p == r->end;
}

int
json_valid(struct rotor_str s)
{
	struct json_reader r;
	struct rotor_str value;

	json_reader_init(&r, s.p, s.len);
	return json_read_raw(&r, &value) == 0 && json_at_end(&r);
}

int
json_valid_object(struct rotor_str s)
{
	struct json_reader r;

	json_reader_init(&r, s.p, s.len);
	return json_peek(&r) == JSON_OBJECT && json_valid(s);
}
