/* SPDX-License-Identifier: MIT */
/*
 * fuzz_json.c - the JSON reader, the writers and the JSON codec.
 *
 * Beyond not crashing: what was valid stays valid when it is written, what decodes
 * also encodes, and the second round changes nothing.
 */
#include "config.h"

#include "fuzz.h"

#include <string.h>

#include "base/arena.h"
#include "base/obj.h"
#include "proto/codec.h"
#include "proto/messages.h"

static struct rotor_str
text(const struct out *o)
{
	return (struct rotor_str){ o->p, o->len };
}

static void
check_payload(struct rotor_str in, struct out *o)
{
	out_reset(o);
	json_write_raw(o, in);
	ASSERT(json_valid(text(o)));
	out_reset(o);
	json_write_raw_compact(o, in);
	ASSERT(json_valid(text(o)));
}

/* Any bytes are a string to the writers, and read back. */
static void
check_string(struct rotor_str in, struct out *o, struct arena *a)
{
	struct json_reader r;
	struct rotor_str s;

	out_reset(o);
	json_write_string(o, in);
	json_reader_init(&r, o->p, o->len);
	ASSERT(json_read_string(&r, a, &s) == 0 && json_at_end(&r));
}

static ProtobufCMessage *
decode(const ProtobufCMessageDescriptor *d, struct arena *a, struct rotor_str in)
{
	struct json_reader r;

	json_reader_init(&r, in.p, in.len);
	return codec_decode_json(d, a, &r);
}

static void
check_codec(const ProtobufCMessageDescriptor *d, struct rotor_str in, struct arena *a)
{
	ProtobufCMessage *m = decode(d, a, in);
	struct out one, two;

	if (m == NULL)
		return;
	out_init(&one, NULL, 0);
	out_init(&two, NULL, 0);
	ASSERT(codec_encode_json(m, CODEC_RAW_VERBATIM, &one) == 0);
	m = decode(d, a, text(&one));
	ASSERT(m != NULL);
	ASSERT(codec_encode_json(m, CODEC_RAW_VERBATIM, &two) == 0);
	ASSERT(one.len == two.len && memcmp(one.p, two.p, one.len) == 0);
	out_reset(&two);
	ASSERT(codec_encode_pb(m, &two) == 0);
	ASSERT(codec_decode_pb(d, a, text(&two)) != NULL);
	out_fini(&one);
	out_fini(&two);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const ProtobufCMessageDescriptor *const messages[] = {
		&cp__command__descriptor, &cp__connect_request__descriptor, &cp__reply__descriptor,
		&ap__batch_request__descriptor, &ap__publish_request__descriptor,
	};
	struct rotor_str in = { (const char *)data, len };
	struct arena a;
	struct out o;
	size_t i;

	arena_init(&a, NULL, 0);
	out_init(&o, NULL, 0);
	if (json_valid(in))
		check_payload(in, &o);
	check_string(in, &o, &a);
	for (i = 0; i < sizeof messages / sizeof messages[0]; i++) {
		check_codec(messages[i], in, &a);
		arena_reset(&a);
	}
	out_fini(&o);
	return 0;
}
