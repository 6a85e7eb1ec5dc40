/* SPDX-License-Identifier: MIT */
/* test_jwt_keys.c - signatures, and the keys of the configuration. */
#include "config.h"

#include "jwt_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "keys.h"

static void
test_every_algorithm(void **state)
{
	const struct { const char *alg; EVP_PKEY *pkey; const char *ecdsa; } t[] = {
		{ "HS256", NULL, key.p256_pem }, { "HS384", NULL, key.p256_pem },
		{ "HS512", NULL, key.p256_pem }, { "RS256", key.rsa, key.p256_pem },
		{ "RS384", key.rsa, key.p256_pem }, { "RS512", key.rsa, key.p256_pem },
		{ "ES256", key.p256, key.p256_pem }, { "ES384", key.p384, key.p384_pem },
		{ "ES512", key.p521, key.p521_pem },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		assert_int_equal(ask_signed(full_conf(t[i].ecdsa), t[i].alg, SECRET, t[i].pkey),
		    ROTOR_TOKEN_VALID);
		assert_null(ans.why);
		assert_str(ans.c.user, "u");
	}
	forget();
}

static void
test_certificate_as_key(void **state)
{
	struct token_conf conf = { CONF_EMPTY };

	(void)state;
	conf.rsa_public_key = key.cert_pem;
	assert_int_equal(ask_signed(conf, "RS256", NULL, key.rsa), ROTOR_TOKEN_VALID);
	forget();
}

static void
test_wrong_key_or_algorithm(void **state)
{
	struct token_conf rsa_only = { CONF_EMPTY };

	(void)state;
	rsa_only.rsa_public_key = key.rsa_pem;
	assert_int_equal(ask_signed(hmac_conf(), "HS256", "other", NULL), ROTOR_TOKEN_INVALID);
	assert_int_equal(ask_signed(rsa_only, "RS256", NULL, key.other_rsa), ROTOR_TOKEN_INVALID);
	/* A family without a key, or a variant that does not fit the curve. */
	assert_int_equal(ask_signed(rsa_only, "HS256", SECRET, NULL), ROTOR_TOKEN_INVALID);
	assert_string_equal(ans.why, "disabled algorithm");
	assert_int_equal(ask_signed(rsa_only, "HS256", "", NULL), ROTOR_TOKEN_INVALID);
	assert_int_equal(ask_signed(hmac_conf(), "RS256", NULL, key.rsa), ROTOR_TOKEN_INVALID);
	assert_int_equal(ask_signed(full_conf(key.p384_pem), "ES256", NULL, key.p384),
	    ROTOR_TOKEN_INVALID);
	/* Unknown ones. */
	assert_int_equal(ask_signed(full_conf(key.p256_pem), "PS256", NULL, key.rsa),
	    ROTOR_TOKEN_INVALID);
	assert_string_equal(ans.why, "unsupported algorithm");
	assert_int_equal(ask_signed(full_conf(key.p256_pem), "hs256", SECRET, NULL),
	    ROTOR_TOKEN_INVALID);
	/* RSA's key for an ECDSA token, and the other way round. */
	assert_int_equal(ask_signed(full_conf(key.p256_pem), "ES256", NULL, key.rsa),
	    ROTOR_TOKEN_INVALID);
	assert_int_equal(ask_signed(full_conf(key.p256_pem), "RS256", NULL, key.p256),
	    ROTOR_TOKEN_INVALID);
	forget();
}

static void
test_key_confusion(void **state)
{
	struct token_conf rsa_only = { CONF_EMPTY };

	(void)state;
	rsa_only.rsa_public_key = key.rsa_pem;
	/* The public key's text as HMAC secret. */
	assert_int_equal(ask_signed(rsa_only, "HS256", key.rsa_pem, NULL), ROTOR_TOKEN_INVALID);
	assert_int_equal(ask_signed(full_conf(key.p256_pem), "HS256", key.rsa_pem, NULL),
	    ROTOR_TOKEN_INVALID);
	assert_int_equal(ask_signed(full_conf(key.p256_pem), "HS256", key.p256_pem, NULL),
	    ROTOR_TOKEN_INVALID);
	forget();
}

static void
test_alg_none(void **state)
{
	static const char *const headers[] = {
		"{\"alg\":\"none\"}", "{\"alg\":\"None\"}", "{\"alg\":\"NONE\"}", "{\"alg\":\"\"}",
		"{}", "{\"alg\":null}", "{\"alg\":256}", "{\"alg\":[\"HS256\"]}",
		"{\"alg\":\"HS256\\u0000\"}", "{\"alg\":\"HS256\",\"crit\":[\"exp\"]}",
	};
	struct verifier *v = verifier_of(full_conf(key.p256_pem), 0);
	size_t i;
	char *jwt;

	(void)state;
	for (i = 0; i < sizeof headers / sizeof headers[0]; i++) {
		jwt = make_raw(headers[i], "{}", 2, "HS256", SECRET, NULL);
		assert_int_equal(ask_jwt(v, 0, jwt, strlen(jwt)), ROTOR_TOKEN_INVALID);
		/* And with no signature at all. */
		jwt = make_raw(headers[i], "{}", 2, "HS256", SECRET, NULL);
		strrchr(jwt, '.')[1] = '\0';
		assert_int_equal(ask_jwt(v, 0, jwt, strlen(jwt)), ROTOR_TOKEN_INVALID);
	}
	verifier_unref(&v);
	forget();
}

static void
test_header_typ_is_not_checked(void **state)
{
	static const char *const headers[] = {
		"{\"alg\":\"HS256\"}", "{\"typ\":null,\"alg\":\"HS256\"}",
		"{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"k\"}", " { \"alg\" : \"HS256\" } ",
	};
	struct verifier *v = verifier_of(hmac_conf(), 0);
	size_t i;
	char *jwt;

	(void)state;
	for (i = 0; i < sizeof headers / sizeof headers[0]; i++) {
		jwt = make_raw(headers[i], "{}", 2, "HS256", SECRET, NULL);
		assert_int_equal(ask_jwt(v, 0, jwt, strlen(jwt)), ROTOR_TOKEN_VALID);
		assert_int_equal(ans.c.user.len, 0);
	}
	verifier_unref(&v);
	forget();
}

static void
test_previous_key(void **state)
{
	struct token_conf conf = hmac_conf();

	(void)state;
	conf.hmac_previous_secret_key = "old";
	assert_int_equal(ask_signed(conf, "HS256", "old", NULL), ROTOR_TOKEN_VALID);
	assert_int_equal(ask_signed(conf, "HS512", "old", NULL), ROTOR_TOKEN_VALID);
	assert_int_equal(ask_signed(conf, "HS256", SECRET, NULL), ROTOR_TOKEN_VALID);
	assert_int_equal(ask_signed(conf, "HS256", "older", NULL), ROTOR_TOKEN_INVALID);
	conf.hmac_previous_valid_until = (int64_t)NOW;
	assert_int_equal(ask_signed(conf, "HS256", "old", NULL), ROTOR_TOKEN_VALID);
	conf.hmac_previous_valid_until = (int64_t)NOW - 1;
	assert_int_equal(ask_signed(conf, "HS256", "old", NULL), ROTOR_TOKEN_INVALID);
	assert_int_equal(ask_signed(conf, "HS256", SECRET, NULL), ROTOR_TOKEN_VALID);
	/* It is HMAC only, and does not need a present key. */
	conf = (struct token_conf){ CONF_EMPTY };
	conf.hmac_previous_secret_key = key.rsa_pem;
	assert_int_equal(ask_signed(conf, "RS256", NULL, key.rsa), ROTOR_TOKEN_INVALID);
	conf.hmac_previous_secret_key = "old";
	assert_int_equal(ask_signed(conf, "HS256", "old", NULL), ROTOR_TOKEN_VALID);
	forget();
}

static void
test_skip_signature(void **state)
{
	struct token_conf conf = hmac_conf();
	struct verifier *v;
	char *jwt;

	(void)state;
	conf.audience = "app";
	v = verifier_of(conf, 1);
	jwt = make("{\"sub\":\"u\",\"aud\":\"app\"}", "HS256", "wrong", NULL);
	assert_int_equal(ask_jwt(v, 0, jwt, strlen(jwt)), ROTOR_TOKEN_VALID);
	/* Claims are still enforced. */
	jwt = make("{\"sub\":\"u\",\"aud\":\"other\"}", "HS256", "wrong", NULL);
	assert_int_equal(ask_jwt(v, 0, jwt, strlen(jwt)), ROTOR_TOKEN_INVALID);
	jwt = make("{\"aud\":\"app\",\"exp\":1}", "HS256", "wrong", NULL);
	assert_int_equal(ask_jwt(v, 0, jwt, strlen(jwt)), ROTOR_TOKEN_EXPIRED);
	verifier_unref(&v);
	forget();
}

static void
test_no_key_refuses(void **state)
{
	struct token_conf conf = { CONF_EMPTY };

	(void)state;
	assert_int_equal(ask_signed(conf, "HS256", "", NULL), ROTOR_TOKEN_INVALID);
	assert_int_equal(ask_signed(conf, "HS256", SECRET, NULL), ROTOR_TOKEN_INVALID);
	forget();
}

static void
refuse(struct token_conf conf, const char *part)
{
	const struct key_sets ks = { .fetcher = NULL };
	struct verifier *v = NULL;
	char err[2 * sizeof(struct fault)];
	struct fault f;

	assert_true(verifier_new(&conf, "client.token", 0, &ks, &v, &f) < 0);
	assert_null(v);
	snprintf(err, sizeof err, "%s: %s", f.key, f.text);
	if (strstr(err, part) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", err, part);
	assert_null(strstr(err, "MII"));
	assert_null(strstr(err, SECRET));
}

static void
test_refused_configuration(void **state)
{
	struct token_conf conf = hmac_conf();

	(void)state;
#define WITH(field, text, part)						\
	conf = hmac_conf();						\
	conf.field = (text);						\
	refuse(conf, (part))
	WITH(rsa_public_key, "nonsense", "client.token.rsa_public_key");
	WITH(rsa_public_key, key.p256_pem, "client.token.rsa_public_key: not an RSA key");
	WITH(rsa_public_key, key.rsa512_pem, "client.token.rsa_public_key: an RSA key of 512 bits");
	WITH(rsa_public_key, key.private_pem, "client.token.rsa_public_key: is a private key");
	WITH(rsa_public_key, key.ed25519_pem, "client.token.rsa_public_key: not an RSA key");
	WITH(ecdsa_public_key, "nonsense", "client.token.ecdsa_public_key");
	WITH(ecdsa_public_key, key.rsa_pem, "client.token.ecdsa_public_key: not an ECDSA key");
	WITH(ecdsa_public_key, key.k256_pem, "client.token.ecdsa_public_key: curve secp256k1 is none");
	WITH(ecdsa_public_key, key.ed25519_pem, "client.token.ecdsa_public_key: not an ECDSA key");
	WITH(jwks_public_endpoint, "ftp://x/", "client.token.jwks_public_endpoint: expected a URL");
	WITH(jwks_public_endpoint, "keys.json", "client.token.jwks_public_endpoint: expected a URL");
	WITH(jwks_public_endpoint, "https://x/{{a", "client.token.jwks_public_endpoint: has \"{{\"");
	WITH(jwks_public_endpoint, "https://x/a/../b", "client.token.jwks_public_endpoint");
	WITH(user_id_claim, "a.b", "client.token.user_id_claim");
	WITH(audience_regex, "(", "client.token.audience_regex");
	WITH(issuer_regex, "(?=x)", "client.token.issuer_regex");
	/* A key set makes no bad key good. */
	WITH(rsa_public_key, "nonsense", "client.token.rsa_public_key");
	conf.jwks_public_endpoint = "https://x/";
	refuse(conf, "client.token.rsa_public_key");
	conf = hmac_conf();
	conf.audience = "a";
	conf.audience_regex = "a";
	refuse(conf, "client.token.audience");
	conf = hmac_conf();
	conf.issuer = "a";
	conf.issuer_regex = "a";
	refuse(conf, "client.token.issuer");
#undef WITH
}

/* What else people put there. */
static void
test_mistaken_keys(void **state)
{
	static const struct { const char *text, *part; } t[] = {
		{ "-----BEGIN RSA PUBLIC KEY-----\nMAA=\n-----END RSA PUBLIC KEY-----\n", "PKCS#1" },
		{ "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n",
		    "private key" },
		{ "-----BEGIN OPENSSH PRIVATE KEY-----\nMAA=\n-----END OPENSSH PRIVATE KEY-----\n",
		    "private key" },
		{ "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n", "damaged public key" },
		{ "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "damaged certificate" },
		{ "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n",
		    "certificate request" },
		{ "-----BEGIN EC PARAMETERS-----\nMAA=\n-----END EC PARAMETERS-----\n", "parameters" },
		{ "-----BEGIN PGP MESSAGE-----\nMAA=\n-----END PGP MESSAGE-----\n", "another kind" },
		{ "ssh-rsa AAAA me@home", "SSH" },
		{ "secret", "holds no PEM" },
	};
	struct token_conf conf;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		conf = (struct token_conf){ CONF_EMPTY };
		conf.rsa_public_key = t[i].text;
		refuse(conf, t[i].part);
	}
}

static void
assert_names(struct token_conf conf, const char *want)
{
	struct verifier *v = verifier_of(conf, 0);
	char names[KEYS_NAMES_MAX];

	keys_names(verifier_keys(v), names, sizeof names);
	assert_string_equal(names, want);
	verifier_unref(&v);
}

static void
test_names_of_algorithms(void **state)
{
	struct token_conf conf = { CONF_EMPTY };

	(void)state;
	assert_names(conf, "");
	assert_names(full_conf(key.p521_pem), "HS256 HS384 HS512 RS256 RS384 RS512 ES512");
	conf.hmac_previous_secret_key = "old";
	assert_names(conf, "HS256 HS384 HS512");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_algorithm),
		cmocka_unit_test(test_certificate_as_key),
		cmocka_unit_test(test_wrong_key_or_algorithm),
		cmocka_unit_test(test_key_confusion),
		cmocka_unit_test(test_alg_none),
		cmocka_unit_test(test_header_typ_is_not_checked),
		cmocka_unit_test(test_previous_key),
		cmocka_unit_test(test_skip_signature),
		cmocka_unit_test(test_no_key_refuses),
		cmocka_unit_test(test_refused_configuration),
		cmocka_unit_test(test_mistaken_keys),
		cmocka_unit_test(test_names_of_algorithms),
	};

	return (cmocka_run_group_tests(tests, jwt_setup, jwt_teardown));
}
