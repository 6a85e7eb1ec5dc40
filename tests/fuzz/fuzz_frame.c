/* SPDX-License-Identifier: MIT */
/*
 * fuzz_frame.c - a frame as a client may send it: the first byte chooses the
 * protocol (even: JSON), the rest is split and decoded as the session does it.
 */
#include "config.h"

#include "fuzz.h"

#include <rotor/transport.h>

#include "base/arena.h"
#include "base/obj.h"
#include "proto/codec.h"
#include "proto/messages.h"

static ProtobufCMessage *
decode(uint32_t protocol, struct arena *a, struct rotor_str cmd)
{
	struct json_reader r;

	if (protocol == ROTOR_PROTOBUF)
		return codec_decode_pb(&cp__command__descriptor, a, cmd);
	json_reader_init(&r, cmd.p, cmd.len);
	return codec_decode_json(&cp__command__descriptor, a, &r);
}

/* What was decoded can be written and read again, in Protobuf always. */
static void
check(const ProtobufCMessage *m, struct arena *a, struct out *o)
{
	out_reset(o);
	ASSERT(codec_encode_pb(m, o) == 0);
	ASSERT(codec_decode_pb(m->descriptor, a, (struct rotor_str){ o->p, o->len }) != NULL);
	out_reset(o);
	if (codec_encode_json(m, CODEC_RAW_COMPACT, o) == 0)
		ASSERT(json_valid_object((struct rotor_str){ o->p, o->len }));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct frame_reader f;
	struct rotor_str cmd;
	ProtobufCMessage *m;
	struct arena a;
	struct out o;

	if (len == 0)
		return 0;
	arena_init(&a, NULL, 0);
	out_init(&o, NULL, 0);
	frame_reader_init(&f, data[0] & 1 ? ROTOR_PROTOBUF : ROTOR_JSON, data + 1, len - 1);
	while (frame_next(&f, &cmd) == 1) {
		m = decode(f.protocol, &a, cmd);
		if (m != NULL)
			check(m, &a, &o);
		arena_reset(&a);
	}
	out_fini(&o);
	return 0;
}
