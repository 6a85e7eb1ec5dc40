/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "pubkey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#define RSA_MIN_BITS	1024
#define RSA_MAX_BITS	16384	/* OpenSSL checks nothing longer */

struct pubkey {
	EVP_MD_CTX	*ctx[ALG_N];	/* with the key in place, copied for each token; NULL: no fit */
};

/* By family. */
static const struct kind {
	const char	*type;		/* OpenSSL's */
	const char	*name;
} kinds[] = {
	[FAMILY_HMAC] = { "", "" },
	[FAMILY_RSA] = { "RSA", "an RSA" },
	[FAMILY_ECDSA] = { "EC", "an ECDSA" },
	[FAMILY_EDDSA] = { "ED25519", "an Ed25519" },
};

static EVP_MD_CTX *
ctx_new(const char *digest, EVP_PKEY *pkey)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (ctx != NULL &&
	    EVP_DigestVerifyInit_ex(ctx, NULL, digest, NULL, NULL, pkey, NULL) == 1)
		return (ctx);
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return (NULL);
}

/* 0, or -1 with the reason. */
static int
check_type(EVP_PKEY *pkey, enum family family, char *why)
{
	const char *is = EVP_PKEY_get0_type_name(pkey);
	int bits = EVP_PKEY_get_bits(pkey);

	if (EVP_PKEY_is_a(pkey, kinds[family].type) != 1) {
		snprintf(why, PUBKEY_WHY_MAX, "not %s key, but one of type %s", kinds[family].name,
		    is != NULL ? is : "unknown");
		return (-1);
	}
	if (family == FAMILY_RSA && (bits < RSA_MIN_BITS || bits > RSA_MAX_BITS)) {
		snprintf(why, PUBKEY_WHY_MAX, "an RSA key of %d bits; %d to %d are taken", bits,
		    RSA_MIN_BITS, RSA_MAX_BITS);
		return (-1);
	}
	return (0);
}

static int
prepare(struct pubkey *k, EVP_PKEY *pkey, enum family family, char *why)
{
	char group[64] = "";
	size_t i, n = 0;

	if (family == FAMILY_ECDSA)
		EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL);
	for (i = 0; i < ALG_N; i++) {
		if (algs[i].family != family ||
		    (algs[i].group != NULL && strcmp(group, algs[i].group) != 0))
			continue;
		k->ctx[i] = ctx_new(algs[i].digest, pkey);
		if (k->ctx[i] == NULL) {
			snprintf(why, PUBKEY_WHY_MAX, "cannot be used");
			return (-1);
		}
		n++;
	}
	if (n > 0)
		return (0);
	snprintf(why, PUBKEY_WHY_MAX, "curve %s is none of P-256, P-384, P-521", group);
	return (-1);
}

int
pubkey_new(struct evp_pkey_st *pkey, enum family family, struct pubkey **ret, char *why)
{
	struct pubkey *k;

	if (check_type(pkey, family, why) != 0)
		return (-1);
	k = calloc(1, sizeof *k);
	if (k == NULL) {
		snprintf(why, PUBKEY_WHY_MAX, "no memory");
		return (-1);
	}
	if (prepare(k, pkey, family, why) != 0) {
		pubkey_free(&k);
		return (-1);
	}
	*ret = k;
	return (0);
}

void
pubkey_free(struct pubkey **kp)
{
	struct pubkey *k = *kp;
	size_t i;

	*kp = NULL;
	if (k == NULL)
		return;
	for (i = 0; i < ALG_N; i++)
		EVP_MD_CTX_free(k->ctx[i]);
	free(k);
}

int
pubkey_fits(const struct pubkey *k, const struct alg *a)
{
	return (k->ctx[a - algs] != NULL);
}

static int
verify(const EVP_MD_CTX *key, struct rotor_str text, const unsigned char *sig, size_t len)
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
verify_ecdsa(const EVP_MD_CTX *key, size_t coord, struct rotor_str text, struct rotor_str sig)
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
		ret = verify(key, text, der, (size_t)len);
out:
	OPENSSL_free(der);
	ECDSA_SIG_free(es);
	return (ret);
}

int
pubkey_verify(const struct pubkey *k, const struct alg *a, struct rotor_str text,
    struct rotor_str sig)
{
	const EVP_MD_CTX *key = k->ctx[a - algs];

	if (key == NULL)
		return (-1);
	if (a->family == FAMILY_ECDSA)
		return (verify_ecdsa(key, a->coord, text, sig));
	return (verify(key, text, (const unsigned char *)sig.p, sig.len));
}
