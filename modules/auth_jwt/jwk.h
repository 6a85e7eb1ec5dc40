/* SPDX-License-Identifier: MIT */
/*
 * jwk.h - one key of a key set (RFC 7517), prepared.
 *
 * Keys are counted, for a token may be checked while the cache drops the key.
 * Immutable but for the count; any thread.
 */
#ifndef AUTH_JWT_JWK_H
#define AUTH_JWT_JWK_H

#include <rotor/abi.h>

struct jwk;
struct scan_value;
struct scratch;

#define JWK_KID_MAX	512u	/* bytes of a key id; longer ones are nobody's */
#define JWK_WHY_MAX	160u

/* The key in the JSON value `v`, with its id, which is in `s` or `v`.  0, or -1 with
 * the reason in `why` (JWK_WHY_MAX bytes): it is malformed, private, meant for
 * something else than signatures, or of a kind that no algorithm here takes. */
int jwk_read(const struct scan_value *v, struct scratch *s, struct jwk **ret,
    struct rotor_str *ret_kid, char *why);
struct jwk *jwk_ref(struct jwk *k);
/* NULL in *kp is a no-op. */
void jwk_unref(struct jwk **kp);

/* As keys_verify(): 0, or -1 with a reason. */
int jwk_verify(const struct jwk *k, struct rotor_str alg, struct rotor_str text,
    struct rotor_str sig, const char **ret_why);

#endif
