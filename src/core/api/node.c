/* SPDX-License-Identifier: MIT */
/* api/node.c - what asks about the node as a whole: info, channels, rpc. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/codes.h>

#include "api/api.h"
#include "base/map.h"
#include "base/obj.h"
#include "base/str.h"
#include "client/client.h"
#include "hub/hub.h"
#include "loop/worker.h"
#include "node/gather.h"
#include "node/server.h"
#include "node/snapshot.h"

/* A worker's answer to `info`: users and channels as hashes, since one may be on
 * several workers and counts once. */
struct tally {
	uint64_t	*users, *channels;
	size_t		n_users, n_channels;
	uint32_t	n_clients, n_subs;
};

/* A worker's answer to `channels`. */
struct chan_count {
	char		*name;		/* owned */
	size_t		len;
	uint32_t	n_subs;
};

struct chan_list {
	struct chan_count	*v;
	size_t			n;
	int			failed;
};

struct question {
	struct api_call		*call;
	struct rotor_str	pattern;
	struct tally		tally[SERVER_MAX_WORKERS];
	struct chan_list	list[SERVER_MAX_WORKERS];
};

static uint64_t *
hashes(const struct map *m, size_t *ret_n)
{
	uint64_t *v = malloc((m->n + 1) * sizeof *v);
	size_t n = 0;

	for (size_t i = 0; v != NULL && i < m->cap; i++)
		if (m->slots[i].value != NULL)
			v[n++] = m->slots[i].hash;
	*ret_n = n;
	return v;
}

static void
info_visit(struct rotor_worker *w, void *priv)
{
	struct question *q = priv;
	struct tally *t = &q->tally[w->index];
	struct hub_chan *ch;

	t->users = hashes(&w->hub->users, &t->n_users);
	t->channels = hashes(&w->hub->chans, &t->n_channels);
	t->n_clients = (uint32_t)w->hub->clients.n;
	for (size_t pos = 0; (ch = map_next(&w->hub->chans, &pos)) != NULL;)
		t->n_subs += ch->n_subs;
}

static int
cmp_u64(const void *a, const void *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return x < y ? -1 : x > y;
}

/* Distinct values over all workers; frees the lists. */
static uint32_t
distinct(struct question *q, uint32_t n_workers, int channels)
{
	size_t n = 0, at = 0;
	uint32_t count = 0;
	uint64_t *all;

	for (uint32_t i = 0; i < n_workers; i++)
		n += channels ? q->tally[i].n_channels : q->tally[i].n_users;
	all = malloc((n + 1) * sizeof *all);
	for (uint32_t i = 0; i < n_workers; i++) {
		uint64_t *v = channels ? q->tally[i].channels : q->tally[i].users;
		size_t k = channels ? q->tally[i].n_channels : q->tally[i].n_users;

		if (all != NULL && v != NULL)
			memcpy(all + at, v, k * sizeof *v);
		at += k;
		free(v);
	}
	if (all == NULL)
		return 0;
	qsort(all, n, sizeof *all, cmp_u64);
	for (size_t i = 0; i < n; i++)
		count += i == 0 || all[i] != all[i - 1];
	free(all);
	return count;
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

static void
info_done(struct rotor_worker *w, void *priv)
{
	struct question *q = priv;
	struct api_call *call = q->call;
	const struct rotor_server *srv = w->srv;
	Ap__InfoResult *res = api_new(call, &ap__info_result__descriptor);
	Ap__NodeResult *node = api_new(call, &ap__node_result__descriptor);
	Ap__NodeResult **nodes = arena_alloc(call->arena, sizeof *nodes);

	if (res == NULL || node == NULL || nodes == NULL) {
		distinct(q, srv->n_workers, 0);
		distinct(q, srv->n_workers, 1);
		free(q);
		api_fail(call, ROTOR_ERR_INTERNAL);
		return;
	}
	node->uid = srv->uid;
	node->name = srv->name;
	node->version = srv->client_version;
	for (uint32_t i = 0; i < srv->n_workers; i++) {
		node->num_clients += q->tally[i].n_clients;
		node->num_subs += q->tally[i].n_subs;
	}
	node->num_users = distinct(q, srv->n_workers, 0);
	node->num_channels = distinct(q, srv->n_workers, 1);
	node->uptime = (uint32_t)((w->now_ms - srv->started_ms) / 1000);
	node->metrics = metrics_new_result(call);
	nodes[0] = node;
	res->nodes = nodes;
	res->n_nodes = 1;
	free(q);
	api_finish(call, res);
}

static void
ask(struct api_call *call, struct rotor_str pattern, gather_visit_f *visit, gather_done_f *done)
{
	struct question *q = calloc(1, sizeof *q);

	if (q != NULL) {
		q->call = call;
		q->pattern = pattern;
		if (gather(call->w, visit, done, q) == 0)
			return;
		free(q);
	}
	api_fail(call, ROTOR_ERR_INTERNAL);
}

void
api_info(struct api_call *call)
{
	ask(call, (struct rotor_str){ "", 0 }, info_visit, info_done);
}

static void
channels_visit(struct rotor_worker *w, void *priv)
{
	struct question *q = priv;
	struct chan_list *l = &q->list[w->index];
	struct hub_chan *ch;

	l->v = malloc((w->hub->chans.n + 1) * sizeof *l->v);
	l->failed = l->v == NULL;
	for (size_t pos = 0; !l->failed && (ch = map_next(&w->hub->chans, &pos)) != NULL;) {
		if (q->pattern.len > 0 && glob_match(q->pattern, ch->name) != 1)
			continue;
		l->v[l->n] = (struct chan_count){ malloc(ch->name.len + 1), ch->name.len, ch->n_subs };
		l->failed = l->v[l->n].name == NULL;
		if (!l->failed)
			memcpy(l->v[l->n].name, ch->name.p, ch->name.len);
		l->n += !l->failed;
	}
}

/* Adds a worker's channels to the result's, where `seen` finds those already there. */
static int
channels_merge(struct api_call *call, struct chan_list *l, struct map *seen, Ap__ChannelsResult *res)
{
	for (size_t i = 0; i < l->n; i++) {
		struct rotor_str name = { l->v[i].name, l->v[i].len };
		uint64_t hash = str_hash(name);
		Ap__ChannelInfo *info = map_get(seen, hash, name);
		Ap__ChannelsResult__ChannelsEntry *e;

		if (info == NULL) {
			e = api_new(call, &ap__channels_result__channels_entry__descriptor);
			info = api_new(call, &ap__channel_info__descriptor);
			if (e == NULL || info == NULL ||
			    (e->key = arena_strndup(call->arena, name.p, name.len)) == NULL ||
			    map_put(seen, hash, (struct rotor_str){ e->key, name.len }, info) != 0)
				return -ENOMEM;
			e->value = info;
			res->channels[res->n_channels++] = e;
		}
		info->num_clients += l->v[i].n_subs;
	}
	return l->failed ? -ENOMEM : 0;
}

static void
list_free(struct chan_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].name);
	free(l->v);
}

static void
channels_done(struct rotor_worker *w, void *priv)
{
	struct question *q = priv;
	struct api_call *call = q->call;
	uint32_t n_workers = w->srv->n_workers;
	Ap__ChannelsResult *res = api_new(call, &ap__channels_result__descriptor);
	struct map seen;
	size_t n = 0;
	int r = 0;

	map_init(&seen);
	for (uint32_t i = 0; i < n_workers; i++)
		n += q->list[i].n;
	if (res == NULL || (res->channels = arena_alloc(call->arena, (n + 1) * sizeof *res->channels)) == NULL)
		r = -ENOMEM;
	for (uint32_t i = 0; i < n_workers; i++) {
		if (r == 0)
			r = channels_merge(call, &q->list[i], &seen, res);
		list_free(&q->list[i]);
	}
	map_fini(&seen);
	free(q);
	if (r != 0)
		api_fail(call, ROTOR_ERR_INTERNAL);
	else
		api_finish(call, res);
}

void
api_channels(struct api_call *call)
{
	const Ap__ChannelsRequest *r = (const Ap__ChannelsRequest *)call->req;
	struct rotor_str pattern = rotor_str_of(r->pattern);

	if (pattern.len > 0 && glob_match(pattern, STR_LIT("")) < 0)
		api_fail(call, ROTOR_ERR_INTERNAL);
	else
		ask(call, pattern, channels_visit, channels_done);
}

/* No method is registered in this server. */
void
api_rpc(struct api_call *call)
{
	const Ap__RPCRequest *r = (const Ap__RPCRequest *)call->req;

	api_fail(call, r->method == NULL || r->method[0] == '\0' ? ROTOR_ERR_BAD_REQUEST
	    : ROTOR_ERR_METHOD_NOT_FOUND);
}
