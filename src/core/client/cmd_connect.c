/* SPDX-License-Identifier: MIT */
/*
 * client/cmd_connect.c - the connect command: who is it?
 *
 *	token -> (or anonymous, or header) -> limits -> hub -> client/connecting.c
 */
#include "config.h"

#include <errno.h>

#include <rotor/auth.h>
#include <rotor/codes.h>
#include <rotor/metrics.h>

#include "base/obj.h"
#include "base/str.h"
#include "client/claims.h"
#include "client/client.h"
#include "client/connecting.h"
#include "client/op.h"
#include "node/server.h"
#include "node/user_counts.h"

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
remember(struct op *op, const struct rotor_connection_claims *claims)
{
	const Cp__ConnectRequest *req = op->msg->connect;
	struct rotor_client *c = op->client;

	c->connected_s = (uint32_t)(c->w->now_unix_ms / 1000);
	c->connected_ms = (uint16_t)(c->w->now_unix_ms % 1000);
	c->by_token = claims != NULL;
	if (claims != NULL && token_mark_set(&c->token, claims->token_id, claims->issued_at) != 0)
		return -ENOMEM;
	return client_app_set(c, rotor_str_of(req->name), rotor_str_of(req->version));
}

/* Credentials are known: joins the hub.  0 or a code. */
static uint32_t
join_hub(struct op *op, struct rotor_str user, const struct rotor_connection_claims *claims)
{
	struct rotor_client *c = op->client;

	if (user_limit_take(c, user) != 0)
		return ROTOR_DISCONNECT_CONNECTION_LIMIT;
	if (claims != NULL) {
		client_payload_set(&c->conn_info, claims->info);
		client_payload_set(&c->meta, claims->meta);
	}
	if (remember(op, claims) != 0 || hub_client_add(c->w->hub, c, user) != 0) {
		if (c->counted)
			user_counts_remove(c->w->srv->user_counts, user);
		c->counted = 0;
		return ROTOR_DISCONNECT_INTERNAL;
	}
	c->joined = atomic_fetch_add(&c->w->srv->n_joined, 1) + 1;
	rotor_metric_add(c->w, c->w->srv->stats.num_clients, 1);
	return 0;
}

static void
refuse(struct op *op, uint32_t code, struct rotor_str user, const char *why)
{
	connect_refuse(op, &(struct refusal){ .what = "connection refused", .code = code, .user = user,
	    .why = why });
}

static void
accept_user(struct op *op, struct rotor_str user, const struct rotor_connection_claims *claims)
{
	struct rotor_client *c = op->client;
	uint32_t code = claims_connection_denied(c, user, claims);

	if (code != 0) {
		refuse(op, code, user, "the user is blocked, or the token revoked");
		return;
	}
	if (claims != NULL && !c->w->srv->cc.client.insecure)
		c->expire_at = claims->expire_at;
	if (claims_are_past(c, c->expire_at)) {
		refuse(op, ROTOR_ERR_EXPIRED, user, "the credentials ended before they were used (expire_at)");
		return;
	}
	code = join_hub(op, user, claims);
	if (code != 0)
		refuse(op, code, user, NULL);
	else
		connecting_begin(op, user, claims);
}

static void
token_verified(void *token, uint32_t verdict, const char *why, const struct rotor_connection_claims *claims)
{
	struct op *op = token;
	const struct conf_client *cl = &op->client->w->srv->cc.client;
	uint32_t code = claims_verdict(verdict, ROTOR_ERR_TOKEN_EXPIRED, ROTOR_DISCONNECT_INVALID_TOKEN);

	if (op_is_late(op)) {
		op_end(op);
		return;
	}
	if (code == 0 && claims->user.len == 0 && cl->disallow_anonymous_connection_tokens) {
		code = ROTOR_DISCONNECT_PERMISSION_DENIED;
		why = "it is anonymous (client.disallow_anonymous_connection_tokens)";
	}
	if (code != 0)
		connect_refuse(op, &(struct refusal){ .what = "connection token refused", .code = code,
		    .why = why });
	else
		accept_user(op, claims->user, claims);
}

void
cmd_connect(struct op *op)
{
	struct rotor_client *c = op->client;
	struct rotor_server *srv = c->w->srv;
	struct rotor_str jwt = rotor_str_of(op->msg->connect->token), nobody = { "", 0 };

	if (c->state != CLIENT_NEW) {
		op_disconnect(op, ROTOR_DISCONNECT_BAD_REQUEST);
		return;
	}
	c->state = CLIENT_CONNECTING;
	if (jwt.len > 0 && srv->auth != NULL)
		srv->auth->connection_token(srv->auth_ctx, c->w, jwt, token_verified, op);
	else if (jwt.len > 0)
		refuse(op, ROTOR_DISCONNECT_INVALID_TOKEN, nobody, "no module verifies tokens");
	else if (srv->cc.client.allow_anonymous_connect_without_token || srv->cc.client.insecure)
		accept_user(op, nobody, NULL);
	else if (c->header_user != NULL)
		accept_user(op, rotor_str_of(c->header_user), NULL);
	else
		refuse(op, ROTOR_DISCONNECT_BAD_REQUEST, nobody,
		    "no token, and client.allow_anonymous_connect_without_token is not set");
}
