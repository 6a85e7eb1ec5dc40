/* SPDX-License-Identifier: MIT */
/*
 * modules/api_grpc/pb.h - Protobuf by hand, for the few small messages of gRPC itself
 * (statuses, health, reflection) and for walking file descriptors.
 */
#ifndef API_GRPC_PB_H
#define API_GRPC_PB_H

#include <stdint.h>

#include <grpc/slice.h>
#include <rotor/abi.h>

#define PB_VARINT	0u
#define PB_BYTES	2u

struct pb_field {
	uint32_t		number;
	uint32_t		wire;		/* PB_VARINT: num; PB_BYTES: bytes */
	uint64_t		num;
	struct rotor_str	bytes;		/* points into what is read */
};

/* Takes the next field from the front of *in.  1: there is one; 0: the end; -1: what
 * follows is malformed. */
int pb_next(struct rotor_str *in, struct pb_field *ret);
/* The first such field of bytes in the message; empty when there is none. */
struct rotor_str pb_get(struct rotor_str message, uint32_t number);

/* A message being written.  Starts zeroed; a shortage of memory shows at the end. */
struct pb_out {
	char	*p;
	size_t	len, cap;
	int	failed;
};

void pb_put_num(struct pb_out *o, uint32_t number, uint64_t n);
void pb_put_bytes(struct pb_out *o, uint32_t number, struct rotor_str bytes);
/* Puts the message `sub` as a field, and frees it. */
void pb_put_message(struct pb_out *o, uint32_t number, struct pb_out *sub);
/* What was written, as a slice of the library's that owns it.  0 or -ENOMEM. */
int pb_finish(struct pb_out *o, grpc_slice *ret);

#endif
