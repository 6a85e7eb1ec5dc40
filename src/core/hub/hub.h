/* SPDX-License-Identifier: MIT */
/*
 * hub/hub.h - a worker's part of the world: its clients, by id and by user, its
 * channels with their subscriptions, and the fan-out to them.
 *
 * One hub a worker, touched on its thread only, hence no lock and no atomic.
 */
#ifndef ROTOR_HUB_HUB_H
#define ROTOR_HUB_HUB_H

#include <stdint.h>

#include <rotor/abi.h>
#include <rotor/buf.h>
#include <rotor/loop.h>

#include "base/map.h"

struct chan_options;
struct gather_share;
struct rotor_client;
struct rotor_publication;
struct rotor_worker;
struct sub;

/* A channel with subscribers on this worker. */
struct hub_chan {
	uint32_t		magic;
#define HUB_CHAN_MAGIC		0x1c94e0afu
	uint32_t		n_subs, cap;
	struct sub		**subs;		/* unordered; a sub knows its index */
	struct rotor_buf	*epoch;		/* last seen in the stream; shared with the subs */
	const struct chan_options	*opts;
	uint64_t		hash;
	struct rotor_str	name;		/* in `text`, NUL-terminated */
	char			text[];
};

/* A user with connections on this worker. */
struct hub_user {
	uint32_t		magic;
#define HUB_USER_MAGIC		0x60d7ab13u
	uint32_t		n_clients;	/* that have the user; more than in the list at times */
	struct rotor_client	*clients;	/* list through client->user_next */
	uint64_t		hash;
	struct rotor_str	name;		/* in `text`, NUL-terminated */
	char			text[];
};

/* A frame that several messages were joined into: queues that are equal, as they are when
 * the same channels go to many clients, share it.  The last few are kept, because clients
 * with JSON, Protobuf and deltas take turns in a flush. */
#define HUB_JOIN_MAX	64u
#define HUB_JOINS	6u
struct hub_joined {
	struct rotor_buf	*frame;
	struct rotor_buf	*parts[HUB_JOIN_MAX];	/* one reference each */
	uint32_t		n;
};

struct hub {
	struct rotor_worker	*w;
	struct map		chans;		/* struct hub_chan by name */
	struct map		users;		/* struct hub_user by name */
	struct map		clients;	/* struct rotor_client by 16-byte id */
	struct rotor_client	*dirty;		/* have something to flush; list through client->dirty_next */
	struct rotor_client	*open, *ending;	/* every attached client; lists through client->all_next */
	struct hub_joined	joined[HUB_JOINS];
	uint32_t		n_joins;	/* ever made; the oldest makes room */
	struct rotor_buf	*ping[2];	/* the protocol's ping, by ROTOR_JSON, _PROTOBUF */
	uint32_t		n_attached;
	struct gather_share	*steps, **steps_end;	/* see node/gather.c */
	struct rotor_job	steps_job;
};

struct hub *hub_new(struct rotor_worker *w);
/* All clients must be gone.  NULL in *hp is a no-op. */
void hub_free(struct hub **hp);

/* Clients, from their successful connect to their end.  0 or -ENOMEM. */
int hub_client_add(struct hub *hub, struct rotor_client *c, struct rotor_str user);
/* Nobody finds it any more; it has its user until that is released.  1; 0: nobody did. */
int hub_client_remove(struct hub *hub, struct rotor_client *c);
void hub_user_release(struct hub *hub, struct rotor_client *c);
/* Every session, from attach on. */
void hub_attach(struct hub *hub, struct rotor_client *c);
/* It is closed, and waits for its transport to go. */
void hub_ending(struct hub *hub, struct rotor_client *c);
void hub_detach(struct hub *hub, struct rotor_client *c);
/* NULL when there is none here. */
struct rotor_client *hub_client_get(struct hub *hub, const unsigned char id[16]);
struct hub_user *hub_user_get(struct hub *hub, struct rotor_str user);
/* The next client, of this user or (NULL) of all, from *pos on in the order of
 * map_scan(); what it looked at is taken off *work.  NULL: there is none and *pos is
 * MAP_SCAN_END, or *work is 0. */
struct rotor_client *hub_client_next(struct hub *hub, const struct rotor_str *user, uint64_t *pos,
    uint32_t *work);

/* The channel, made when `create` and absent.  *ret_new: it was made. */
struct hub_chan *hub_chan_get(struct hub *hub, struct rotor_str name);
struct hub_chan *hub_chan_make(struct hub *hub, struct rotor_str name,
    const struct chan_options *opts, int *ret_new);
/* Puts a sub into its channel.  0 or -ENOMEM. */
int hub_sub_add(struct hub_chan *ch, struct sub *s);
/* Takes it out; the channel goes with its last sub, and the node is told. */
void hub_sub_remove(struct hub *hub, struct sub *s);
/* Frees a channel that never got a sub. */
void hub_chan_drop_empty(struct hub *hub, struct hub_chan *ch);

/* Fan-out: to every subscription of pub->channel here; `prev` as in rotor_deliver(). */
void hub_deliver(struct hub *hub, uint64_t hash, struct rotor_publication *pub,
    struct rotor_publication *prev);

/* Puts the client on the list of those hub_flush() visits. */
void hub_dirty(struct hub *hub, struct rotor_client *c);
/* Flushes every dirty client.  Called by the worker, once a loop turn. */
void hub_flush(struct hub *hub);
/* Forgets a joined frame. */
void hub_joined_drop(struct hub_joined *j);
/* One frame holding `n` messages (JSON: newlines between; Protobuf: as they are),
 * with a reference for the caller.  NULL: no memory. */
struct rotor_buf *hub_join(struct hub *hub, uint32_t protocol, struct rotor_buf *const *parts, uint32_t n);

#endif
