/* SPDX-License-Identifier: MIT */
/* test_auth_jwt.c - tokens: signatures, claims, the order of checks, the commands. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "commands.h"
#include "conf.h"
#include "keys.h"
#include "pattern.h"
#include "scratch.h"
#include "verifier.h"

#define NOW	1700000000.5
#define SECRET	"a secret of thirty-two bytes ...."

#define CONF_EMPTY							\
	"", "", 0, "", "", "", "", "", "", "", "", 0

/* ---- making tokens ------------------------------------------------------ */

static struct {
	EVP_PKEY	*rsa, *other_rsa, *rsa512, *p256, *p384, *p521, *k256;
	char		*rsa_pem, *rsa512_pem, *p256_pem, *p384_pem, *p521_pem, *k256_pem;
	char		*cert_pem, *private_pem;
} key;

static char *
bio_text(BIO *bio)
{
	char *p, *text;
	long len = BIO_get_mem_data(bio, &p);

	text = strndup(p, (size_t)len);
	BIO_free(bio);
	return (text);
}

static char *
public_pem(EVP_PKEY *pkey)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_PUBKEY(bio, pkey), 1);
	return (bio_text(bio));
}

static char *
certificate_pem(EVP_PKEY *pkey)
{
	BIO *bio = BIO_new(BIO_s_mem());
	X509 *cert = X509_new();

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, pkey);
	assert_true(X509_sign(cert, pkey, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(bio, cert), 1);
	X509_free(cert);
	return (bio_text(bio));
}

static int
setup(void **state)
{
	BIO *bio = BIO_new(BIO_s_mem());

	(void)state;
	key.rsa = EVP_RSA_gen(2048);
	key.other_rsa = EVP_RSA_gen(2048);
	key.rsa512 = EVP_RSA_gen(512);
	key.p256 = EVP_EC_gen("P-256");
	key.p384 = EVP_EC_gen("P-384");
	key.p521 = EVP_EC_gen("P-521");
	key.k256 = EVP_EC_gen("secp256k1");
	key.rsa_pem = public_pem(key.rsa);
	key.rsa512_pem = public_pem(key.rsa512);
	key.p256_pem = public_pem(key.p256);
	key.p384_pem = public_pem(key.p384);
	key.p521_pem = public_pem(key.p521);
	key.k256_pem = public_pem(key.k256);
	key.cert_pem = certificate_pem(key.rsa);
	PEM_write_bio_PrivateKey(bio, key.rsa, NULL, NULL, 0, NULL, NULL);
	key.private_pem = bio_text(bio);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(key.rsa);
	EVP_PKEY_free(key.other_rsa);
	EVP_PKEY_free(key.rsa512);
	EVP_PKEY_free(key.p256);
	EVP_PKEY_free(key.p384);
	EVP_PKEY_free(key.p521);
	EVP_PKEY_free(key.k256);
	free(key.rsa_pem);
	free(key.rsa512_pem);
	free(key.p256_pem);
	free(key.p384_pem);
	free(key.p521_pem);
	free(key.k256_pem);
	free(key.cert_pem);
	free(key.private_pem);
	return (0);
}

static void
append_b64url(char **out, const void *p, size_t len)
{
	size_t at = strlen(*out), n;

	*out = realloc(*out, at + len * 2 + 8);
	n = (size_t)EVP_EncodeBlock((unsigned char *)*out + at, p, (int)len);
	while (n > 0 && (*out)[at + n - 1] == '=')
		n--;
	(*out)[at + n] = '\0';
	for (char *c = *out + at; *c != '\0'; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
}

static const EVP_MD *
digest_of(const char *alg)
{
	return (strcmp(alg + 2, "256") == 0 ? EVP_sha256() :
	    strcmp(alg + 2, "384") == 0 ? EVP_sha384() : EVP_sha512());
}

static size_t
sign_public(EVP_PKEY *pkey, const char *alg, const char *text, unsigned char *sig)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = 1024;

	assert_int_equal(EVP_DigestSignInit(ctx, NULL, digest_of(alg), NULL, pkey), 1);
	assert_int_equal(EVP_DigestSign(ctx, sig, &len, (const unsigned char *)text, strlen(text)), 1);
	EVP_MD_CTX_free(ctx);
	if (EVP_PKEY_is_a(pkey, "EC")) {
		const unsigned char *p = sig;
		ECDSA_SIG *es = d2i_ECDSA_SIG(NULL, &p, (long)len);
		int coord = (EVP_PKEY_get_bits(pkey) + 7) / 8;

		BN_bn2binpad(ECDSA_SIG_get0_r(es), sig, coord);
		BN_bn2binpad(ECDSA_SIG_get0_s(es), sig + coord, coord);
		ECDSA_SIG_free(es);
		len = 2 * (size_t)coord;
	}
	return (len);
}

/* A token over these exact bytes; signed with `pkey`, or with `secret` as HMAC. */
static char *
make_raw(const char *header, const char *claims, size_t claims_len, const char *alg,
    const char *secret, EVP_PKEY *pkey)
{
	char *out = calloc(1, 1);
	unsigned char sig[1024];
	unsigned int hlen;
	size_t len;

	append_b64url(&out, header, strlen(header));
	out = realloc(out, strlen(out) + 2);
	strcat(out, ".");
	append_b64url(&out, claims, claims_len);
	if (pkey != NULL) {
		len = sign_public(pkey, alg, out, sig);
	} else {
		HMAC(digest_of(alg), secret, (int)strlen(secret), (unsigned char *)out,
		    strlen(out), sig, &hlen);
		len = hlen;
	}
	out = realloc(out, strlen(out) + 2);
	strcat(out, ".");
	append_b64url(&out, sig, len);
	return (out);
}

static char *
make(const char *claims, const char *alg, const char *secret, EVP_PKEY *pkey)
{
	char header[128];

	snprintf(header, sizeof header, "{\"alg\":\"%s\",\"typ\":\"JWT\"}", alg);
	return (make_raw(header, claims, strlen(claims), alg, secret, pkey));
}

/* ---- asking ------------------------------------------------------------- */

static struct verifier *
verifier_of(struct token_conf conf, int skip)
{
	char err[VERIFIER_ERR_MAX] = "";
	struct verifier *v = NULL;

	if (verifier_new(&conf, "client.token", skip, &v, err) != 0)
		fail_msg("%s", err);
	return (v);
}

static struct token_conf
hmac_conf(void)
{
	struct token_conf conf = { CONF_EMPTY };

	conf.hmac_secret_key = SECRET;
	return (conf);
}

/* Answers live here until the next question. */
static struct {
	struct scratch				s;
	struct rotor_connection_claims		c;
	struct rotor_subscription_claims	sub;
	const char				*why;
	char					*jwt;
} ans;

static void
forget(void)
{
	scratch_fini(&ans.s);
	free(ans.jwt);
	ans.jwt = NULL;
}

static uint32_t
ask_jwt(const struct verifier *v, int subscription, char *jwt, size_t len)
{
	if (ans.s.at != NULL)
		scratch_fini(&ans.s);
	scratch_init(&ans.s);
	free(ans.jwt);
	/* An exact allocation, so that the sanitizer sees every byte read beyond. */
	ans.jwt = malloc(len > 0 ? len : 1);
	memcpy(ans.jwt, jwt, len);
	free(jwt);
	ans.why = NULL;
	if (subscription)
		return (verifier_subscription(v, (struct rotor_str){ ans.jwt, len }, NOW,
		    &ans.s, &ans.sub, &ans.why));
	return (verifier_connection(v, (struct rotor_str){ ans.jwt, len }, NOW,
	    &ans.s, &ans.c, &ans.why));
}

static uint32_t
ask_conf(struct token_conf conf, int subscription, const char *claims)
{
	struct verifier *v = verifier_of(conf, 0);
	char *jwt = make(claims, "HS256", SECRET, NULL);
	uint32_t verdict = ask_jwt(v, subscription, jwt, strlen(jwt));

	verifier_free(&v);
	return (verdict);
}

static uint32_t
connection(const char *claims)
{
	return (ask_conf(hmac_conf(), 0, claims));
}

static uint32_t
subscription(const char *claims)
{
	return (ask_conf(hmac_conf(), 1, claims));
}

#define assert_str(s, text)						\
	do {								\
		assert_int_equal((s).len, strlen(text));		\
		assert_memory_equal((s).p, (text), (s).len);		\
	} while (0)

/* ---- signatures --------------------------------------------------------- */

static struct token_conf
full_conf(const char *ecdsa)
{
	struct token_conf conf = hmac_conf();

	conf.rsa_public_key = key.rsa_pem;
	conf.ecdsa_public_key = ecdsa;
	return (conf);
}

static uint32_t
ask_signed(struct token_conf conf, const char *alg, const char *secret, EVP_PKEY *pkey)
{
	struct verifier *v = verifier_of(conf, 0);
	char *jwt = make("{\"sub\":\"u\"}", alg, secret, pkey);
	uint32_t verdict = ask_jwt(v, 0, jwt, strlen(jwt));

	verifier_free(&v);
	return (verdict);
}

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
	verifier_free(&v);
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
	verifier_free(&v);
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
	verifier_free(&v);
	forget();
}

/* ---- hostile input ------------------------------------------------------ */

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
test_malformed(void **state)
{
	static const char *const bad[] = {
		"", ".", "..", "...", "a", "a.b", "a.b.c", "e30.e30", "e30.e30.", "e30..",
		"eyJhbGciOiJIUzI1NiJ9", "eyJhbGciOiJIUzI1NiJ9.", "eyJhbGciOiJIUzI1NiJ9.e30",
		"eyJhbGciOiJIUzI1NiJ9.e30.", "eyJhbGciOiJIUzI1NiJ9.e30.e30.e30",
		"eyJhbGciOiJIUzI1NiJ9=.e30.AAAA", "eyJhbGciOiJIUzI1NiJ9.e30.AA==",
		"eyJhbGciOiJIUzI1NiJ9.e30.AB", "eyJhbGciOiJIUzI1NiJ9.e30.AAAA\n",
		" eyJhbGciOiJIUzI1NiJ9.e30.AAAA", "eyJhbGciOiJIUzI1NiJ9.e3+/.AAAA",
		"W10.e30.AAAA", "bnVsbA.e30.AAAA", "eyJ.e30.AAAA", "\xff\xfe.\x80.\x01",
	};
	struct verifier *v = verifier_of(hmac_conf(), 0);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(ask_jwt(v, 0, strdup(bad[i]), strlen(bad[i])), ROTOR_TOKEN_INVALID);
		assert_non_null(ans.why);
		assert_int_equal(ask_jwt(v, 1, strdup(bad[i]), strlen(bad[i])), ROTOR_TOKEN_INVALID);
	}
	verifier_free(&v);
	forget();
}

static void
test_every_truncation_and_bit(void **state)
{
	struct verifier *v = verifier_of(hmac_conf(), 0);
	char *good = make("{\"sub\":\"u\",\"info\":{\"a\":[1,2.5e3,\"\\u00e9\"]}}", "HS256", SECRET, NULL);
	size_t len = strlen(good), i;
	int bit;

	(void)state;
	for (i = 0; i < len; i++)
		assert_int_equal(ask_jwt(v, 0, strdup(good), i), ROTOR_TOKEN_INVALID);
	for (i = 0; i < len; i++) {
		for (bit = 0; bit < 8; bit++) {
			char *jwt = strdup(good);

			jwt[i] ^= (char)(1 << bit);
			assert_int_equal(ask_jwt(v, 0, jwt, len), ROTOR_TOKEN_INVALID);
		}
	}
	assert_int_equal(ask_jwt(v, 0, good, len), ROTOR_TOKEN_VALID);
	verifier_free(&v);
	forget();
}

/* Random damage to claims, with the signature not in the way. */
static void
test_damaged_claims(void **state)
{
	static const char seed[] = "{\"sub\":\"\\u00e9\\ud83d\\ude00\",\"exp\":\"1.7e9\",\"aud\":[\"a\",\"b\"],"
	    "\"subs\":{\"a\":{\"b64info\":\"AAAA\",\"override\":{\"presence\":{\"value\":true}}},"
	    "\"a\":{\"data\":[null,-0.1E+2]}},\"channels\":[\"x\",\"y\",\"x\"],\"meta\":{\"\":{}}}";
	struct verifier *v = verifier_of(hmac_conf(), 1);
	uint32_t rnd = 1, verdict;
	char claims[sizeof seed], *jwt;
	int i, n;

	(void)state;
	for (i = 0; i < 20000; i++) {
		memcpy(claims, seed, sizeof seed);
		for (n = i % 4; n >= 0; n--) {
			rnd = rnd * 1664525 + 1013904223;
			claims[(rnd >> 8) % (sizeof seed - 1)] =
			    (rnd & 1) ? (char)(rnd >> 24) : "{}[]\",:\\u0-."[(rnd >> 24) % 12];
		}
		jwt = make_raw("{\"alg\":\"HS256\"}", claims, sizeof seed - 1, "HS256", "", NULL);
		verdict = ask_jwt(v, i & 1, jwt, strlen(jwt));
		assert_true(verdict <= ROTOR_TOKEN_ERROR);
	}
	verifier_free(&v);
	forget();
}

static char *
repeated(const char *front, const char *part, size_t n, const char *back)
{
	size_t len = strlen(part), i;
	char *s = malloc(strlen(front) + n * len + strlen(back) + 1);

	strcpy(s, front);
	for (i = 0; i < n; i++)
		memcpy(s + strlen(front) + i * len, part, len);
	strcpy(s + strlen(front) + n * len, back);
	return (s);
}

static void
test_huge_and_deep(void **state)
{
	char *claims = repeated("{\"info\":\"", "x", 48000, "\"}");

	(void)state;
	assert_int_equal(connection(claims), ROTOR_TOKEN_VALID);
	assert_int_equal(ans.c.info.len, 48002);
	free(claims);
	claims = repeated("{\"info\":\"", "x", 50000, "\"}");
	assert_int_equal(connection(claims), ROTOR_TOKEN_INVALID);
	free(claims);
	claims = repeated("{\"info\":", "[", 40000, "}");
	assert_int_equal(connection(claims), ROTOR_TOKEN_INVALID);
	free(claims);
	claims = repeated("{\"channels\":[\"x\"", ",\"x\"", 11000, "]}");
	assert_int_equal(connection(claims), ROTOR_TOKEN_VALID);
	assert_int_equal(ans.c.n_subs, 1);
	free(claims);
	claims = repeated("{\"exp\":", "9", 40000, "}");
	assert_int_equal(connection(claims), ROTOR_TOKEN_INVALID);
	free(claims);
	forget();
}

/* ---- time --------------------------------------------------------------- */

static void
test_time(void **state)
{
	static const struct { const char *claims; uint32_t verdict; } t[] = {
		{ "{\"exp\":1700000001}", ROTOR_TOKEN_VALID },
		{ "{\"exp\":1700000000}", ROTOR_TOKEN_EXPIRED },
		{ "{\"exp\":1700000000.5}", ROTOR_TOKEN_EXPIRED },
		{ "{\"exp\":1700000000.75}", ROTOR_TOKEN_VALID },
		{ "{\"exp\":\"1700000001\"}", ROTOR_TOKEN_VALID },
		{ "{\"exp\":1.8e9}", ROTOR_TOKEN_VALID },
		{ "{\"exp\":18E+8}", ROTOR_TOKEN_VALID },
		{ "{\"exp\":180000000000e-2}", ROTOR_TOKEN_VALID },
		{ "{\"exp\":0}", ROTOR_TOKEN_EXPIRED },
		{ "{\"exp\":-5}", ROTOR_TOKEN_EXPIRED },
		{ "{\"exp\":null}", ROTOR_TOKEN_VALID },
		{ "{\"exp\":1e400}", ROTOR_TOKEN_INVALID },
		{ "{\"exp\":\"soon\"}", ROTOR_TOKEN_INVALID },
		{ "{\"exp\":\"\"}", ROTOR_TOKEN_INVALID },
		{ "{\"exp\":\" 1800000000\"}", ROTOR_TOKEN_INVALID },
		{ "{\"exp\":true}", ROTOR_TOKEN_INVALID },
		{ "{\"exp\":[1800000000]}", ROTOR_TOKEN_INVALID },
		{ "{\"nbf\":1700000000}", ROTOR_TOKEN_VALID },
		{ "{\"nbf\":1700000000.5}", ROTOR_TOKEN_EXPIRED },
		{ "{\"nbf\":1700000001}", ROTOR_TOKEN_EXPIRED },
		{ "{\"nbf\":\"1700000001\"}", ROTOR_TOKEN_EXPIRED },
		{ "{\"iat\":1800000000}", ROTOR_TOKEN_VALID },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		if (connection(t[i].claims) != t[i].verdict)
			fail_msg("%s: %s", t[i].claims, ans.why != NULL ? ans.why : "valid");
	}
	forget();
}

static void
test_expiry(void **state)
{
	static const struct { const char *claims; int64_t at; } t[] = {
		{ "{}", 0 },
		{ "{\"exp\":1800000000}", 1800000000 },
		{ "{\"exp\":1800000000.9}", 1800000000 },
		{ "{\"exp\":1800000000,\"expire_at\":1900000000}", 1900000000 },
		{ "{\"exp\":1800000000,\"expire_at\":0}", 0 },
		{ "{\"exp\":1800000000,\"expire_at\":-1}", 0 },
		{ "{\"exp\":1800000000,\"expire_at\":null}", 1800000000 },
		/* In the past: for the core to answer. */
		{ "{\"expire_at\":1}", 1 },
		{ "{\"exp\":1e300}", INT64_C(9007199254740992) },
	};
	char claims[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		assert_int_equal(connection(t[i].claims), ROTOR_TOKEN_VALID);
		assert_int_equal(ans.c.expire_at, t[i].at);
		snprintf(claims, sizeof claims, "{\"channel\":\"c\"%s%s", i > 0 ? "," : "",
		    t[i].claims + 1);
		assert_int_equal(subscription(claims), ROTOR_TOKEN_VALID);
		assert_int_equal(ans.sub.expire_at, t[i].at);
	}
	assert_int_equal(connection("{\"expire_at\":1.0}"), ROTOR_TOKEN_INVALID);
	assert_int_equal(connection("{\"expire_at\":\"1\"}"), ROTOR_TOKEN_INVALID);
	assert_int_equal(connection("{\"expire_at\":9223372036854775808}"), ROTOR_TOKEN_INVALID);
	forget();
}

/* ---- claims ------------------------------------------------------------- */

static void
test_claim_types(void **state)
{
	static const char *const invalid[] = {
		"[]", "null", "\"x\"", "", "{", "{\"sub\":\"u\",}", "{} {}", "{\"sub\":'u'}",
		"{\"sub\":42}", "{\"sub\":true}", "{\"sub\":{}}", "{\"iss\":1}", "{\"jti\":1}",
		"{\"aud\":1}", "{\"aud\":[1]}", "{\"aud\":[\"a\",null]}", "{\"aud\":null}", "{\"aud\":{}}",
		"{\"iat\":\"x\"}", "{\"nbf\":{}}", "{\"b64info\":1}", "{\"channels\":\"a\"}",
		"{\"channels\":[1]}", "{\"channels\":{}}", "{\"subs\":[]}", "{\"subs\":{\"a\":1}}",
		"{\"subs\":{\"a\":{\"b64info\":1}}}", "{\"subs\":{\"a\":{\"override\":[]}}}",
		"{\"subs\":{\"a\":{\"override\":{\"presence\":true}}}}",
		"{\"subs\":{\"a\":{\"override\":{\"presence\":{\"value\":1}}}}}",
		"{\"meta\":1}", "{\"meta\":\"x\"}", "{\"meta\":[]}", "{\"channel\":1}",
		"{\"sub\":\"\x01\"}", "{\"sub\":\"\xff\"}", "{\"sub\":\"\xed\xa0\x80\"}",
		"{\"sub\":\"\xc0\xaf\"}", "{\"sub\":\"\\x\"}", "{\"sub\":\"\\u12g4\"}", "{\"a\":01}",
		"{\"a\":1.}", "{\"a\":.5}", "{\"a\":+1}", "{\"a\":tru}", "{\"a\":[1,]}", "{\"a\":[}",
		"{\"a\":1e}", "{\"a\" 1}", "{a:1}", "{\"a\":NaN}", "\xef\xbb\xbf{}",
	};
	static const char *const valid[] = {
		"{}", " {\n} ", "{\"sub\":null}", "{\"channels\":null,\"subs\":null,\"meta\":null}",
		"{\"subs\":{\"a\":null}}", "{\"unknown\":{\"x\":[1,2,{\"y\":null}]}}",
		"{\"subs\":{\"a\":{\"override\":{\"presence\":null,\"other\":5}}}}",
		"{\"client\":5,\"data\":1,\"override\":7}", "{\"jti\":\"j\",\"iss\":\"i\",\"aud\":[]}",
		"{\"a\":18446744073709551616}", "{\"a\":[-0,0.5,1E-2,\"\\b\\f\\/\\\\\\\"\"]}",
		"{\"channel\":\"\"}",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof invalid / sizeof invalid[0]; i++) {
		if (connection(invalid[i]) != ROTOR_TOKEN_INVALID)
			fail_msg("%s", invalid[i]);
	}
	for (i = 0; i < sizeof valid / sizeof valid[0]; i++) {
		if (connection(valid[i]) != ROTOR_TOKEN_VALID)
			fail_msg("%s: %s", valid[i], ans.why);
	}
	forget();
}

static void
test_connection_claims(void **state)
{
	(void)state;
	assert_int_equal(connection("{\"sub\":\"u\\u00e91\\ud83d\\ude00\\ud800x\",\"jti\":\"id\","
	    "\"iat\":1699999999,\"info\": {\"n\": 1,  \"x\":1.0e2} ,\"meta\":{ \"k\":\"v\" }}"),
	    ROTOR_TOKEN_VALID);
	assert_str(ans.c.user, "u\xc3\xa9" "1\xf0\x9f\x98\x80\xef\xbf\xbdx");
	assert_str(ans.c.token_id, "id");
	assert_int_equal(ans.c.issued_at, 1699999999);
	/* Payloads keep every byte. */
	assert_str(ans.c.info, "{\"n\": 1,  \"x\":1.0e2}");
	assert_str(ans.c.meta, "{ \"k\":\"v\" }");
	assert_int_equal(ans.c.n_subs, 0);
	assert_int_equal(connection("{\"info\":\"a \\u00e9 string\"}"), ROTOR_TOKEN_VALID);
	assert_str(ans.c.info, "\"a \\u00e9 string\"");
	/* Base64 wins, whatever is beside it. */
	assert_int_equal(connection("{\"info\":{},\"b64info\":\"AP8B\"}"), ROTOR_TOKEN_VALID);
	assert_int_equal(ans.c.info.len, 3);
	assert_memory_equal(ans.c.info.p, "\x00\xff\x01", 3);
	assert_int_equal(connection("{\"info\":{},\"b64info\":\"\"}"), ROTOR_TOKEN_VALID);
	assert_str(ans.c.info, "{}");
	/* A name may be escaped too; of two claims the last holds. */
	assert_int_equal(connection("{\"sub\":\"a\",\"s\\u0075b\":\"b\"}"), ROTOR_TOKEN_VALID);
	assert_str(ans.c.user, "b");
	forget();
}

static void
test_connection_channel_claim(void **state)
{
	(void)state;
	assert_int_equal(connection("{\"channel\":\"c\"}"), ROTOR_TOKEN_INVALID);
	/* This rule comes before time. */
	assert_int_equal(connection("{\"channel\":\"c\",\"exp\":1}"), ROTOR_TOKEN_INVALID);
	/* In subscription tokens time comes first. */
	assert_int_equal(subscription("{\"exp\":1}"), ROTOR_TOKEN_EXPIRED);
	assert_int_equal(subscription("{}"), ROTOR_TOKEN_INVALID);
	assert_int_equal(subscription("{\"channel\":\"\"}"), ROTOR_TOKEN_INVALID);
	forget();
}

static void
test_base64_failures(void **state)
{
	static const char *const bad[] = {
		"!!!!", "A", "AA", "AAA", "AA=", "AAA==", "AA==AA==", "AB==", "AAB=", "A_-A", "====",
	};
	char claims[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(claims, sizeof claims, "{\"b64info\":\"%s\"}", bad[i]);
		assert_int_equal(connection(claims), ROTOR_TOKEN_ERROR);
		snprintf(claims, sizeof claims, "{\"subs\":{\"c\":{\"b64data\":\"%s\"}}}", bad[i]);
		assert_int_equal(connection(claims), ROTOR_TOKEN_INVALID);
		snprintf(claims, sizeof claims, "{\"channel\":\"c\",\"b64info\":\"%s\"}", bad[i]);
		assert_int_equal(subscription(claims), ROTOR_TOKEN_INVALID);
	}
	/* Time and kind come before. */
	assert_int_equal(connection("{\"b64info\":\"!\",\"exp\":1}"), ROTOR_TOKEN_EXPIRED);
	assert_int_equal(connection("{\"b64info\":\"YWJj\\r\\nZA==\\n\"}"), ROTOR_TOKEN_VALID);
	assert_str(ans.c.info, "abcd");
	forget();
}

static void
test_server_side_subscriptions(void **state)
{
	(void)state;
	assert_int_equal(connection("{\"channels\":[\"b\",\"a\",\"b\",\"\"]}"), ROTOR_TOKEN_VALID);
	assert_int_equal(ans.c.n_subs, 3);
	assert_int_equal(ans.c.subs[0].size, sizeof(struct rotor_sub_grant));
	assert_int_equal(ans.c.subs[0].channel.len, 0);
	assert_str(ans.c.subs[1].channel, "a");
	assert_str(ans.c.subs[2].channel, "b");
	assert_int_equal(ans.c.subs[2].override_set, 0);
	/* subs push channels aside, unless they are empty. */
	assert_int_equal(connection("{\"channels\":[\"b\"],\"subs\":{}}"), ROTOR_TOKEN_VALID);
	assert_int_equal(ans.c.n_subs, 1);
	assert_int_equal(connection("{\"channels\":[\"b\"],\"subs\":{"
	    "\"ch:1\":{\"info\":{\"a\": 1},\"b64data\":\"AAEC\",\"override\":{"
	    "\"presence\":{\"value\":true},\"join_leave\":{\"value\":false},"
	    "\"force_positioning\":{}}},"
	    "\"ch:0\":{\"data\":[ ]},\"ch:0\":{\"data\":[1]}}}"), ROTOR_TOKEN_VALID);
	assert_int_equal(ans.c.n_subs, 2);
	assert_str(ans.c.subs[0].channel, "ch:0");
	assert_str(ans.c.subs[0].data, "[1]");
	assert_str(ans.c.subs[1].channel, "ch:1");
	assert_str(ans.c.subs[1].info, "{\"a\": 1}");
	assert_int_equal(ans.c.subs[1].data.len, 3);
	assert_memory_equal(ans.c.subs[1].data.p, "\0\1\2", 3);
	assert_int_equal(ans.c.subs[1].override_set,
	    ROTOR_OVR_PRESENCE | ROTOR_OVR_JOIN_LEAVE | ROTOR_OVR_FORCE_POSITIONING);
	assert_int_equal(ans.c.subs[1].override_value, ROTOR_OVR_PRESENCE);
	forget();
}

static void
test_subscription_claims(void **state)
{
	(void)state;
	assert_int_equal(subscription("{\"sub\":\"u\",\"channel\":\"$ch\",\"client\":\"c1\","
	    "\"info\":{\"n\": 1},\"data\":\"d\",\"override\":{\"force_recovery\":{\"value\":true},"
	    "\"force_push_join_leave\":{\"value\":true}},\"meta\":1,\"subs\":2}"), ROTOR_TOKEN_VALID);
	assert_str(ans.sub.user, "u");
	assert_str(ans.sub.client, "c1");
	assert_str(ans.sub.grant.channel, "$ch");
	assert_str(ans.sub.grant.info, "{\"n\": 1}");
	assert_str(ans.sub.grant.data, "\"d\"");
	assert_int_equal(ans.sub.grant.override_set,
	    ROTOR_OVR_FORCE_RECOVERY | ROTOR_OVR_FORCE_PUSH_JOIN_LEAVE);
	assert_int_equal(ans.sub.grant.override_value, ans.sub.grant.override_set);
	assert_int_equal(subscription("{\"channel\":\"c\",\"data\":1,\"b64data\":\"eA==\"}"),
	    ROTOR_TOKEN_VALID);
	assert_str(ans.sub.grant.data, "x");
	assert_int_equal(subscription("{\"channel\":\"c\",\"client\":1}"), ROTOR_TOKEN_INVALID);
	forget();
}

static void
test_audience_and_issuer(void **state)
{
	struct token_conf conf = hmac_conf();

	(void)state;
	conf.audience = "app";
	conf.issuer = "me";
	assert_int_equal(ask_conf(conf, 0, "{\"aud\":\"app\",\"iss\":\"me\"}"), ROTOR_TOKEN_VALID);
	assert_int_equal(ask_conf(conf, 0, "{\"aud\":[\"x\",\"app\"],\"iss\":\"me\"}"), ROTOR_TOKEN_VALID);
	assert_int_equal(ask_conf(conf, 0, "{\"aud\":[\"x\",\"apps\"],\"iss\":\"me\"}"), ROTOR_TOKEN_INVALID);
	assert_int_equal(ask_conf(conf, 0, "{\"aud\":[],\"iss\":\"me\"}"), ROTOR_TOKEN_INVALID);
	assert_int_equal(ask_conf(conf, 0, "{\"iss\":\"me\"}"), ROTOR_TOKEN_INVALID);
	assert_int_equal(ask_conf(conf, 0, "{\"aud\":\"app\"}"), ROTOR_TOKEN_INVALID);
	/* Before the time. */
	assert_int_equal(ask_conf(conf, 0, "{\"aud\":\"app\",\"iss\":\"you\",\"exp\":1}"),
	    ROTOR_TOKEN_INVALID);
	forget();
}

static void
test_regex(void **state)
{
	struct token_conf conf = hmac_conf();

	(void)state;
	conf.audience_regex = "^app-(?P<tenant>[a-z]+)$";
	conf.issuer_regex = "example\\.(com|org)";
	assert_int_equal(ask_conf(conf, 0, "{\"aud\":[\"x\",\"app-a\"],\"iss\":\"https://example.org/\"}"),
	    ROTOR_TOKEN_VALID);
	assert_int_equal(ask_conf(conf, 0, "{\"aud\":\"app-1\",\"iss\":\"https://example.org/\"}"),
	    ROTOR_TOKEN_INVALID);
	/* $ is the very end, not a newline before it. */
	assert_int_equal(ask_conf(conf, 0, "{\"aud\":\"app-a\\n\",\"iss\":\"example.com\"}"),
	    ROTOR_TOKEN_INVALID);
	assert_int_equal(ask_conf(conf, 0, "{\"aud\":\"app-a\"}"), ROTOR_TOKEN_INVALID);
	/* Bounded, however the expression explodes. */
	conf.audience_regex = "^(a+)+$";
	conf.issuer_regex = "";
	assert_int_equal(ask_conf(conf, 0, "{\"aud\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"}"),
	    ROTOR_TOKEN_INVALID);
	forget();
}

static void
test_regex_syntax(void **state)
{
	static const char *const bad[] = {
		"(", "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", "(?>a)", "(?P=n)", "(?R)", "(?1)", "(?#c)",
		"(?|a)", "(a)\\1", "(?P<n>a)\\k<n>", "a++", "a*+", "a?+", "\\C", "\\K", "\\Z", "\\R",
		"(*UTF)a", "a\\", "[a", "a{2}+",
	};
	static const char *const good[] = {
		"a|b", "(?i)abc", "(?i:a)b", "(?:a)", "[]a]", "[^]a]+", "[+*?(]+", "\\d\\W\\s\\b\\A\\z",
		"(?P<x>a|b)", "\\p{L}", "\\.\\+\\+", "a+?",
	};
	struct pattern *p;
	char err[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (pattern_new(bad[i], &p, err, sizeof err) == 0)
			fail_msg("%s", bad[i]);
		assert_true(strlen(err) > 0);
	}
	for (i = 0; i < sizeof good / sizeof good[0]; i++) {
		if (pattern_new(good[i], &p, err, sizeof err) != 0)
			fail_msg("%s: %s", good[i], err);
		pattern_free(&p);
	}
}

static void
test_user_id_claim(void **state)
{
	static const struct { const char *claims, *user; } t[] = {
		{ "{\"sub\":\"s\",\"uid\":\"u\"}", "u" },
		{ "{\"sub\":\"s\"}", "" },
		{ "{\"sub\":\"s\",\"uid\":null}", "" },
		{ "{\"uid\":42}", "42" },
		{ "{\"uid\":true}", "true" },
		{ "{\"uid\":false}", "false" },
		{ "{\"uid\":{\"a\": 1}}", "{\"a\": 1}" },
		{ "{\"uid\":\"a\\nb\"}", "a\nb" },
	};
	struct token_conf conf = hmac_conf();
	size_t i;

	(void)state;
	conf.user_id_claim = "uid";
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		assert_int_equal(ask_conf(conf, 0, t[i].claims), ROTOR_TOKEN_VALID);
		assert_str(ans.c.user, t[i].user);
	}
	assert_int_equal(ask_conf(conf, 1, "{\"channel\":\"c\",\"sub\":\"s\",\"uid\":7}"),
	    ROTOR_TOKEN_VALID);
	assert_str(ans.sub.user, "7");
	/* A known claim may serve both purposes. */
	conf.user_id_claim = "info";
	assert_int_equal(ask_conf(conf, 0, "{\"info\":\"a\\u0062\"}"), ROTOR_TOKEN_VALID);
	assert_str(ans.c.user, "ab");
	assert_str(ans.c.info, "\"a\\u0062\"");
	forget();
}

/* ---- configuration ------------------------------------------------------ */

static void
refuse(struct token_conf conf, const char *part)
{
	char err[VERIFIER_ERR_MAX] = "";
	struct verifier *v = NULL;

	assert_true(verifier_new(&conf, "client.token", 0, &v, err) < 0);
	assert_null(v);
	if (strstr(err, part) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", err, part);
	assert_null(strstr(err, "BEGIN"));
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
	WITH(rsa_public_key, key.rsa512_pem, "client.token.rsa_public_key");
	WITH(rsa_public_key, key.private_pem, "client.token.rsa_public_key");
	WITH(ecdsa_public_key, "nonsense", "client.token.ecdsa_public_key");
	WITH(ecdsa_public_key, key.rsa_pem, "client.token.ecdsa_public_key: not an ECDSA key");
	WITH(ecdsa_public_key, key.k256_pem, "client.token.ecdsa_public_key: curve");
	WITH(jwks_public_endpoint, "https://x/", "client.token.jwks_public_endpoint");
	WITH(user_id_claim, "a.b", "client.token.user_id_claim");
	WITH(audience_regex, "(", "client.token.audience_regex");
	WITH(issuer_regex, "(?=x)", "client.token.issuer_regex");
#undef WITH
	conf = hmac_conf();
	conf.audience = "a";
	conf.audience_regex = "a";
	refuse(conf, "client.token.audience");
	conf = hmac_conf();
	conf.issuer = "a";
	conf.issuer_regex = "a";
	refuse(conf, "client.token.issuer");
}

static void
assert_names(struct token_conf conf, const char *want)
{
	struct verifier *v = verifier_of(conf, 0);
	char names[KEYS_NAMES_MAX];

	keys_names(verifier_keys(v), names, sizeof names);
	assert_string_equal(names, want);
	verifier_free(&v);
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

/* ---- commands ----------------------------------------------------------- */

static char output[8192];

static int
command(const struct auth_conf *conf, char *const *args)
{
	char *argv[16];
	size_t len = 0;
	char *text = NULL;
	FILE *f = open_memstream(&text, &len);
	int argc = 0, status;

	for (; args[argc] != NULL; argc++)
		argv[argc] = args[argc];
	argv[argc] = NULL;
	status = auth_command(conf, NOW, f, argc, argv);
	fclose(f);
	snprintf(output, sizeof output, "%s", text);
	free(text);
	return (status);
}

#define RUN(conf, ...)	command((conf), (char *const[]){ __VA_ARGS__, NULL })
#define S(s)		((char *)(uintptr_t)(s))

static struct auth_conf
command_conf(void)
{
	struct auth_conf conf = { .token = hmac_conf(), .subscription = { CONF_EMPTY } };

	return (conf);
}

static void
test_gentoken(void **state)
{
	static const char header[] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.";
	struct auth_conf conf = command_conf();
	char token[sizeof output], want[2 * sizeof output];

	(void)state;
	assert_int_equal(RUN(&conf, S("gentoken"), S("-q"), S("-u"), S("42"), S("-t"), S("60")), 0);
	snprintf(token, sizeof token, "%s", output);
	assert_memory_equal(token, header, strlen(header));
	assert_null(strchr(token, '\n'));
	assert_int_equal(RUN(&conf, S("gentoken"), S("--user"), S("42"), S("--ttl"), S("60")), 0);
	snprintf(want, sizeof want, "HMAC SHA-256 JWT for user \"42\" with expiration TTL 1m0s:\n%s\n",
	    token);
	assert_string_equal(output, want);
	assert_int_equal(RUN(&conf, S("checktoken"), token), 0);
	assert_string_equal(output, "valid token for user 42\n"
	    "payload: {\"exp\":1700000060,\"iat\":1700000000,\"sub\":\"42\"}\n");
	assert_int_equal(RUN(&conf, S("gentoken")), 0);
	assert_non_null(strstr(output, "for anonymous user with expiration TTL 168h0m0s:\n"));
	assert_int_equal(RUN(&conf, S("gentoken"), S("-t"), S("-1")), 0);
	assert_non_null(strstr(output, "for anonymous user without expiration:\n"));
	assert_int_equal(RUN(&conf, S("gentoken"), S("-t"), S("x")), 2);
	assert_int_equal(RUN(&conf, S("gentoken"), S("-s"), S("ch")), 2);
	assert_int_equal(RUN(&conf, S("gentoken"), S("extra")), 2);
	conf.token.user_id_claim = "uid";
	assert_int_equal(RUN(&conf, S("gentoken"), S("-q"), S("-u"), S("7"), S("-t"), S("-1")), 0);
	snprintf(token, sizeof token, "%s", output);
	assert_int_equal(RUN(&conf, S("checktoken"), token), 0);
	assert_non_null(strstr(output, "\"uid\":\"7\""));
	conf.token.hmac_secret_key = "";
	assert_int_equal(RUN(&conf, S("gentoken")), 1);
	assert_memory_equal(output, "error: gentoken only supports ", 30);
}

static void
test_gensubtoken(void **state)
{
	struct auth_conf conf = command_conf();
	char token[sizeof output];

	(void)state;
	assert_int_equal(RUN(&conf, S("gensubtoken"), S("-u"), S("1")), 1);
	assert_string_equal(output, "channel is required\n");
	assert_int_equal(RUN(&conf, S("gensubtoken"), S("-u"), S("1"), S("-s"), S("ch")), 0);
	assert_non_null(strstr(output, "HMAC SHA-256 JWT for user \"1\" and channel \"ch\" "
	    "with expiration TTL 168h0m0s:\n"));
	assert_int_equal(RUN(&conf, S("gensubtoken"), S("-q"), S("-u"), S("1"), S("-s"), S("ch")), 0);
	snprintf(token, sizeof token, "%s", output);
	assert_int_equal(RUN(&conf, S("checksubtoken"), token), 0);
	assert_non_null(strstr(output, "valid subscription token for user \"1\" and channel \"ch\"\n"
	    "payload: {\"channel\":\"ch\","));
	/* It is no connection token, and another section's key does not fit. */
	assert_int_equal(RUN(&conf, S("checktoken"), token), 1);
	conf.subscription_enabled = 1;
	conf.subscription.hmac_secret_key = "another";
	assert_int_equal(RUN(&conf, S("checksubtoken"), token), 1);
}

static void
test_checktoken_failures(void **state)
{
	struct auth_conf conf = command_conf();
	char *jwt;

	(void)state;
	assert_int_equal(RUN(&conf, S("checktoken")), 1);
	assert_string_equal(output, "error: provide token to check [rotor checktoken <TOKEN>]\n");
	assert_int_equal(RUN(&conf, S("checktoken"), S("x.y.z")), 1);
	assert_memory_equal(output, "error: invalid token: ", 22);
	jwt = make("{\"sub\":\"\\u001b[31m\"}", "HS256", "wrong", NULL);
	assert_int_equal(RUN(&conf, S("checktoken"), jwt), 1);
	assert_string_equal(output, "error: token with algorithm HS256 and claims "
	    "{\"sub\":\"\\u001b[31m\"} has error: invalid token: signature does not match\n");
	free(jwt);
	jwt = make("{\"exp\":1}", "HS256", SECRET, NULL);
	assert_int_equal(RUN(&conf, S("checktoken"), jwt), 1);
	assert_non_null(strstr(output, " has error: token expired\n"));
	free(jwt);
	/* No control bytes reach the terminal. */
	jwt = make("{\"sub\":\"\\u001b[31m\"}", "HS256", SECRET, NULL);
	assert_int_equal(RUN(&conf, S("checktoken"), jwt), 0);
	assert_memory_equal(output, "valid token for user ?[31m\n", 27);
	free(jwt);
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
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_every_truncation_and_bit),
		cmocka_unit_test(test_damaged_claims),
		cmocka_unit_test(test_huge_and_deep),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_claim_types),
		cmocka_unit_test(test_connection_claims),
		cmocka_unit_test(test_connection_channel_claim),
		cmocka_unit_test(test_base64_failures),
		cmocka_unit_test(test_server_side_subscriptions),
		cmocka_unit_test(test_subscription_claims),
		cmocka_unit_test(test_audience_and_issuer),
		cmocka_unit_test(test_regex),
		cmocka_unit_test(test_regex_syntax),
		cmocka_unit_test(test_user_id_claim),
		cmocka_unit_test(test_refused_configuration),
		cmocka_unit_test(test_names_of_algorithms),
		cmocka_unit_test(test_gentoken),
		cmocka_unit_test(test_gensubtoken),
		cmocka_unit_test(test_checktoken_failures),
	};

	return (cmocka_run_group_tests(tests, setup, teardown));
}
