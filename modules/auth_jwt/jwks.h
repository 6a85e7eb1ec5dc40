/* SPDX-License-Identifier: MIT */
/*
 * jwks.h - a key set (RFC 7517) from its JSON text.
 *
 * Keys that cannot be used are passed over, as the RFC asks: one odd key must not
 * take the others with it.
 */
#ifndef AUTH_JWT_JWKS_H
#define AUTH_JWT_JWKS_H

#include <rotor/abi.h>

#include "jwk.h"

#define JWKS_MAX_KEYS	256u	/* of one set; the rest is passed over */

struct jwks_summary {
	uint32_t	taken;
	uint32_t	passed_over;
	char		why[JWK_WHY_MAX];	/* the first one was; or what is wrong with the set */
};

/* `kid` and `k` are borrowed. */
typedef void jwks_key_f(void *priv, struct rotor_str kid, struct jwk *k);

/* Calls `fn` with every key that can be used, in the order of the set.  0, or -1 when
 * the text is no key set, or has no key that can be used. */
int jwks_read(struct rotor_str text, jwks_key_f *fn, void *priv, struct jwks_summary *ret);

#endif
