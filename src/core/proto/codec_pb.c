/* SPDX-License-Identifier: MIT */
/*
 * proto/codec_pb.c - messages to and from Protobuf.
 *
 * Decoding is our own: protobuf-c's unpacking takes nesting as deep as the sender
 * likes (on the stack), copies payloads, and lets strings pass that are not UTF-8
 * or hold a NUL.
 */
#include "config.h"

#include "proto/codec.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "proto/codec_priv.h"
#include "proto/text.h"
#include "proto/wire.h"

static int decode_into(ProtobufCMessage *m, struct rotor_str in, struct arena *a, unsigned depth);

/* How the values of each type travel. */
static const unsigned char wire_types[] = {
	[PROTOBUF_C_TYPE_INT32] = WIRE_VARINT,
	[PROTOBUF_C_TYPE_SINT32] = WIRE_VARINT,
	[PROTOBUF_C_TYPE_SFIXED32] = WIRE_FIXED32,
	[PROTOBUF_C_TYPE_UINT32] = WIRE_VARINT,
	[PROTOBUF_C_TYPE_FIXED32] = WIRE_FIXED32,
	[PROTOBUF_C_TYPE_INT64] = WIRE_VARINT,
	[PROTOBUF_C_TYPE_SINT64] = WIRE_VARINT,
	[PROTOBUF_C_TYPE_SFIXED64] = WIRE_FIXED64,
	[PROTOBUF_C_TYPE_UINT64] = WIRE_VARINT,
	[PROTOBUF_C_TYPE_FIXED64] = WIRE_FIXED64,
	[PROTOBUF_C_TYPE_DOUBLE] = WIRE_FIXED64,
	[PROTOBUF_C_TYPE_BOOL] = WIRE_VARINT,
	[PROTOBUF_C_TYPE_STRING] = WIRE_BYTES,
	[PROTOBUF_C_TYPE_BYTES] = WIRE_BYTES,
	[PROTOBUF_C_TYPE_MESSAGE] = WIRE_BYTES,
};

static int64_t
zigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

static void
store_number(const ProtobufCFieldDescriptor *f, uint64_t v, void *at)
{
	uint32_t low = (uint32_t)v;

	if (f->type == PROTOBUF_C_TYPE_SINT32)
		v = low = (uint32_t)zigzag(low);
	else if (f->type == PROTOBUF_C_TYPE_SINT64)
		v = (uint64_t)zigzag(v);
	if (f->type == PROTOBUF_C_TYPE_BOOL)
		*(protobuf_c_boolean *)at = v != 0;
	else if (field_value_size(f) == 4)
		memcpy(at, &low, 4);
	else
		memcpy(at, &v, 8);
}

/* A message that comes twice is one in two parts. */
static int
store_message(const ProtobufCFieldDescriptor *f, struct rotor_str s, void *at, struct arena *a,
    unsigned depth)
{
	ProtobufCMessage **mp = at;

	if (*mp == NULL)
		*mp = message_new(f->descriptor, a);
	return *mp != NULL ? decode_into(*mp, s, a, depth + 1) : -1;
}

static int
store_bytes(const ProtobufCFieldDescriptor *f, struct rotor_str s, void *at, struct arena *a,
    unsigned depth)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		return text_valid(s) ? string_set(at, s, a) : -1;
	case PROTOBUF_C_TYPE_BYTES:
		*(ProtobufCBinaryData *)at = codec_bytes(s);
		return 0;
	default:
		return store_message(f, s, at, a, depth);
	}
}

static int
wire_packed_next(struct wire *w, uint32_t type, uint64_t *ret)
{
	switch (type) {
	case WIRE_FIXED32: return wire_fixed32(w, ret);
	case WIRE_FIXED64: return wire_fixed64(w, ret);
	default: return wire_varint(w, ret);
	}
}

/* Numbers of a repeated field, one behind the other. */
static int
store_packed(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, struct rotor_str s,
    struct arena *a)
{
	struct wire w = { s.p, s.p + s.len };
	uint64_t v;
	void *at;

	while (w.p < w.end) {
		if (wire_packed_next(&w, wire_types[f->type], &v) != 0)
			return -1;
		at = field_append(m, f, a);
		if (at == NULL)
			return -1;
		store_number(f, v, at);
	}
	return 0;
}

static int
store_field(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, const struct wire_field *wf,
    struct arena *a, unsigned depth)
{
	void *at;

	if (field_value_size(f) == 0)
		return -1;
	if (wf->type == WIRE_BYTES && wire_types[f->type] != WIRE_BYTES && field_repeated(f))
		return store_packed(m, f, wf->bytes, a);
	if (wf->type != wire_types[f->type])
		return -1;
	at = field_repeated(f) ? field_append(m, f, a) : field_at(m, f);
	if (at == NULL)
		return -1;
	if (wf->type == WIRE_BYTES)
		return store_bytes(f, wf->bytes, at, a, depth);
	store_number(f, wf->value, at);
	return 0;
}

static int
settle_maps(ProtobufCMessage *m, struct arena *a)
{
	const ProtobufCMessageDescriptor *d = m->descriptor;
	const ProtobufCFieldDescriptor *f;

	for (f = d->fields; f < d->fields + d->n_fields; f++)
		if (field_repeated(f) && *field_count(m, f) > 0 && field_is_map(f) &&
		    map_settle(m, f, a) != 0)
			return -1;
	return 0;
}

static int
decode_into(ProtobufCMessage *m, struct rotor_str in, struct arena *a, unsigned depth)
{
	struct wire w = { in.p, in.p + in.len };
	const ProtobufCFieldDescriptor *f;
	struct wire_field wf;
	int more;

	if (depth >= CODEC_MAX_DEPTH)
		return -1;
	while ((more = wire_next(&w, &wf)) == 1) {
		f = protobuf_c_message_descriptor_get_field(m->descriptor, wf.number);
		if (f != NULL && store_field(m, f, &wf, a, depth) != 0)
			return -1;
	}
	return more == 0 ? settle_maps(m, a) : -1;
}

ProtobufCMessage *
codec_decode_pb(const ProtobufCMessageDescriptor *d, struct arena *a, struct rotor_str in)
{
	ProtobufCMessage *m = message_new(d, a);

	return m != NULL && decode_into(m, in, a, 0) == 0 ? m : NULL;
}

int
codec_encode_pb(const ProtobufCMessage *m, struct out *o)
{
	char *to = out_reserve(o, protobuf_c_message_get_packed_size(m));

	if (to == NULL)
		return -ENOMEM;
	o->len += protobuf_c_message_pack(m, (uint8_t *)to);
	return 0;
}
