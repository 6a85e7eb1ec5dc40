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
#include "channel/tags_filter.h"
#include "client/client.h"
#include "client/publications.h"
#include "client/subscribe.h"
#include "node/server.h"

/* A recovery that waits for the broker. */
struct recovery {
	struct sub_request	*rq;
	void			(*next)(struct sub_request *, uint32_t);
	int			(*mode)(struct sub_request *, const struct rotor_history *);
};

static int
is_wanted(const struct sub_request *rq, const struct rotor_publication *pub)
{
	const struct tags_filter *f = rq->sub->filter;

	return f == NULL || tags_filter_match(f, pub->tags, pub->n_tags);
}

/* Keeps those of `pubs` that are wanted, until subscribe_end(). */
static int
result_take(struct sub_request *rq, struct rotor_publication *const *pubs, size_t n)
{
	size_t n_taken = 0;

	rq->pubs = arena_alloc(rq->arena, (n + 1) * sizeof *rq->pubs);
	if (rq->pubs == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (is_wanted(rq, pubs[i]))
			rq->pubs[n_taken++] = rotor_publication_ref(pubs[i]);
	rq->n_pubs = n_taken;
	/* A client that missed nothing may never have had anything. */
	if ((rq->flags & SUB_DELTA) && n_taken > 0)
		rq->sub->flags |= SUB_DELTA_READY;
	return 0;
}

int
recover_fill(struct sub_request *rq, uint32_t protocol)
{
	int r;

	if (rq->n_pubs == 0)
		return 0;
	if (rq->flags & SUB_DELTA)
		r = publications_fill_delta(rq->arena, protocol, rq->pubs, rq->n_pubs, &rq->res.publications);
	else
		r = publications_fill(rq->arena, rq->pubs, rq->n_pubs, &rq->res.publications);
	rq->res.n_publications = r == 0 ? rq->n_pubs : 0;
	return r;
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
	int same_epoch = rq->epoch.len == 0 || rotor_str_eq(rq->epoch, h->top.epoch);
	int complete = h->n_pubs == 0 ? h->top.offset == rq->offset
	    : h->pubs[0]->offset == rq->offset + 1 && h->pubs[h->n_pubs - 1]->offset == h->top.offset;

	return same_epoch && complete ? recovered(rq, h->pubs, h->n_pubs) : 0;
}

/* The newest wanted publication (they come newest first) is the state; where the client
 * was does not matter. */
static int
mode_cache(struct sub_request *rq, const struct rotor_history *h)
{
	size_t i = 0;

	if (h->top.offset > 0 && rq->offset == h->top.offset && rotor_str_eq(rq->epoch, h->top.epoch))
		return recovered(rq, NULL, 0);
	while (i < h->n_pubs && !is_wanted(rq, h->pubs[i]))
		i++;
	if (i < h->n_pubs && h->pubs[0]->offset == h->top.offset)
		return recovered(rq, h->pubs + i, 1);
	return 0;
}

static int
epoch_set(struct sub_request *rq, struct rotor_str epoch)
{
	struct hub_chan *ch = rq->sub->chan;

	rq->res.epoch = arena_strndup(rq->arena, epoch.p, epoch.len);
	if (epoch.len == 0)
		return rq->res.epoch != NULL ? 0 : -ENOMEM;	/* the first publication tells it */
	if (ch->epoch == NULL || rotor_buf_len(ch->epoch) != epoch.len ||
	    memcmp(rotor_buf_data(ch->epoch), epoch.p, epoch.len) != 0) {
		rotor_buf_unref(&ch->epoch);
		ch->epoch = rotor_buf_new(epoch.p, epoch.len);
	}
	if (ch->epoch == NULL || rq->res.epoch == NULL)
		return -ENOMEM;
	rq->sub->epoch = rotor_buf_ref(ch->epoch);
	return 0;
}

static uint32_t
outcome(struct sub_request *rq, const struct recovery *rc, const struct rotor_history *h)
{
	struct rotor_worker *w = rq->client->w;

	rq->res.positioned = 1;
	rq->res.recoverable = (rq->flags & SUB_RECOVERABLE) != 0;
	rq->res.offset = h->top.offset;
	if (epoch_set(rq, h->top.epoch) != 0 || rc->mode(rq, h) != 0)
		return ROTOR_ERR_INTERNAL;
	rq->sub->offset = h->top.offset;
	rq->sub->checked_s = (uint32_t)(w->now_ms / 1000);
	if (rc->mode != mode_none) {
		rotor_metric_add(w, w->srv->stats.recoveries[rq->res.recovered != 0], 1);
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
	int cache = o->cache_mode && !rq->stream_only && (rq->recover || o->auto_cache_recover);
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
		q.limit = rq->sub->filter == NULL ? 1
		    : (int32_t)srv->cc.client.recovery_max_publication_limit;
	} else if (rq->recover && (rq->flags & SUB_RECOVERABLE)) {
		rc->mode = mode_stream;
		q.has_since = 1;
		q.since = (struct rotor_position){ rq->offset, rq->epoch };
		q.limit = (int32_t)srv->cc.client.recovery_max_publication_limit;
	}
	srv->broker->history(srv->broker_ctx, c->w, rq->name.full, &q, history_read, rc);
}
