/* SPDX-License-Identifier: MIT */
/*
 * node/interest.h - which workers have subscribers of which channel.
 *
 * Channels are spread over shards, a mutex each; a channel's entry is a set of
 * workers.  rotor_deliver() looks the set up and pushes one message to each inbox
 * under the shard's lock, which is what gives all workers one order.
 *
 * A broker with subscribe() is told of a channel's first and last worker.  These
 * calls are made on the control thread, in the order the set changed.
 */
#ifndef ROTOR_NODE_INTEREST_H
#define ROTOR_NODE_INTEREST_H

#include <stdint.h>

#include <rotor/abi.h>

struct rotor_server;
struct rotor_worker;

struct interest *interest_new(struct rotor_server *srv);
void interest_free(struct interest **ip);

typedef void interest_done_f(void *token, uint32_t code);

/* Worker `w` wants `channel` from now on; done(token, 0 or error code) runs on w
 * once the broker delivers, possibly before this returns. */
void interest_add(struct rotor_worker *w, uint64_t hash, struct rotor_str channel,
    interest_done_f *done, void *token);
/* Worker `w` wants it no longer. */
void interest_remove(struct rotor_worker *w, uint64_t hash, struct rotor_str channel);

#endif
