/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "conf.h"

#define RSA_MIN_BITS	1024

enum family { HMAC_FAMILY, RSA_FAMILY, ECDSA_FAMILY };

static const struct alg {
	const char	*name;
	enum family	family;
	const char	*digest;
	const char	*group;		/* ECDSA: OpenSSL's name of the one curve */
	size_t		coord;		/* bytes of a coordinate there */
} algs[] = {
	{ "HS256", HMAC_FAMILY, "SHA256", NULL, 0 },
	{ "HS384", HMAC_FAMILY, "SHA384", NULL, 0 },
	{ "HS512", HMAC_FAMILY, "SHA512", NULL, 0 },
	{ "RS256", RSA_FAMILY, "SHA256", NULL, 0 },
	{ "RS384", RSA_FAMILY, "SHA384", NULL, 0 },
	{ "RS512", RSA_FAMILY, "SHA512", NULL, 0 },
	{ "ES256", ECDSA_FAMILY, "SHA256", "prime256v1", 32 },
	{ "ES384", ECDSA_FAMILY, "SHA384", "secp384r1", 48 },
	{ "ES512", ECDSA_FAMILY, "SHA512", "secp521r1", 66 },
};

#define N_ALGS	(sizeof algs / sizeof algs[0])

/* What one algorithm is checked with; both NULL: disabled.  The contexts have the
 * key in place and are copied for each token. */
struct key {
	EVP_MAC_CTX	*mac;
	EVP_MD_CTX	*pub;
};

struct keys {
	struct key	main[N_ALGS];
	struct key	previous[N_ALGS];	/* HMAC only */
	int64_t		previous_until;		/* Unix seconds; 0: for ever */
};

static void
key_fini(struct key *k)
{
	EVP_MAC_CTX_free(k->mac);
	EVP_MD_CTX_free(k->pub);
}

void
keys_free(struct keys **kp)
{
	struct keys *k = *kp;
	size_t i;

	*kp = NULL;
	if (k == NULL)
		return;
	for (i = 0; i < N_ALGS; i++) {
		key_fini(&k->main[i]);
		key_fini(&k->previous[i]);
	}
	free(k);
}

static EVP_MAC_CTX *
mac_new(EVP_MAC *hmac, const char *digest, const char *secret)
{
	EVP_MAC_CTX *ctx;
	OSSL_PARAM params[2];
	char name[8];

	snprintf(name, sizeof name, "%s", digest);
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0);
	params[1] = OSSL_PARAM_construct_end();
	ctx = EVP_MAC_CTX_new(hmac);
	if (ctx != NULL && EVP_MAC_init(ctx, (const unsigned char *)secret,
	    strlen(secret), params) == 1)
		return (ctx);
	EVP_MAC_CTX_free(ctx);
	return (NULL);
}

static int
add_hmac(struct key *keys, const char *secret)
{
	EVP_MAC *hmac;
	size_t i;
	int r = 0;

	if (*secret == '\0')
		return (0);
	hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (hmac == NULL)
		return (-ENOMEM);
	for (i = 0; r == 0 && i < N_ALGS; i++) {
		if (algs[i].family != HMAC_FAMILY)
			continue;
		keys[i].mac = mac_new(hmac, algs[i].digest, secret);
		if (keys[i].mac == NULL)
			r = -ENOMEM;
	}
	EVP_MAC_free(hmac);
	return (r);
}

/* Without it OpenSSL would ask on the terminal for the password of encrypted PEM. */
static int
no_password(char *buf, int size, int rwflag, void *priv)
{
	(void)buf, (void)size, (void)rwflag, (void)priv;
	return (-1);
}

/* A public key, bare or in a certificate; NULL when `pem` holds neither. */
static EVP_PKEY *
read_pem(const char *pem)
{
	EVP_PKEY *pkey = NULL;
	X509 *cert;
	BIO *bio;

	bio = BIO_new_mem_buf(pem, -1);
	if (bio == NULL)
		return (NULL);
	pkey = PEM_read_bio_PUBKEY(bio, NULL, no_password, NULL);
	if (pkey == NULL && BIO_reset(bio) == 1) {
		cert = PEM_read_bio_X509(bio, NULL, no_password, NULL);
		pkey = cert != NULL ? X509_get_pubkey(cert) : NULL;
		X509_free(cert);
	}
	BIO_free(bio);
	ERR_clear_error();
	return (pkey);
}

static EVP_MD_CTX *
pub_new(const char *digest, EVP_PKEY *pkey)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (ctx != NULL &&
	    EVP_DigestVerifyInit_ex(ctx, NULL, digest, NULL, NULL, pkey, NULL) == 1)
		return (ctx);
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return (NULL);
}

/* Enables the algorithms of `family` that `group` (NULL: any) fits; returns how
 * many, or -ENOMEM. */
static int
add_public(struct key *keys, enum family family, const char *group, EVP_PKEY *pkey)
{
	size_t i;
	int n = 0;

	for (i = 0; i < N_ALGS; i++) {
		if (algs[i].family != family ||
		    (group != NULL && strcmp(group, algs[i].group) != 0))
			continue;
		keys[i].pub = pub_new(algs[i].digest, pkey);
		if (keys[i].pub == NULL)
			return (-ENOMEM);
		n++;
	}
	return (n);
}

/* The reason why it cannot be used, or NULL. */
static const char *
add_rsa(struct key *keys, EVP_PKEY *pkey)
{
	if (EVP_PKEY_is_a(pkey, "RSA") != 1)
		return ("not an RSA key");
	if (EVP_PKEY_get_bits(pkey) < RSA_MIN_BITS)
		return ("RSA key is shorter than 1024 bits");
	return (add_public(keys, RSA_FAMILY, NULL, pkey) > 0 ? NULL : "cannot be used");
}

static const char *
add_ecdsa(struct key *keys, EVP_PKEY *pkey)
{
	char group[64];

	if (EVP_PKEY_is_a(pkey, "EC") != 1)
		return ("not an ECDSA key");
	if (EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) != 1 ||
	    add_public(keys, ECDSA_FAMILY, group, pkey) <= 0)
		return ("curve is none of P-256, P-384, P-521");
	return (NULL);
}

static int
add_pem(struct key *keys, const char *pem, const char *(*add)(struct key *, EVP_PKEY *),
    const char *path, const char *key, char *err, size_t err_len)
{
	const char *why = "holds no public key in PEM form";
	EVP_PKEY *pkey;

	if (*pem == '\0')
		return (0);
	pkey = read_pem(pem);
	if (pkey != NULL)
		why = add(keys, pkey);
	EVP_PKEY_free(pkey);
	if (why == NULL)
		return (0);
	snprintf(err, err_len, "%s.%s: %s", path, key, why);
	return (-EINVAL);
}

int
keys_new(const struct token_conf *conf, const char *path, struct keys **ret,
    char *err, size_t err_len)
{
	struct keys *k = calloc(1, sizeof *k);
	int r = k != NULL ? 0 : -ENOMEM;

	if (r == 0)
		r = add_hmac(k->main, conf->hmac_secret_key);
	if (r == 0)
		r = add_hmac(k->previous, conf->hmac_previous_secret_key);
	if (r == -ENOMEM)
		snprintf(err, err_len, "%s: no memory for keys", path);
	if (r == 0)
		r = add_pem(k->main, conf->rsa_public_key, add_rsa, path,
		    "rsa_public_key", err, err_len);
	if (r == 0)
		r = add_pem(k->main, conf->ecdsa_public_key, add_ecdsa, path,
		    "ecdsa_public_key", err, err_len);
	if (r != 0) {
		keys_free(&k);
		return (r);
	}
	k->previous_until = conf->hmac_previous_valid_until;
	*ret = k;
	return (0);
}

static int
mac_verify(const EVP_MAC_CTX *key, struct rotor_str text, struct rotor_str sig)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(key);
	size_t len;
	int ok;

	ok = ctx != NULL &&
	    EVP_MAC_update(ctx, (const unsigned char *)text.p, text.len) == 1 &&
	    EVP_MAC_final(ctx, mac, &len, sizeof mac) == 1 &&
	    len == sig.len && CRYPTO_memcmp(mac, sig.p, len) == 0;
	EVP_MAC_CTX_free(ctx);
	return (ok ? 0 : -1);
}

static int
pub_verify(const EVP_MD_CTX *key, struct rotor_str text, const unsigned char *sig, size_t len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok;

	ok = ctx != NULL && EVP_MD_CTX_copy_ex(ctx, key) == 1 &&
	    EVP_DigestVerify(ctx, sig, len, (const unsigned char *)text.p, text.len) == 1;
	EVP_MD_CTX_free(ctx);
	/* This thread's TLS connections would take a leftover for their own error. */
	if (!ok)
		ERR_clear_error();
	return (ok ? 0 : -1);
}

/* A token holds r and s side by side; OpenSSL wants them in DER. */
static int
ecdsa_verify(const EVP_MD_CTX *key, size_t coord, struct rotor_str text, struct rotor_str sig)
{
	const unsigned char *p = (const unsigned char *)sig.p;
	unsigned char *der = NULL;
	ECDSA_SIG *es;
	BIGNUM *r, *s;
	int len, ret = -1;

	if (sig.len != 2 * coord)
		return (-1);
	es = ECDSA_SIG_new();
	r = BN_bin2bn(p, (int)coord, NULL);
	s = BN_bin2bn(p + coord, (int)coord, NULL);
	if (es == NULL || r == NULL || s == NULL) {
		BN_free(r);
		BN_free(s);
		goto out;
	}
	ECDSA_SIG_set0(es, r, s);
	len = i2d_ECDSA_SIG(es, &der);
	if (len > 0)
		ret = pub_verify(key, text, der, (size_t)len);
out:
	OPENSSL_free(der);
	ECDSA_SIG_free(es);
	return (ret);
}

static int
key_is_set(const struct key *k)
{
	return (k->mac != NULL || k->pub != NULL);
}

static int
key_verify(const struct key *k, const struct alg *a, struct rotor_str text, struct rotor_str sig)
{
	if (k->mac != NULL)
		return (mac_verify(k->mac, text, sig));
	if (k->pub == NULL)
		return (-1);
	if (a->family == ECDSA_FAMILY)
		return (ecdsa_verify(k->pub, a->coord, text, sig));
	return (pub_verify(k->pub, text, (const unsigned char *)sig.p, sig.len));
}

static const struct alg *
alg_find(struct rotor_str name)
{
	size_t i;

	for (i = 0; i < N_ALGS; i++) {
		if (strlen(algs[i].name) == name.len &&
		    memcmp(algs[i].name, name.p, name.len) == 0)
			return (&algs[i]);
	}
	return (NULL);
}

int
keys_verify(const struct keys *k, struct rotor_str alg, struct rotor_str text,
    struct rotor_str sig, double now, const char **ret_why)
{
	const struct alg *a = alg_find(alg);
	const struct key *key;

	if (a == NULL) {
		*ret_why = "unsupported algorithm";
		return (-1);
	}
	key = &k->main[a - algs];
	if (key_verify(key, a, text, sig) == 0)
		return (0);
	if ((k->previous_until <= 0 || now < (double)k->previous_until + 1) &&
	    key_verify(&k->previous[a - algs], a, text, sig) == 0)
		return (0);
	*ret_why = key_is_set(key) ? "signature does not match" : "disabled algorithm";
	return (-1);
}

void
keys_names(const struct keys *k, char *buf, size_t len)
{
	size_t i, at = 0;

	*buf = '\0';
	for (i = 0; i < N_ALGS; i++) {
		if (!key_is_set(&k->main[i]) && !key_is_set(&k->previous[i]))
			continue;
		at += (size_t)snprintf(buf + at, len - at, "%s%s", at > 0 ? " " : "", algs[i].name);
	}
}
