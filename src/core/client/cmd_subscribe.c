/* SPDX-License-Identifier: MIT */
/* client/cmd_subscribe.c - the subscribe and unsubscribe commands. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include <rotor/auth.h>
#include <rotor/codes.h>
#include <rotor/log.h>

#include "base/arena.h"
#include "base/obj.h"
#include "base/str.h"
#include "channel/tags_filter.h"
#include "client/client.h"
#include "client/op.h"
#include "client/permit.h"
#include "client/reply.h"
#include "client/subscribe.h"
#include "node/denied.h"
#include "node/server.h"
#include "proto/hot.h"

#define TYPE_STREAM		0
#define TYPE_MAP_USERS		3
#define TYPE_SHARED_POLL	4

static void
subscribed(struct sub_request *rq, uint32_t code)
{
	struct op *op = rq->priv;
	Cp__Reply reply = CP__REPLY__INIT;

	if (code != 0) {
		subscribe_end(rq);
		op_error(op, code);
		return;
	}
	reply.id = op->id;
	reply.subscribe = &rq->res;
	client_send(op->client, &reply);
	subscribe_live(rq);
	subscribe_end(rq);
	op_end(op);
}

/* What the client asks for itself is granted where the namespace lets it, and silently
 * left out where not. */
static uint32_t
requested_flags(const struct sub_request *rq, const Cp__SubscribeRequest *req)
{
	const struct chan_options *o = rq->name.opts;
	struct rotor_str user = client_user(rq->client);
	int insecure = rq->client->w->srv->cc.client.insecure;
	int history = chan_access_allowed(o, CHAN_HISTORY, user, 1, insecure);
	uint32_t flags = 0;

	if (req->positioned && (o->allow_positioning || history))
		flags |= SUB_POSITIONED;
	if (req->recoverable && (o->allow_recovery || history))
		flags |= SUB_POSITIONED | SUB_RECOVERABLE;
	if (req->join_leave && o->join_leave && chan_access_allowed(o, CHAN_PRESENCE, user, 1, insecure))
		flags |= SUB_PUSH_JOIN_LEAVE;
	return flags;
}

/* 0 or an error code. */
static uint32_t
filter_take(struct sub_request *rq, const Cp__FilterNode *node)
{
	int r = 0;

	if (node != NULL)
		r = rq->name.opts->allow_tags_filter ? tags_filter_new(node, &rq->filter) : -EINVAL;
	return r == 0 ? 0 : r == -EINVAL ? ROTOR_ERR_BAD_REQUEST : ROTOR_ERR_INTERNAL;
}

static void
permitted(struct sub_request *rq, uint32_t override_set, uint32_t override_value)
{
	struct op *op = rq->priv;
	struct rotor_client *c = op->client;
	const Cp__SubscribeRequest *req = op->msg->subscribe;
	uint32_t code;

	if (rq->expire_at != 0 && rq->expire_at <= c->w->now_unix_ms / 1000) {
		op_error(op, ROTOR_ERR_EXPIRED);
		return;
	}
	code = filter_take(rq, req->tf);
	if (code != 0) {
		op_error(op, code);
		return;
	}
	if (req->type > TYPE_SHARED_POLL) {
		tags_filter_free(&rq->filter);
		op_disconnect(op, ROTOR_DISCONNECT_INTERNAL);
		return;
	}
	rq->flags = subscribe_override(subscribe_forced(rq->name.opts), override_set, override_value) |
	    requested_flags(rq, req) | subscribe_delta(rq->name.opts, str_of(req->delta)) | SUB_CLIENT_REFRESH;
	subscribe_start(rq);
}

/* What a subscription token says of itself. */
static void
token_take(struct sub_request *rq, const struct rotor_subscription_claims *claims)
{
	struct arena *a = rq->arena;

	rq->chan_info = arena_str(a, claims->grant.info);
	rq->data = arena_str(a, claims->grant.data);
	rq->expire_at = claims->expire_at;
	if (!ROTOR_HAS(claims, issued_at))
		return;
	rq->token_id = arena_str(a, claims->token_id);
	rq->issued_at = claims->issued_at;
}

static int
token_denied(const struct sub_request *rq)
{
	const struct rotor_client *c = rq->client;
	struct token_facts t = { .user = client_user(c), .channel = rq->name.full, .id = rq->token_id,
	    .issued_at = rq->issued_at };

	return denied_token(c->w->srv->denied, &t, c->w->now_unix_ms / 1000);
}

static void
token_verified(void *token, uint32_t verdict, const char *why, const struct rotor_subscription_claims *claims)
{
	struct sub_request *rq = token;
	struct op *op = rq->priv;
	struct rotor_client *c = op->client;
	struct chan_name named;
	char id[36];

	if (op_is_late(op)) {
		op_end(op);
		return;
	}
	if (verdict != ROTOR_TOKEN_VALID)
		ROTOR_LOG(c->w->srv->log, ROTOR_LOG_DEBUG, "client", "subscription token refused",
		    ROTOR_F_SLICE("user", client_user(c)), ROTOR_F_SLICE("channel", rq->name.full),
		    ROTOR_F_STR("why", why != NULL ? why : ""));
	if (verdict == ROTOR_TOKEN_EXPIRED) {
		op_error(op, ROTOR_ERR_TOKEN_EXPIRED);
		return;
	}
	if (verdict != ROTOR_TOKEN_VALID) {
		op_error(op, verdict == ROTOR_TOKEN_ERROR ? ROTOR_ERR_INTERNAL : ROTOR_ERR_PERMISSION_DENIED);
		return;
	}
	if (chan_name_parse(&c->w->srv->cc.channel, claims->grant.channel, &named) != 0) {
		op_error(op, ROTOR_ERR_UNKNOWN_CHANNEL);
		return;
	}
	uuid_text(c->id, id);
	if (!str_eq(claims->grant.channel, rq->name.full) || !str_eq(claims->user, client_user(c)) ||
	    (claims->client.len > 0 && !str_eq(claims->client, (struct rotor_str){ id, sizeof id }))) {
		op_disconnect(op, ROTOR_DISCONNECT_INVALID_TOKEN);
		return;
	}
	token_take(rq, claims);
	if (token_denied(rq) || permit_subscribe(rq, 1) != 0) {
		op_error(op, ROTOR_ERR_PERMISSION_DENIED);
		return;
	}
	permitted(rq, claims->grant.override_set, claims->grant.override_value);
}

static int
is_map(const Cp__SubscribeRequest *req)
{
	return req->type > TYPE_STREAM && req->type <= TYPE_MAP_USERS;
}

/* Rules that come before any permission.  0, an error or a disconnect code. */
static uint32_t
validate(struct op *op, struct sub_request *rq)
{
	const Cp__SubscribeRequest *req = op->msg->subscribe;
	struct rotor_client *c = op->client;
	const struct conf_core *cc = &c->w->srv->cc;
	struct rotor_str channel = str_of(req->channel);
	uint32_t code;

	if (channel.len == 0)
		return ROTOR_DISCONNECT_BAD_REQUEST;
	if (req->type == TYPE_SHARED_POLL)
		return ROTOR_ERR_NOT_AVAILABLE;
	if (!is_map(req) && !subscribe_delta_known(str_of(req->delta)))
		return ROTOR_DISCONNECT_BAD_REQUEST;
	if (channel.len > (size_t)cc->channel.max_length)
		return ROTOR_ERR_BAD_REQUEST;
	if (client_sub_get(c, channel) != NULL)
		return ROTOR_ERR_ALREADY_SUBSCRIBED;
	if (c->n_subs >= cc->client.channel_limit)
		return ROTOR_ERR_LIMIT_EXCEEDED;
	code = chan_name_parse(&cc->channel, channel, &rq->name);
	if (code != 0)
		return code;
	if (!chan_name_valid(&rq->name))
		return ROTOR_ERR_BAD_REQUEST;
	return is_map(req) ? ROTOR_ERR_PERMISSION_DENIED : 0;	/* no namespace has such a type */
}

void
cmd_subscribe(struct op *op)
{
	const Cp__SubscribeRequest *req = op->msg->subscribe;
	struct rotor_client *c = op->client;
	struct rotor_server *srv = c->w->srv;
	struct sub_request *rq = arena_zalloc(&op->arena, sizeof *rq);
	struct rotor_str jwt = str_of(req->token);
	uint32_t code;

	if (rq == NULL) {
		op_error(op, ROTOR_ERR_INTERNAL);
		return;
	}
	*rq = (struct sub_request){ .client = c, .arena = &op->arena, .done = subscribed, .priv = op,
	    .recover = req->recover, .offset = req->offset, .epoch = str_of(req->epoch),
	    .reject_unrecovered = (req->flag & RECOVER_REJECT) != 0 };
	code = validate(op, rq);
	if (code >= ROTOR_DISCONNECT_CLOSED) {
		op_disconnect(op, code);
		return;
	}
	if (code == 0 && jwt.len > 0 && srv->auth != NULL) {
		srv->auth->subscription_token(srv->auth_ctx, c->w, jwt, token_verified, rq);
		return;
	}
	if (code == 0)
		code = jwt.len > 0 ? ROTOR_ERR_PERMISSION_DENIED : permit_subscribe(rq, 0);
	if (code != 0)
		op_error(op, code);
	else
		permitted(rq, 0, 0);
}

void
cmd_unsubscribe(struct op *op)
{
	struct rotor_str channel = str_of(op->msg->unsubscribe->channel);
	struct sub *s;

	if (channel.len == 0) {
		op_disconnect(op, ROTOR_DISCONNECT_BAD_REQUEST);
		return;
	}
	s = client_sub_get(op->client, channel);
	if (s != NULL) {
		int leaves = s->flags & SUB_EMIT_JOIN_LEAVE;

		sub_free(&s);
		/* The leave is not for us, should we subscribe again at once. */
		if (leaves)
			worker_drain(op->client->w);
	}
	op_reply_empty(op, REPLY_UNSUBSCRIBE);
}
