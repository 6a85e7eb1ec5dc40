/* SPDX-License-Identifier: MIT */
/*
 * presence.h - who is subscribed to which channel of this node.
 *
 * Channels are spread over shards, a mutex each.  Entries do not expire: the clients
 * they stand for live in the same process.  `done` is called after the mutex has been
 * let go, on the calling thread.  Any thread.
 */
#ifndef ENGINE_MEMORY_PRESENCE_H
#define ENGINE_MEMORY_PRESENCE_H

#include <rotor/engine.h>

struct presence;

/* For rotor_provide_presence(), with a struct presence as its context. */
extern const struct rotor_presence presence_manager;

/* NULL: no memory, or no random bytes. */
struct presence *presence_new(void);
/* Nothing may be using it any more.  NULL in *pp is a no-op. */
void presence_free(struct presence **pp);
/* Channels, users in them, and clients: all that is held.  Any thread. */
size_t presence_count(struct presence *p);
/* The clients alone. */
size_t presence_entries(struct presence *p);

#endif
