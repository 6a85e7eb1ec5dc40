/* SPDX-License-Identifier: MIT */
/* proto/wire.h - a reader of the Protobuf wire format. */
#ifndef ROTOR_PROTO_WIRE_H
#define ROTOR_PROTO_WIRE_H

#include <rotor/abi.h>

struct wire {
	const char	*p, *end;
};

#define WIRE_VARINT	0u
#define WIRE_FIXED64	1u
#define WIRE_BYTES	2u
#define WIRE_FIXED32	5u

/* One field as it stands on the wire. */
struct wire_field {
	uint32_t		number;
	uint32_t		type;		/* WIRE_* */
	uint64_t		value;		/* of all but WIRE_BYTES */
	struct rotor_str	bytes;
};

/* A varint of at most ten bytes, 64 bits.  0, or -1. */
int wire_varint(struct wire *w, uint64_t *ret);
/* Little-endian numbers.  0, or -1. */
int wire_fixed32(struct wire *w, uint64_t *ret);
int wire_fixed64(struct wire *w, uint64_t *ret);
/* A length, then as many bytes.  0, or -1. */
int wire_bytes(struct wire *w, struct rotor_str *ret);
/* 1 and the next field, 0 at the end, -1: malformed, or one of the groups that
 * proto3 does not have. */
int wire_next(struct wire *w, struct wire_field *ret);

#endif
