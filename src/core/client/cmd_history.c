/* SPDX-License-Identifier: MIT */
/* client/cmd_history.c - the history command. */
#include "config.h"

#include <rotor/codes.h>
#include <rotor/engine.h>

#include "base/arena.h"
#include "base/str.h"
#include "channel/name.h"
#include "client/client.h"
#include "client/op.h"
#include "client/permit.h"
#include "client/publications.h"
#include "client/reply.h"
#include "node/server.h"

static void
history_read(void *token, uint32_t code, const struct rotor_history *h)
{
	struct op *op = token;
	Cp__HistoryResult out = CP__HISTORY_RESULT__INIT;
	Cp__Reply reply = CP__REPLY__INIT;

	if (code == 0) {
		out.offset = h->top.offset;
		out.epoch = arena_strndup(&op->arena, h->top.epoch.p, h->top.epoch.len);
		out.n_publications = h->n_pubs;
		if (out.epoch == NULL ||
		    publications_fill(&op->arena, h->pubs, h->n_pubs, &out.publications) != 0)
			code = ROTOR_ERR_INTERNAL;
	}
	if (code != 0) {
		op_error(op, code);
		return;
	}
	reply.history = &out;
	op_reply(op, &reply);
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
