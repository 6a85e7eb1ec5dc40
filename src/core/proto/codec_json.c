/* SPDX-License-Identifier: MIT */
/* proto/codec_json.c - messages to and from JSON. */
#include "config.h"

#include "proto/codec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "proto/codec_priv.h"

/* ---- Decoding */

struct decoder {
	struct json_reader	*in;
	struct arena		*arena;
	unsigned		depth;
};

typedef int decode_f(struct decoder *d, const ProtobufCFieldDescriptor *f, void *at);

static ProtobufCMessage *decode_message(struct decoder *d, const ProtobufCMessageDescriptor *desc);

static int
decode_i32(struct decoder *d, const ProtobufCFieldDescriptor *f, void *at)
{
	int64_t v;

	(void)f;
	if (json_read_int64(d->in, &v) != 0 || v < INT32_MIN || v > INT32_MAX)
		return -1;
	*(int32_t *)at = (int32_t)v;
	return 0;
}

static int
decode_u32(struct decoder *d, const ProtobufCFieldDescriptor *f, void *at)
{
	uint64_t v;

	(void)f;
	if (json_read_uint64(d->in, &v) != 0 || v > UINT32_MAX)
		return -1;
	*(uint32_t *)at = (uint32_t)v;
	return 0;
}

static int
decode_i64(struct decoder *d, const ProtobufCFieldDescriptor *f, void *at)
{
	(void)f;
	return json_read_int64(d->in, at);
}

static int
decode_u64(struct decoder *d, const ProtobufCFieldDescriptor *f, void *at)
{
	(void)f;
	return json_read_uint64(d->in, at);
}

static int
decode_double(struct decoder *d, const ProtobufCFieldDescriptor *f, void *at)
{
	struct rotor_str s;
	char *text;

	(void)f;
	if (json_read_number(d->in, &s) != 0)
		return -1;
	text = arena_strndup(d->arena, s.p, s.len);
	if (text == NULL)
		return -1;
	*(double *)at = strtod(text, NULL);
	return 0;
}

static int
decode_bool(struct decoder *d, const ProtobufCFieldDescriptor *f, void *at)
{
	int v;

	(void)f;
	if (json_read_bool(d->in, &v) != 0)
		return -1;
	*(protobuf_c_boolean *)at = v;
	return 0;
}

static int
decode_string(struct decoder *d, const ProtobufCFieldDescriptor *f, void *at)
{
	struct rotor_str s;

	(void)f;
	if (json_read_string(d->in, d->arena, &s) != 0 || memchr(s.p, '\0', s.len) != NULL)
		return -1;
	*(const char **)at = s.p;
	return 0;
}

static int
decode_bytes(struct decoder *d, const ProtobufCFieldDescriptor *f, void *at)
{
	struct rotor_str s;

	(void)f;
	if (json_read_raw(d->in, &s) != 0)
		return -1;
	*(ProtobufCBinaryData *)at = codec_bytes(s);
	return 0;
}

static int
decode_submessage(struct decoder *d, const ProtobufCFieldDescriptor *f, void *at)
{
	ProtobufCMessage *m = decode_message(d, f->descriptor);

	if (m == NULL)
		return -1;
	*(ProtobufCMessage **)at = m;
	return 0;
}

static decode_f *const decoders[] = {
	[PROTOBUF_C_TYPE_INT32] = decode_i32,
	[PROTOBUF_C_TYPE_SINT32] = decode_i32,
	[PROTOBUF_C_TYPE_SFIXED32] = decode_i32,
	[PROTOBUF_C_TYPE_UINT32] = decode_u32,
	[PROTOBUF_C_TYPE_FIXED32] = decode_u32,
	[PROTOBUF_C_TYPE_INT64] = decode_i64,
	[PROTOBUF_C_TYPE_SINT64] = decode_i64,
	[PROTOBUF_C_TYPE_SFIXED64] = decode_i64,
	[PROTOBUF_C_TYPE_UINT64] = decode_u64,
	[PROTOBUF_C_TYPE_FIXED64] = decode_u64,
	[PROTOBUF_C_TYPE_DOUBLE] = decode_double,
	[PROTOBUF_C_TYPE_BOOL] = decode_bool,
	[PROTOBUF_C_TYPE_STRING] = decode_string,
	[PROTOBUF_C_TYPE_BYTES] = decode_bytes,
	[PROTOBUF_C_TYPE_MESSAGE] = decode_submessage,
};

/* null leaves a value as it is; but in bytes it is a payload like any other. */
static int
decode_value(struct decoder *d, const ProtobufCFieldDescriptor *f, void *at)
{
	if (field_value_size(f) == 0)
		return -1;
	if (f->type != PROTOBUF_C_TYPE_BYTES && json_peek(d->in) == JSON_NULL)
		return json_read_null(d->in);
	return decoders[f->type](d, f, at);
}

/* A mark that costs no memory and that nobody follows: there are no unknown fields. */
static void
mark_null(ProtobufCMessage *m)
{
	m->unknown_fields = (ProtobufCMessageUnknownField *)(void *)m;
}

int
codec_was_null(const ProtobufCMessage *m)
{
	return m->n_unknown_fields == 0 && m->unknown_fields != NULL;
}

/* An element that was null, made into an empty value. */
static int
fill_null(struct decoder *d, const ProtobufCFieldDescriptor *f, void *at)
{
	if (f->type == PROTOBUF_C_TYPE_STRING && *(const char **)at == NULL)
		*(const char **)at = "";
	if (f->type != PROTOBUF_C_TYPE_MESSAGE || *(ProtobufCMessage **)at != NULL)
		return 0;
	*(ProtobufCMessage **)at = message_new(f->descriptor, d->arena);
	if (*(ProtobufCMessage **)at == NULL)
		return -1;
	mark_null(*(ProtobufCMessage **)at);
	return 0;
}

static int
decode_array(struct decoder *d, const ProtobufCFieldDescriptor *f, ProtobufCMessage *m)
{
	int first = 1, more;
	void *at;

	if (json_enter_array(d->in) != 0)
		return -1;
	while ((more = json_next_element(d->in, &first)) == 1) {
		at = field_append(m, f, d->arena);
		if (at == NULL || decode_value(d, f, at) != 0 || fill_null(d, f, at) != 0)
			return -1;
	}
	return more;
}

static int
decode_map(struct decoder *d, const ProtobufCFieldDescriptor *f, ProtobufCMessage *m)
{
	const ProtobufCFieldDescriptor *fields = map_fields(f);
	ProtobufCMessage *entry;
	struct rotor_str key;
	int first = 1, more;

	/* In Protobuf an entry is a message: the same depth for both. */
	if (d->depth == CODEC_MAX_DEPTH || json_enter_object(d->in) != 0)
		return -1;
	d->depth++;
	while ((more = json_next_key(d->in, d->arena, &key, &first)) == 1) {
		entry = field_append_message(m, f, d->arena);
		if (entry == NULL || string_set(field_at(entry, &fields[0]), key, d->arena) != 0 ||
		    decode_value(d, &fields[1], field_at(entry, &fields[1])) != 0)
			return -1;
	}
	d->depth--;
	return more == 0 ? map_settle(m, f, d->arena) : -1;
}

static int
decode_field(struct decoder *d, const ProtobufCFieldDescriptor *f, ProtobufCMessage *m)
{
	if (!field_repeated(f))
		return decode_value(d, f, field_at(m, f));
	if (json_peek(d->in) == JSON_NULL)
		return json_read_null(d->in);
	*field_count(m, f) = 0;		/* a key that comes again replaces */
	return field_is_map(f) ? decode_map(d, f, m) : decode_array(d, f, m);
}

/* The field that `key` names, or NULL.  Keys mostly come in the order of the fields,
 * so the search starts behind the last one found. */
static const ProtobufCFieldDescriptor *
find_field(const ProtobufCMessageDescriptor *desc, struct rotor_str key, unsigned *hint)
{
	unsigned i, at;

	for (i = 0, at = *hint; i < desc->n_fields; i++, at++) {
		if (at >= desc->n_fields)
			at = 0;
		if (rotor_str_is(key, desc->fields[at].name)) {
			*hint = at + 1;
			return &desc->fields[at];
		}
	}
	for (i = 0; i < desc->n_fields; i++)
		if (rotor_str_is_nocase(key, desc->fields[i].name))
			return &desc->fields[i];
	return NULL;
}

static int
decode_members(struct decoder *d, ProtobufCMessage *m)
{
	const ProtobufCFieldDescriptor *f;
	struct rotor_str key, ignored;
	int first = 1, more;
	unsigned hint = 0;

	if (json_enter_object(d->in) != 0)
		return -1;
	while ((more = json_next_key(d->in, d->arena, &key, &first)) == 1) {
		f = find_field(m->descriptor, key, &hint);
		if ((f != NULL ? decode_field(d, f, m) : json_read_raw(d->in, &ignored)) != 0)
			return -1;
	}
	return more;
}

static ProtobufCMessage *
decode_message(struct decoder *d, const ProtobufCMessageDescriptor *desc)
{
	ProtobufCMessage *m;

	if (d->depth == CODEC_MAX_DEPTH)
		return NULL;
	m = message_new(desc, d->arena);
	if (m == NULL)
		return NULL;
	d->depth++;
	if (decode_members(d, m) != 0)
		return NULL;
	d->depth--;
	return m;
}

ProtobufCMessage *
codec_decode_json(const ProtobufCMessageDescriptor *d, struct arena *a, struct json_reader *in)
{
	struct decoder dec = { in, a, 0 };

	return decode_message(&dec, d);
}

/* ---- Encoding */

struct encoder {
	struct out	*out;
	uint32_t	raw_mode;
};

typedef int encode_f(struct encoder *e, const void *at);

static int encode_message(struct encoder *e, const ProtobufCMessage *m);

static int
encode_i32(struct encoder *e, const void *at)
{
	out_i64(e->out, *(const int32_t *)at);
	return 0;
}

static int
encode_u32(struct encoder *e, const void *at)
{
	out_u64(e->out, *(const uint32_t *)at);
	return 0;
}

static int
encode_i64(struct encoder *e, const void *at)
{
	out_i64(e->out, *(const int64_t *)at);
	return 0;
}

static int
encode_u64(struct encoder *e, const void *at)
{
	out_u64(e->out, *(const uint64_t *)at);
	return 0;
}

static int
encode_double(struct encoder *e, const void *at)
{
	return json_write_double(e->out, *(const double *)at) == 0 ? 0 : -EINVAL;
}

static int
encode_bool(struct encoder *e, const void *at)
{
	if (*(const protobuf_c_boolean *)at)
		out_lit(e->out, "true");
	else
		out_lit(e->out, "false");
	return 0;
}

static int
encode_string(struct encoder *e, const void *at)
{
	json_write_string(e->out, rotor_str_of(*(const char *const *)at));
	return 0;
}

static int
encode_bytes(struct encoder *e, const void *at)
{
	struct rotor_str s = codec_str(*(const ProtobufCBinaryData *)at);

	if (!json_valid(s))
		return -EINVAL;
	if (e->raw_mode == CODEC_RAW_COMPACT)
		json_write_raw_compact(e->out, s);
	else
		json_write_raw(e->out, s);
	return 0;
}

static int
encode_submessage(struct encoder *e, const void *at)
{
	const ProtobufCMessage *m = *(const ProtobufCMessage *const *)at;

	if (m != NULL)
		return encode_message(e, m);
	out_lit(e->out, "{}");
	return 0;
}

static encode_f *const encoders[] = {
	[PROTOBUF_C_TYPE_INT32] = encode_i32,
	[PROTOBUF_C_TYPE_SINT32] = encode_i32,
	[PROTOBUF_C_TYPE_SFIXED32] = encode_i32,
	[PROTOBUF_C_TYPE_UINT32] = encode_u32,
	[PROTOBUF_C_TYPE_FIXED32] = encode_u32,
	[PROTOBUF_C_TYPE_INT64] = encode_i64,
	[PROTOBUF_C_TYPE_SINT64] = encode_i64,
	[PROTOBUF_C_TYPE_SFIXED64] = encode_i64,
	[PROTOBUF_C_TYPE_UINT64] = encode_u64,
	[PROTOBUF_C_TYPE_FIXED64] = encode_u64,
	[PROTOBUF_C_TYPE_DOUBLE] = encode_double,
	[PROTOBUF_C_TYPE_BOOL] = encode_bool,
	[PROTOBUF_C_TYPE_STRING] = encode_string,
	[PROTOBUF_C_TYPE_BYTES] = encode_bytes,
	[PROTOBUF_C_TYPE_MESSAGE] = encode_submessage,
};

static int
encode_value(struct encoder *e, const ProtobufCFieldDescriptor *f, const void *at)
{
	return field_value_size(f) != 0 ? encoders[f->type](e, at) : -EINVAL;
}

static int
encode_array(struct encoder *e, const ProtobufCFieldDescriptor *f, const char *array, size_t n)
{
	size_t i;
	int ret;

	out_byte(e->out, '[');
	for (i = 0; i < n; i++) {
		if (i > 0)
			out_byte(e->out, ',');
		ret = encode_value(e, f, array + i * field_value_size(f));
		if (ret != 0)
			return ret;
	}
	out_byte(e->out, ']');
	return 0;
}

static int
encode_map(struct encoder *e, const ProtobufCFieldDescriptor *fields,
    ProtobufCMessage *const *entries, size_t n)
{
	size_t i;
	int ret;

	out_byte(e->out, '{');
	for (i = 0; i < n; i++) {
		if (i > 0)
			out_byte(e->out, ',');
		encode_string(e, field_at(entries[i], &fields[0]));
		out_byte(e->out, ':');
		ret = encode_value(e, &fields[1], field_at(entries[i], &fields[1]));
		if (ret != 0)
			return ret;
	}
	out_byte(e->out, '}');
	return 0;
}

static int
encode_field(struct encoder *e, const ProtobufCFieldDescriptor *f, const ProtobufCMessage *m)
{
	const void *at = field_at(m, f);

	if (!field_repeated(f))
		return encode_value(e, f, at);
	if (field_is_map(f))
		return encode_map(e, map_fields(f), *(ProtobufCMessage *const *const *)at,
		    *field_count(m, f));
	return encode_array(e, f, *(const char *const *)at, *field_count(m, f));
}

static int
field_is_zero(const ProtobufCFieldDescriptor *f, const ProtobufCMessage *m)
{
	static const char zeros[sizeof(ProtobufCBinaryData)];
	const void *at = field_at(m, f);

	if (field_repeated(f))
		return *field_count(m, f) == 0;
	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		return *(const char *const *)at == NULL || **(const char *const *)at == '\0';
	case PROTOBUF_C_TYPE_BYTES:
		return ((const ProtobufCBinaryData *)at)->len == 0;
	case PROTOBUF_C_TYPE_DOUBLE:
		return *(const double *)at == 0;
	default:
		return memcmp(at, zeros, field_value_size(f)) == 0;
	}
}

static int
encode_message(struct encoder *e, const ProtobufCMessage *m)
{
	const ProtobufCMessageDescriptor *d = m->descriptor;
	uint64_t always = fields_always(d);
	const ProtobufCFieldDescriptor *f;
	char before = '{';
	int ret;

	for (f = d->fields; f < d->fields + d->n_fields; f++) {
		if (field_is_zero(f, m) && (f->id > 63 || (always >> f->id & 1) == 0))
			continue;
		out_byte(e->out, before);
		before = ',';
		out_byte(e->out, '"');
		out_put(e->out, f->name, strlen(f->name));
		out_lit(e->out, "\":");
		ret = encode_field(e, f, m);
		if (ret != 0)
			return ret;
	}
	if (before == '{')
		out_byte(e->out, before);
	out_byte(e->out, '}');
	return 0;
}

int
codec_encode_json(const ProtobufCMessage *m, uint32_t raw_mode, struct out *o)
{
	struct encoder e = { o, raw_mode };
	size_t start = o->len;
	int ret = encode_message(&e, m);

	if (o->failed)
		return -ENOMEM;
	if (ret != 0)
		o->len = start;
	return ret;
}
