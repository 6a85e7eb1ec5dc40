/* SPDX-License-Identifier: MIT */
/*
 * client/claims.h - what a verified token means for a client.
 */
#ifndef ROTOR_CLIENT_CLAIMS_H
#define ROTOR_CLIENT_CLAIMS_H

#include <stdint.h>

#include <rotor/abi.h>

struct rotor_client;
struct rotor_connection_claims;
struct rotor_subscription_claims;

/* The answer to a ROTOR_TOKEN_* verdict: 0 when valid, else an error or a disconnect code,
 * two of which the command chooses. */
uint32_t claims_verdict(uint32_t verdict, uint32_t if_expired, uint32_t if_invalid);
/* 1 when the time has come (0: never). */
int claims_are_past(const struct rotor_client *c, int64_t expire_at);
/* 1 when the channel's namespace exists. */
int claims_channel_known(const struct rotor_client *c, struct rotor_str channel);
/* NULL when they are for this channel, user and connection; else what is another's. */
const char *claims_misfit(const struct rotor_client *c, struct rotor_str channel,
    const struct rotor_subscription_claims *claims);

/* What a token is known by. */
struct claims_token {
	struct rotor_str	id;		/* empty: it has none */
	int64_t			issued_at;	/* Unix seconds; 0: not said */
};

/* As far as the module tells; borrowed. */
struct claims_token claims_token(const struct rotor_subscription_claims *claims);
/* 0, or a disconnect code: the user is blocked, or the token (claims NULL: he shows none)
 * revoked. */
uint32_t claims_connection_denied(const struct rotor_client *c, struct rotor_str user,
    const struct rotor_connection_claims *claims);
/* 1 when the token is revoked. */
int claims_subscription_denied(const struct rotor_client *c, const struct rotor_subscription_claims *claims);

#endif
