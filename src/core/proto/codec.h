/* SPDX-License-Identifier: MIT */
/*
 * proto/codec.h - protobuf-c structs to and from JSON and Protobuf, driven by
 * their descriptors.
 *
 * The .proto files are the only definition of a message; no code knows a
 * message's fields but the handlers.  JSON names are the .proto's; 64-bit integers
 * are numbers, `bytes` raw JSON, maps (repeated *Entry messages) objects, zero
 * values omitted save those marked with the custom rule in codec_always[].
 */
#ifndef ROTOR_PROTO_CODEC_H
#define ROTOR_PROTO_CODEC_H

#include <protobuf-c/protobuf-c.h>
#include <rotor/abi.h>

#include "proto/json.h"

struct arena;

/* Decode into the arena (strings and bytes may point into `in`, which must live
 * as long).  NULL: malformed, or no memory. */
ProtobufCMessage *codec_decode_json(const ProtobufCMessageDescriptor *d, struct arena *a,
    struct json_reader *in);
ProtobufCMessage *codec_decode_pb(const ProtobufCMessageDescriptor *d, struct arena *a,
    struct rotor_str in);

#define CODEC_RAW_VERBATIM	0u	/* client protocol: payloads byte for byte */
#define CODEC_RAW_COMPACT	1u	/* server API: payloads compacted and escaped */

/* Appends.  0; -EINVAL when a bytes field is not valid JSON; -ENOMEM. */
int codec_encode_json(const ProtobufCMessage *m, uint32_t raw_mode, struct out *o);
int codec_encode_pb(const ProtobufCMessage *m, struct out *o);

/*
 * Frames: the commands of one incoming message, one by one.
 */
struct frame_reader {
	const char	*p, *end;
	uint32_t	protocol;	/* ROTOR_JSON, ROTOR_PROTOBUF */
	int		any;		/* a command has been yielded */
};

void frame_reader_init(struct frame_reader *f, uint32_t protocol, const void *p, size_t len);
/* 1 and the bytes of the next command; 0 at the end of a frame that had at least
 * one; -1: an empty frame, a blank line before the end, or a bad length. */
int frame_next(struct frame_reader *f, struct rotor_str *ret_cmd);
/* Puts the varint length in front of what was written since `start`. */
void out_varint(struct out *o, uint64_t v);

#endif
