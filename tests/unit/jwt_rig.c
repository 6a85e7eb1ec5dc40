/* SPDX-License-Identifier: MIT */
/* jwt_rig.c - see jwt_rig.h. */
#include "config.h"

#include "jwt_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "fault.h"

struct jwt_keys key;
struct jwt_answer ans;

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

int
jwt_setup(void **state)
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
	key.ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	key.rsa_pem = public_pem(key.rsa);
	key.rsa512_pem = public_pem(key.rsa512);
	key.p256_pem = public_pem(key.p256);
	key.p384_pem = public_pem(key.p384);
	key.p521_pem = public_pem(key.p521);
	key.k256_pem = public_pem(key.k256);
	key.ed25519_pem = public_pem(key.ed25519);
	key.cert_pem = certificate_pem(key.rsa);
	PEM_write_bio_PrivateKey(bio, key.rsa, NULL, NULL, 0, NULL, NULL);
	key.private_pem = bio_text(bio);
	return (0);
}

int
jwt_teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(key.rsa);
	EVP_PKEY_free(key.other_rsa);
	EVP_PKEY_free(key.rsa512);
	EVP_PKEY_free(key.p256);
	EVP_PKEY_free(key.p384);
	EVP_PKEY_free(key.p521);
	EVP_PKEY_free(key.k256);
	EVP_PKEY_free(key.ed25519);
	free(key.rsa_pem);
	free(key.rsa512_pem);
	free(key.p256_pem);
	free(key.p384_pem);
	free(key.p521_pem);
	free(key.k256_pem);
	free(key.ed25519_pem);
	free(key.cert_pem);
	free(key.private_pem);
	return (0);
}

void
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

	assert_int_equal(EVP_DigestSignInit(ctx, NULL,
	    EVP_PKEY_is_a(pkey, "ED25519") ? NULL : digest_of(alg), NULL, pkey), 1);
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

char *
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

char *
make(const char *claims, const char *alg, const char *secret, EVP_PKEY *pkey)
{
	char header[128];

	snprintf(header, sizeof header, "{\"alg\":\"%s\",\"typ\":\"JWT\"}", alg);
	return (make_raw(header, claims, strlen(claims), alg, secret, pkey));
}

char *
make_kid(const char *claims, const char *alg, const char *kid, EVP_PKEY *pkey)
{
	char header[1024];

	snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"%s\"}", alg, kid);
	return (make_raw(header, claims, strlen(claims), alg, SECRET, pkey));
}

static void
append_number(char **out, EVP_PKEY *pkey, const char *param, const char *member, size_t len)
{
	unsigned char bytes[2048];
	BIGNUM *bn = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(pkey, param, &bn), 1);
	if (len == 0)
		len = (size_t)BN_num_bytes(bn);
	assert_int_equal(BN_bn2binpad(bn, bytes, (int)len), (int)len);
	BN_free(bn);
	*out = realloc(*out, strlen(*out) + 32);
	sprintf(*out + strlen(*out), ",\"%s\":\"", member);
	append_b64url(out, bytes, len);
	*out = realloc(*out, strlen(*out) + 2);
	strcat(*out, "\"");
}

static void
append_material(char **out, EVP_PKEY *pkey)
{
	size_t len = 32, coord = ((size_t)EVP_PKEY_get_bits(pkey) + 7) / 8;
	unsigned char raw[32];

	if (EVP_PKEY_is_a(pkey, "RSA")) {
		append_number(out, pkey, OSSL_PKEY_PARAM_RSA_N, "n", 0);
		append_number(out, pkey, OSSL_PKEY_PARAM_RSA_E, "e", 0);
	} else if (EVP_PKEY_is_a(pkey, "EC")) {
		append_number(out, pkey, OSSL_PKEY_PARAM_EC_PUB_X, "x", coord);
		append_number(out, pkey, OSSL_PKEY_PARAM_EC_PUB_Y, "y", coord);
	} else {
		assert_int_equal(EVP_PKEY_get_raw_public_key(pkey, raw, &len), 1);
		*out = realloc(*out, strlen(*out) + 16);
		strcat(*out, ",\"x\":\"");
		append_b64url(out, raw, len);
		strcat(*out, "\"");
	}
}

/* The start of a key of this kind. */
static const char *
jwk_kind(EVP_PKEY *pkey)
{
	if (EVP_PKEY_is_a(pkey, "RSA"))
		return ("\"kty\":\"RSA\"");
	if (EVP_PKEY_is_a(pkey, "ED25519"))
		return ("\"kty\":\"OKP\",\"crv\":\"Ed25519\"");
	return (EVP_PKEY_get_bits(pkey) == 256 ? "\"kty\":\"EC\",\"crv\":\"P-256\"" :
	    EVP_PKEY_get_bits(pkey) == 384 ? "\"kty\":\"EC\",\"crv\":\"P-384\"" :
	    "\"kty\":\"EC\",\"crv\":\"P-521\"");
}

char *
make_jwk(EVP_PKEY *pkey, const char *kid, const char *more)
{
	char *out = malloc(512 + strlen(kid) + strlen(more));

	sprintf(out, "{%s,\"use\":\"sig\",\"kid\":\"%s\"%s", jwk_kind(pkey), kid, more);
	append_material(&out, pkey);
	out = realloc(out, strlen(out) + 2);
	strcat(out, "}");
	return (out);
}

struct verifier *
verifier_of(struct token_conf conf, int skip)
{
	struct verifier *v = NULL;
	struct fault f;

	if (verifier_new(&conf, "client.token", skip, NULL, &v, &f) != 0)
		fail_msg("%s: %s", f.key, f.text);
	return (v);
}

struct token_conf
hmac_conf(void)
{
	struct token_conf conf = { CONF_EMPTY };

	conf.hmac_secret_key = SECRET;
	return (conf);
}

struct token_conf
full_conf(const char *ecdsa)
{
	struct token_conf conf = hmac_conf();

	conf.rsa_public_key = key.rsa_pem;
	conf.ecdsa_public_key = ecdsa;
	return (conf);
}

void
forget(void)
{
	scratch_fini(&ans.s);
	free(ans.jwt);
	ans.jwt = NULL;
}

uint32_t
ask_jwt(const struct verifier *v, int subscription, char *jwt, size_t len)
{
	struct key_ask ask = { .answered = 0 };

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
		    &ask, &ans.s, &ans.sub, &ans.why));
	return (verifier_connection(v, (struct rotor_str){ ans.jwt, len }, NOW,
	    &ask, &ans.s, &ans.c, &ans.why));
}

uint32_t
ask_conf(struct token_conf conf, int subscription, const char *claims)
{
	struct verifier *v = verifier_of(conf, 0);
	char *jwt = make(claims, "HS256", SECRET, NULL);
	uint32_t verdict = ask_jwt(v, subscription, jwt, strlen(jwt));

	verifier_unref(&v);
	return (verdict);
}

uint32_t
ask_signed(struct token_conf conf, const char *alg, const char *secret, EVP_PKEY *pkey)
{
	struct verifier *v = verifier_of(conf, 0);
	char *jwt = make("{\"sub\":\"u\"}", alg, secret, pkey);
	uint32_t verdict = ask_jwt(v, 0, jwt, strlen(jwt));

	verifier_unref(&v);
	return (verdict);
}

uint32_t
connection(const char *claims)
{
	return (ask_conf(hmac_conf(), 0, claims));
}

uint32_t
subscription(const char *claims)
{
	return (ask_conf(hmac_conf(), 1, claims));
}
