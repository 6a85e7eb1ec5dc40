/* SPDX-License-Identifier: MIT */
/* node/direct.c - see node/direct.h. */
#include "config.h"

#include "node/direct.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/auth.h>
#include <rotor/codes.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/obj.h"
#include "base/str.h"
#include "channel/name.h"
#include "client/client.h"
#include "client/reply.h"
#include "client/subscribe.h"
#include "node/gather.h"
#include "node/server.h"

/* An order on its way; read by all workers, written by none. */
struct errand {
	uint32_t		magic;
#define ERRAND_MAGIC		0xb37f5021u
	struct direct_order	order;
	struct arena		arena;
	direct_done_f		*done;
	void			*priv;
};

static int
order_copy(struct arena *a, struct direct_order *to, const struct direct_order *o)
{
	struct rotor_str *strs[] = { &to->user, &to->client, &to->session, &to->channel, &to->info,
	    &to->data, &to->since_epoch };
	struct rotor_str *except = arena_alloc(a, (o->n_except + 1) * sizeof *except);
	char *reason = arena_strndup(a, o->reason.p != NULL ? o->reason.p : "", o->reason.len);

	*to = *o;
	if (except == NULL || reason == NULL)
		return -ENOMEM;
	to->reason.p = reason;
	for (size_t i = 0; i < o->n_except; i++)
		except[i] = arena_str(a, o->except[i]);
	to->except = except;
	for (size_t i = 0; i < sizeof strs / sizeof strs[0]; i++) {
		size_t len = strs[i]->len;

		*strs[i] = arena_str(a, *strs[i]);
		if (len > 0 && strs[i]->p == NULL)
			return -ENOMEM;
	}
	return 0;
}

/* A server-side subscription that the API asked for; its own memory, since nobody
 * waits for it. */
struct api_sub {
	struct sub_request	rq;
	struct arena		arena;
};

static void
api_sub_done(struct sub_request *rq, uint32_t code)
{
	struct api_sub *as = rq->priv;
	struct rotor_client *c = rq->client;
	Cp__Subscribe sub = CP__SUBSCRIBE__INIT;
	Cp__Push push = CP__PUSH__INIT;

	if (code == 0 && c->state != CLIENT_CLOSED && rq->sub != NULL) {
		sub.recoverable = rq->res.recoverable;
		sub.epoch = rq->res.epoch;
		sub.offset = rq->res.offset;
		sub.positioned = rq->res.positioned;
		sub.data = rq->res.data;
		push.channel = rq->sub->chan->text;
		push.subscribe = &sub;
		client_send_push(c, &push);
		if (c->state != CLIENT_CLOSED)
			subscribe_live(rq);
	} else if (code != 0 && c->state != CLIENT_CLOSED) {
		client_close(c, ROTOR_DISCONNECT_INTERNAL, NULL);
	}
	subscribe_end(rq);
	arena_reset(&as->arena);
	free(as);
	client_unref(&c);
}

/* A repeated subscribe makes the subscription anew, without a leave. */
static void
replace_existing(struct rotor_client *c, struct rotor_str channel)
{
	struct sub *s = client_sub_get(c, channel);

	if (s == NULL)
		return;
	s->flags &= ~SUB_EMIT_JOIN_LEAVE;
	sub_free(&s);
}

static int order_run(struct rotor_client *c, const struct direct_order *o);

/* An order about a channel that waits until the client's subscription to it is made. */
struct waiting_order {
	struct sub_waiter	wt;
	struct rotor_job	job;		/* when it takes more than a turn */
	struct rotor_client	*client;	/* referenced */
	struct direct_order	order;
	struct arena		arena;
};

static void
order_over(struct waiting_order *wo)
{
	client_unref(&wo->client);
	arena_reset(&wo->arena);
	free(wo);
}

static int
order_step(struct rotor_worker *w, void *priv)
{
	struct waiting_order *wo = priv;

	(void)w;
	if (wo->client->state == CLIENT_CONNECTED && order_run(wo->client, &wo->order) == ROTOR_AGAIN)
		return ROTOR_AGAIN;
	order_over(wo);
	return ROTOR_OK;
}

static void
order_resume(struct sub_waiter *wt)
{
	struct waiting_order *wo = (struct waiting_order *)wt;
	struct rotor_client *c = wo->client;

	if (c->state == CLIENT_CONNECTED && order_run(c, &wo->order) == ROTOR_AGAIN)
		rotor_job_start(c->w, &wo->job);
	else
		order_over(wo);
}

/* 1: the order waits, or has ended the client for lack of memory. */
static int
order_waits(struct rotor_client *c, const struct direct_order *o)
{
	struct sub_request *rq = subscribe_under_way(c, o->channel);
	struct waiting_order *wo;

	if (rq == NULL)
		return 0;
	wo = calloc(1, sizeof *wo);
	if (wo != NULL)
		arena_init(&wo->arena, NULL, 0);
	if (wo == NULL || order_copy(&wo->arena, &wo->order, o) != 0) {
		client_close(c, ROTOR_DISCONNECT_INTERNAL, NULL);
		if (wo != NULL)
			arena_reset(&wo->arena);
		free(wo);
		return 1;
	}
	wo->order.ret_error = NULL;	/* whoever gave the order does not wait so long */
	client_ref(c);
	wo->client = c;
	wo->wt.run = order_resume;
	rotor_job_init(&wo->job, "order", order_step, wo);
	subscribe_await(rq, &wo->wt);
	return 1;
}

static int
do_subscribe(struct rotor_client *c, const struct direct_order *o)
{
	const struct conf_core *cc = &c->w->srv->cc;
	struct api_sub *as;
	struct sub_request *rq;

	if (o->expire_at != 0 && o->expire_at <= c->w->now_unix_ms / 1000) {
		if (o->ret_error != NULL)
			atomic_store(o->ret_error, ROTOR_ERR_INTERNAL);
		return ROTOR_OK;
	}
	if (order_waits(c, o))
		return ROTOR_OK;
	if (subscribe_count(c) >= cc->client.channel_limit) {
		client_close(c, ROTOR_DISCONNECT_CHANNEL_LIMIT, NULL);
		return ROTOR_OK;
	}
	replace_existing(c, o->channel);
	as = calloc(1, sizeof *as);
	if (as == NULL) {
		client_close(c, ROTOR_DISCONNECT_INTERNAL, NULL);
		return ROTOR_OK;
	}
	arena_init(&as->arena, NULL, 0);
	rq = &as->rq;
	rq->client = c;
	rq->arena = &as->arena;
	rq->done = api_sub_done;
	rq->priv = as;
	rq->chan_info = arena_str(&as->arena, o->info);
	rq->data = arena_str(&as->arena, o->data);
	rq->expire_at = o->expire_at;
	rq->source = SUB_BY_API;
	rq->recover = o->has_since;
	rq->stream_only = 1;	/* the push has no room for publications */
	rq->offset = o->since_offset;
	rq->epoch = arena_str(&as->arena, o->since_epoch);
	client_ref(c);
	if (chan_name_parse(&cc->channel, arena_str(&as->arena, o->channel), &rq->name) != 0) {
		rq->done(rq, ROTOR_ERR_UNKNOWN_CHANNEL);
		return ROTOR_OK;
	}
	rq->flags = subscribe_override(subscribe_forced(rq->name.opts), o->override_set, o->override_value) |
	    SUB_SERVER_SIDE;
	subscribe_begin(rq);
	subscribe_start(rq);
	return ROTOR_OK;
}

/* ROTOR_AGAIN: there are more than the turn allows. */
static int
unsubscribe_all(struct rotor_client *c)
{
	while (c->n_subs > 0) {
		struct sub *s = c->subs[c->n_subs - 1];

		if (rotor_turn_over(c->w))
			return ROTOR_AGAIN;
		sub_free(&s);
	}
	return ROTOR_OK;
}

/* From one channel, or from all with one push that names none.  The client is told
 * even when it is not subscribed. */
static int
do_unsubscribe(struct rotor_client *c, const struct direct_order *o)
{
	Cp__Unsubscribe unsub = CP__UNSUBSCRIBE__INIT;
	Cp__Push push = CP__PUSH__INIT;
	struct sub *s;

	if (order_waits(c, o))
		return ROTOR_OK;
	s = client_sub_get(c, o->channel);
	if (s != NULL) {
		client_unsubscribe_push(s, o->code);
		return ROTOR_OK;
	}
	if (o->channel.len == 0 && unsubscribe_all(c) == ROTOR_AGAIN)
		return ROTOR_AGAIN;
	unsub.code = o->code;
	unsub.reason = rotor_unsubscribe_text(o->code);
	push.channel = (char *)o->channel.p;
	push.unsubscribe = &unsub;
	client_send_push(c, &push);
	return ROTOR_OK;
}

static int
do_disconnect(struct rotor_client *c, const struct direct_order *o)
{
	client_close(c, o->code, o->reason.p);
	return ROTOR_OK;
}

static int
do_refresh(struct rotor_client *c, const struct direct_order *o)
{
	Cp__Refresh refresh = CP__REFRESH__INIT;
	Cp__Push push = CP__PUSH__INIT;

	if (o->expired || (o->expire_at != 0 && o->expire_at <= c->w->now_unix_ms / 1000)) {
		client_close(c, ROTOR_DISCONNECT_EXPIRED, NULL);
		return ROTOR_OK;
	}
	c->expire_at = o->expire_at;
	client_expiry_arm(c);
	if (o->info.len > 0)
		client_payload_set(&c->conn_info, o->info);
	if (o->expire_at != 0) {
		refresh.expires = 1;
		refresh.ttl = client_ttl(c, o->expire_at);
	}
	push.refresh = &refresh;
	client_send_push(c, &push);
	return ROTOR_OK;
}

static int (*const direct_do[])(struct rotor_client *, const struct direct_order *) = {
	[DIRECT_SUBSCRIBE] = do_subscribe,
	[DIRECT_UNSUBSCRIBE] = do_unsubscribe,
	[DIRECT_DISCONNECT] = do_disconnect,
	[DIRECT_REFRESH] = do_refresh,
};

/* ROTOR_AGAIN: to be called again, the turn is over. */
static int
order_run(struct rotor_client *c, const struct direct_order *o)
{
	return direct_do[o->kind](c, o);
}

static int
is_meant(const struct rotor_client *c, const struct direct_order *o)
{
	char text[36];
	struct rotor_str id = { text, sizeof text };

	if (o->joined_before != 0)
		return c->joined < o->joined_before;
	uuid_text(c->id, text);
	if (c->state != CLIENT_CONNECTED || (o->client.len > 0 && !rotor_str_eq(o->client, id)))
		return 0;
	if (o->session.len > 0)
		return 0;	/* only emulated transports have sessions */
	for (size_t i = 0; i < o->n_except; i++)
		if (rotor_str_eq(o->except[i], id))
			return 0;
	return 1;
}

#define STEP_WORK	512u	/* clients looked at in a turn, at most */

/* Some of the user's clients, from *pos on. */
static int
errand_step(struct rotor_worker *w, void *priv, uint64_t *pos)
{
	const struct errand *e = priv;
	uint32_t work = STEP_WORK;
	int r = ROTOR_OK;

	OBJ_CHECK(e, ERRAND_MAGIC);
	while (r == ROTOR_OK && !rotor_turn_over(w)) {
		uint64_t at = *pos;
		struct rotor_client *c = hub_client_next(w->hub, &e->order.user, pos, &work);

		if (c == NULL)
			break;
		client_ref(c);
		if (is_meant(c, &e->order))
			r = order_run(c, &e->order);
		client_unref(&c);
		if (r == ROTOR_AGAIN)
			*pos = at;	/* this one again */
	}
	return *pos == MAP_SCAN_END ? ROTOR_OK : ROTOR_AGAIN;
}

static void
errand_done(struct rotor_worker *w, void *priv)
{
	struct errand *e = priv;

	if (e->done != NULL)
		e->done(w, e->priv);
	arena_reset(&e->arena);
	OBJ_FREE(e);
}

int
direct_give(struct rotor_worker *w, const struct direct_order *order, direct_done_f *done, void *priv)
{
	struct errand *e;
	int r;

	OBJ_ALLOC(e, ERRAND_MAGIC);
	if (e == NULL)
		return -ENOMEM;
	arena_init(&e->arena, NULL, 0);
	e->done = done;
	e->priv = priv;
	r = order_copy(&e->arena, &e->order, order);
	if (r == 0)
		r = gather_steps(w, errand_step, errand_done, e);
	if (r != 0) {
		arena_reset(&e->arena);
		OBJ_FREE(e);
	}
	return r;
}

int
direct_disconnect_earlier(struct rotor_client *c, uint32_t code, direct_done_f *done, void *priv)
{
	struct direct_order o = { .kind = DIRECT_DISCONNECT, .user = client_user(c), .code = code,
	    .reason = rotor_str_of(rotor_disconnect_text(code)), .joined_before = c->joined };

	return direct_give(c->w, &o, done, priv);
}
