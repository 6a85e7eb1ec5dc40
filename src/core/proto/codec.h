/* SPDX-License-Identifier: MIT */
/*
 * proto/codec.h - protobuf-c structs to and from JSON and Protobuf, driven by
 * their descriptors.
 *
 * The .proto files are the only definition of a message; no code knows a
 * message's fields but the handlers (and hot.c).  JSON names are the .proto's;
 * 64-bit integers are numbers, `bytes` raw JSON, maps (repeated *Entry messages)
 * objects, zero values omitted save those listed in codec_always[].  The schemas
 * are proto3 without enum, float, oneof and optional.
 *
 * A decoded message holds no surprises: strings are UTF-8 without NUL, pointers in
 * arrays and the values of map entries are never NULL, map keys are unique (the
 * last one wins), and nesting is bounded by CODEC_MAX_DEPTH.
 */
#ifndef ROTOR_PROTO_CODEC_H
#define ROTOR_PROTO_CODEC_H

#include <protobuf-c/protobuf-c.h>
#include <rotor/abi.h>

#include "proto/json.h"

struct arena;

#define CODEC_MAX_DEPTH		100	/* messages inside messages */

/* Decode into the arena; bytes fields point into `in`, which must live as long.
 * NULL: malformed, or no memory.  From JSON one object is consumed; what follows
 * it is the caller's business. */
ProtobufCMessage *codec_decode_json(const ProtobufCMessageDescriptor *d, struct arena *a,
    struct json_reader *in);
ProtobufCMessage *codec_decode_pb(const ProtobufCMessageDescriptor *d, struct arena *a,
    struct rotor_str in);

/* 1 when `m`, an element of a repeated field, was null in the JSON: it is empty. */
int codec_was_null(const ProtobufCMessage *m);

/* A bytes field as a slice, and back.  Encoding does not write to it. */
static inline struct rotor_str
codec_str(ProtobufCBinaryData b)
{
	return (struct rotor_str){ (const char *)b.data, b.len };
}

static inline ProtobufCBinaryData
codec_bytes(struct rotor_str s)
{
	return (ProtobufCBinaryData){ s.len, (uint8_t *)(uintptr_t)s.p };
}

#define CODEC_RAW_VERBATIM	0u	/* client protocol: payloads byte for byte */
#define CODEC_RAW_COMPACT	1u	/* server API: payloads compacted and escaped */

/* Append.  0; -EINVAL when a bytes field is not valid JSON, and `o` is as before;
 * -ENOMEM. */
int codec_encode_json(const ProtobufCMessage *m, uint32_t raw_mode, struct out *o);
int codec_encode_pb(const ProtobufCMessage *m, struct out *o);

/*
 * Frames: the commands of one incoming message, one by one.  In JSON one a line
 * (the last newline may be missing, "\r\n" will do), in Protobuf each behind its
 * length as a varint; a length of zero is an empty command, the pong.
 */
struct frame_reader {
	const char	*p, *end;
	uint32_t	protocol;	/* ROTOR_JSON, ROTOR_PROTOBUF */
	int		any;		/* a command has been yielded */
};

void frame_reader_init(struct frame_reader *f, uint32_t protocol, const void *p, size_t len);
/* 1 and the bytes of the next command (a slice of the frame); 0 at the end of a
 * frame that had at least one; -1: an empty frame, a blank line, or a bad length. */
int frame_next(struct frame_reader *f, struct rotor_str *ret_cmd);

#endif
