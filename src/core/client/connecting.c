/* SPDX-License-Identifier: MIT */
/* client/connecting.c - see client/connecting.h. */
#include "config.h"

#include "client/connecting.h"

#include <errno.h>

#include <rotor/codes.h>

#include "base/arena.h"
#include "base/inner.h"
#include "base/str.h"
#include "client/client.h"
#include "client/long_reply.h"
#include "client/op.h"
#include "client/publications.h"
#include "node/direct.h"
#include "node/server.h"

#define FAILED_DROP_MS	5000u	/* how long a refused connection may linger */

typedef enum connecting_step step_f(struct connecting *cn);

static step_f step_plan, step_alone, step_subscribe, step_reply, step_live, step_undo;

void
connect_refuse(struct op *op, const struct refusal *r)
{
	struct rotor_client *c = op->client;

	refusal_log(c, r);
	if (c->state != CLIENT_CLOSED && r->code < ROTOR_DISCONNECT_CLOSED) {
		c->state = CLIENT_FAILED;
		client_leave_hub(c);
		client_held_drop(c);
		client_due(c, DUE_DROP, FAILED_DROP_MS);
	}
	op_refuse(op, r->code);
}

static enum connecting_step
then(struct connecting *cn, step_f *step)
{
	cn->step = step;
	return CONNECTING_GOES_ON;
}

static enum connecting_step
fail(struct connecting *cn, uint32_t code)
{
	cn->code = code;
	cn->at = cn->planned;
	return then(cn, step_undo);
}

/* The client has ended in between. */
static int
is_late(const struct connecting *cn)
{
	return cn->code == 0 && cn->step != step_live && op_is_late(cn->op);
}

static int
go_on(struct rotor_worker *w, void *priv)
{
	struct connecting *cn = priv;
	enum connecting_step r;

	cn->stepping = 1;
	do
		r = is_late(cn) ? fail(cn, ROTOR_DISCONNECT_CLOSED) : cn->step(cn);
	while (r == CONNECTING_GOES_ON && !rotor_turn_over(w));
	if (r == CONNECTING_OVER)
		return ROTOR_OK;	/* cn is gone */
	cn->stepping = 0;
	if (r == CONNECTING_GOES_ON)
		rotor_job_start(w, &cn->job);
	return ROTOR_OK;
}

/* An answer that was waited for has come. */
static void
answered(struct connecting *cn)
{
	if (!cn->stepping)
		(void)go_on(cn->op->client->w, cn);
}

static enum connecting_step
step_plan(struct connecting *cn)
{
	uint32_t code;

	if (cn->n_requested == cn->op->msg->connect->n_subs)
		return then(cn, step_alone);
	code = connect_plan_requested(cn);
	return code == 0 ? CONNECTING_GOES_ON : fail(cn, code);
}

static void
others_gone(struct rotor_worker *w, void *priv)
{
	(void)w;
	answered(priv);
}

/* The user's earlier connections end before this one subscribes, so that it does not
 * see them leave; of those that come at once the last one stays. */
static enum connecting_step
step_alone(struct connecting *cn)
{
	struct rotor_client *c = cn->op->client;
	const struct conf_client *cl = &c->w->srv->cc.client;

	cn->at = cn->planned;
	(void)then(cn, step_subscribe);
	if (!cl->personal_enabled || !cl->personal_single_connection || cn->user.len == 0)
		return CONNECTING_GOES_ON;
	if (direct_disconnect_earlier(c, ROTOR_DISCONNECT_CONNECTION_LIMIT, others_gone, cn) != 0)
		return fail(cn, ROTOR_DISCONNECT_INTERNAL);
	return CONNECTING_WAITS;
}

static void
subscribed(struct sub_request *rq, uint32_t code)
{
	struct connecting *cn = rq->priv;

	cn->answered = 1;
	if (code != 0)
		(void)fail(cn, code);
	answered(cn);
}

static enum connecting_step
step_subscribe(struct connecting *cn)
{
	struct planned *p = cn->at;

	if (p == NULL)
		return then(cn, step_reply);
	cn->at = p->next;
	cn->answered = 0;
	p->rq.done = subscribed;
	subscribe_start(&p->rq);
	return cn->answered ? CONNECTING_GOES_ON : CONNECTING_WAITS;
}

#define SUB_BYTES	128u	/* of the reply, about, without publications */

/* What the reply is made of, until it has been sent. */
struct connect_reply {
	Cp__ConnectResult	result;
	struct connecting	*cn;
	char			id[37];
};

static int
reply_fill(struct long_reply *lr)
{
	struct connect_reply *cr = lr->priv;
	struct connecting *cn = cr->cn;
	struct arena *a = &lr->op->arena;
	Cp__ConnectResult__SubsEntry *e = arena_alloc(a, (cn->n_planned + 1) * sizeof *e);

	cr->result.subs = arena_alloc(a, (cn->n_planned + 1) * sizeof *cr->result.subs);
	if (cr->result.subs == NULL || e == NULL)
		return -ENOMEM;
	for (struct planned *p = cn->planned; p != NULL; p = p->next, e++) {
		cp__connect_result__subs_entry__init(e);
		e->key = arena_strndup(a, p->rq.name.full.p, p->rq.name.full.len);
		if (e->key == NULL || recover_fill(&p->rq, lr->protocol) != 0)
			return -ENOMEM;
		e->value = &p->rq.res;
		cr->result.subs[cr->result.n_subs++] = e;
	}
	return 0;
}

static void
result_fill(struct connecting *cn, Cp__ConnectResult *res)
{
	struct rotor_client *c = cn->op->client;
	const struct conf_client *cl = &c->w->srv->cc.client;

	res->version = c->w->srv->client_version;
	if (c->expire_at != 0) {
		res->expires = 1;
		res->ttl = client_ttl(c, c->expire_at);
	}
	if (!(c->flags & ROTOR_CLIENT_NATIVE_PING) && cl->ping_interval_ms > 0) {
		res->ping = (uint32_t)((cl->ping_interval_ms + 999) / 1000);
		res->pong = cl->pong_timeout_ms > 0;
	}
	if (cl->connect_include_server_time)
		res->time = c->w->now_unix_ms;
}

static void
replied(struct long_reply *lr)
{
	struct connect_reply *cr = lr->priv;
	struct connecting *cn = cr->cn;

	if (!op_is_late(cn->op)) {
		cn->op->client->state = CLIENT_CONNECTED;
		client_timers_start(cn->op->client);
	}
	cn->at = cn->planned;
	(void)then(cn, step_live);
	cn->answered = 1;
	answered(cn);
}

static size_t
reply_bytes(const struct connecting *cn)
{
	size_t bytes = 0;

	for (const struct planned *p = cn->planned; p != NULL; p = p->next)
		bytes += SUB_BYTES + publications_bytes(p->rq.pubs, p->rq.n_pubs);
	return bytes;
}

static enum connecting_step
step_reply(struct connecting *cn)
{
	struct op *op = cn->op;
	struct connect_reply *cr = arena_zalloc(&op->arena, sizeof *cr);
	struct long_reply *lr = cr != NULL ? long_reply_new(op, reply_fill, replied, cr) : NULL;

	if (lr == NULL)
		return fail(cn, ROTOR_DISCONNECT_INTERNAL);
	cr->cn = cn;
	cp__connect_result__init(&cr->result);
	uuid_text(op->client->id, cr->id);
	cr->result.client = cr->id;
	result_fill(cn, &cr->result);
	lr->reply.connect = &cr->result;
	cn->answered = 0;
	long_reply_send(lr, reply_bytes(cn));
	return cn->answered ? CONNECTING_GOES_ON : CONNECTING_WAITS;
}

static enum connecting_step
step_live(struct connecting *cn)
{
	struct planned *p = cn->at;

	if (p == NULL) {
		connect_plan_fini(cn);
		op_end(cn->op);
		return CONNECTING_OVER;
	}
	cn->at = p->next;
	if (!op_is_late(cn->op))
		subscribe_live(&p->rq);
	subscribe_end(&p->rq);
	return CONNECTING_GOES_ON;
}

/* Whoever is refused leaves its channels with the hub. */
static enum connecting_step
step_undo(struct connecting *cn)
{
	struct planned *p = cn->at;

	if (p == NULL) {
		connect_plan_fini(cn);
		connect_refuse(cn->op, &(struct refusal){ .what = "connection refused", .code = cn->code,
		    .user = cn->user, .channel = cn->refused });
		return CONNECTING_OVER;
	}
	cn->at = p->next;
	subscribe_end(&p->rq);
	return CONNECTING_GOES_ON;
}

void
connecting_begin(struct op *op, struct rotor_str user, const struct rotor_connection_claims *claims)
{
	struct connecting *cn = arena_zalloc(&op->arena, sizeof *cn);
	uint32_t code;

	if (cn == NULL) {
		connect_refuse(op, &(struct refusal){ .what = "connection refused",
		    .code = ROTOR_DISCONNECT_INTERNAL, .user = user });
		return;
	}
	cn->op = op;
	cn->user = arena_str(&op->arena, user);
	rotor_job_init(&cn->job, "connect", go_on, cn);
	cn->step = step_plan;
	code = connect_plan_granted(cn, claims);
	if (code != 0)
		(void)fail(cn, code);
	(void)go_on(op->client->w, cn);
}
