/* SPDX-License-Identifier: MIT */
/* wire.c - see wire.h. */
#include "config.h"

#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Writing
 */
void
out_put(struct out *o, const void *p, size_t len)
{
	if (o->len + len > o->cap) {
		o->cap = (o->len + len) * 2;
		o->p = must_alloc(o->p, o->cap);
	}
	if (len > 0)
		memcpy(o->p + o->len, p, len);
	o->len += len;
}

static size_t
varint(uint64_t v, char to[10])
{
	size_t n = 0;

	for (; v > 127; v >>= 7)
		to[n++] = (char)(v | 128);
	to[n++] = (char)v;
	return n;
}

static void
put_varint(struct out *o, uint64_t v)
{
	char text[10];

	out_put(o, text, varint(v, text));
}

/* Puts the length of what has been written since `begin` in front of it. */
static void
prefix_len(struct out *o, size_t begin)
{
	char text[10];
	size_t body = o->len - begin, n = varint(body, text);

	out_put(o, text, n);
	memmove(o->p + begin + n, o->p + begin, body);
	memcpy(o->p + begin, text, n);
}

static void
comma(struct out *o)
{
	if (o->p[o->len - 1] != '{')
		out_put(o, ",", 1);
}

static void
put_key(struct out *o, struct slice key)
{
	comma(o);
	out_put(o, "\"", 1);
	out_put(o, key.p, key.len);
	out_put(o, "\":", 2);
}

size_t
out_begin(struct out *o)
{
	if (o->enc == JSON)
		out_put(o, "\n{", o->n > 0 ? 2 : 0);
	if (o->enc == JSON && o->n == 0)
		out_put(o, "{", 1);
	o->n++;
	return o->len;
}

void
out_end(struct out *o, size_t begin)
{
	if (o->enc == JSON)
		out_put(o, "}", 1);
	else
		prefix_len(o, begin);
}

static void
put_tag(struct out *o, unsigned number, unsigned type)
{
	put_varint(o, number << 3 | type);
}

size_t
out_open(struct out *o, struct field f)
{
	if (o->enc == JSON) {
		put_key(o, str(f.name));
		out_put(o, "{", 1);
	} else {
		put_tag(o, f.number, 2);
	}
	return o->len;
}

void
out_close(struct out *o, size_t begin)
{
	out_end(o, begin);
}

size_t
out_open_map(struct out *o, struct field f)
{
	return o->enc == JSON ? out_open(o, f) : 0;
}

void
out_close_map(struct out *o, size_t begin)
{
	if (o->enc == JSON)
		out_close(o, begin);
}

/* In Protobuf an entry is a message { 1: key, 2: value }: the value is at most 127
 * bytes long here, so that both lengths can be put in afterwards. */
size_t
out_open_entry(struct out *o, struct field f, struct slice key)
{
	size_t begin;

	if (o->enc == JSON) {
		put_key(o, key);
		out_put(o, "{", 1);
		return o->len;
	}
	put_tag(o, f.number, 2);
	begin = o->len;
	out_text(o, (struct field){ "", 1 }, key);
	put_tag(o, 2, 2);
	out_put(o, "", 1);
	return begin;
}

void
out_close_entry(struct out *o, size_t begin)
{
	size_t value;

	if (o->enc == JSON) {
		out_put(o, "}", 1);
		return;
	}
	value = begin + 2 + (size_t)(unsigned char)o->p[begin + 1] + 1;
	if (o->len - value - 1 > 127)
		fail("an entry of a map is too long for this program");
	o->p[value] = (char)(o->len - value - 1);
	prefix_len(o, begin);
}

void
out_uint(struct out *o, struct field f, uint64_t v)
{
	char text[24];

	if (o->enc == PROTOBUF) {
		put_tag(o, f.number, 0);
		put_varint(o, v);
		return;
	}
	put_key(o, str(f.name));
	out_put(o, text, (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)v));
}

void
out_bool(struct out *o, struct field f, int v)
{
	if (o->enc == PROTOBUF) {
		out_uint(o, f, v != 0);
		return;
	}
	put_key(o, str(f.name));
	out_put(o, v ? "true" : "false", v ? 4 : 5);
}

void
out_text(struct out *o, struct field f, struct slice s)
{
	if (o->enc == PROTOBUF) {
		out_data(o, f, s);
		return;
	}
	put_key(o, str(f.name));
	out_put(o, "\"", 1);
	out_put(o, s.p, s.len);
	out_put(o, "\"", 1);
}

void
out_data(struct out *o, struct field f, struct slice s)
{
	if (o->enc == JSON) {
		put_key(o, str(f.name));
	} else {
		put_tag(o, f.number, 2);
		put_varint(o, s.len);
	}
	out_put(o, s.p, s.len);
}

/*
 * Reading
 */
static int
take_varint(struct slice *s, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		if (s->len == 0)
			return -1;
		v |= (uint64_t)(*s->p & 127) << shift;
		s->len--;
		if (!(*s->p++ & 128)) {
			*ret = v;
			return 0;
		}
	}
	return -1;
}

static int
take_bytes(struct slice *s, uint64_t n, struct slice *ret)
{
	if (n > s->len)
		return -1;
	*ret = (struct slice){ s->p, (size_t)n };
	s->p += n;
	s->len -= (size_t)n;
	return 1;
}

/* A field: its number and its value; a varint's value is its bytes. */
static int
pb_next(struct slice *s, unsigned *ret_number, struct slice *ret)
{
	uint64_t tag, v;
	const char *begin;

	if (s->len == 0)
		return 0;
	if (take_varint(s, &tag) != 0)
		return -1;
	*ret_number = (unsigned)(tag >> 3);
	begin = s->p;
	if ((tag & 7) > 2 || (tag & 7) == 1 || take_varint(s, &v) != 0)
		return -1;
	if ((tag & 7) == 2)
		return take_bytes(s, v, ret);
	*ret = (struct slice){ begin, (size_t)(s->p - begin) };
	return 1;
}

static const char *json_skip(const char *p, const char *end);

static const char *
skip_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if ((unsigned char)*p < ' ' || (*p == '\\' && ++p == end))
			return NULL;
	return p < end ? p + 1 : NULL;
}

static const char *
skip_members(const char *p, const char *end, char close)
{
	if (++p < end && *p == close)
		return p + 1;
	while (p != NULL && p < end) {
		if (close == '}') {
			p = *p == '"' ? skip_string(p, end) : NULL;
			if (p == NULL || p == end || *p++ != ':')
				return NULL;
		}
		p = json_skip(p, end);
		if (p == NULL || p == end)
			return NULL;
		if (*p == close)
			return p + 1;
		if (*p++ != ',')
			return NULL;
	}
	return NULL;
}

/* Behind the value at `p`; the server writes no spaces, and neither do we. */
static const char *
json_skip(const char *p, const char *end)
{
	const char *begin = p;

	if (p == end)
		return NULL;
	if (*p == '"')
		return skip_string(p, end);
	if (*p == '{' || *p == '[')
		return skip_members(p, end, *p == '{' ? '}' : ']');
	while (p < end && strchr(",}]", *p) == NULL && (unsigned char)*p > ' ')
		p++;
	return p > begin ? p : NULL;
}

/* The next member of an object or (without a key) element of an array, of which `s` is
 * what is left, the bracket included. */
static int
json_next(struct slice *s, int has_key, struct slice *ret_key, struct slice *ret)
{
	const char *p = s->p, *end = s->p + s->len, *q;

	if (s->len < 2 || p[1] == '}' || p[1] == ']' || *p == '}' || *p == ']')
		return 0;
	p++;			/* the bracket or comma */
	if (has_key) {
		if (*p != '"' || (q = skip_string(p, end)) == NULL || q == end || *q != ':')
			return -1;
		*ret_key = (struct slice){ p + 1, (size_t)(q - p - 2) };
		p = q + 1;
	}
	q = json_skip(p, end);
	if (q == NULL || q == end)
		return -1;
	*ret = (struct slice){ p, (size_t)(q - p) };
	*s = (struct slice){ q, (size_t)(end - q) };
	return 1;
}

int
wire_next(enum encoding enc, struct slice *frame, struct slice *ret_message)
{
	uint64_t n;
	const char *end;

	if (frame->len == 0)
		return 0;
	if (enc == PROTOBUF)
		return take_varint(frame, &n) == 0 ? take_bytes(frame, n, ret_message) : -1;
	end = *frame->p == '{' ? json_skip(frame->p, frame->p + frame->len) : NULL;
	if (end == NULL)
		return -1;
	*ret_message = (struct slice){ frame->p, (size_t)(end - frame->p) };
	*frame = (struct slice){ end, frame->len - ret_message->len };
	if (frame->len > 0 && (*frame->p++ != '\n' || --frame->len == 0))
		return -1;	/* something else, or a newline at the end */
	return 1;
}

int
wire_split(enum encoding enc, struct slice message, const struct field *fields, size_t n,
    struct slice *values)
{
	struct slice key = { NULL, 0 }, value;
	unsigned number = 0;
	int r;

	memset(values, 0, n * sizeof *values);
	while ((r = enc == JSON ? json_next(&message, 1, &key, &value)
	    : pb_next(&message, &number, &value)) == 1) {
		for (size_t i = 0; i < n; i++)
			if (enc == JSON ? str_is(key, fields[i].name) : number == fields[i].number)
				values[i] = value;
	}
	return r < 0 ? -1 : 1;
}

struct each
wire_each(enum encoding enc, struct slice message, struct field f, int is_map)
{
	struct each e = { enc, f, message, is_map };

	if (enc == JSON)
		(void)wire_split(enc, message, &f, 1, &e.rest);
	return e;
}

static int
entry_split(struct slice entry, struct slice *ret_key, struct slice *ret_value)
{
	static const struct field fields[] = { { "", 1 }, { "", 2 } };
	struct slice v[2];

	if (wire_split(PROTOBUF, entry, fields, 2, v) < 0)
		return -1;
	*ret_key = v[0];
	*ret_value = v[1];
	return 1;
}

int
each_next(struct each *e, struct slice *ret_key, struct slice *ret_value)
{
	struct slice value;
	unsigned number;
	int r;

	if (e->enc == JSON)
		return json_next(&e->rest, e->is_map, ret_key, ret_value);
	while ((r = pb_next(&e->rest, &number, &value)) == 1) {
		if (number != e->field.number)
			continue;
		if (e->is_map)
			return entry_split(value, ret_key, ret_value);
		*ret_value = value;
		return 1;
	}
	return r;
}

uint64_t
wire_uint(enum encoding enc, struct slice value)
{
	uint64_t v = 0;

	if (value.p == NULL)
		return 0;
	if (enc == PROTOBUF)
		return take_varint(&value, &v) == 0 ? v : 0;
	if (str_is(value, "true"))
		return 1;
	for (size_t i = 0; i < value.len && value.p[i] >= '0' && value.p[i] <= '9'; i++)
		v = v * 10 + (uint64_t)(value.p[i] - '0');
	return v;
}

struct slice
wire_text(enum encoding enc, struct slice value)
{
	if (enc == JSON && value.len >= 2)
		return (struct slice){ value.p + 1, value.len - 2 };
	return value;
}

/* \uXXXX below the surrogates, which is all that a server has reason to write. */
static int
unescape_unit(const char *p, const char *end, struct out *o)
{
	char hex[5] = "", text[3];
	unsigned long u;
	char *stop;
	size_t n = 0;

	if (end - p < 4)
		return -1;
	memcpy(hex, p, 4);
	u = strtoul(hex, &stop, 16);
	if (*stop != '\0' || (u >= 0xd800 && u < 0xe000))
		return -1;
	if (u < 0x80) {
		text[n++] = (char)u;
	} else if (u < 0x800) {
		text[n++] = (char)(0xc0 | u >> 6);
		text[n++] = (char)(0x80 | (u & 63));
	} else {
		text[n++] = (char)(0xe0 | u >> 12);
		text[n++] = (char)(0x80 | (u >> 6 & 63));
		text[n++] = (char)(0x80 | (u & 63));
	}
	out_put(o, text, n);
	return 0;
}

int
json_unquote(struct slice value, struct out *o)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *p = value.p + 1, *end = value.p + value.len - 1, *found, *run;

	if (value.len < 2 || *value.p != '"')
		return -1;
	while (p < end) {
		for (run = p; p < end && *p != '\\'; p++)
			;
		out_put(o, run, (size_t)(p - run));
		if (p == end)
			break;
		if (*++p == 'u') {
			if (unescape_unit(p + 1, end, o) != 0)
				return -1;
			p += 5;
			continue;
		}
		found = memchr(from, *p++, sizeof from - 1);
		if (found == NULL)
			return -1;
		out_put(o, to + (found - from), 1);
	}
	return 0;
}
