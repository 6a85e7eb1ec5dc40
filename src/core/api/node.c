/* SPDX-License-Identifier: MIT */
/* api/node.c - what asks about the node as a whole: info, rpc. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/codes.h>

#include "api/api.h"
#include "base/map.h"
#include "base/str.h"
#include "client/client.h"
#include "hub/hub.h"
#include "loop/aside.h"
#include "loop/worker.h"
#include "node/server.h"
#include "node/snapshot.h"
#include "node/tour.h"

/*
 * info: a tour of the workers notes who is there, another one what, as hashes, since a user
 * or a channel may be on several workers and counts once; then they are counted, aside.
 */

struct hashes {
	uint64_t	*v;		/* allocated */
	size_t		n, cap;
	uint32_t	distinct;	/* once they are counted, and freed */
};

struct census {
	struct tour		tour;	/* first */
	struct aside_work	work;
	struct api_call		*call;
	struct hashes		users, channels;
	uint32_t		n_clients, n_subs;
	int			failed;
};

/* 0 or -ENOMEM. */
static int
hashes_add(struct hashes *h, uint64_t hash)
{
	size_t cap = h->cap == 0 ? 1024 : 2 * h->cap;
	uint64_t *v;

	if (h->n == h->cap) {
		v = reallocarray(h->v, cap, sizeof *v);
		if (v == NULL)
			return -ENOMEM;
		h->v = v;
		h->cap = cap;
	}
	h->v[h->n++] = hash;
	return 0;
}

static int
cmp_u64(const void *a, const void *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return x < y ? -1 : x > y;
}

static void
hashes_count(struct hashes *h)
{
	if (h->n > 0)
		qsort(h->v, h->n, sizeof *h->v, cmp_u64);
	for (size_t i = 0; i < h->n; i++)
		h->distinct += i == 0 || h->v[i] != h->v[i - 1];
	free(h->v);
}

static int
users_visit(struct rotor_worker *w, struct tour *t)
{
	struct census *q = (struct census *)t;
	const struct hub_user *u;

	if (t->pos == 0)
		q->n_clients += (uint32_t)w->hub->clients.n;
	for (uint32_t i = 0; tour_goes_on(w, i) && (u = map_scan(&w->hub->users, &t->pos)) != NULL; i++)
		if ((q->failed = hashes_add(&q->users, u->hash) != 0))
			return 1;
	return 0;
}

static int
subs_visit(struct rotor_worker *w, struct tour *t)
{
	struct census *q = (struct census *)t;
	const struct hub_chan *ch;

	for (uint32_t i = 0; tour_goes_on(w, i) && (ch = map_scan(&w->hub->chans, &t->pos)) != NULL; i++) {
		q->n_subs += ch->n_subs;
		if ((q->failed = hashes_add(&q->channels, ch->hash) != 0))
			return 1;
	}
	return 0;
}

/* The metrics of the last interval, or NULL when there are none (yet). */
static Ap__Metrics *
metrics_new_result(struct api_call *call)
{
	const struct snapshot *snap = snapshot_get(call->w->srv->snapshots);
	Ap__Metrics *m = NULL;
	Ap__Metrics__ItemsEntry *e;

	if (snap == NULL)
		return NULL;
	m = api_new(call, &ap__metrics__descriptor);
	if (m != NULL)
		m->items = arena_alloc(call->arena, (snap->n_items + 1) * sizeof *m->items);
	for (size_t i = 0; m != NULL && m->items != NULL && i < snap->n_items; i++) {
		e = api_new(call, &ap__metrics__items_entry__descriptor);
		if (e == NULL)
			break;
		e->key = arena_strndup(call->arena, snap->items[i].name, strlen(snap->items[i].name));
		e->value = snap->items[i].value;
		m->items[m->n_items++] = e;
	}
	if (m != NULL)
		m->interval = snap->interval_s;
	snapshot_put(&snap);
	return m;
}

/* NULL: no memory. */
static Ap__InfoResult *
info_new(struct api_call *call, const struct census *q)
{
	const struct rotor_server *srv = call->w->srv;
	Ap__InfoResult *res = api_new(call, &ap__info_result__descriptor);
	Ap__NodeResult *node = api_new(call, &ap__node_result__descriptor);
	Ap__NodeResult **nodes = arena_alloc(call->arena, sizeof *nodes);

	if (res == NULL || node == NULL || nodes == NULL)
		return NULL;
	node->uid = srv->uid;
	node->name = srv->name;
	node->version = srv->client_version;
	node->num_clients = q->n_clients;
	node->num_subs = q->n_subs;
	node->num_users = q->users.distinct;
	node->num_channels = q->channels.distinct;
	node->uptime = (uint32_t)((call->w->now_ms - srv->started_ms) / 1000);
	node->metrics = metrics_new_result(call);
	nodes[0] = node;
	res->nodes = nodes;
	res->n_nodes = 1;
	return res;
}

static struct census *
census_of(struct aside_work *k)
{
	return (struct census *)(void *)((char *)k - offsetof(struct census, work));
}

static void
count(struct aside_work *k)
{
	struct census *q = census_of(k);

	hashes_count(&q->users);
	hashes_count(&q->channels);
}

static void
counted(struct rotor_worker *w, struct aside_work *k)
{
	struct census *q = census_of(k);
	Ap__InfoResult *res = q->failed ? NULL : info_new(q->call, q);

	(void)w;
	if (res == NULL)
		api_fail(q->call, ROTOR_ERR_INTERNAL);
	else
		api_finish(q->call, res);
}

static void
subs_done(struct rotor_worker *w, struct tour *t)
{
	struct census *q = (struct census *)t;

	aside_give(w->srv->aside, w, &q->work, count, counted);
}

static void
users_done(struct rotor_worker *w, struct tour *t)
{
	struct census *q = (struct census *)t;

	q->tour = (struct tour){ .visit = subs_visit, .done = subs_done };
	if (q->failed)
		subs_done(w, t);
	else
		tour_start(t, w);
}

void
api_info(struct api_call *call)
{
	struct census *q = arena_zalloc(call->arena, sizeof *q);

	if (q == NULL) {
		api_fail(call, ROTOR_ERR_INTERNAL);
		return;
	}
	q->call = call;
	q->tour = (struct tour){ .visit = users_visit, .done = users_done };
	tour_start(&q->tour, call->w);
}

/* No method is registered in this server. */
void
api_rpc(struct api_call *call)
{
	const Ap__RPCRequest *r = (const Ap__RPCRequest *)call->req;

	api_fail(call, r->method == NULL || r->method[0] == '\0' ? ROTOR_ERR_BAD_REQUEST
	    : ROTOR_ERR_METHOD_NOT_FOUND);
}
