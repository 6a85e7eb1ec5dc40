/* SPDX-License-Identifier: MIT */
/* client/cmd_refresh.c - the refresh and sub_refresh commands: a new token in time. */
#include "config.h"

#include <rotor/auth.h>
#include <rotor/codes.h>

#include "base/str.h"
#include "channel/name.h"
#include "client/client.h"
#include "client/op.h"
#include "client/reply.h"
#include "client/subscribe.h"
#include "node/denied.h"
#include "node/server.h"

static void
replace(struct rotor_buf **bp, struct rotor_str with)
{
	rotor_buf_unref(bp);
	if (with.len > 0)
		*bp = rotor_buf_new(with.p, with.len);
}

static int
claims_list(const struct rotor_connection_claims *claims, struct rotor_str channel)
{
	for (size_t i = 0; i < claims->n_subs; i++)
		if (str_eq(claims->subs[i].channel, channel))
			return 1;
	return 0;
}

/* The client has all of the token's channels, and none from the token before that is
 * not among them. */
static int
same_channels(const struct rotor_client *c, const struct rotor_connection_claims *claims)
{
	for (size_t i = 0; i < claims->n_subs; i++)
		if (client_sub_get(c, claims->subs[i].channel) == NULL)
			return 0;
	for (uint32_t i = 0; i < c->n_subs; i++)
		if (c->subs[i]->source == SUB_BY_CONNECTION_TOKEN && !claims_list(claims, c->subs[i]->chan->name))
			return 0;
	return 1;
}

static int
is_past(const struct rotor_client *c, int64_t expire_at)
{
	return expire_at != 0 && expire_at <= c->w->now_unix_ms / 1000;
}

static int
channel_known(const struct rotor_client *c, struct rotor_str channel)
{
	struct chan_name name;

	return chan_name_parse(&c->w->srv->cc.channel, channel, &name) == 0;
}

static int
channels_known(const struct rotor_client *c, const struct rotor_connection_claims *claims)
{
	for (size_t i = 0; i < claims->n_subs; i++)
		if (!channel_known(c, claims->subs[i].channel))
			return 0;
	return 1;
}

static int
connection_denied(const struct rotor_client *c, const struct rotor_connection_claims *claims)
{
	struct token_facts t = { .user = claims->user, .id = claims->token_id,
	    .issued_at = claims->issued_at };

	return denied_token(c->w->srv->denied, &t, c->w->now_unix_ms / 1000);
}

static void
connection_verified(void *token, uint32_t verdict, const char *why,
    const struct rotor_connection_claims *claims)
{
	struct op *op = token;
	struct rotor_client *c = op->client;
	Cp__RefreshResult res = CP__REFRESH_RESULT__INIT;
	Cp__Reply reply = CP__REPLY__INIT;

	(void)why;
	if (op_is_late(op)) {
		op_end(op);
		return;
	}
	if (verdict == ROTOR_TOKEN_EXPIRED) {
		op_disconnect(op, ROTOR_DISCONNECT_EXPIRED);
		return;
	}
	if (verdict == ROTOR_TOKEN_ERROR) {
		op_error(op, ROTOR_ERR_INTERNAL);
		return;
	}
	if (verdict == ROTOR_TOKEN_VALID && !channels_known(c, claims)) {
		op_error(op, ROTOR_ERR_UNKNOWN_CHANNEL);
		return;
	}
	if (verdict != ROTOR_TOKEN_VALID || !str_eq(claims->user, client_user(c)) ||
	    connection_denied(c, claims)) {
		op_disconnect(op, ROTOR_DISCONNECT_INVALID_TOKEN);
		return;
	}
	if (!same_channels(c, claims)) {
		op_disconnect(op, ROTOR_DISCONNECT_INSUFFICIENT);
		return;
	}
	if (is_past(c, claims->expire_at)) {
		op_error(op, ROTOR_ERR_EXPIRED);
		return;
	}
	if (token_mark_set(&c->token, claims->token_id, claims->issued_at) != 0) {
		op_error(op, ROTOR_ERR_INTERNAL);
		return;
	}
	c->by_token = 1;
	if (claims->info.len > 0)
		replace(&c->conn_info, claims->info);
	if (claims->meta.len > 0)
		replace(&c->meta, claims->meta);
	c->expire_at = claims->expire_at;
	client_expiry_arm(c);
	if (c->expire_at != 0) {
		res.expires = 1;
		res.ttl = client_ttl(c, c->expire_at);
	}
	reply.refresh = &res;
	op_reply(op, &reply);
}

void
cmd_refresh(struct op *op)
{
	struct rotor_client *c = op->client;
	struct rotor_server *srv = c->w->srv;
	struct rotor_str jwt = str_of(op->msg->refresh->token);

	if (jwt.len == 0)
		op_disconnect(op, ROTOR_DISCONNECT_BAD_REQUEST);
	else if (srv->auth == NULL)
		op_disconnect(op, ROTOR_DISCONNECT_INVALID_TOKEN);
	else
		srv->auth->connection_token(srv->auth_ctx, c->w, jwt, connection_verified, op);
}

static int
claims_fit(const struct rotor_client *c, const struct sub *s, const struct rotor_subscription_claims *claims)
{
	char id[36];

	uuid_text(c->id, id);
	return str_eq(claims->grant.channel, s->chan->name) && str_eq(claims->user, client_user(c)) &&
	    (claims->client.len == 0 || str_eq(claims->client, (struct rotor_str){ id, sizeof id }));
}

/* The token's facts, as far as the module tells them. */
static struct token_facts
subscription_facts(const struct rotor_subscription_claims *claims)
{
	struct token_facts t = { .user = claims->user, .channel = claims->grant.channel };

	if (ROTOR_HAS(claims, issued_at)) {
		t.id = claims->token_id;
		t.issued_at = claims->issued_at;
	}
	return t;
}

static void
subscription_verified(void *token, uint32_t verdict, const char *why,
    const struct rotor_subscription_claims *claims)
{
	struct op *op = token;
	struct rotor_client *c = op->client;
	struct sub *s = op_is_late(op) ? NULL : client_sub_get(c, str_of(op->msg->sub_refresh->channel));
	Cp__SubRefreshResult res = CP__SUB_REFRESH_RESULT__INIT;
	Cp__Reply reply = CP__REPLY__INIT;
	struct token_facts facts = { .issued_at = 0 };

	(void)why;
	if (s == NULL || verdict == ROTOR_TOKEN_ERROR) {
		op_error(op, s == NULL ? ROTOR_ERR_PERMISSION_DENIED : ROTOR_ERR_INTERNAL);
		return;
	}
	/* The reference erases the expiry here and answers success; telling the client
	 * and keeping the old expiry is safe, and every SDK understands it. */
	if (verdict == ROTOR_TOKEN_EXPIRED) {
		op_error(op, ROTOR_ERR_TOKEN_EXPIRED);
		return;
	}
	if (verdict == ROTOR_TOKEN_VALID && !channel_known(c, claims->grant.channel)) {
		op_error(op, ROTOR_ERR_UNKNOWN_CHANNEL);
		return;
	}
	if (verdict == ROTOR_TOKEN_VALID)
		facts = subscription_facts(claims);
	if (verdict != ROTOR_TOKEN_VALID || !claims_fit(c, s, claims) ||
	    denied_token(c->w->srv->denied, &facts, c->w->now_unix_ms / 1000)) {
		op_disconnect(op, ROTOR_DISCONNECT_INVALID_TOKEN);
		return;
	}
	if (is_past(c, claims->expire_at)) {
		op_error(op, ROTOR_ERR_EXPIRED);
		return;
	}
	if (token_mark_set(&s->token, facts.id, facts.issued_at) != 0) {
		op_error(op, ROTOR_ERR_INTERNAL);
		return;
	}
	s->source = SUB_BY_TOKEN;
	replace(&s->chan_info, claims->grant.info);
	s->expire_at = claims->expire_at;
	if (s->expire_at != 0) {
		res.expires = 1;
		res.ttl = client_ttl(c, s->expire_at);
	}
	reply.sub_refresh = &res;
	op_reply(op, &reply);
}

void
cmd_sub_refresh(struct op *op)
{
	const Cp__SubRefreshRequest *req = op->msg->sub_refresh;
	struct rotor_client *c = op->client;
	struct rotor_server *srv = c->w->srv;
	struct rotor_str jwt = str_of(req->token), channel = str_of(req->channel);
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
		srv->auth->subscription_token(srv->auth_ctx, c->w, jwt, subscription_verified, op);
}
