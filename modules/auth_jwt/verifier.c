/* SPDX-License-Identifier: MIT */
/*
 * verifier.c - the order of the checks is that of Centrifugo, and decides what a
 * client with several things wrong is told.
 */
#include "config.h"

#include "verifier.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "alg.h"
#include "claims.h"
#include "conf.h"
#include "fault.h"
#include "jwk.h"
#include "jwks_safety.h"
#include "keys.h"
#include "pattern.h"
#include "scratch.h"
#include "url_template.h"

#define KID_SHOWN	64u	/* bytes, in what the log says */
#define WHY_MAX		400u
#define REGEX_MAX_BYTES	4096u	/* of iss and aud, that are matched with expressions */

struct verifier {
	atomic_uint		refs;
	struct keys		*keys;			/* NULL: a key set has them */
	struct url_template	*endpoint;		/* of that */
	struct jwks_source	*source;
	struct rotor_regex	*issuer_re, *audience_re;	/* NULL: not asked for */
	char			*issuer, *audience;	/* "": not asked for */
	char			*user_claim;		/* "": sub */
	int			skip_signature;
};

/*
 * Making one.
 */

static int
user_claim_ok(const char *s)
{
	return (s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")] == '\0');
}

/* 0, or -EINVAL when the block contradicts itself. */
static int
check_conf(const struct token_conf *conf, const char *path, struct fault *f)
{
	if (*conf->audience != '\0' && *conf->audience_regex != '\0')
		return (fault_set(f, path, "audience",
		    "cannot be used together with audience_regex: take one out"));
	if (*conf->issuer != '\0' && *conf->issuer_regex != '\0')
		return (fault_set(f, path, "issuer",
		    "cannot be used together with issuer_regex: take one out"));
	if (!user_claim_ok(conf->user_id_claim))
		return (fault_set(f, path, "user_id_claim",
		    "expected the name of a claim, of letters and underscores"));
	return (0);
}

static int
add_regex(const char *text, const char *path, const char *key, struct rotor_regex **ret,
    struct fault *f)
{
	char why[192];
	int r;

	if (*text == '\0')
		return (0);
	r = rotor_regex_new(text, ret, why, sizeof why);
	if (r != 0)
		fault_set(f, path, key, "expected a regular expression (RE2): %s", why);
	return (r);
}

static int
add_strings(struct verifier *v, const struct token_conf *conf, const char *path, struct fault *f)
{
	v->issuer = strdup(conf->issuer);
	v->audience = strdup(conf->audience);
	v->user_claim = strdup(conf->user_id_claim);
	if (v->issuer != NULL && v->audience != NULL && v->user_claim != NULL)
		return (0);
	return (fault_no_memory(f, path));
}

/* The groups that fill the URL: what is not safe is refused, or left to the operator
 * with a warning. */
static int
check_safety(const struct verifier *v, const struct token_conf *conf, const char *path,
    struct fault *f)
{
	char why[SAFETY_WHY_MAX];
	const char *key = NULL;

	if (jwks_safety_check(conf->issuer_regex, v->endpoint, why) != 0)
		key = "issuer_regex";
	else if (jwks_safety_check(conf->audience_regex, v->endpoint, why) != 0)
		key = "audience_regex";
	if (key == NULL)
		return (0);
	fault_set(f, path, key, "%s", why);
	return (conf->skip_jwks_safety_check ? 0 : -EINVAL);
}

static int
has_static_key(const struct token_conf *conf)
{
	return (*conf->hmac_secret_key != '\0' || *conf->hmac_previous_secret_key != '\0' ||
	    *conf->rsa_public_key != '\0' || *conf->ecdsa_public_key != '\0');
}

/* The key set takes the place of the block's other keys. */
static int
add_key_set(struct verifier *v, const struct token_conf *conf, const char *path,
    const struct key_sets *ks, struct fault *f)
{
	const char *why;
	int r;

	if (url_template_new(conf->jwks_public_endpoint, &v->endpoint, &why) != 0)
		return (fault_set(f, path, "jwks_public_endpoint", "%s", why));
	if (has_static_key(conf))
		fault_set(f, path, "jwks_public_endpoint", "the key set takes the place of the other keys "
		    "here: hmac_secret_key, rsa_public_key and ecdsa_public_key have no effect");
	r = check_safety(v, conf, path, f);
	if (r != 0)
		return (r);
	v->source = jwks_source_new(ks->fetcher, ks->report, ks->priv);
	if (v->source == NULL)
		return (fault_no_memory(f, path));
	keys_free(&v->keys);
	return (0);
}

int
verifier_new(const struct token_conf *conf, const char *path, int skip_signature,
    const struct key_sets *ks, struct verifier **ret, struct fault *f)
{
	struct verifier *v;
	int r;

	f->key[0] = f->text[0] = '\0';
	r = check_conf(conf, path, f);
	if (r != 0)
		return (r);
	v = calloc(1, sizeof *v);
	if (v == NULL)
		return (fault_no_memory(f, path));
	atomic_init(&v->refs, 1);
	v->skip_signature = skip_signature;
	r = add_strings(v, conf, path, f);
	if (r == 0)
		r = add_regex(conf->issuer_regex, path, "issuer_regex", &v->issuer_re, f);
	if (r == 0)
		r = add_regex(conf->audience_regex, path, "audience_regex", &v->audience_re, f);
	if (r == 0)
		r = keys_new(conf, path, &v->keys, f);
	if (r == 0 && *conf->jwks_public_endpoint != '\0')
		r = add_key_set(v, conf, path, ks, f);
	if (r != 0)
		verifier_unref(&v);
	else
		*ret = v;
	return (r);
}

struct verifier *
verifier_ref(struct verifier *v)
{
	atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
	return (v);
}

void
verifier_unref(struct verifier **vp)
{
	struct verifier *v = *vp;

	*vp = NULL;
	if (v == NULL || atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) != 1)
		return;
	keys_free(&v->keys);
	jwks_source_unref(&v->source);
	url_template_free(&v->endpoint);
	rotor_regex_free(&v->issuer_re);
	rotor_regex_free(&v->audience_re);
	free(v->issuer);
	free(v->audience);
	free(v->user_claim);
	free(v);
}

const struct keys *
verifier_keys(const struct verifier *v)
{
	return (v->keys);
}

/*
 * Asking it.
 */

/* Nothing is proved yet about what is matched: `left` bounds the work for a token. */
static int
match(const struct verifier *v, const struct rotor_regex *re, struct rotor_str text, size_t *left,
    struct scratch *s, struct url_vars *vars)
{
	if (text.len + 1 > *left)
		return (0);
	*left -= text.len + 1;
	return (v->endpoint == NULL ? rotor_regex_match(re, text) : pattern_groups(re, text, s, vars));
}

static int
match_audience(const struct verifier *v, const struct claim_strs *aud, size_t *left, struct scratch *s,
    struct url_vars *vars)
{
	size_t i;

	for (i = 0; i < aud->n; i++) {
		if (match(v, v->audience_re, aud->v[i], left, s, vars))
			return (1);
	}
	return (0);
}

static int
same(struct rotor_str a, const char *b)
{
	size_t len = strlen(b);

	return (a.len == len && CRYPTO_memcmp(a.p, b, len) == 0);
}

static int
has_audience(const struct claim_strs *aud, const char *wanted)
{
	size_t i;

	for (i = 0; i < aud->n; i++) {
		if (same(aud->v[i], wanted))
			return (1);
	}
	return (0);
}

static uint32_t
fail(uint32_t verdict, const char *why, const char **ret_why)
{
	*ret_why = why;
	return (verdict);
}

/* A text of which the parts are not known beforehand; in `s`. */
static const char *
why_of_key(struct rotor_str kid, struct rotor_str url, const char *what, struct scratch *s)
{
	char shown[KID_SHOWN + 1], where[URL_MAX_LEN], *why = scratch_alloc(s, WHY_MAX);
	size_t i, n = kid.len < KID_SHOWN ? kid.len : KID_SHOWN;

	if (why == NULL)
		return (what);
	for (i = 0; i < n; i++)
		shown[i] = kid.p[i] > 0x20 && kid.p[i] < 0x7f && kid.p[i] != '"' ? kid.p[i] : '?';
	shown[n] = '\0';
	url_public(url.p, where, sizeof where);
	snprintf(why, WHY_MAX, "its key \"%s\"%s %s: %.160s", shown, n < kid.len ? "..." : "", what, where);
	return (why);
}

/* By jwks_answer, what becomes of a token without its key.  That the set cannot be
 * fetched says nothing about the token, but the reference calls it invalid, too. */
static const struct {
	uint32_t	verdict;
	const char	*why;
} keyless[] = {
	[JWKS_FOUND] = { ROTOR_TOKEN_VALID, NULL },
	[JWKS_UNKNOWN] = { ROTOR_TOKEN_INVALID, "is not in the key set" },
	[JWKS_UNAVAILABLE] = { ROTOR_TOKEN_INVALID, "is not known, and the key set cannot be fetched" },
	[JWKS_OVERLOAD] = { ROTOR_TOKEN_ERROR, "is not known yet, and too many tokens wait for key sets, or the server stops" },
};

/* The key set's key, with a reference; or another verdict than VALID. */
static uint32_t
find_key(const struct verifier *v, const struct token *t, const struct url_vars *vars,
    struct key_ask *ask, struct scratch *s, struct jwk **ret, const char **ret_why)
{
	const struct alg *a = alg_find(t->header.alg);

	/* Nothing is fetched for a token that no key could help. */
	if (a == NULL || a->family == FAMILY_HMAC)
		return (fail(ROTOR_TOKEN_INVALID, a == NULL ? "unsupported algorithm" :
		    "disabled algorithm", ret_why));
	if (t->header.kid.len == 0 || t->header.kid.len > JWK_KID_MAX)
		return (fail(ROTOR_TOKEN_INVALID, "header has no kid, or a very long one", ret_why));
	if (url_template_fill(v->endpoint, vars, s, &ask->url, ret_why) != 0)
		return (ROTOR_TOKEN_INVALID);
	ask->kid = t->header.kid;
	if (ask->answered && ask->key == NULL)
		return (fail(keyless[ask->answer].verdict,
		    why_of_key(ask->kid, ask->url, keyless[ask->answer].why, s), ret_why));
	*ret = ask->answered ? jwk_ref(ask->key) : jwks_source_get(v->source, ask->url, ask->kid);
	if (*ret == NULL)
		return (fail(VERIFIER_ASK, "its key must be fetched", ret_why));
	return (ROTOR_TOKEN_VALID);
}

static uint32_t
check_by_key_set(const struct verifier *v, const struct token *t, const struct url_vars *vars,
    struct key_ask *ask, struct scratch *s, const char **ret_why)
{
	struct jwk *k;
	uint32_t verdict = find_key(v, t, vars, ask, s, &k, ret_why);

	if (verdict != ROTOR_TOKEN_VALID)
		return (verdict);
	if (jwk_verify(k, t->header.alg, t->signed_text, t->sig, ret_why) != 0)
		verdict = ROTOR_TOKEN_INVALID;
	jwk_unref(&k);
	return (verdict);
}

static uint32_t
check_signature(const struct verifier *v, const struct token *t, const struct url_vars *vars,
    double now, struct key_ask *ask, struct scratch *s, const char **ret_why)
{
	if (v->skip_signature)
		return (ROTOR_TOKEN_VALID);
	if (v->source != NULL)
		return (check_by_key_set(v, t, vars, ask, s, ret_why));
	return (keys_verify(v->keys, t->header.alg, t->signed_text, t->sig, now, ret_why) == 0 ?
	    ROTOR_TOKEN_VALID : ROTOR_TOKEN_INVALID);
}

/* What holds for tokens of either kind, but for time. */
static uint32_t
check_origin(const struct verifier *v, const struct token *t, const struct claims *c,
    double now, struct key_ask *ask, struct scratch *s, const char **ret_why)
{
	struct url_vars vars = { NULL, 0 };
	size_t left = REGEX_MAX_BYTES;
	uint32_t verdict;

	if (v->issuer_re != NULL && !match(v, v->issuer_re, c->iss, &left, s, &vars))
		return (fail(ROTOR_TOKEN_INVALID, "claim iss does not match issuer_regex", ret_why));
	if (v->audience_re != NULL && !match_audience(v, &c->aud, &left, s, &vars))
		return (fail(ROTOR_TOKEN_INVALID, "claim aud does not match audience_regex", ret_why));
	verdict = check_signature(v, t, &vars, now, ask, s, ret_why);
	if (verdict != ROTOR_TOKEN_VALID)
		return (verdict);
	if (*v->audience != '\0' && !has_audience(&c->aud, v->audience))
		return (fail(ROTOR_TOKEN_INVALID, c->aud.n > 0 ? "claim aud has not what audience asks for" :
		    "no claim aud, which audience asks for", ret_why));
	if (*v->issuer != '\0' && !same(c->iss, v->issuer))
		return (fail(ROTOR_TOKEN_INVALID, c->iss.len > 0 ? "claim iss is not what issuer asks for" :
		    "no claim iss, which issuer asks for", ret_why));
	return (ROTOR_TOKEN_VALID);
}

/* NULL, or how `now` is outside the token's time. */
static const char *
check_time(const struct claims *c, double now)
{
	if (c->exp.given && now >= c->exp.at)
		return ("token expired");
	if (c->nbf.given && now <= c->nbf.at)
		return ("token is not valid yet (claim nbf)");
	return (NULL);
}

/* A double as whole seconds; what exceeds them by far stays far. */
static int64_t
whole_seconds(const struct claim_time *t)
{
	const double far = 9007199254740992.0;	/* 2^53 */

	if (!t->given)
		return (0);
	return ((int64_t)(t->at > far ? far : t->at < -far ? -far : t->at));
}

/* When what the token opens must end: expire_at outranks exp, and says "never"
 * by being 0 or less. */
static int64_t
expiry(const struct claims *c)
{
	if (!c->expire_at.given)
		return (whole_seconds(&c->exp));
	return (c->expire_at.n > 0 ? c->expire_at.n : 0);
}

/* What the claims grant.  0 or -1, as claim_sub_grant(). */
static int
grant_subs(const struct claims *c, struct scratch *s, struct rotor_connection_claims *out)
{
	const struct claim_subs *subs = c->subs.n > 0 ? &c->subs : &c->channels;
	struct rotor_sub_grant *grants;
	size_t i;

	grants = scratch_array(s, subs->n, sizeof *grants);
	if (grants == NULL)
		return (-1);
	for (i = 0; i < subs->n; i++) {
		if (claim_sub_grant(&subs->v[i], s, &grants[i]) != 0)
			return (-1);
	}
	out->subs = grants;
	out->n_subs = subs->n;
	return (0);
}

uint32_t
verifier_connection(const struct verifier *v, struct rotor_str jwt, double now,
    struct key_ask *ask, struct scratch *s, struct rotor_connection_claims *ret,
    const char **ret_why)
{
	struct rotor_connection_claims out = { .size = sizeof out };
	struct token t;
	struct claims c;
	uint32_t verdict;
	const char *why;

	if (token_parse(jwt, s, &t, ret_why) != 0 ||
	    claims_read(t.claims, CLAIMS_CONNECTION, v->user_claim, s, &c, ret_why) != 0)
		return (ROTOR_TOKEN_INVALID);
	verdict = check_origin(v, &t, &c, now, ask, s, ret_why);
	if (verdict != ROTOR_TOKEN_VALID)
		return (verdict);
	if (c.top.channel.len > 0)
		return (fail(ROTOR_TOKEN_INVALID, "not a connection token: it has a claim channel", ret_why));
	if ((why = check_time(&c, now)) != NULL)
		return (fail(ROTOR_TOKEN_EXPIRED, why, ret_why));
	if (grant_subs(&c, s, &out) != 0)
		return (fail(ROTOR_TOKEN_INVALID, "malformed base64 in claim subs", ret_why));
	/* Not "invalid": the reference answers an error here and lets the client stay. */
	if (claim_payload(c.top.info, c.top.b64info, s, &out.info) != 0)
		return (fail(ROTOR_TOKEN_ERROR, "malformed base64 in claim b64info", ret_why));
	out.user = c.user;
	out.meta = c.meta;
	out.expire_at = expiry(&c);
	out.token_id = c.jti;
	out.issued_at = whole_seconds(&c.iat);
	*ret = out;
	*ret_why = NULL;
	return (ROTOR_TOKEN_VALID);
}

uint32_t
verifier_subscription(const struct verifier *v, struct rotor_str jwt, double now,
    struct key_ask *ask, struct scratch *s, struct rotor_subscription_claims *ret,
    const char **ret_why)
{
	struct rotor_subscription_claims out = { .size = sizeof out };
	struct token t;
	struct claims c;
	uint32_t verdict;
	const char *why;

	if (token_parse(jwt, s, &t, ret_why) != 0 ||
	    claims_read(t.claims, CLAIMS_SUBSCRIPTION, v->user_claim, s, &c, ret_why) != 0)
		return (ROTOR_TOKEN_INVALID);
	verdict = check_origin(v, &t, &c, now, ask, s, ret_why);
	if (verdict != ROTOR_TOKEN_VALID)
		return (verdict);
	if ((why = check_time(&c, now)) != NULL)
		return (fail(ROTOR_TOKEN_EXPIRED, why, ret_why));
	if (c.top.channel.len == 0)
		return (fail(ROTOR_TOKEN_INVALID, "not a subscription token: it has no claim channel", ret_why));
	if (claim_sub_grant(&c.top, s, &out.grant) != 0)
		return (fail(ROTOR_TOKEN_INVALID, "malformed base64 in claim b64info or b64data", ret_why));
	out.user = c.user;
	out.client = c.client;
	out.expire_at = expiry(&c);
	out.token_id = c.jti;
	out.issued_at = whole_seconds(&c.iat);
	*ret = out;
	*ret_why = NULL;
	return (ROTOR_TOKEN_VALID);
}

int
verifier_ask(const struct verifier *v, const struct key_ask *ask, jwks_done_f *done, void *priv)
{
	return (jwks_source_ask(v->source, ask->url, ask->kid, done, priv));
}
