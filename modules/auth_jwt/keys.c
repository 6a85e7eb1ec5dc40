/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "alg.h"
#include "conf.h"
#include "fault.h"
#include "pem.h"
#include "pubkey.h"

struct keys {
	EVP_MAC_CTX	*mac[ALG_N];		/* with the key in place, copied for each token */
	EVP_MAC_CTX	*previous[ALG_N];
	int64_t		previous_until;		/* Unix seconds; 0: for ever */
	struct pubkey	*rsa, *ecdsa;		/* NULL: disabled */
};

void
keys_free(struct keys **kp)
{
	struct keys *k = *kp;
	size_t i;

	*kp = NULL;
	if (k == NULL)
		return;
	for (i = 0; i < ALG_N; i++) {
		EVP_MAC_CTX_free(k->mac[i]);
		EVP_MAC_CTX_free(k->previous[i]);
	}
	pubkey_free(&k->rsa);
	pubkey_free(&k->ecdsa);
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
add_hmac(EVP_MAC_CTX **macs, const char *secret)
{
	EVP_MAC *hmac;
	size_t i;
	int r = 0;

	if (*secret == '\0')
		return (0);
	hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (hmac == NULL)
		return (-ENOMEM);
	for (i = 0; r == 0 && i < ALG_N; i++) {
		if (algs[i].family != FAMILY_HMAC)
			continue;
		macs[i] = mac_new(hmac, algs[i].digest, secret);
		if (macs[i] == NULL)
			r = -ENOMEM;
	}
	EVP_MAC_free(hmac);
	return (r);
}

static int
add_pem(const char *pem, enum family family, struct pubkey **ret, const char *path,
    const char *key, struct fault *f)
{
	const char *why;
	char text[PUBKEY_WHY_MAX];
	EVP_PKEY *pkey;
	int r = 0;

	if (*pem == '\0')
		return (0);
	pkey = pem_public_key(pem, &why);
	if (pkey == NULL)
		return (fault_set(f, path, key, "%s", why));
	if (pubkey_new(pkey, family, ret, text) != 0)
		r = fault_set(f, path, key, "%s", text);
	EVP_PKEY_free(pkey);
	return (r);
}

int
keys_new(const struct token_conf *conf, const char *path, struct keys **ret, struct fault *f)
{
	struct keys *k = calloc(1, sizeof *k);
	int r;

	if (k == NULL || add_hmac(k->mac, conf->hmac_secret_key) != 0 ||
	    add_hmac(k->previous, conf->hmac_previous_secret_key) != 0) {
		keys_free(&k);
		return (fault_no_memory(f, path));
	}
	k->previous_until = conf->hmac_previous_valid_until;
	r = add_pem(conf->rsa_public_key, FAMILY_RSA, &k->rsa, path, "rsa_public_key", f);
	if (r == 0)
		r = add_pem(conf->ecdsa_public_key, FAMILY_ECDSA, &k->ecdsa, path,
		    "ecdsa_public_key", f);
	if (r != 0)
		keys_free(&k);
	else
		*ret = k;
	return (r);
}

static int
mac_verify(const EVP_MAC_CTX *key, struct rotor_str text, struct rotor_str sig)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	EVP_MAC_CTX *ctx;
	size_t len;
	int ok;

	if (key == NULL)
		return (-1);
	ctx = EVP_MAC_CTX_dup(key);
	ok = ctx != NULL &&
	    EVP_MAC_update(ctx, (const unsigned char *)text.p, text.len) == 1 &&
	    EVP_MAC_final(ctx, mac, &len, sizeof mac) == 1 &&
	    len == sig.len && CRYPTO_memcmp(mac, sig.p, len) == 0;
	EVP_MAC_CTX_free(ctx);
	return (ok ? 0 : -1);
}

/* The public key of the algorithm's family; NULL: none. */
static const struct pubkey *
public_key(const struct keys *k, const struct alg *a)
{
	return (a->family == FAMILY_RSA ? k->rsa : a->family == FAMILY_ECDSA ? k->ecdsa : NULL);
}

static int
is_enabled(const struct keys *k, const struct alg *a)
{
	const struct pubkey *pub = public_key(k, a);

	return (k->mac[a - algs] != NULL || (pub != NULL && pubkey_fits(pub, a)));
}

int
keys_verify(const struct keys *k, struct rotor_str alg, struct rotor_str text,
    struct rotor_str sig, double now, const char **ret_why)
{
	const struct alg *a = alg_find(alg);
	const struct pubkey *pub;

	if (a == NULL) {
		*ret_why = "unsupported algorithm";
		return (-1);
	}
	pub = public_key(k, a);
	if (pub != NULL ? pubkey_verify(pub, a, text, sig) == 0 :
	    mac_verify(k->mac[a - algs], text, sig) == 0)
		return (0);
	if ((k->previous_until <= 0 || now < (double)k->previous_until + 1) &&
	    mac_verify(k->previous[a - algs], text, sig) == 0)
		return (0);
	*ret_why = is_enabled(k, a) ? "signature does not match" : "disabled algorithm";
	return (-1);
}

void
keys_names(const struct keys *k, char *buf, size_t len)
{
	size_t i, at = 0;

	*buf = '\0';
	for (i = 0; i < ALG_N; i++) {
		if (!is_enabled(k, &algs[i]) && k->previous[i] == NULL)
			continue;
		at += (size_t)snprintf(buf + at, len - at, "%s%s", at > 0 ? " " : "", algs[i].name);
	}
}
