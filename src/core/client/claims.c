/* SPDX-License-Identifier: MIT */
/* client/claims.c - see client/claims.h. */
#include "config.h"

#include "client/claims.h"

#include <rotor/auth.h>
#include <rotor/codes.h>

#include "base/str.h"
#include "channel/name.h"
#include "client/client.h"
#include "node/denied.h"
#include "node/server.h"

uint32_t
claims_verdict(uint32_t verdict, uint32_t if_expired, uint32_t if_invalid)
{
	switch (verdict) {
	case ROTOR_TOKEN_VALID:
		return 0;
	case ROTOR_TOKEN_EXPIRED:
		return if_expired;
	case ROTOR_TOKEN_ERROR:
		return ROTOR_ERR_INTERNAL;
	default:
		return if_invalid;
	}
}

int
claims_are_past(const struct rotor_client *c, int64_t expire_at)
{
	return expire_at != 0 && expire_at <= c->w->now_unix_ms / 1000;
}

int
claims_channel_known(const struct rotor_client *c, struct rotor_str channel)
{
	struct chan_name name;

	return chan_name_parse(&c->w->srv->cc.channel, channel, &name) == 0;
}

const char *
claims_misfit(const struct rotor_client *c, struct rotor_str channel,
    const struct rotor_subscription_claims *claims)
{
	char id[36];

	uuid_text(c->id, id);
	if (!rotor_str_eq(claims->grant.channel, channel))
		return "the token is for another channel";
	if (!rotor_str_eq(claims->user, client_user(c)))
		return "the token is for another user";
	if (claims->client.len > 0 && !rotor_str_eq(claims->client, (struct rotor_str){ id, sizeof id }))
		return "the token is for another client";
	return NULL;
}

struct claims_token
claims_token(const struct rotor_subscription_claims *claims)
{
	struct claims_token t = { .issued_at = 0 };

	if (ROTOR_HAS(claims, issued_at)) {
		t.id = claims->token_id;
		t.issued_at = claims->issued_at;
	}
	return t;
}

uint32_t
claims_connection_denied(const struct rotor_client *c, struct rotor_str user,
    const struct rotor_connection_claims *claims)
{
	struct denied *d = c->w->srv->denied;
	int64_t now = c->w->now_unix_ms / 1000;
	struct token_facts t = { .user = user };

	if (denied_user(d, user, now))
		return ROTOR_DISCONNECT_PERMISSION_DENIED;
	if (claims == NULL)
		return 0;
	t.id = claims->token_id;
	t.issued_at = claims->issued_at;
	return denied_token(d, &t, now) ? ROTOR_DISCONNECT_INVALID_TOKEN : 0;
}

int
claims_subscription_denied(const struct rotor_client *c, const struct rotor_subscription_claims *claims)
{
	struct claims_token token = claims_token(claims);
	struct token_facts t = { .user = claims->user, .channel = claims->grant.channel, .id = token.id,
	    .issued_at = token.issued_at };

	return denied_token(c->w->srv->denied, &t, c->w->now_unix_ms / 1000);
}
