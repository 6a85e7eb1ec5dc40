/* SPDX-License-Identifier: MIT */
/*
 * room.h - the clients and users present in channels.
 *
 * A set of rooms keeps one table of rooms, one of all their members and one of all
 * their users, so that a room with a single member needs no tables of its own.  An
 * empty room goes away.  The caller's lock; but what a reader gets is a copy, the roll,
 * which is made when somebody asks and shared by all who ask until the room changes.
 */
#ifndef ENGINE_MEMORY_ROOM_H
#define ENGINE_MEMORY_ROOM_H

#include <rotor/buf.h>
#include <rotor/publication.h>

#include "hash.h"
#include "table.h"

struct rooms {
	struct table		rooms, members, users;
	const struct hash_key	*hash_key;
};

struct member;

struct room {
	struct table_node	node;
	struct member		*first, *last;	/* in order of arrival */
	uint32_t		n_clients;
	uint32_t		n_users;	/* distinct; the anonymous are one */
	size_t			text_len;	/* of all that is known of the members */
	struct rotor_buf	*roll;		/* NULL: to be made */
	struct rotor_str	name;		/* in bytes[] */
	char			bytes[];
};

/* `hash_key` must outlive the set. */
void rooms_init(struct rooms *rs, const struct hash_key *hash_key);
void rooms_fini(struct rooms *rs);
/* The room of a channel (hash_str() of its name, context 0), or NULL: empty. */
struct room *rooms_find(const struct rooms *rs, struct rotor_str channel, uint64_t hash);
/* Adds a client, or replaces what is known of it.  An entry that stays the same costs
 * no allocation.  0 or -ENOMEM, then nothing has changed. */
int rooms_enter(struct rooms *rs, struct rotor_str channel, uint64_t hash,
    const struct rotor_client_info *info);
/* A client that is not there is no error. */
void rooms_leave(struct rooms *rs, struct rotor_str channel, uint64_t hash, struct rotor_str client);

/* The roll: a struct rotor_client_info for each of the n_clients, and their text.  The
 * caller's reference, good without the lock; NULL: no memory. */
struct rotor_buf *room_roll(struct room *r);

#endif
