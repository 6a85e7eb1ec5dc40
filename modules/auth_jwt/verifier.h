/* SPDX-License-Identifier: MIT */
/*
 * verifier.h - verifies tokens by one configuration block.
 *
 * A verifier is counted, and immutable but for the key set it may have; any thread.
 */
#ifndef AUTH_JWT_VERIFIER_H
#define AUTH_JWT_VERIFIER_H

#include <rotor/abi.h>
#include <rotor/auth.h>

#include "claims.h"
#include "jwks_source.h"

struct fault;
struct fetcher;
struct keys;
struct scratch;
struct token_conf;
struct verifier;

/* A longer token is invalid. */
#define TOKEN_MAX_LEN	65536u

/* What a key set needs from outside. */
struct key_sets {
	struct fetcher	*fetcher;	/* outlives the verifiers */
	jwks_report_f	*report;
	void		*priv;		/* of report */
};

/* A verifier by the block at `path` ("client.token").  With `skip_signature` the
 * signature alone is not checked.  `ks` is looked at when the block has a
 * jwks_public_endpoint.  0, with a text in *f when there is something to warn of; or
 * -errno with *f set. */
int verifier_new(const struct token_conf *conf, const char *path, int skip_signature,
    const struct key_sets *ks, struct verifier **ret, struct fault *f);
struct verifier *verifier_ref(struct verifier *v);
/* NULL in *vp is a no-op. */
void verifier_unref(struct verifier **vp);
/* Borrowed; NULL when a key set has them. */
const struct keys *verifier_keys(const struct verifier *v);

/* The verdict, beside ROTOR_TOKEN_*, that the key must be fetched first. */
#define VERIFIER_ASK	100u

/* The key of a token, when a key set has it.  Zeroed at first. */
struct key_ask {
	struct rotor_str	url, kid;	/* out, with VERIFIER_ASK; in the scratch */
	int			answered;	/* in: what follows is the answer */
	enum jwks_answer	answer;
	struct jwk		*key;		/* for JWKS_FOUND */
};

/* Verify a token at `now` (Unix seconds).  The verdict is a ROTOR_TOKEN_* or
 * VERIFIER_ASK: then verifier_ask() is to be called, and the token verified again with
 * the answer in *ask.  *ret is set when it is VALID, and points into `s`; *ret_why then
 * is NULL, and otherwise a text, perhaps in `s`, that names the failed check. */
uint32_t verifier_connection(const struct verifier *v, struct rotor_str jwt, double now,
    struct key_ask *ask, struct scratch *s, struct rotor_connection_claims *ret,
    const char **ret_why);
uint32_t verifier_subscription(const struct verifier *v, struct rotor_str jwt, double now,
    struct key_ask *ask, struct scratch *s, struct rotor_subscription_claims *ret,
    const char **ret_why);
/* As jwks_source_ask(). */
int verifier_ask(const struct verifier *v, const struct key_ask *ask, jwks_done_f *done,
    void *priv);

/* A token taken apart and decoded, and nothing else. */
struct token {
	struct rotor_str	signed_text;	/* the first two parts, as they stand */
	struct header		header;
	struct rotor_str	claims;		/* JSON text */
	struct rotor_str	sig;		/* bytes */
};

/* 0, or -1 with a reason. */
int token_parse(struct rotor_str jwt, struct scratch *s, struct token *ret, const char **ret_why);

#endif
