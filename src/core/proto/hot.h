/* SPDX-License-Identifier: MIT */
/*
 * proto/hot.h - the messages of the hot path, written without their structs.
 *
 * Byte for byte what the generic codec makes of the same message (the tests hold
 * the two together).  `protocol` is ROTOR_JSON or ROTOR_PROTOBUF.  What is written
 * is one bare Reply: no newline, no length prefix; the caller frames it.
 *
 * Functions that take payloads return 0, -EINVAL when a payload is not valid JSON
 * and the protocol is JSON, or -ENOMEM; on error `o` holds what it held before
 * (after -ENOMEM: nothing to rely on).  All of them only append to `o`.
 */
#ifndef ROTOR_PROTO_HOT_H
#define ROTOR_PROTO_HOT_H

#include <stdint.h>

#include <rotor/publication.h>
#include <rotor/transport.h>

struct out;

/* {"push":{"channel":..,"pub":{..}}} with data, info, offset, tags, delta (by
 * PUB_IS_DELTA) and, for offset 1 only, epoch.  `channel` is the name the client subscribed to. */
int hot_push_pub(struct out *o, uint32_t protocol, struct rotor_str channel,
    const struct rotor_publication *pub);
/* {"push":{"channel":..,"join":{"info":{..}}}}, or "leave", by pub->kind. */
int hot_push_join_leave(struct out *o, uint32_t protocol, struct rotor_str channel,
    const struct rotor_publication *pub);
/* A reply with an empty result, such as {"id":3,"publish":{}}.  `result` is the
 * field number in Reply (REPLY_PUBLISH, ...) of a message field. */
void hot_reply_empty(struct out *o, uint32_t protocol, uint32_t id, uint32_t result);

/* Field numbers of Reply's results. */
#define REPLY_CONNECT		5u
#define REPLY_SUBSCRIBE		6u
#define REPLY_UNSUBSCRIBE	7u
#define REPLY_PUBLISH		8u
#define REPLY_PRESENCE		9u
#define REPLY_PRESENCE_STATS	10u
#define REPLY_HISTORY		11u
#define REPLY_PING		12u
#define REPLY_RPC		13u
#define REPLY_REFRESH		14u
#define REPLY_SUB_REFRESH	15u

#endif
