/* SPDX-License-Identifier: MIT */
/* client/cmd_subscribe.c - the subscribe command. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include <rotor/auth.h>
#include <rotor/codes.h>

#include "base/arena.h"
#include "base/obj.h"
#include "base/str.h"
#include "channel/tags_filter.h"
#include "client/claims.h"
#include "client/client.h"
#include "client/long_reply.h"
#include "client/op.h"
#include "client/permit.h"
#include "client/publications.h"
#include "client/refusal.h"
#include "client/reply.h"
#include "client/subscribe.h"
#include "node/server.h"

/* Ends the command with an error or a disconnect code. */
static void
refuse(struct sub_request *rq, uint32_t code)
{
	struct op *op = rq->priv;
	struct rotor_client *c = op->client;

	refusal_log(c, &(struct refusal){ .what = "subscription refused", .code = code,
	    .channel = rotor_str_of(op->msg->subscribe->channel), .why = rq->why });
	if (code >= ROTOR_DISCONNECT_CLOSED)
		client_close(c, code, NULL);
	else
		client_send_error(c, op->id, code);
	subscribe_end(rq);	/* whoever waited is answered after us */
	op_end(op);
}

static int
fill(struct long_reply *lr)
{
	return recover_fill(lr->priv, lr->protocol);
}

static void
over(struct long_reply *lr)
{
	struct op *op = lr->op;
	struct sub_request *rq = lr->priv;

	subscribe_live(rq);
	subscribe_end(rq);
	op_end(op);
}

static void
subscribed(struct sub_request *rq, uint32_t code)
{
	struct op *op = rq->priv;
	Cp__Reply reply = CP__REPLY__INIT;
	struct long_reply *lr;

	if (code != 0) {
		refuse(rq, code);
		return;
	}
	if (rq->n_pubs > 0 && (lr = long_reply_new(op, fill, over, rq)) != NULL) {
		lr->reply.subscribe = &rq->res;
		long_reply_send(lr, publications_bytes(rq->pubs, rq->n_pubs));
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

/* Everything is allowed that was asked for.  0, an error or a disconnect code. */
static uint32_t
prepare(struct sub_request *rq, uint32_t override_set, uint32_t override_value)
{
	struct op *op = rq->priv;
	const Cp__SubscribeRequest *req = op->msg->subscribe;

	if (claims_are_past(op->client, rq->expire_at))
		return ROTOR_ERR_EXPIRED;
	if (rq->name.opts->type != CHAN_TYPE_STREAM)
		return ROTOR_ERR_NOT_AVAILABLE;		/* maps and shared polls are to come */
	if (req->type > CHAN_TYPE_SHARED_POLL)
		return ROTOR_DISCONNECT_INTERNAL;
	rq->flags = subscribe_override(subscribe_forced(rq->name.opts), override_set, override_value) |
	    requested_flags(rq, req) | subscribe_delta(rq->name.opts, rotor_str_of(req->delta)) | SUB_CLIENT_REFRESH;
	if (req->tf != NULL)
		rq->flags &= ~SUB_DELTA;	/* whose next base could be what is filtered out */
	return filter_take(rq, req->tf);
}

static void
permitted(struct sub_request *rq, uint32_t override_set, uint32_t override_value)
{
	uint32_t code = prepare(rq, override_set, override_value);

	if (code != 0)
		refuse(rq, code);
	else
		subscribe_start(rq);
}

/* What a verified token grants: 0, an error or a disconnect code. */
static uint32_t
claims_take(struct sub_request *rq, const struct rotor_subscription_claims *claims)
{
	if (!claims_channel_known(rq->client, claims->grant.channel))
		return ROTOR_ERR_UNKNOWN_CHANNEL;
	rq->why = claims_misfit(rq->client, rq->name.full, claims);
	if (rq->why != NULL)
		return ROTOR_DISCONNECT_INVALID_TOKEN;
	rq->chan_info = arena_str(rq->arena, claims->grant.info);
	rq->data = arena_str(rq->arena, claims->grant.data);
	rq->expire_at = claims->expire_at;
	rq->token = claims_token(claims);
	rq->token.id = arena_str(rq->arena, rq->token.id);
	if (!claims_subscription_denied(rq->client, claims))
		return permit_subscribe(rq, 1);
	rq->why = "the token is revoked";
	return ROTOR_ERR_PERMISSION_DENIED;
}

static void
token_verified(void *token, uint32_t verdict, const char *why, const struct rotor_subscription_claims *claims)
{
	struct sub_request *rq = token;
	uint32_t code = op_is_late(rq->priv) ? ROTOR_ERR_INTERNAL
	    : claims_verdict(verdict, ROTOR_ERR_TOKEN_EXPIRED, ROTOR_ERR_PERMISSION_DENIED);

	if (code == 0)
		code = claims_take(rq, claims);
	else
		rq->why = why;
	if (code != 0)
		refuse(rq, code);
	else
		permitted(rq, claims->grant.override_set, claims->grant.override_value);
}

/* What is not known counts as a stream, until it is to be made. */
static int32_t
type_asked(const Cp__SubscribeRequest *req)
{
	return req->type > CHAN_TYPE_STREAM && req->type <= CHAN_TYPE_SHARED_POLL ? req->type
	    : CHAN_TYPE_STREAM;
}

/* Shared polls and all others are told apart before anything else. */
static uint32_t
poll_check(const struct conf_core *cc, const Cp__SubscribeRequest *req)
{
	struct chan_name name;
	int asked = req->type == CHAN_TYPE_SHARED_POLL;
	int is = chan_name_parse(&cc->channel, rotor_str_of(req->channel), &name) == 0 &&
	    name.opts->type == CHAN_TYPE_SHARED_POLL;

	if (asked == is)
		return 0;
	return asked ? ROTOR_ERR_NOT_AVAILABLE : ROTOR_ERR_BAD_REQUEST;
}

/* Rules that come before any permission.  0, an error or a disconnect code. */
static uint32_t
validate(struct op *op, struct sub_request *rq)
{
	const Cp__SubscribeRequest *req = op->msg->subscribe;
	struct rotor_client *c = op->client;
	const struct conf_core *cc = &c->w->srv->cc;
	struct rotor_str channel = rotor_str_of(req->channel);
	uint32_t code;

	if (channel.len == 0)
		return ROTOR_DISCONNECT_BAD_REQUEST;
	code = poll_check(cc, req);
	if (code != 0)
		return code;
	if (type_asked(req) == CHAN_TYPE_STREAM && !subscribe_delta_known(rotor_str_of(req->delta)))
		return ROTOR_DISCONNECT_BAD_REQUEST;
	if (channel.len > (size_t)cc->channel.max_length)
		return ROTOR_ERR_BAD_REQUEST;
	if (client_sub_get(c, channel) != NULL || subscribe_under_way(c, channel) != NULL)
		return ROTOR_ERR_ALREADY_SUBSCRIBED;
	if (subscribe_count(c) >= cc->client.channel_limit)
		return ROTOR_ERR_LIMIT_EXCEEDED;
	code = chan_name_parse(&cc->channel, channel, &rq->name);
	if (code != 0)
		return code;
	if (!chan_name_valid(&rq->name))
		return ROTOR_ERR_BAD_REQUEST;
	return type_asked(req) == rq->name.opts->type ? 0 : ROTOR_ERR_PERMISSION_DENIED;
}

void
cmd_subscribe(struct op *op)
{
	const Cp__SubscribeRequest *req = op->msg->subscribe;
	struct rotor_client *c = op->client;
	struct rotor_server *srv = c->w->srv;
	struct sub_request *rq = arena_zalloc(&op->arena, sizeof *rq);
	struct rotor_str jwt = rotor_str_of(req->token);
	uint32_t code;

	if (rq == NULL) {
		op_error(op, ROTOR_ERR_INTERNAL);
		return;
	}
	*rq = (struct sub_request){ .client = c, .arena = &op->arena, .done = subscribed, .priv = op,
	    .recover = req->recover, .offset = req->offset, .epoch = rotor_str_of(req->epoch),
	    .reject_unrecovered = (req->flag & RECOVER_REJECT) != 0 };
	code = validate(op, rq);
	if (code != 0) {
		refuse(rq, code);
		return;
	}
	subscribe_begin(rq);
	if (jwt.len > 0 && srv->auth != NULL) {
		srv->auth->subscription_token(srv->auth_ctx, c->w, jwt, token_verified, rq);
		return;
	}
	code = jwt.len > 0 ? ROTOR_ERR_PERMISSION_DENIED : permit_subscribe(rq, 0);
	if (code != 0)
		rq->why = jwt.len > 0 ? "no module verifies tokens" : permit_subscribe_why(rq);
	if (code != 0)
		refuse(rq, code);
	else
		permitted(rq, 0, 0);
}
