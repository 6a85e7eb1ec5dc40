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

static void
count(struct rotor_presence_result *res, const struct room *r)
{
	res->num_clients = r->n_clients;
	res->num_users = r->n_users;
}

/* The roll, which is the caller's to give back.  0 or an error code. */
static uint32_t
read_roll(struct rotor_presence_result *res, struct room *r)
{
	res->keep = room_roll(r);
	if (res->keep == NULL)
		return (ROTOR_ERR_INTERNAL);
	count(res, r);
	res->clients = (const void *)rotor_buf_data(res->keep);
	res->n_clients = r->n_clients;
	return (0);
}

static void
presence_get(void *ctx, struct rotor_worker *w, struct rotor_str channel,
    rotor_presence_done_f *done, void *token)
{
	struct rotor_presence_result res = { .size = sizeof res };
	struct presence_shard *sh;
	struct rotor_buf *roll;
	struct room *r;
	uint32_t code = 0;
	uint64_t hash;

	(void)w;
	sh = shard_lock(ctx, channel, &hash);
	r = rooms_find(&sh->rooms, channel, hash);
	if (r != NULL)
		code = read_roll(&res, r);
	pthread_mutex_unlock(&sh->mutex);
	roll = res.keep;
	done(token, code, &res);
	rotor_buf_unref(&roll);
}

static void
presence_stats(void *ctx, struct rotor_worker *w, struct rotor_str channel,
    rotor_presence_done_f *done, void *token)
{
	struct rotor_presence_result res = { .size = sizeof res };
	struct presence_shard *sh;
	const struct room *r;
	uint64_t hash;

	(void)w;
	sh = shard_lock(ctx, channel, &hash);
	r = rooms_find(&sh->rooms, channel, hash);
	if (r != NULL)
		count(&res, r);
	pthread_mutex_unlock(&sh->mutex);
	done(token, 0, &res);
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

size_t
presence_entries(struct presence *p)
{
	struct presence_shard *sh;
	size_t n = 0;

	for (sh = p->shards; sh < p->shards + N_SHARDS; sh++) {
		pthread_mutex_lock(&sh->mutex);
		n += sh->rooms.members.n;
		pthread_mutex_unlock(&sh->mutex);
	}
	return (n);
}
