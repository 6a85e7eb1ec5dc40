/* SPDX-License-Identifier: MIT */
/*
 * pubkey.h - a public key, prepared for the algorithms it fits.
 *
 * Immutable once made; any thread.
 */
#ifndef AUTH_JWT_PUBKEY_H
#define AUTH_JWT_PUBKEY_H

#include <rotor/abi.h>

#include "alg.h"

struct evp_pkey_st;		/* OpenSSL's EVP_PKEY */
struct pubkey;

#define PUBKEY_WHY_MAX	128u

/* The key for `family`, which must be its own, for the algorithms that fit it.
 * `pkey` stays the caller's.  0, or -1 with the reason in `why` (PUBKEY_WHY_MAX
 * bytes). */
int pubkey_new(struct evp_pkey_st *pkey, enum family family, struct pubkey **ret, char *why);
void pubkey_free(struct pubkey **kp);

/* 1 when the key may check signatures of this algorithm. */
int pubkey_fits(const struct pubkey *k, const struct alg *a);
/* 0; -1 when the signature is not that of `text`, or the key does not fit. */
int pubkey_verify(const struct pubkey *k, const struct alg *a, struct rotor_str text,
    struct rotor_str sig);

#endif
