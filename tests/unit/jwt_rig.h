/* SPDX-License-Identifier: MIT */
/*
 * jwt_rig.h - keys, tokens signed with them, and verifiers to ask about them.
 *
 * What cannot be made fails the test.  Strings are the caller's.  One thread.
 */
#ifndef JWT_RIG_H
#define JWT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "conf.h"
#include "scratch.h"
#include "verifier.h"

#define NOW	1700000000.5
#define SECRET	"a secret of thirty-two bytes ...."

#define CONF_EMPTY							\
	"", "", 0, "", "", "", "", "", "", "", "", 0

struct jwt_keys {
	EVP_PKEY	*rsa, *other_rsa, *rsa512, *p256, *p384, *p521, *k256, *ed25519;
	char		*rsa_pem, *rsa512_pem, *p256_pem, *p384_pem, *p521_pem, *k256_pem;
	char		*ed25519_pem, *cert_pem, *private_pem;
};
extern struct jwt_keys key;

/* Make and free the keys: for cmocka_run_group_tests(). */
int jwt_setup(void **state);
int jwt_teardown(void **state);

/* A token over these exact bytes; signed with `pkey`, or with `secret` as HMAC. */
char *make_raw(const char *header, const char *claims, size_t claims_len, const char *alg,
    const char *secret, EVP_PKEY *pkey);
char *make(const char *claims, const char *alg, const char *secret, EVP_PKEY *pkey);
/* One that names its key. */
char *make_kid(const char *claims, const char *alg, const char *kid, EVP_PKEY *pkey);
/* Appends base64url to the string *out. */
void append_b64url(char **out, const void *p, size_t len);
/* The public key as a JWK with use "sig"; `more` is put in as it is (",\"alg\":..."). */
char *make_jwk(EVP_PKEY *pkey, const char *kid, const char *more);

struct token_conf hmac_conf(void);
/* HMAC, RSA and this ECDSA key. */
struct token_conf full_conf(const char *ecdsa);
struct verifier *verifier_of(struct token_conf conf, int skip);

/* Answers live here until the next question. */
struct jwt_answer {
	struct scratch				s;
	struct rotor_connection_claims		c;
	struct rotor_subscription_claims	sub;
	const char				*why;
	char					*jwt;
};
extern struct jwt_answer ans;
void forget(void);

/* Each returns the verdict; `jwt` is freed. */
uint32_t ask_jwt(const struct verifier *v, int subscription, char *jwt, size_t len);
uint32_t ask_conf(struct token_conf conf, int subscription, const char *claims);
uint32_t ask_signed(struct token_conf conf, const char *alg, const char *secret, EVP_PKEY *pkey);
uint32_t connection(const char *claims);
uint32_t subscription(const char *claims);

#define assert_str(s, text)						\
	do {								\
		assert_int_equal((s).len, strlen(text));		\
		assert_memory_equal((s).p, (text), (s).len);		\
	} while (0)

#endif
