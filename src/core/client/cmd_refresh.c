/* SPDX-License-Identifier: MIT */
/* client/cmd_refresh.c - the refresh command: a new connection token in time. */
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

static int
channels_known(const struct rotor_client *c, const struct rotor_connection_claims *claims)
{
	for (size_t i = 0; i < claims->n_subs; i++)
		if (!claims_channel_known(c, claims->subs[i].channel))
			return 0;
	return 1;
}

/* The client has all of the token's channels, and none from the token before that is
 * not among them. */
static int
same_channels(const struct rotor_client *c, const struct rotor_connection_claims *claims)
{
	size_t missing = 0, unnamed = 0;
	struct sub *s;

	for (size_t i = 0; i < claims->n_subs; i++) {
		s = client_sub_get(c, claims->subs[i].channel);
		if (s != NULL)
			s->flags |= SUB_NAMED;
		missing += s == NULL;
	}
	for (uint32_t i = 0; i < c->n_subs; i++) {
		s = c->subs[i];
		unnamed += s->source == SUB_BY_CONNECTION_TOKEN && !(s->flags & SUB_NAMED);
		s->flags &= ~SUB_NAMED;
	}
	return missing == 0 && unnamed == 0;
}

/* 0, an error or a disconnect code, and then why if that does not say it. */
static uint32_t
check(const struct rotor_client *c, const struct rotor_connection_claims *claims, const char **ret_why)
{
	*ret_why = NULL;
	if (!channels_known(c, claims))
		return ROTOR_ERR_UNKNOWN_CHANNEL;
	if (!rotor_str_eq(claims->user, client_user(c)))
		*ret_why = "the token is for another user";
	else if (claims_connection_denied(c, claims->user, claims) != 0)
		*ret_why = "the user is blocked, or the token revoked";
	if (*ret_why != NULL)
		return ROTOR_DISCONNECT_INVALID_TOKEN;
	if (!same_channels(c, claims))
		return ROTOR_DISCONNECT_INSUFFICIENT;
	return claims_are_past(c, claims->expire_at) ? ROTOR_ERR_EXPIRED : 0;
}

static void
reply(struct op *op)
{
	struct rotor_client *c = op->client;
	Cp__RefreshResult res = CP__REFRESH_RESULT__INIT;
	Cp__Reply rep = CP__REPLY__INIT;

	if (c->expire_at != 0) {
		res.expires = 1;
		res.ttl = client_ttl(c, c->expire_at);
	}
	rep.refresh = &res;
	op_reply(op, &rep);
}

static void
verified(void *token, uint32_t verdict, const char *why, const struct rotor_connection_claims *claims)
{
	struct op *op = token;
	struct rotor_client *c = op->client;
	uint32_t code = claims_verdict(verdict, ROTOR_DISCONNECT_EXPIRED, ROTOR_DISCONNECT_INVALID_TOKEN);

	if (op_is_late(op)) {
		op_end(op);
		return;
	}
	if (code == 0)
		code = check(c, claims, &why);
	if (code != 0) {
		refusal_log(c, &(struct refusal){ .what = "refresh refused", .code = code, .why = why });
		op_refuse(op, code);
		return;
	}
	if (token_mark_set(&c->token, claims->token_id, claims->issued_at) != 0) {
		op_error(op, ROTOR_ERR_INTERNAL);
		return;
	}
	c->by_token = 1;
	if (claims->info.len > 0)
		client_payload_set(&c->conn_info, claims->info);
	if (claims->meta.len > 0)
		client_payload_set(&c->meta, claims->meta);
	c->expire_at = claims->expire_at;
	client_expiry_arm(c);
	reply(op);
}

void
cmd_refresh(struct op *op)
{
	struct rotor_client *c = op->client;
	struct rotor_server *srv = c->w->srv;
	struct rotor_str jwt = rotor_str_of(op->msg->refresh->token);

	if (jwt.len == 0)
		op_disconnect(op, ROTOR_DISCONNECT_BAD_REQUEST);
	else if (srv->auth == NULL)
		op_disconnect(op, ROTOR_DISCONNECT_INVALID_TOKEN);
	else
		srv->auth->connection_token(srv->auth_ctx, c->w, jwt, verified, op);
}
