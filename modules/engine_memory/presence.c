/* SPDX-License-Identifier: MIT */
/* presence.c - see presence.h. */
#include "config.h"

#include "presence.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/codes.h>

#include "room.h"

#define N_SHARDS	64u	/* a power of two */

struct presence_shard {
	_Alignas(64) pthread_mutex_t	mutex;
	struct rooms			rooms;
};

struct presence {
	struct presence_shard	shards[N_SHARDS];
	struct hash_key		hash_key;
};

/* The locked shard of `channel`, and the channel's hash. */
static struct presence_shard *
shard_lock(struct presence *p, struct rotor_str channel, uint64_t *ret_hash)
{
	uint64_t hash = hash_str(&p->hash_key, 0, channel);
	struct presence_shard *sh = &p->shards[(hash >> 32) % N_SHARDS];

	pthread_mutex_lock(&sh->mutex);
	*ret_hash = hash;
	return (sh);
}

static void
presence_add(void *ctx, struct rotor_worker *w, struct rotor_str channel,
    const struct rotor_client_info *info, rotor_done_f *done, void *token)
{
	struct presence_shard *sh;
	uint64_t hash;
	int ret;

	(void)w;
	sh = shard_lock(ctx, channel, &hash);
	ret = rooms_enter(&sh->rooms, channel, hash, info);
	pthread_mutex_unlock(&sh->mutex);
	done(token, ret == 0 ? 0 : ROTOR_ERR_INTERNAL);
}

static void
presence_remove(void *ctx, struct rotor_worker *w, struct rotor_str channel,
    const struct rotor_client_info *info, rotor_done_f *done, void *token)
{
	struct presence_shard *sh;
	uint64_t hash;

	(void)w;
	sh = shard_lock(ctx, channel, &hash);
	rooms_leave(&sh->rooms, channel, hash, info->client);
	pthread_mutex_unlock(&sh->mutex);
	done(token, 0);
}

/* What a reader takes along when it leaves the shard. */
struct roll_call {
	struct rotor_presence_result	res;
	struct member			**members;
	struct rotor_client_info	*clients;
};

static void
roll_call_count(struct roll_call *rc, const struct room *r)
{
	rc->res.num_clients = r->n_clients;
	rc->res.num_users = r->n_users;
}

/* References of all members.  0 or an error code. */
static uint32_t
roll_call_take(struct roll_call *rc, const struct room *r)
{
	rc->members = reallocarray(NULL, r->n_clients, sizeof *rc->members);
	rc->clients = reallocarray(NULL, r->n_clients, sizeof *rc->clients);
	if (rc->members == NULL || rc->clients == NULL)
		return (ROTOR_ERR_INTERNAL);
	room_collect(r, rc->members);
	roll_call_count(rc, r);
	rc->res.clients = rc->clients;
	rc->res.n_clients = r->n_clients;
	return (0);
}

static void
roll_call_fini(struct roll_call *rc)
{
	size_t i;

	for (i = 0; i < rc->res.n_clients; i++)
		member_unref(&rc->members[i]);
	free(rc->members);
	free(rc->clients);
}

static void
presence_get(void *ctx, struct rotor_worker *w, struct rotor_str channel,
    rotor_presence_done_f *done, void *token)
{
	struct roll_call rc = { .res.size = sizeof rc.res };
	struct presence_shard *sh;
	const struct room *r;
	uint32_t code = 0;
	uint64_t hash;
	size_t i;

	(void)w;
	sh = shard_lock(ctx, channel, &hash);
	r = rooms_find(&sh->rooms, channel, hash);
	if (r != NULL)
		code = roll_call_take(&rc, r);
	pthread_mutex_unlock(&sh->mutex);
	for (i = 0; i < rc.res.n_clients; i++)
		rc.clients[i] = *member_info(rc.members[i]);
	done(token, code, &rc.res);
	roll_call_fini(&rc);
}

static void
presence_stats(void *ctx, struct rotor_worker *w, struct rotor_str channel,
    rotor_presence_done_f *done, void *token)
{
	struct roll_call rc = { .res.size = sizeof rc.res };
	struct presence_shard *sh;
	const struct room *r;
	uint64_t hash;

	(void)w;
	sh = shard_lock(ctx, channel, &hash);
	r = rooms_find(&sh->rooms, channel, hash);
	if (r != NULL)
		roll_call_count(&rc, r);
	pthread_mutex_unlock(&sh->mutex);
	done(token, 0, &rc.res);
}

const struct rotor_presence presence_manager = {
	.size = sizeof presence_manager,
	.add = presence_add,
	.remove = presence_remove,
	.get = presence_get,
	.stats = presence_stats,
};

struct presence *
presence_new(void)
{
	struct presence *p = aligned_alloc(_Alignof(struct presence), sizeof *p);
	size_t i;

	if (p == NULL)
		return (NULL);
	memset(p, 0, sizeof *p);
	if (hash_key_init(&p->hash_key) != 0) {
		free(p);
		return (NULL);
	}
	for (i = 0; i < N_SHARDS; i++) {
		pthread_mutex_init(&p->shards[i].mutex, NULL);
		rooms_init(&p->shards[i].rooms, &p->hash_key);
	}
	return (p);
}

void
presence_free(struct presence **pp)
{
	struct presence *p = *pp;
	size_t i;

	if (p == NULL)
		return;
	*pp = NULL;
	for (i = 0; i < N_SHARDS; i++) {
		rooms_fini(&p->shards[i].rooms);
		pthread_mutex_destroy(&p->shards[i].mutex);
	}
	free(p);
}

size_t
presence_count(struct presence *p)
{
	struct presence_shard *sh;
	size_t i, n = 0;

	for (i = 0; i < N_SHARDS; i++) {
		sh = &p->shards[i];
		pthread_mutex_lock(&sh->mutex);
		n += sh->rooms.rooms.n + sh->rooms.users.n + sh->rooms.members.n;
		pthread_mutex_unlock(&sh->mutex);
	}
	return (n);
}
