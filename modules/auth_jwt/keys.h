/* SPDX-License-Identifier: MIT */
/*
 * keys.h - the keys that a configuration block holds, prepared, and the check of a
 * signature.
 *
 * A key belongs to a family (HMAC, RSA, ECDSA) and the token's `alg` to exactly one
 * family, so no key is ever used for another's algorithm.  OpenSSL does the
 * arithmetic.  Immutable once made; any thread.
 */
#ifndef AUTH_JWT_KEYS_H
#define AUTH_JWT_KEYS_H

#include <rotor/abi.h>

struct fault;
struct keys;
struct token_conf;

/* The keys of the block at `path` ("client.token").  0, or -errno with *f set. */
int keys_new(const struct token_conf *conf, const char *path, struct keys **ret, struct fault *f);
void keys_free(struct keys **kp);

/* Checks the signature `sig` of `text` (the first two parts with their dot) by the
 * algorithm named `alg`.  0, or -1 with a reason.  `now` is Unix seconds. */
int keys_verify(const struct keys *k, struct rotor_str alg, struct rotor_str text,
    struct rotor_str sig, double now, const char **ret_why);

#define KEYS_NAMES_MAX	64u	/* room for the names of all algorithms */
/* The enabled algorithms, space-separated; "" when there is no key. */
void keys_names(const struct keys *k, char *buf, size_t len);

#endif
