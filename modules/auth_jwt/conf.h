/* SPDX-License-Identifier: MIT */
/*
 * conf.h - the module's configuration, as its option table fills it.
 */
#ifndef AUTH_JWT_CONF_H
#define AUTH_JWT_CONF_H

#include <stdint.h>

/* One verifier: client.token, or client.subscription_token. */
struct token_conf {
	const char	*hmac_secret_key;
	const char	*hmac_previous_secret_key;
	int64_t		hmac_previous_valid_until;	/* Unix seconds; 0: for ever */
	const char	*rsa_public_key;		/* PEM */
	const char	*ecdsa_public_key;		/* PEM */
	const char	*jwks_public_endpoint;
	const char	*audience;
	const char	*audience_regex;
	const char	*issuer;
	const char	*issuer_regex;
	const char	*user_id_claim;
	int32_t		skip_jwks_safety_check;
};

struct auth_conf {
	struct token_conf	token;
	int32_t			subscription_enabled;
	struct token_conf	subscription;
};

#endif
