/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "jwk.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <rotor/str.h>

#include "alg.h"
#include "b64.h"
#include "pubkey.h"
#include "scan.h"
#include "scratch.h"

#define RSA_MAX_BYTES		2048u	/* 16384 bits */
#define EXPONENT_MAX_BYTES	4u
#define COORD_MAX		66u	/* of P-521 */
#define ED25519_BYTES		32u

struct jwk {
	atomic_uint		refs;
	struct pubkey		*key;
	const struct alg	*only;	/* the key says so; NULL: all it fits */
};

/* The members as they stand; empty: absent.  Each is a string. */
struct members {
	struct rotor_str	kty, use, alg, kid, crv;
	struct rotor_str	n, e, x, y;
	struct rotor_str	d, k;	/* only a private or a secret key has them */
};

static const struct {
	const char	*name;
	size_t		offset;
} member_rows[] = {
#define MEMBER(m)	{ #m, offsetof(struct members, m) }
	MEMBER(kty), MEMBER(use), MEMBER(alg), MEMBER(kid), MEMBER(crv),
	MEMBER(n), MEMBER(e), MEMBER(x), MEMBER(y), MEMBER(d), MEMBER(k),
#undef MEMBER
};

static int
refuse(char *why, const char *text)
{
	snprintf(why, JWK_WHY_MAX, "%s", text);
	return (-1);
}

static struct rotor_str *
find_member(struct members *m, struct rotor_str name, const char **ret_name)
{
	size_t i;

	for (i = 0; i < sizeof member_rows / sizeof member_rows[0]; i++) {
		if (rotor_str_is(name, member_rows[i].name)) {
			*ret_name = member_rows[i].name;
			return ((struct rotor_str *)(void *)((char *)m + member_rows[i].offset));
		}
	}
	return (NULL);
}

static int
read_members(const struct scan_value *v, struct scratch *s, struct members *m, char *why)
{
	struct rotor_str key, *field;
	struct scan_value val;
	const char *name;
	struct scan sc;
	int r;

	if (scan_enter_object(&sc, v) != 0)
		return (refuse(why, "not a JSON object"));
	while ((r = scan_next_member(&sc, s, &key, &val)) == 1) {
		field = find_member(m, key, &name);
		if (field == NULL || val.type == SCAN_NULL)
			continue;
		if (scan_text(&val, s, field) != 0) {
			snprintf(why, JWK_WHY_MAX, "its %s is not a string", name);
			return (-1);
		}
	}
	return (r == 0 ? 0 : refuse(why, "malformed"));
}

/* The bytes of a member; they are in `s`. */
static int
decode(struct rotor_str text, size_t max, struct scratch *s, struct rotor_str *ret)
{
	/* Base64 of twice as much is not worth the work. */
	if (text.len == 0 || text.len > 2 * max + 4 || b64_decode_url(text, s, ret) != 0)
		return (-1);
	return (ret->len > 0 && ret->len <= max ? 0 : -1);
}

/* The key that the parameters make; it frees them. */
static EVP_PKEY *
pkey_make(const char *type, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	ERR_clear_error();
	return (pkey);
}

static EVP_PKEY *
rsa_make(struct rotor_str n, struct rotor_str e)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *bn = BN_bin2bn((const unsigned char *)n.p, (int)n.len, NULL);
	BIGNUM *be = BN_bin2bn((const unsigned char *)e.p, (int)e.len, NULL);
	EVP_PKEY *pkey = NULL;

	/* A modulus or an exponent that is even makes no RSA key. */
	if (bld != NULL && bn != NULL && be != NULL && BN_is_odd(bn) &&
	    BN_is_odd(be) && !BN_is_one(be) &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn) == 1 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, be) == 1)
		pkey = pkey_make("RSA", OSSL_PARAM_BLD_to_param(bld));
	OSSL_PARAM_BLD_free(bld);
	BN_free(bn);
	BN_free(be);
	return (pkey);
}

static EVP_PKEY *
rsa_key(const struct members *m, struct scratch *s, char *why)
{
	struct rotor_str n, e;
	EVP_PKEY *pkey;

	if (decode(m->n, RSA_MAX_BYTES + 1, s, &n) != 0 ||
	    decode(m->e, EXPONENT_MAX_BYTES, s, &e) != 0) {
		refuse(why, "its n or e is missing, too long or not base64url");
		return (NULL);
	}
	pkey = rsa_make(n, e);
	if (pkey == NULL)
		refuse(why, "its n and e are no RSA key");
	return (pkey);
}

static EVP_PKEY *
ec_make(const char *group, const unsigned char *point, size_t len)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY *pkey = NULL;

	/* OpenSSL refuses a point that is not on the curve. */
	if (bld != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, len) == 1)
		pkey = pkey_make("EC", OSSL_PARAM_BLD_to_param(bld));
	OSSL_PARAM_BLD_free(bld);
	return (pkey);
}

/* RFC 7518's names of the curves. */
static const struct {
	const char	*crv;
	const char	*alg;
} curves[] = {
	{ "P-256", "ES256" }, { "P-384", "ES384" }, { "P-521", "ES512" },
};

static const struct alg *
curve_alg(struct rotor_str crv)
{
	size_t i;

	for (i = 0; i < sizeof curves / sizeof curves[0]; i++) {
		if (rotor_str_is(crv, curves[i].crv))
			return (alg_find((struct rotor_str){ curves[i].alg, 5 }));
	}
	return (NULL);
}

static EVP_PKEY *
ec_key(const struct members *m, struct scratch *s, char *why)
{
	unsigned char point[1 + 2 * COORD_MAX] = { POINT_CONVERSION_UNCOMPRESSED };
	const struct alg *a = curve_alg(m->crv);
	struct rotor_str x, y;
	EVP_PKEY *pkey;

	if (a == NULL) {
		refuse(why, "its crv is none of P-256, P-384, P-521");
		return (NULL);
	}
	if (decode(m->x, a->coord, s, &x) != 0 || decode(m->y, a->coord, s, &y) != 0 ||
	    x.len != a->coord || y.len != a->coord) {
		refuse(why, "its x or y is missing, not as long as its curve wants, or not base64url");
		return (NULL);
	}
	memcpy(point + 1, x.p, x.len);
	memcpy(point + 1 + x.len, y.p, y.len);
	pkey = ec_make(a->group, point, 1 + 2 * a->coord);
	if (pkey == NULL)
		refuse(why, "its x and y are not on its curve");
	return (pkey);
}

static EVP_PKEY *
okp_key(const struct members *m, struct scratch *s, char *why)
{
	struct rotor_str x;
	EVP_PKEY *pkey;

	if (!rotor_str_is(m->crv, "Ed25519")) {
		refuse(why, "its crv is not Ed25519");
		return (NULL);
	}
	if (decode(m->x, ED25519_BYTES, s, &x) != 0 || x.len != ED25519_BYTES) {
		refuse(why, "its x is not 32 bytes in base64url");
		return (NULL);
	}
	pkey = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, (const unsigned char *)x.p, x.len);
	ERR_clear_error();
	if (pkey == NULL)
		refuse(why, "its x is no Ed25519 key");
	return (pkey);
}

static const struct kind {
	const char	*kty;
	enum family	family;
	EVP_PKEY	*(*make)(const struct members *m, struct scratch *s, char *why);
} kinds[] = {
	{ "RSA", FAMILY_RSA, rsa_key },
	{ "EC", FAMILY_ECDSA, ec_key },
	{ "OKP", FAMILY_EDDSA, okp_key },
};

static const struct kind *
find_kind(struct rotor_str kty)
{
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (rotor_str_is(kty, kinds[i].kty))
			return (&kinds[i]);
	}
	return (NULL);
}

/* What can be told without looking at numbers. */
static int
check_members(const struct members *m, char *why)
{
	if (!rotor_str_is(m->use, "sig"))
		return (refuse(why, "its use is not \"sig\""));
	if (m->kid.len == 0 || m->kid.len > JWK_KID_MAX)
		return (refuse(why, "it has no kid, or one of more than 512 bytes"));
	if (find_kind(m->kty) == NULL)
		return (refuse(why, "its kty is none of RSA, EC, OKP"));
	if (m->d.len > 0 || m->k.len > 0)
		return (refuse(why, "it is a private key, which a key set must not show"));
	return (0);
}

static int
make_key(struct jwk *k, const struct members *m, struct scratch *s, char *why)
{
	const struct kind *kind = find_kind(m->kty);
	char text[PUBKEY_WHY_MAX];
	EVP_PKEY *pkey = kind->make(m, s, why);
	int r;

	if (pkey == NULL)
		return (-1);
	r = pubkey_new(pkey, kind->family, &k->key, text);
	EVP_PKEY_free(pkey);
	if (r != 0)
		return (refuse(why, text));
	if (m->alg.len == 0)
		return (0);
	k->only = alg_find(m->alg);
	if (k->only == NULL || !pubkey_fits(k->key, k->only))
		return (refuse(why, "its alg is not supported, or does not fit its kty and crv"));
	return (0);
}

int
jwk_read(const struct scan_value *v, struct scratch *s, struct jwk **ret,
    struct rotor_str *ret_kid, char *why)
{
	struct members m = { .kty = { NULL, 0 } };
	struct jwk *k;

	if (read_members(v, s, &m, why) != 0 || check_members(&m, why) != 0)
		return (-1);
	k = calloc(1, sizeof *k);
	if (k == NULL)
		return (refuse(why, "no memory"));
	atomic_init(&k->refs, 1);
	if (make_key(k, &m, s, why) != 0) {
		jwk_unref(&k);
		return (-1);
	}
	*ret = k;
	*ret_kid = m.kid;
	return (0);
}

struct jwk *
jwk_ref(struct jwk *k)
{
	atomic_fetch_add_explicit(&k->refs, 1, memory_order_relaxed);
	return (k);
}

void
jwk_unref(struct jwk **kp)
{
	struct jwk *k = *kp;

	*kp = NULL;
	if (k == NULL || atomic_fetch_sub_explicit(&k->refs, 1, memory_order_acq_rel) != 1)
		return;
	pubkey_free(&k->key);
	free(k);
}

int
jwk_verify(const struct jwk *k, struct rotor_str alg, struct rotor_str text,
    struct rotor_str sig, const char **ret_why)
{
	const struct alg *a = alg_find(alg);

	if (a == NULL)
		*ret_why = "unsupported algorithm";
	else if (!pubkey_fits(k->key, a) || (k->only != NULL && k->only != a))
		*ret_why = "algorithm is not that of the key";
	else if (pubkey_verify(k->key, a, text, sig) != 0)
		*ret_why = "signature does not match";
	else
		return (0);
	return (-1);
}
