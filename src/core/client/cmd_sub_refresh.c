/* SPDX-License-Identifier: MIT */
/* client/cmd_sub_refresh.c - the sub_refresh command: a new subscription token in time. */
#include "config.h"

#include <rotor/auth.h>
#include <rotor/codes.h>

#include "base/str.h"
#include "client/claims.h"
#include "client/client.h"
#include "client/op.h"
#include "client/refusal.h"
#include "client/reply.h"
#include "node/server.h"

/* 0, an error or a disconnect code, and then why if that does not say it. */
static uint32_t
check(const struct rotor_client *c, const struct sub *s, const struct rotor_subscription_claims *claims,
    const char **ret_why)
{
	*ret_why = NULL;
	if (!claims_channel_known(c, claims->grant.channel))
		return ROTOR_ERR_UNKNOWN_CHANNEL;
	*ret_why = claims_misfit(c, s->chan->name, claims);
	if (*ret_why == NULL && claims_subscription_denied(c, claims))
		*ret_why = "the token is revoked";
	if (*ret_why != NULL)
		return ROTOR_DISCONNECT_INVALID_TOKEN;
	return claims_are_past(c, claims->expire_at) ? ROTOR_ERR_EXPIRED : 0;
}

static void
reply(struct op *op, const struct sub *s)
{
	Cp__SubRefreshResult res = CP__SUB_REFRESH_RESULT__INIT;
	Cp__Reply rep = CP__REPLY__INIT;

	if (s->expire_at != 0) {
		res.expires = 1;
		res.ttl = client_ttl(op->client, s->expire_at);
	}
	rep.sub_refresh = &res;
	op_reply(op, &rep);
}

static void
verified(void *token, uint32_t verdict, const char *why, const struct rotor_subscription_claims *claims)
{
	struct op *op = token;
	struct rotor_client *c = op->client;
	struct sub *s = client_sub_get(c, rotor_str_of(op->msg->sub_refresh->channel));
	/* An error would leave the SDK with a subscription that ends in silence; after this it
	 * comes again, and asks for a new token. */
	uint32_t code = claims_verdict(verdict, ROTOR_DISCONNECT_SUB_EXPIRED, ROTOR_DISCONNECT_INVALID_TOKEN);
	struct claims_token t;

	if (s == NULL) {		/* gone meanwhile, perhaps with the client */
		op_error(op, ROTOR_ERR_PERMISSION_DENIED);
		return;
	}
	if (code == 0)
		code = check(c, s, claims, &why);
	if (code != 0) {
		refusal_log(c, &(struct refusal){ .what = "subscription refresh refused", .code = code,
		    .channel = s->chan->name, .why = why });
		op_refuse(op, code);
		return;
	}
	t = claims_token(claims);
	if (token_mark_set(&s->token, t.id, t.issued_at) != 0) {
		op_error(op, ROTOR_ERR_INTERNAL);
		return;
	}
	s->source = SUB_BY_TOKEN;
	client_payload_set(&s->chan_info, claims->grant.info);
	s->expire_at = claims->expire_at;
	client_tick_arm(c, s);
	reply(op, s);
}

void
cmd_sub_refresh(struct op *op)
{
	const Cp__SubRefreshRequest *req = op->msg->sub_refresh;
	struct rotor_client *c = op->client;
	struct rotor_server *srv = c->w->srv;
	struct rotor_str jwt = rotor_str_of(req->token), channel = rotor_str_of(req->channel);
	const struct sub *s = client_sub_get(c, channel);

	if (channel.len == 0)
		op_disconnect(op, ROTOR_DISCONNECT_BAD_REQUEST);
	else if (s == NULL)
		op_error(op, ROTOR_ERR_PERMISSION_DENIED);
	else if (!(s->flags & SUB_CLIENT_REFRESH))
		op_disconnect(op, ROTOR_DISCONNECT_BAD_REQUEST);
	else if (jwt.len == 0)
		op_error(op, ROTOR_ERR_BAD_REQUEST);
	else if (srv->auth == NULL)
		op_disconnect(op, ROTOR_DISCONNECT_INVALID_TOKEN);
	else
		srv->auth->subscription_token(srv->auth_ctx, c->w, jwt, verified, op);
}
