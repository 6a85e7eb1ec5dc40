/* SPDX-License-Identifier: MIT */
/*
 * client/cmd_connect.c - the connect command: who is it, and what is it subscribed to
 * from the start.
 *
 *	token -> (or anonymous, or header) -> limits -> hub -> server-side
 *	subscriptions, one after the other -> reply -> live, joins
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/auth.h>
#include <rotor/codes.h>
#include <rotor/log.h>
#include <rotor/metrics.h>

#include "base/arena.h"
#include "base/obj.h"
#include "base/str.h"
#include "client/claims.h"
#include "client/client.h"
#include "client/op.h"
#include "client/permit.h"
#include "client/reply.h"
#include "client/subscribe.h"
#include "node/direct.h"
#include "node/server.h"
#include "node/user_counts.h"
#include "proto/json.h"

#define FAILED_DROP_MS	5000u	/* how long a refused connection may linger */

/* A connect under way; in its op's arena. */
struct connecting {
	struct op		*op;
	struct rotor_str	user;
	struct sub_request	*subs;		/* server-side subscriptions */
	size_t			n_subs, cap_subs, next;
};

/* Ends the command, and after an error the use of the connection. */
static void
refuse(struct op *op, uint32_t code)
{
	struct rotor_client *c = op->client;

	if (c->state != CLIENT_CLOSED && code < ROTOR_DISCONNECT_CLOSED) {
		c->state = CLIENT_FAILED;
		client_leave_hub(c);
		client_held_drop(c);
		client_due(c, DUE_DROP, FAILED_DROP_MS);
	}
	op_refuse(op, code);
}

static void
fail(struct connecting *cn, uint32_t code)
{
	for (size_t i = 0; i < cn->next; i++) {
		struct sub *s = cn->subs[i].sub;

		subscribe_end(&cn->subs[i]);
		if (s != NULL)
			sub_free(&s);
	}
	refuse(cn->op, code);
}

static void
reply(struct connecting *cn)
{
	struct op *op = cn->op;
	struct rotor_client *c = op->client;
	const struct conf_client *cl = &c->w->srv->cc.client;
	Cp__ConnectResult *res = arena_alloc(&op->arena, sizeof *res);
	Cp__ConnectResult__SubsEntry *entries = arena_alloc(&op->arena, (cn->n_subs + 1) * sizeof *entries);
	Cp__ConnectResult__SubsEntry **subs = arena_alloc(&op->arena, (cn->n_subs + 1) * sizeof *subs);
	Cp__Reply rep = CP__REPLY__INIT;
	char id[37] = "";

	if (res == NULL || entries == NULL || subs == NULL) {
		client_close(c, ROTOR_DISCONNECT_INTERNAL, NULL);
		return;
	}
	cp__connect_result__init(res);
	uuid_text(c->id, id);
	res->client = id;
	res->version = c->w->srv->client_version;
	for (size_t i = 0; i < cn->n_subs; i++) {
		cp__connect_result__subs_entry__init(&entries[i]);
		entries[i].key = arena_strndup(&op->arena, cn->subs[i].name.full.p, cn->subs[i].name.full.len);
		entries[i].value = &cn->subs[i].res;
		subs[i] = &entries[i];
	}
	res->subs = subs;
	res->n_subs = cn->n_subs;
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
	rep.id = op->id;
	rep.connect = res;
	client_send(c, &rep);
}

static void
established(struct connecting *cn)
{
	struct op *op = cn->op;
	struct rotor_client *c = op->client;

	c->state = CLIENT_CONNECTED;
	client_timers_start(c);
	reply(cn);
	for (size_t i = 0; i < cn->n_subs; i++) {
		if (c->state != CLIENT_CLOSED)
			subscribe_live(&cn->subs[i]);
		subscribe_end(&cn->subs[i]);
	}
	op_end(op);
}

static void subscribe_next(struct connecting *cn);

static void
subscribed(struct sub_request *rq, uint32_t code)
{
	struct connecting *cn = rq->priv;

	if (op_is_late(cn->op))
		code = ROTOR_DISCONNECT_CLOSED;
	if (code != 0)
		fail(cn, code);
	else
		subscribe_next(cn);
}

static void
subscribe_next(struct connecting *cn)
{
	if (cn->next < cn->n_subs)
		subscribe_start(&cn->subs[cn->next++]);
	else
		established(cn);
}

/* The recovery position, and the type of deltas, that the client sent for a server-side
 * channel. */
static void
recovery_from_request(struct sub_request *rq, const Cp__ConnectRequest *req)
{
	for (size_t i = 0; i < req->n_subs; i++) {
		const Cp__SubscribeRequest *sr = req->subs[i]->value;

		if (sr == NULL || !rotor_str_eq(rotor_str_of(req->subs[i]->key), rq->name.full))
			continue;
		rq->flags |= subscribe_delta(rq->name.opts, rotor_str_of(sr->delta));
		rq->recover = sr->recover;
		rq->offset = sr->offset;
		rq->epoch = rotor_str_of(sr->epoch);
	}
}

static struct sub_request *
sub_slot(struct connecting *cn, struct rotor_str channel)
{
	for (size_t i = 0; i < cn->n_subs; i++)
		if (rotor_str_eq(cn->subs[i].name.full, channel))
			return &cn->subs[i];	/* the later definition overrides */
	ASSERT(cn->n_subs < cn->cap_subs);
	return &cn->subs[cn->n_subs++];
}

/* One server-side subscription.  0 or an error code. */
static uint32_t
sub_plan(struct connecting *cn, const struct rotor_sub_grant *g, enum sub_source source)
{
	struct op *op = cn->op;
	struct rotor_client *c = op->client;
	struct rotor_str channel = arena_str(&op->arena, g->channel);
	struct sub_request *rq;
	struct chan_name name;
	uint32_t code;

	if (channel.len == 0)
		return 0;
	code = chan_name_parse(&c->w->srv->cc.channel, channel, &name);
	if (code != 0)
		return code;
	rq = sub_slot(cn, channel);
	*rq = (struct sub_request){ .client = c, .arena = &op->arena, .name = name,
	    .source = source, .done = subscribed, .priv = cn };
	rq->flags = subscribe_override(subscribe_forced(name.opts), g->override_set, g->override_value) |
	    SUB_SERVER_SIDE;
	rq->chan_info = arena_str(&op->arena, g->info);
	rq->data = arena_str(&op->arena, g->data);
	recovery_from_request(rq, op->msg->connect);
	return 0;
}

/* `[ns:]#user` */
static uint32_t
personal_plan(struct connecting *cn)
{
	const struct conf_core *cc = &cn->op->client->w->srv->cc;
	const char *ns = cc->client.personal_namespace;
	struct rotor_sub_grant g = { .size = sizeof g };
	struct out o;

	if (!cc->client.personal_enabled || cn->user.len == 0)
		return 0;
	out_init(&o, NULL, 0);
	if (ns[0] != '\0') {
		out_put(&o, ns, strlen(ns));
		out_put(&o, cc->channel.namespace_boundary, strlen(cc->channel.namespace_boundary));
	}
	out_put(&o, cc->channel.user_boundary, strlen(cc->channel.user_boundary));
	out_put(&o, cn->user.p, cn->user.len);
	g.channel = arena_str(&cn->op->arena, (struct rotor_str){ o.p, o.len });
	out_fini(&o);
	return sub_plan(cn, &g, SUB_BY_PERSONAL);
}

/* What connect.subs may ask for by itself: as a subscribe would, but what is not
 * allowed is passed over in silence. */
static uint32_t
requested_plan(struct connecting *cn)
{
	const Cp__ConnectRequest *req = cn->op->msg->connect;
	struct rotor_client *c = cn->op->client;

	for (size_t i = 0; i < req->n_subs; i++) {
		struct sub_request probe = { .client = c };
		struct rotor_sub_grant g = { .size = sizeof g, .channel = rotor_str_of(req->subs[i]->key) };
		int planned = 0;

		for (size_t k = 0; k < cn->n_subs; k++)
			planned |= rotor_str_eq(cn->subs[k].name.full, g.channel);
		if (planned || g.channel.len == 0)
			continue;
		if (chan_name_parse(&c->w->srv->cc.channel, g.channel, &probe.name) != 0)
			return ROTOR_DISCONNECT_BAD_REQUEST;
		if (probe.name.is_user_limited && cn->user.len == 0)
			continue;
		if (!probe.name.is_private && chan_name_valid(&probe.name) &&
		    permit_subscribe(&probe, 0) == 0)
			sub_plan(cn, &g, probe.source);
	}
	return 0;
}

static uint32_t
plan_subs(struct connecting *cn, const struct rotor_connection_claims *claims)
{
	struct op *op = cn->op;
	size_t n = (claims != NULL ? claims->n_subs : 0) + op->msg->connect->n_subs + 1;
	uint32_t code = 0;

	cn->subs = arena_zalloc(&op->arena, n * sizeof *cn->subs);
	if (cn->subs == NULL)
		return ROTOR_ERR_INTERNAL;
	cn->cap_subs = n;
	for (size_t i = 0; claims != NULL && i < claims->n_subs && code == 0; i++)
		code = sub_plan(cn, &claims->subs[i], SUB_BY_CONNECTION_TOKEN);
	if (code == 0)
		code = personal_plan(cn);
	if (code == 0)
		code = requested_plan(cn);
	if (code == 0 && cn->n_subs > (size_t)op->client->w->srv->cc.client.channel_limit)
		code = ROTOR_DISCONNECT_CHANNEL_LIMIT;
	return code;
}

static int
user_limit_take(struct rotor_client *c, struct rotor_str user)
{
	struct rotor_server *srv = c->w->srv;

	if (srv->user_counts == NULL || user.len == 0)
		return 0;
	if (user_counts_add(srv->user_counts, user, (uint32_t)srv->cc.client.user_connection_limit) != 0)
		return -1;
	c->counted = 1;
	return 0;
}

/* What the server API tells about the connection, and by which the token is found when
 * it is revoked.  0 or -ENOMEM. */
static int
remember(struct connecting *cn, const struct rotor_connection_claims *claims)
{
	const Cp__ConnectRequest *req = cn->op->msg->connect;
	struct rotor_client *c = cn->op->client;

	c->connected_s = (uint32_t)(c->w->now_unix_ms / 1000);
	c->connected_ms = (uint16_t)(c->w->now_unix_ms % 1000);
	c->by_token = claims != NULL;
	if (claims != NULL && token_mark_set(&c->token, claims->token_id, claims->issued_at) != 0)
		return -ENOMEM;
	return client_app_set(c, rotor_str_of(req->name), rotor_str_of(req->version));
}

/* Credentials are known: joins the hub.  0 or a code. */
static uint32_t
join_hub(struct connecting *cn, const struct rotor_connection_claims *claims)
{
	struct rotor_client *c = cn->op->client;

	if (user_limit_take(c, cn->user) != 0)
		return ROTOR_DISCONNECT_CONNECTION_LIMIT;
	if (claims != NULL) {
		client_payload_set(&c->conn_info, claims->info);
		client_payload_set(&c->meta, claims->meta);
	}
	if (remember(cn, claims) != 0 || hub_client_add(c->w->hub, c, cn->user) != 0) {
		if (c->counted)
			user_counts_remove(c->w->srv->user_counts, cn->user);
		c->counted = 0;
		return ROTOR_DISCONNECT_INTERNAL;
	}
	c->joined = atomic_fetch_add(&c->w->srv->n_joined, 1) + 1;
	rotor_metric_add(c->w, c->w->srv->stats.num_clients, 1);
	return 0;
}

static void
others_gone(struct rotor_worker *w, void *priv)
{
	struct connecting *cn = priv;

	(void)w;
	if (op_is_late(cn->op))
		fail(cn, ROTOR_DISCONNECT_CLOSED);
	else
		subscribe_next(cn);
}

/* The user's earlier connections end before this one subscribes, so that it does not
 * see them leave; of those that come at once the last one stays. */
static void
single_connection(struct connecting *cn)
{
	struct rotor_client *c = cn->op->client;
	const struct conf_client *cl = &c->w->srv->cc.client;

	if (!cl->personal_enabled || !cl->personal_single_connection || cn->user.len == 0)
		subscribe_next(cn);
	else if (direct_disconnect_earlier(c, ROTOR_DISCONNECT_CONNECTION_LIMIT, others_gone, cn) != 0)
		fail(cn, ROTOR_DISCONNECT_INTERNAL);
}

static void
accept_user(struct op *op, struct rotor_str user, const struct rotor_connection_claims *claims)
{
	struct rotor_client *c = op->client;
	struct connecting *cn = arena_zalloc(&op->arena, sizeof *cn);
	uint32_t code = claims_connection_denied(c, user, claims);

	if (cn == NULL && code == 0)
		code = ROTOR_DISCONNECT_INTERNAL;
	if (code != 0) {
		op_disconnect(op, code);
		return;
	}
	cn->op = op;
	cn->user = arena_str(&op->arena, user);
	if (claims != NULL && !c->w->srv->cc.client.insecure)
		c->expire_at = claims->expire_at;
	if (claims_are_past(c, c->expire_at)) {
		refuse(op, ROTOR_ERR_EXPIRED);
		return;
	}
	code = join_hub(cn, claims);
	if (code == 0)
		code = plan_subs(cn, claims);
	if (code != 0) {
		fail(cn, code);
		return;
	}
	single_connection(cn);
}

static void
token_verified(void *token, uint32_t verdict, const char *why, const struct rotor_connection_claims *claims)
{
	struct op *op = token;
	struct rotor_client *c = op->client;
	const struct conf_client *cl = &c->w->srv->cc.client;
	uint32_t code = claims_verdict(verdict, ROTOR_ERR_TOKEN_EXPIRED, ROTOR_DISCONNECT_INVALID_TOKEN);

	if (op_is_late(op)) {
		op_end(op);
		return;
	}
	if (verdict != ROTOR_TOKEN_VALID)
		ROTOR_LOG(c->w->srv->log, ROTOR_LOG_INFO, "client", "connection token refused",
		    ROTOR_F_STR("why", why != NULL ? why : ""));
	if (code == 0 && claims->user.len == 0 && cl->disallow_anonymous_connection_tokens)
		code = ROTOR_DISCONNECT_PERMISSION_DENIED;
	if (code != 0)
		refuse(op, code);
	else
		accept_user(op, claims->user, claims);
}

void
cmd_connect(struct op *op)
{
	struct rotor_client *c = op->client;
	struct rotor_server *srv = c->w->srv;
	struct rotor_str jwt = rotor_str_of(op->msg->connect->token);

	if (c->state != CLIENT_NEW) {
		op_disconnect(op, ROTOR_DISCONNECT_BAD_REQUEST);
		return;
	}
	c->state = CLIENT_CONNECTING;
	if (jwt.len > 0 && srv->auth != NULL)
		srv->auth->connection_token(srv->auth_ctx, c->w, jwt, token_verified, op);
	else if (jwt.len > 0)
		op_disconnect(op, ROTOR_DISCONNECT_INVALID_TOKEN);
	else if (srv->cc.client.allow_anonymous_connect_without_token || srv->cc.client.insecure)
		accept_user(op, (struct rotor_str){ "", 0 }, NULL);
	else if (c->header_user != NULL)
		accept_user(op, rotor_str_of(c->header_user), NULL);
	else
		op_disconnect(op, ROTOR_DISCONNECT_BAD_REQUEST);
}
