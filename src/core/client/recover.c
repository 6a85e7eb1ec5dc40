/* SPDX-License-Identifier: MIT */
/*
 * client/recover.c - where a new subscription stands in the stream, and what the client
 * missed.  One function a mode: no recovery, stream recovery, cache recovery.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include <rotor/codes.h>
#include <rotor/metrics.h>

#include "base/arena.h"
#include "base/str.h"
#include "client/client.h"
#include "client/reply.h"
#include "client/subscribe.h"
#include "node/server.h"
#include "proto/codec.h"

/* A recovery that waits for the broker. */
struct recovery {
	struct sub_request	*rq;
	void			(*next)(struct sub_request *, uint32_t);
	int			(*mode)(struct sub_request *, const struct rotor_history *);
};

Cp__ClientInfo *
client_info_fill(struct arena *a, const struct rotor_client_info *from)
{
	Cp__ClientInfo *info = arena_alloc(a, sizeof *info);

	if (info == NULL)
		return NULL;
	cp__client_info__init(info);
	info->user = arena_strndup(a, from->user.p, from->user.len);
	info->client = arena_strndup(a, from->client.p, from->client.len);
	info->conn_info = codec_bytes(from->conn_info);
	info->chan_info = codec_bytes(from->chan_info);
	return info->user != NULL && info->client != NULL ? info : NULL;
}

static int
tags_fill(struct arena *a, const struct rotor_publication *pub, Cp__Publication *p)
{
	p->tags = arena_alloc(a, (pub->n_tags + 1) * sizeof *p->tags);
	if (p->tags == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < pub->n_tags; i++) {
		Cp__Publication__TagsEntry *e = arena_alloc(a, sizeof *e);

		if (e == NULL)
			return -ENOMEM;
		cp__publication__tags_entry__init(e);
		e->key = arena_strndup(a, pub->tags[i].key.p, pub->tags[i].key.len);
		e->value = arena_strndup(a, pub->tags[i].value.p, pub->tags[i].value.len);
		if (e->key == NULL || e->value == NULL)
			return -ENOMEM;
		p->tags[i] = e;
	}
	p->n_tags = pub->n_tags;
	return 0;
}

static Cp__Publication *
publication_fill(struct arena *a, const struct rotor_publication *pub)
{
	Cp__Publication *p = arena_alloc(a, sizeof *p);

	if (p == NULL)
		return NULL;
	cp__publication__init(p);
	p->data = codec_bytes(pub->data);
	p->offset = pub->offset;
	p->version = pub->version;
	if (pub->info != NULL && (p->info = client_info_fill(a, pub->info)) == NULL)
		return NULL;
	if (pub->n_tags > 0 && tags_fill(a, pub, p) != 0)
		return NULL;
	/* The first of a stream tells its epoch to clients that began before it. */
	if (pub->offset == 1 && (p->epoch = arena_strndup(a, pub->epoch.p, pub->epoch.len)) == NULL)
		return NULL;
	return p;
}

int
publications_fill(struct arena *a, struct rotor_publication *const *pubs, size_t n,
    Cp__Publication ***ret)
{
	Cp__Publication **v = arena_alloc(a, (n + 1) * sizeof *v);

	if (v == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if ((v[i] = publication_fill(a, pubs[i])) == NULL)
			return -ENOMEM;
	*ret = v;
	return 0;
}

/* Puts `pubs` into the result, with references that last until subscribe_end(). */
static int
result_take(struct sub_request *rq, struct rotor_publication *const *pubs, size_t n)
{
	rq->pubs = arena_alloc(rq->arena, (n + 1) * sizeof *rq->pubs);
	if (rq->pubs == NULL || publications_fill(rq->arena, pubs, n, &rq->res.publications) != 0)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		rq->pubs[i] = rotor_publication_ref(pubs[i]);
	rq->n_pubs = rq->res.n_publications = n;
	return 0;
}

static int
recovered(struct sub_request *rq, struct rotor_publication *const *pubs, size_t n)
{
	rq->res.recovered = 1;
	rq->res.offset = rq->offset;	/* the client advances by applying the publications */
	return result_take(rq, pubs, n);
}

static int
mode_none(struct sub_request *rq, const struct rotor_history *h)
{
	(void)rq;
	(void)h;
	return 0;
}

/* Everything after the client's offset is there, or nothing is given. */
static int
mode_stream(struct sub_request *rq, const struct rotor_history *h)
{
	int same_epoch = rq->epoch.len == 0 || str_eq(rq->epoch, h->top.epoch);
	int complete = h->n_pubs == 0 ? h->top.offset == rq->offset
	    : h->pubs[0]->offset == rq->offset + 1 && h->pubs[h->n_pubs - 1]->offset == h->top.offset;

	return same_epoch && complete ? recovered(rq, h->pubs, h->n_pubs) : 0;
}

/* The newest publication is the state; where the client was does not matter. */
static int
mode_cache(struct sub_request *rq, const struct rotor_history *h)
{
	if (h->top.offset > 0 && rq->offset == h->top.offset && str_eq(rq->epoch, h->top.epoch))
		return recovered(rq, NULL, 0);
	if (h->n_pubs > 0 && h->pubs[0]->offset == h->top.offset)
		return recovered(rq, h->pubs, 1);
	return 0;
}

static int
epoch_set(struct sub_request *rq, struct rotor_str epoch)
{
	struct hub_chan *ch = rq->sub->chan;

	if (ch->epoch == NULL || rotor_buf_len(ch->epoch) != epoch.len ||
	    memcmp(rotor_buf_data(ch->epoch), epoch.p, epoch.len) != 0) {
		rotor_buf_unref(&ch->epoch);
		ch->epoch = rotor_buf_new(epoch.p, epoch.len);
	}
	rq->res.epoch = arena_strndup(rq->arena, epoch.p, epoch.len);
	if (ch->epoch == NULL || rq->res.epoch == NULL)
		return -ENOMEM;
	rq->sub->epoch = rotor_buf_ref(ch->epoch);
	return 0;
}

static uint32_t
outcome(struct sub_request *rq, const struct recovery *rc, const struct rotor_history *h)
{
	struct rotor_worker *w = rq->client->w;
	const char *yes_no;

	rq->res.positioned = 1;
	rq->res.recoverable = (rq->flags & SUB_RECOVERABLE) != 0;
	rq->res.offset = h->top.offset;
	if (epoch_set(rq, h->top.epoch) != 0 || rc->mode(rq, h) != 0)
		return ROTOR_ERR_INTERNAL;
	rq->sub->offset = h->top.offset;
	rq->sub->checked_s = (uint32_t)(w->now_ms / 1000);
	if (rc->mode != mode_none) {
		yes_no = rq->res.recovered ? "yes" : "no";
		rotor_metric_add(w, rotor_metric_child(w->srv->stats.recoveries, &yes_no), 1);
		if (!rq->res.recovered && rq->reject_unrecovered && rc->mode == mode_stream)
			return ROTOR_ERR_UNRECOVERABLE;
	}
	return 0;
}

static void
history_read(void *token, uint32_t code, const struct rotor_history *h)
{
	const struct recovery *rc = token;
	struct sub_request *rq = rc->rq;

	if (rq->sub == NULL)
		code = ROTOR_ERR_INTERNAL;
	else if (code == 0 || code == ROTOR_ERR_UNRECOVERABLE)
		code = outcome(rq, rc, h);
	rc->next(rq, code);
}

void
recover_start(struct sub_request *rq, void (*next)(struct sub_request *, uint32_t))
{
	struct rotor_client *c = rq->client;
	struct rotor_server *srv = c->w->srv;
	const struct chan_options *o = rq->name.opts;
	int cache = o->cache_mode && (rq->recover || (o->auto_cache_recover && !rq->no_auto_recover));
	struct rotor_history_query q = { .size = sizeof q, .history_meta_ttl_ms = o->history_meta_ttl_ms };
	struct recovery *rc = arena_alloc(rq->arena, sizeof *rc);

	if (rc == NULL) {
		next(rq, ROTOR_ERR_INTERNAL);
		return;
	}
	*rc = (struct recovery){ rq, next, mode_none };
	rq->res.was_recovering = rq->recover || (cache && (rq->flags & SUB_RECOVERABLE) != 0);
	if (!(rq->flags & SUB_POSITIONED)) {
		next(rq, 0);
		return;
	}
	if (cache && (rq->flags & SUB_RECOVERABLE)) {
		rc->mode = mode_cache;
		q.reverse = 1;
		q.limit = 1;
	} else if (rq->recover && (rq->flags & SUB_RECOVERABLE)) {
		rc->mode = mode_stream;
		q.has_since = 1;
		q.since = (struct rotor_position){ rq->offset, rq->epoch };
		q.limit = (int32_t)srv->cc.client.recovery_max_publication_limit;
	}
	srv->broker->history(srv->broker_ctx, c->w, rq->name.full, &q, history_read, rc);
}
