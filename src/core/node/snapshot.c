/* SPDX-License-Identifier: MIT */
/* node/snapshot.c - see node/snapshot.h. */
#include "config.h"

#include "node/snapshot.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/loop.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/obj.h"
#include "base/str.h"
#include "metrics/metrics.h"
#include "node/server.h"

#define NAME_MAX_LEN	512

/* What a counter stood at when the interval began. */
struct before {
	double		value;
	size_t		len;
	char		name[];
};

struct shared_snapshot {
	struct snapshot		pub;		/* first: what readers see */
	atomic_uint		refs;
	struct arena		arena;		/* the names */
	struct snapshot_item	*items;
	size_t			cap;
};

struct snapshots {
	uint32_t		magic;
#define SNAPSHOTS_MAGIC		0x5e90c7b2u
	struct rotor_server	*srv;
	struct rotor_timer	*timer;
	uint64_t		interval_ms;
	struct map		before;		/* struct before by name; control thread */
	pthread_mutex_t		lock;		/* of last */
	struct shared_snapshot	*last;
};

static void
shared_unref(struct shared_snapshot *s)
{
	if (s == NULL || atomic_fetch_sub(&s->refs, 1) > 1)
		return;
	arena_reset(&s->arena);
	free(s->items);
	free(s);
}

/* The growth of `name` since the last interval. */
static double
growth(struct snapshots *ss, struct rotor_str name, double value)
{
	uint64_t hash = str_hash(name);
	struct before *b = map_get(&ss->before, hash, name);
	double grown = value;

	if (b != NULL) {
		grown = value - b->value;
		b->value = value;
		return grown;
	}
	b = malloc(sizeof *b + name.len);
	if (b == NULL)
		return grown;
	b->value = value;
	b->len = name.len;
	memcpy(b->name, name.p, name.len);
	if (map_put(&ss->before, hash, (struct rotor_str){ b->name, b->len }, b) != 0)
		free(b);
	return grown;
}

struct taking {
	struct snapshots	*ss;
	struct shared_snapshot	*to;
};

static void
item_add(struct shared_snapshot *to, const char *name, double value)
{
	struct snapshot_item *items;
	char *copy;

	if (to->pub.n_items == to->cap) {
		size_t cap = to->cap == 0 ? 64 : to->cap * 2;

		items = realloc(to->items, cap * sizeof *items);
		if (items == NULL)
			return;
		to->items = items;
		to->cap = cap;
	}
	copy = arena_strndup(&to->arena, name, strlen(name));
	if (copy != NULL)
		to->items[to->pub.n_items++] = (struct snapshot_item){ copy, value };
}

static void
flat_name(char *to, const struct rotor_metric_sample *s, const char *what)
{
	int n = snprintf(to, NAME_MAX_LEN, "centrifugo.%s.%s%s", s->subsystem, s->name, what);

	for (uint32_t i = 0; i < s->n_labels && n > 0 && n < NAME_MAX_LEN; i++)
		if (s->values[i][0] != '\0')
			n += snprintf(to + n, (size_t)(NAME_MAX_LEN - n), ".%s.%s", s->labels[i], s->values[i]);
}

static void
take_one(struct taking *t, const struct rotor_metric_sample *s, const char *what, double value, int grows)
{
	char name[NAME_MAX_LEN];

	flat_name(name, s, what);
	item_add(t->to, name, grows ? growth(t->ss, rotor_str_of(name), value) : value);
}

static void
take(void *priv, const struct rotor_metric_sample *s)
{
	struct taking *t = priv;

	if (s->type == ROTOR_HISTOGRAM) {
		take_one(t, s, ".sum", s->sum, 1);
		take_one(t, s, ".count", (double)s->count, 1);
	} else {
		take_one(t, s, "", (double)s->value, s->type == ROTOR_COUNTER);
	}
}

static void
take_all(struct rotor_worker *control, void *priv)
{
	struct snapshots *ss = priv;
	struct shared_snapshot *to = calloc(1, sizeof *to), *old;
	struct taking t = { ss, to };

	(void)control;
	rotor_timer_set(ss->timer, ss->interval_ms);
	if (to == NULL)
		return;
	atomic_init(&to->refs, 1);
	arena_init(&to->arena, NULL, 0);
	metrics_foreach(ss->srv->metrics, take, &t);
	to->pub.interval_s = (double)ss->interval_ms / 1000;
	to->pub.items = to->items;
	pthread_mutex_lock(&ss->lock);
	old = ss->last;
	ss->last = to;
	pthread_mutex_unlock(&ss->lock);
	shared_unref(old);
}

struct snapshots *
snapshots_new(struct rotor_server *srv, uint64_t interval_ms)
{
	struct snapshots *ss;

	OBJ_ALLOC(ss, SNAPSHOTS_MAGIC);
	if (ss == NULL)
		return NULL;
	ss->srv = srv;
	ss->interval_ms = interval_ms;
	map_init(&ss->before);
	pthread_mutex_init(&ss->lock, NULL);
	ss->timer = rotor_timer_new(srv->control, take_all, ss);
	if (ss->timer == NULL)
		snapshots_free(&ss);
	else
		rotor_timer_set(ss->timer, interval_ms);
	return ss;
}

void
snapshots_free(struct snapshots **sp)
{
	struct snapshots *ss;
	struct before *b;

	if (*sp == NULL)
		return;
	OBJ_TAKE(ss, sp, SNAPSHOTS_MAGIC);
	rotor_timer_free(&ss->timer);
	shared_unref(ss->last);
	for (size_t pos = 0; (b = map_next(&ss->before, &pos)) != NULL;)
		free(b);
	map_fini(&ss->before);
	pthread_mutex_destroy(&ss->lock);
	OBJ_FREE(ss);
}

const struct snapshot *
snapshot_get(struct snapshots *ss)
{
	struct shared_snapshot *s;

	if (ss == NULL)
		return NULL;
	pthread_mutex_lock(&ss->lock);
	s = ss->last;
	if (s != NULL)
		atomic_fetch_add(&s->refs, 1);
	pthread_mutex_unlock(&ss->lock);
	return s != NULL ? &s->pub : NULL;
}

void
snapshot_put(const struct snapshot **snapp)
{
	/* pub is the first member of what snapshot_get() found. */
	struct shared_snapshot *s = (struct shared_snapshot *)(uintptr_t)*snapp;

	*snapp = NULL;
	shared_unref(s);
}
