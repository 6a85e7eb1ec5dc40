/* SPDX-License-Identifier: MIT */
/* client/subscribe.c - see client/subscribe.h. */
#include "config.h"

#include "client/subscribe.h"

#include <stdlib.h>
#include <string.h>

#include <rotor/auth.h>
#include <rotor/codes.h>

#include "base/arena.h"
#include "base/obj.h"
#include "base/str.h"
#include "channel/tags_filter.h"
#include "client/client.h"
#include "client/reply.h"
#include "hub/wire.h"
#include "node/interest.h"
#include "node/server.h"
#include "proto/codec.h"

struct sub_backlog {
	struct rotor_publication	*pub, *prev;
	struct sub_backlog		*next;
};

uint32_t
subscribe_forced(const struct chan_options *o)
{
	uint32_t flags = 0;

	if (o->presence)
		flags |= SUB_PRESENCE;
	if (o->join_leave)
		flags |= SUB_EMIT_JOIN_LEAVE;
	if (o->force_push_join_leave)
		flags |= SUB_PUSH_JOIN_LEAVE;
	if (o->force_positioning)
		flags |= SUB_POSITIONED;
	if (o->force_recovery)
		flags |= SUB_RECOVERABLE;	/* which positions it, unless overridden */
	return flags;
}

#define FOSSIL	STR_LIT("fossil")

int
subscribe_delta_known(struct rotor_str type)
{
	return type.len == 0 || rotor_str_eq(type, FOSSIL);
}

uint32_t
subscribe_delta(const struct chan_options *o, struct rotor_str type)
{
	return o->allow_fossil && rotor_str_eq(type, FOSSIL) ? SUB_DELTA : 0;
}

uint32_t
subscribe_override(uint32_t flags, uint32_t set, uint32_t value)
{
	static const struct {
		uint32_t override, flag;
	} rows[] = {
		{ ROTOR_OVR_PRESENCE, SUB_PRESENCE },
		{ ROTOR_OVR_JOIN_LEAVE, SUB_EMIT_JOIN_LEAVE },
		{ ROTOR_OVR_FORCE_PUSH_JOIN_LEAVE, SUB_PUSH_JOIN_LEAVE },
		{ ROTOR_OVR_FORCE_POSITIONING, SUB_POSITIONED },
		{ ROTOR_OVR_FORCE_RECOVERY, SUB_RECOVERABLE },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (set & rows[i].override)
			flags = value & rows[i].override ? flags | rows[i].flag : flags & ~rows[i].flag;
	if (flags & SUB_RECOVERABLE)
		flags |= SUB_POSITIONED;
	return flags;
}

void
subscribe_begin(struct sub_request *rq)
{
	rq->next = rq->client->subscribing;
	rq->client->subscribing = rq;
}

struct sub_request *
subscribe_under_way(const struct rotor_client *c, struct rotor_str channel)
{
	struct sub_request *rq = c->subscribing;

	while (rq != NULL && channel.len > 0 && !rotor_str_eq(rq->name.full, channel))
		rq = rq->next;
	return rq;
}

uint32_t
subscribe_count(const struct rotor_client *c)
{
	uint32_t n = c->n_subs;

	for (const struct sub_request *rq = c->subscribing; rq != NULL; rq = rq->next)
		n += rq->sub == NULL;
	return n;
}

void
subscribe_await(struct sub_request *rq, struct sub_waiter *wt)
{
	struct sub_waiter **at = &rq->waiters;

	while (*at != NULL)
		at = &(*at)->next;
	wt->next = NULL;
	*at = wt;
}

static void
forget(struct sub_request *rq)
{
	struct sub_request **at = &rq->client->subscribing;

	while (*at != NULL && *at != rq)
		at = &(*at)->next;
	if (*at != NULL)
		*at = rq->next;
}

/* Those who waited.  One of them may begin another subscribe, for which the rest wait. */
static void
run_waiters(struct sub_waiter *wt)
{
	struct sub_waiter *next;

	for (; wt != NULL; wt = next) {
		next = wt->next;
		wt->run(wt);
	}
}

static void
fail(struct sub_request *rq, uint32_t code)
{
	if (rq->sub != NULL) {
		rq->sub->pending = NULL;
		sub_free(&rq->sub);
	}
	rq->done(rq, code);
}

/* The last step: everything is known. */
static void
ready(struct sub_request *rq, uint32_t code)
{
	struct sub *s = rq->sub;

	if (s == NULL || code != 0) {
		fail(rq, code != 0 ? code : ROTOR_ERR_INTERNAL);
		return;
	}
	if ((s->flags & SUB_CLIENT_REFRESH) && s->expire_at != 0) {
		rq->res.expires = 1;
		rq->res.ttl = client_ttl(rq->client, s->expire_at);
	}
	rq->res.data = codec_bytes(rq->data);
	rq->res.delta = (s->flags & SUB_DELTA) != 0;
	rq->done(rq, 0);
}

static void
presence_added(void *token, uint32_t code)
{
	struct sub_request *rq = token;

	if (rq->sub == NULL || code != 0) {
		fail(rq, code != 0 ? code : ROTOR_ERR_INTERNAL);
		return;
	}
	recover_start(rq, ready);
}

/* The broker delivers the channel. */
static void
interested(void *token, uint32_t code)
{
	struct sub_request *rq = token;
	struct rotor_client *c = rq->client;
	struct rotor_server *srv = c->w->srv;
	struct rotor_client_info info;
	char id[36];

	if (code != 0 || rq->sub == NULL || !(rq->flags & SUB_PRESENCE)) {
		presence_added(rq, code);
		return;
	}
	info = sub_info(c, rq->sub, id);
	rq->sub->flags |= SUB_PRESENCE;		/* there may be an entry to remove, whoever leaves when */
	srv->presence->add(srv->presence_ctx, c->w, rq->name.full, &info, presence_added, rq);
}

void
subscribe_start(struct sub_request *rq)
{
	struct rotor_client *c = rq->client;
	struct hub_chan *ch;
	struct sub *s;
	int is_new;

	cp__subscribe_result__init(&rq->res);
	rq->backlog_tail = &rq->backlog;
	if (c->w->srv->presence == NULL)
		rq->flags &= ~SUB_PRESENCE;
	s = sub_new(c, rq->name.full, rq->name.opts, &is_new);
	if (s == NULL) {
		rq->done(rq, ROTOR_ERR_INTERNAL);
		return;
	}
	if (token_mark_set(&s->token, rq->token.id, rq->token.issued_at) != 0) {
		sub_free(&s);
		rq->done(rq, ROTOR_ERR_INTERNAL);
		return;
	}
	s->flags = rq->flags & ~(SUB_PRESENCE | SUB_LIVE);
	s->source = rq->source;
	s->expire_at = rq->expire_at;
	s->filter = rq->filter;
	rq->filter = NULL;
	client_payload_set(&s->chan_info, rq->chan_info);
	s->pending = rq;
	rq->sub = s;
	ch = s->chan;
	/* Each sub waits for the broker: when the channel is not new here, its first
	 * sub may still be waiting too. */
	interest_add(c->w, ch->hash, ch->name, interested, rq);
}

void
subscribe_hold_back(struct sub_request *rq, struct rotor_publication *pub,
    struct rotor_publication *prev)
{
	struct sub_backlog *b;

	rq->backlog_bytes += sizeof *b + pub->data.len;
	if (rq->backlog_bytes > (uint64_t)rq->client->w->srv->cc.client.queue_max_size) {
		client_close(rq->client, ROTOR_DISCONNECT_SLOW, NULL);
		return;
	}
	b = malloc(sizeof *b);
	if (b == NULL)
		return;		/* a positioned sub notices the gap */
	b->pub = rotor_publication_ref(pub);
	b->prev = prev != NULL ? rotor_publication_ref(prev) : NULL;
	b->next = NULL;
	*rq->backlog_tail = b;
	rq->backlog_tail = &b->next;
}

static void
deliver_one(struct sub *s, const struct sub_backlog *b)
{
	struct wire wi;

	wire_init(&wi, b->pub, b->prev);
	sub_deliver(s, &wi);
	wire_fini(&wi);
}

void
subscribe_live(struct sub_request *rq)
{
	struct rotor_client *c = rq->client;
	struct sub *s = rq->sub;

	if (s == NULL || c->state == CLIENT_CLOSED)
		return;
	s->flags |= SUB_LIVE;
	for (struct sub_backlog *b = rq->backlog; b != NULL && rq->sub != NULL; b = b->next)
		deliver_one(s, b);		/* may end the sub, which clears rq->sub */
	if (rq->sub == NULL || c->state == CLIENT_CLOSED)
		return;
	s->pending = NULL;
	rq->sub = NULL;		/* on its own from now on */
	client_tick_arm(c, s);
	if (!(s->flags & SUB_EMIT_JOIN_LEAVE))
		return;
	sub_emit(s, ROTOR_JOIN);
	/* Our own join is on the wire before the answer to the next command. */
	if (s->flags & SUB_PUSH_JOIN_LEAVE)
		worker_drain(c->w);
}

void
subscribe_end(struct sub_request *rq)
{
	struct sub_backlog *b;

	while ((b = rq->backlog) != NULL) {
		rq->backlog = b->next;
		rotor_publication_unref(&b->pub);
		rotor_publication_unref(&b->prev);
		free(b);
	}
	for (size_t i = 0; i < rq->n_pubs; i++)
		rotor_publication_unref(&rq->pubs[i]);
	rq->n_pubs = 0;
	tags_filter_free(&rq->filter);
	if (rq->sub != NULL)
		rq->sub->pending = NULL;
	rq->sub = NULL;
	forget(rq);
	run_waiters(rq->waiters);
}
