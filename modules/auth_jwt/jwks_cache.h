/* SPDX-License-Identifier: MIT */
/*
 * jwks_cache.h - keys by the URL of their set and their id.
 *
 * A kid alone says nothing: two tenants' sets may use the same one.  A key stays for
 * an hour after its last use, also when its set no longer has it.  Times are
 * monotonic milliseconds.  Any thread.
 */
#ifndef AUTH_JWT_JWKS_CACHE_H
#define AUTH_JWT_JWKS_CACHE_H

#include <rotor/abi.h>

struct jwk;
struct jwks_cache;

#define JWKS_CACHE_TTL_MS	(3600u * 1000u)
#define JWKS_CACHE_MAX		4096u	/* keys; the one that would go first makes room */

/* NULL: no memory. */
struct jwks_cache *jwks_cache_new(void);
void jwks_cache_free(struct jwks_cache **cp);

/* The key, for another hour, with a reference for the caller; NULL: not there. */
struct jwk *jwks_cache_get(struct jwks_cache *c, struct rotor_str url, struct rotor_str kid,
    uint64_t now_ms);
/* Puts a key in, in place of one there; takes a reference.  0 or -ENOMEM. */
int jwks_cache_put(struct jwks_cache *c, struct rotor_str url, struct rotor_str kid,
    struct jwk *k, uint64_t now_ms);
size_t jwks_cache_size(struct jwks_cache *c);

#endif
