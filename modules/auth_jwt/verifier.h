/* SPDX-License-Identifier: MIT */
/*
 * verifier.h - verifies tokens by one configuration block.
 *
 * A verifier is immutable once made; any thread.
 */
#ifndef AUTH_JWT_VERIFIER_H
#define AUTH_JWT_VERIFIER_H

#include <rotor/abi.h>
#include <rotor/auth.h>

struct keys;
struct scratch;
struct token_conf;
struct verifier;

/* A longer token is invalid. */
#define TOKEN_MAX_LEN	65536u

#define VERIFIER_ERR_MAX	256u

/* A verifier by the block at `path` ("client.token").  With `skip_signature` the
 * signature alone is not checked.  0, or -errno with a message that names the key
 * in `err` (VERIFIER_ERR_MAX bytes). */
int verifier_new(const struct token_conf *conf, const char *path, int skip_signature,
    struct verifier **ret, char *err);
void verifier_free(struct verifier **vp);
/* Borrowed. */
const struct keys *verifier_keys(const struct verifier *v);

/* Verify a token at `now` (Unix seconds).  The verdict is a ROTOR_TOKEN_*; *ret is
 * set when it is VALID, and points into `s`; *ret_why then is NULL, and otherwise a
 * constant text that names the failed check. */
uint32_t verifier_connection(const struct verifier *v, struct rotor_str jwt, double now,
    struct scratch *s, struct rotor_connection_claims *ret, const char **ret_why);
uint32_t verifier_subscription(const struct verifier *v, struct rotor_str jwt, double now,
    struct scratch *s, struct rotor_subscription_claims *ret, const char **ret_why);

/* A token taken apart and decoded, and nothing else. */
struct token {
	struct rotor_str	signed_text;	/* the first two parts, as they stand */
	struct rotor_str	alg;
	struct rotor_str	claims;		/* JSON text */
	struct rotor_str	sig;		/* bytes */
};

/* 0, or -1 with a reason. */
int token_parse(struct rotor_str jwt, struct scratch *s, struct token *ret, const char **ret_why);

#endif
