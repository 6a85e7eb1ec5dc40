/* SPDX-License-Identifier: MIT */
/*
 * fuzz_keys.c - client and API messages with hostile keys: the names of fields, with
 * NULs (as escapes) and other bytes before, inside and behind them, and very long.
 *
 * What the input says is made into one JSON object; a key with a NUL must be unknown.
 */
#include "config.h"

#include "fuzz.h"

#include <string.h>

#include "base/arena.h"
#include "base/obj.h"
#include "proto/codec.h"
#include "proto/messages.h"

struct input {
	const uint8_t	*p, *end;
};

static unsigned
take(struct input *in)
{
	return in->p < in->end ? *in->p++ : 0;
}

/* A character of a key as JSON has it. */
static void
put_char(struct out *o, unsigned c)
{
	static const char hex[] = "0123456789abcdef";

	if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
		out_byte(o, (char)c);
		return;
	}
	out_lit(o, "\\u00");
	out_byte(o, hex[c >> 4]);
	out_byte(o, hex[c & 15]);
}

/* A piece of a name, some of the input's bytes, and a filler.  1 when there is a NUL. */
static int
put_key(struct out *o, const char *name, struct input *in)
{
	size_t cut = take(in), n = take(in) % 8, fill = take(in);
	int nul = 0;

	out_put(o, name, cut < strlen(name) ? cut : strlen(name));
	while (n-- > 0) {
		unsigned c = take(in);

		nul |= c == 0;
		put_char(o, c);
	}
	for (fill *= fill; fill > 0; fill--)	/* up to 65,025 */
		out_byte(o, 'a');
	return nul;
}

/* 1 when all its keys, at this level, have a NUL. */
static int
put_object(struct out *o, const ProtobufCMessageDescriptor *d, struct input *in, unsigned depth)
{
	static const char *const values[] = { "1", "true", "\"x\"", "null", "[]", "{}", "-1", "[{}]" };
	unsigned n = take(in) % 4, i;
	int all_nul = 1;

	out_byte(o, '{');
	for (i = 0; i < n && d->n_fields > 0; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[take(in) % d->n_fields];
		unsigned v = take(in);

		if (i > 0)
			out_byte(o, ',');
		out_byte(o, '"');
		all_nul &= put_key(o, f->name, in);
		out_lit(o, "\":");
		if (f->type == PROTOBUF_C_TYPE_MESSAGE && (v & 1) && depth < 4)
			put_object(o, f->descriptor, in, depth + 1);
		else
			out_put(o, values[v % 8], strlen(values[v % 8]));
	}
	out_byte(o, '}');
	return all_nul;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const ProtobufCMessageDescriptor *const messages[] = {
		&cp__command__descriptor, &cp__connect_request__descriptor, &cp__reply__descriptor,
		&ap__batch_request__descriptor, &ap__publish_request__descriptor,
	};
	struct input in = { data, data + len };
	const ProtobufCMessageDescriptor *d = messages[take(&in) % (sizeof messages / sizeof messages[0])];
	struct out text, pb;
	struct json_reader r;
	ProtobufCMessage *m;
	struct arena a;
	char *exact;
	int unknown;

	arena_init(&a, NULL, 0);
	out_init(&text, NULL, 0);
	out_init(&pb, NULL, 0);
	unknown = put_object(&text, d, &in, 0);
	exact = arena_alloc(&a, text.len);
	ASSERT(exact != NULL);
	memcpy(exact, text.p, text.len);
	json_reader_init(&r, exact, text.len);
	m = codec_decode_json(d, &a, &r);
	if (unknown)
		ASSERT(m != NULL && codec_encode_pb(m, &pb) == 0 && pb.len == 0);
	else if (m != NULL)
		ASSERT(codec_encode_json(m, CODEC_RAW_VERBATIM, &pb) == 0);
	out_fini(&pb);
	out_fini(&text);
	arena_reset(&a);
	return 0;
}
