/* SPDX-License-Identifier: MIT */
/* client/reply.h - from a message struct to the client's queue. */
#ifndef ROTOR_CLIENT_REPLY_H
#define ROTOR_CLIENT_REPLY_H

#include <stdint.h>

#include <rotor/abi.h>

#include "proto/messages.h"

struct out;
struct rotor_buf;
struct rotor_client;

/* What was written to `o`, as a message for queues (Protobuf: with its length in
 * front).  NULL: no memory. */
struct rotor_buf *reply_finish(struct out *o, uint32_t protocol);
/* As a message for queues.  0; -EINVAL: a payload does not fit the protocol; -EMSGSIZE: it
 * would be longer than `limit` bytes; -ENOMEM.  Any thread. */
int reply_encode(const Cp__Reply *reply, uint32_t protocol, size_t limit, struct rotor_buf **ret);
/* Closes the client for such an error. */
void reply_failed(struct rotor_client *c, int error);
/* Encodes and queues.  Closes the client with 3506 when a payload does not fit its
 * protocol. */
void client_send(struct rotor_client *c, const Cp__Reply *reply);
/* The same for a push; `push` is wrapped into a reply. */
void client_send_push(struct rotor_client *c, Cp__Push *push);
/* A reply with an empty result (REPLY_* of proto/hot.h). */
void client_send_empty(struct rotor_client *c, uint32_t id, uint32_t result);
void client_send_error(struct rotor_client *c, uint32_t id, uint32_t code);

#endif
