/* SPDX-License-Identifier: MIT */
/* client/cmd_history.c - the history command. */
#include "config.h"

#include <rotor/codes.h>
#include <rotor/engine.h>

#include "base/arena.h"
#include "base/str.h"
#include "channel/name.h"
#include "client/client.h"
#include "client/long_reply.h"
#include "client/op.h"
#include "client/permit.h"
#include "client/publications.h"
#include "node/server.h"

struct history_reply {
	Cp__HistoryResult		result;
	struct rotor_publication	**pubs;		/* a reference each */
	size_t				n;
};

static int
fill(struct long_reply *lr)
{
	struct history_reply *hr = lr->priv;

	hr->result.n_publications = hr->n;
	return publications_fill(&lr->op->arena, hr->pubs, hr->n, &hr->result.publications);
}

static void
over(struct long_reply *lr)
{
	struct history_reply *hr = lr->priv;

	publications_drop(hr->pubs, hr->n);
	op_end(lr->op);
}

/* NULL: no memory. */
static struct history_reply *
reply_new(struct arena *a, const struct rotor_history *h)
{
	struct history_reply *hr = arena_zalloc(a, sizeof *hr);

	if (hr == NULL)
		return NULL;
	cp__history_result__init(&hr->result);
	hr->result.offset = h->top.offset;
	hr->result.epoch = arena_strndup(a, h->top.epoch.p, h->top.epoch.len);
	hr->pubs = publications_keep(a, h->pubs, h->n_pubs);
	hr->n = h->n_pubs;
	if (hr->result.epoch != NULL && hr->pubs != NULL)
		return hr;
	if (hr->pubs != NULL)
		publications_drop(hr->pubs, hr->n);
	return NULL;
}

static void
history_read(void *token, uint32_t code, const struct rotor_history *h)
{
	struct op *op = token;
	struct history_reply *hr = code == 0 ? reply_new(&op->arena, h) : NULL;
	struct long_reply *lr;

	if (hr == NULL) {
		op_error(op, code != 0 ? code : ROTOR_ERR_INTERNAL);
		return;
	}
	lr = long_reply_new(op, fill, over, hr);
	if (lr == NULL) {
		publications_drop(hr->pubs, hr->n);
		op_end(op);
		return;
	}
	lr->reply.history = &hr->result;
	long_reply_send(lr, publications_bytes(hr->pubs, hr->n));
}

/* 0, an error or a disconnect code. */
static uint32_t
check(struct op *op, struct chan_name *name)
{
	const Cp__HistoryRequest *req = op->msg->history;
	uint32_t code = permit_name(op->client, req->channel, name);

	if (code == 0 && (name->opts->history_size <= 0 || name->opts->history_ttl_ms <= 0))
		code = ROTOR_ERR_NOT_AVAILABLE;
	if (code == 0)
		code = permit_access(op->client, name, CHAN_HISTORY);
	if (code == 0 && req->reverse && req->since != NULL && req->since->offset == 0)
		code = ROTOR_ERR_BAD_REQUEST;
	return code;
}

static int32_t
clamp(int32_t limit, int64_t max)
{
	return limit < 0 || limit > max ? (int32_t)max : limit;
}

void
cmd_history(struct op *op)
{
	const Cp__HistoryRequest *req = op->msg->history;
	struct rotor_worker *w = op->client->w;
	const struct rotor_server *srv = w->srv;
	struct rotor_history_query q = { .size = sizeof q };
	struct chan_name name;
	uint32_t code = check(op, &name);

	if (code != 0) {
		op_refuse(op, code);
		return;
	}
	q.limit = clamp(req->limit, srv->cc.client.history_max_publication_limit);
	q.reverse = (uint32_t)req->reverse;
	q.history_meta_ttl_ms = name.opts->history_meta_ttl_ms;
	if (req->since != NULL) {
		q.has_since = 1;
		q.since = (struct rotor_position){ req->since->offset, rotor_str_of(req->since->epoch) };
	}
	srv->broker->history(srv->broker_ctx, w, name.full, &q, history_read, op);
}
