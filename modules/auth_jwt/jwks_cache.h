/* SPDX-License-Identifier: MIT */
/*
 * jwks_cache.h - keys by the URL of their set and their id.
 *
 * A kid alone says nothing: two tenants' sets may use the same one.  A key that is in use
 * has its set looked at again now and then; it stays for a day after its set was last seen
 * with it, so that an outage of the set is survived, and for some minutes after it was seen
 * without it.  Times are monotonic milliseconds.  Any thread.
 */
#ifndef AUTH_JWT_JWKS_CACHE_H
#define AUTH_JWT_JWKS_CACHE_H

#include <rotor/abi.h>

struct jwk;
struct jwks_cache;

#define JWKS_CACHE_TTL_MS	(24u * 3600u * 1000u)	/* since the set had it */
#define JWKS_CACHE_GRACE_MS	(5u * 60u * 1000u)	/* since it had it not; its replicas may differ */
#define JWKS_CACHE_LOOK_MS	(10u * 60u * 1000u)	/* after which the set is looked at */
#define JWKS_CACHE_AGAIN_MS	(10u * 1000u)		/* and again, as long as that fails */
#define JWKS_CACHE_MAX		4096u	/* keys; the one not used for longest makes room */

/* NULL: no memory. */
struct jwks_cache *jwks_cache_new(void);
void jwks_cache_free(struct jwks_cache **cp);

/* The key, with a reference for the caller; NULL: not there.  *ret_look is 1 when it is time
 * to look at the set. */
struct jwk *jwks_cache_get(struct jwks_cache *c, struct rotor_str url, struct rotor_str kid,
    uint64_t now_ms, int *ret_look);
/* Puts a key in, in place of one there; takes a reference.  0 or -ENOMEM. */
int jwks_cache_put(struct jwks_cache *c, struct rotor_str url, struct rotor_str kid,
    struct jwk *k, uint64_t now_ms);
/* All keys of a set have been put in, with this very `now_ms`; the others have left it. */
void jwks_cache_settle(struct jwks_cache *c, struct rotor_str url, uint64_t now_ms);
size_t jwks_cache_size(struct jwks_cache *c);

#endif
