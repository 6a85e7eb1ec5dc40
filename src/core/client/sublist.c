/* SPDX-License-Identifier: MIT */
/*
 * client/sublist.c - a client's subscriptions: an array, and how one is found in it.
 *
 * At rest there is no array: the first one sits in the client.  Few are looked through.
 * From INDEX_FROM up the block that holds the array also holds an index: a hash table,
 * open addressing with linear probing, of places in the array plus 1.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/obj.h"
#include "base/str.h"
#include "client/client.h"
#include "hub/hub.h"

#define CAP_FIRST	4u
#define INDEX_FROM	32u		/* capacity, a power of two as all of them */
#define CAP_MAX		(1u << 30)

static int
has_index(const struct rotor_client *c)
{
	return c->cap_subs >= INDEX_FROM;
}

/* Twice as many slots as there may be subscriptions. */
static uint32_t *
index_of(const struct rotor_client *c)
{
	return (uint32_t *)(void *)(c->subs + c->cap_subs);
}

static uint32_t
mask_of(const struct rotor_client *c)
{
	return c->cap_subs * 2 - 1;
}

static uint32_t
home_of(const struct rotor_client *c, const struct sub *s)
{
	return (uint32_t)s->chan->hash & mask_of(c);
}

/* The slot with this place, which the sub there has, or the free one that it is to have. */
static uint32_t
slot_of(const struct rotor_client *c, const struct sub *s, uint32_t place)
{
	const uint32_t *idx = index_of(c);
	uint32_t i = home_of(c, s);

	while (idx[i] != 0 && idx[i] != place + 1)
		i = (i + 1) & mask_of(c);
	return i;
}

/* Frees a slot, and moves those behind it that could not be found any more. */
static void
slot_clear(struct rotor_client *c, uint32_t hole)
{
	uint32_t *idx = index_of(c), mask = mask_of(c), i = hole, home;

	for (;;) {
		i = (i + 1) & mask;
		if (idx[i] == 0)
			break;
		home = home_of(c, c->subs[idx[i] - 1]);
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			idx[hole] = idx[i];
			hole = i;
		}
	}
	idx[hole] = 0;
}

static void
index_make(struct rotor_client *c)
{
	memset(index_of(c), 0, (size_t)c->cap_subs * 2 * sizeof(uint32_t));
	for (uint32_t i = 0; i < c->n_subs; i++)
		index_of(c)[slot_of(c, c->subs[i], i)] = i + 1;
}

int
sublist_grow(struct rotor_client *c)
{
	uint32_t cap = c->cap_subs == 1 ? CAP_FIRST : c->cap_subs * 2;
	struct sub **subs;

	if (c->n_subs < c->cap_subs)
		return 0;
	if (cap > CAP_MAX)
		return -ENOMEM;
	/* Two slots of the index take the room of one pointer. */
	_Static_assert(2 * sizeof(uint32_t) <= sizeof *subs, "room for the index");
	subs = malloc((size_t)cap * (cap >= INDEX_FROM ? 2 : 1) * sizeof *subs);
	if (subs == NULL)
		return -ENOMEM;
	memcpy(subs, c->subs, c->n_subs * sizeof *subs);
	if (c->subs != &c->sub_one)
		free(c->subs);
	c->subs = subs;
	c->cap_subs = cap;
	if (has_index(c))
		index_make(c);
	return 0;
}

void
sublist_add(struct rotor_client *c, struct sub *s)
{
	ASSERT(c->n_subs < c->cap_subs);
	if (has_index(c))
		index_of(c)[slot_of(c, s, c->n_subs)] = c->n_subs + 1;
	c->subs[c->n_subs++] = s;
}

static uint32_t
place_of(const struct rotor_client *c, const struct sub *s)
{
	uint32_t i = 0;

	if (has_index(c)) {
		const uint32_t *idx = index_of(c);

		for (i = home_of(c, s); c->subs[idx[i] - 1] != s; i = (i + 1) & mask_of(c))
			;
		return idx[i] - 1;
	}
	while (c->subs[i] != s)
		i++;
	return i;
}

void
sublist_remove(struct rotor_client *c, struct sub *s)
{
	uint32_t place = place_of(c, s), last = c->n_subs - 1;

	if (has_index(c)) {
		slot_clear(c, slot_of(c, s, place));
		if (place != last)
			index_of(c)[slot_of(c, c->subs[last], last)] = place + 1;
	}
	c->subs[place] = c->subs[last];
	c->n_subs--;
}

void
sublist_rest(struct rotor_client *c)
{
	ASSERT(c->n_subs == 0);
	if (c->subs != &c->sub_one)
		free(c->subs);
	c->subs = &c->sub_one;
	c->cap_subs = 1;
}

struct sub *
client_sub_get(const struct rotor_client *c, struct rotor_str channel)
{
	uint64_t hash;

	if (!has_index(c)) {
		for (uint32_t i = 0; i < c->n_subs; i++)
			if (rotor_str_eq(c->subs[i]->chan->name, channel))
				return c->subs[i];
		return NULL;
	}
	hash = str_hash(channel);
	for (uint32_t i = (uint32_t)hash & mask_of(c); index_of(c)[i] != 0; i = (i + 1) & mask_of(c)) {
		struct sub *s = c->subs[index_of(c)[i] - 1];

		if (s->chan->hash == hash && rotor_str_eq(s->chan->name, channel))
			return s;
	}
	return NULL;
}
