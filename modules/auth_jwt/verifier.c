/* SPDX-License-Identifier: MIT */
/*
 * verifier.c - the order of the checks is that of Centrifugo, and decides what a
 * client with several things wrong is told.
 */
#include "config.h"

#include "verifier.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "claims.h"
#include "conf.h"
#include "keys.h"
#include "pattern.h"
#include "scratch.h"

struct verifier {
	struct keys	*keys;
	struct pattern	*issuer_re, *audience_re;	/* NULL: not asked for */
	char		*issuer, *audience;		/* "": not asked for */
	char		*user_claim;			/* "": sub */
	int		skip_signature;
};

static int
user_claim_ok(const char *s)
{
	return (s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")] == '\0');
}

/* 0, or -EINVAL when the block contradicts itself. */
static int
check_conf(const struct token_conf *conf, const char *path, char *err)
{
	const char *why = NULL;

	if (*conf->jwks_public_endpoint != '\0')
		why = "jwks_public_endpoint: key sets (JWKS) are not supported by this version";
	else if (*conf->audience != '\0' && *conf->audience_regex != '\0')
		why = "audience: cannot be used together with audience_regex";
	else if (*conf->issuer != '\0' && *conf->issuer_regex != '\0')
		why = "issuer: cannot be used together with issuer_regex";
	else if (!user_claim_ok(conf->user_id_claim))
		why = "user_id_claim: must consist of letters and underscores";
	if (why == NULL)
		return (0);
	snprintf(err, VERIFIER_ERR_MAX, "%s.%s", path, why);
	return (-EINVAL);
}

static int
add_pattern(const char *text, const char *path, const char *key, struct pattern **ret, char *err)
{
	char why[VERIFIER_ERR_MAX / 2];
	int r;

	if (*text == '\0')
		return (0);
	r = pattern_new(text, ret, why, sizeof why);
	if (r != 0)
		snprintf(err, VERIFIER_ERR_MAX, "%s.%s: %s", path, key, why);
	return (r);
}

static int
add_strings(struct verifier *v, const struct token_conf *conf, const char *path, char *err)
{
	v->issuer = strdup(conf->issuer);
	v->audience = strdup(conf->audience);
	v->user_claim = strdup(conf->user_id_claim);
	if (v->issuer != NULL && v->audience != NULL && v->user_claim != NULL)
		return (0);
	snprintf(err, VERIFIER_ERR_MAX, "%s: no memory", path);
	return (-ENOMEM);
}

int
verifier_new(const struct token_conf *conf, const char *path, int skip_signature,
    struct verifier **ret, char *err)
{
	struct verifier *v;
	int r = check_conf(conf, path, err);

	if (r != 0)
		return (r);
	v = calloc(1, sizeof *v);
	if (v == NULL) {
		snprintf(err, VERIFIER_ERR_MAX, "%s: no memory", path);
		return (-ENOMEM);
	}
	v->skip_signature = skip_signature;
	r = add_strings(v, conf, path, err);
	if (r == 0)
		r = add_pattern(conf->issuer_regex, path, "issuer_regex", &v->issuer_re, err);
	if (r == 0)
		r = add_pattern(conf->audience_regex, path, "audience_regex", &v->audience_re, err);
	if (r == 0)
		r = keys_new(conf, path, &v->keys, err, VERIFIER_ERR_MAX);
	if (r != 0)
		verifier_free(&v);
	else
		*ret = v;
	return (r);
}

void
verifier_free(struct verifier **vp)
{
	struct verifier *v = *vp;

	*vp = NULL;
	if (v == NULL)
		return;
	keys_free(&v->keys);
	pattern_free(&v->issuer_re);
	pattern_free(&v->audience_re);
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

static int
match_audience(const struct pattern *p, const struct claim_strs *aud)
{
	size_t i;

	for (i = 0; i < aud->n; i++) {
		if (pattern_match(p, aud->v[i]))
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

/* What holds for tokens of either kind, but for time.  NULL, or what is wrong. */
static const char *
check_origin(const struct verifier *v, const struct token *t, const struct claims *c, double now)
{
	const char *why;

	if (v->issuer_re != NULL && !pattern_match(v->issuer_re, c->iss))
		return ("issuer does not match");
	if (v->audience_re != NULL && !match_audience(v->audience_re, &c->aud))
		return ("audience does not match");
	if (!v->skip_signature &&
	    keys_verify(v->keys, t->alg, t->signed_text, t->sig, now, &why) != 0)
		return (why);
	if (*v->audience != '\0' && !has_audience(&c->aud, v->audience))
		return ("invalid audience");
	if (*v->issuer != '\0' && !same(c->iss, v->issuer))
		return ("invalid issuer");
	return (NULL);
}

/* NULL, or how `now` is outside the token's time. */
static const char *
check_time(const struct claims *c, double now)
{
	if (c->exp.given && now >= c->exp.at)
		return ("token expired");
	if (c->nbf.given && now <= c->nbf.at)
		return ("token is not valid yet");
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

static uint32_t
fail(uint32_t verdict, const char *why, const char **ret_why)
{
	*ret_why = why;
	return (verdict);
}

uint32_t
verifier_connection(const struct verifier *v, struct rotor_str jwt, double now,
    struct scratch *s, struct rotor_connection_claims *ret, const char **ret_why)
{
	struct rotor_connection_claims out = { .size = sizeof out };
	struct token t;
	struct claims c;
	const char *why;

	if (token_parse(jwt, s, &t, ret_why) != 0 ||
	    claims_read(t.claims, CLAIMS_CONNECTION, v->user_claim, s, &c, ret_why) != 0)
		return (ROTOR_TOKEN_INVALID);
	if ((why = check_origin(v, &t, &c, now)) != NULL)
		return (fail(ROTOR_TOKEN_INVALID, why, ret_why));
	if (c.top.channel.len > 0)
		return (fail(ROTOR_TOKEN_INVALID, "connection token has a channel", ret_why));
	if ((why = check_time(&c, now)) != NULL)
		return (fail(ROTOR_TOKEN_EXPIRED, why, ret_why));
	if (grant_subs(&c, s, &out) != 0)
		return (fail(ROTOR_TOKEN_INVALID, "malformed base64 in subs", ret_why));
	/* Not "invalid": the reference answers an error here and lets the client stay. */
	if (claim_payload(c.top.info, c.top.b64info, s, &out.info) != 0)
		return (fail(ROTOR_TOKEN_ERROR, "malformed base64 in b64info", ret_why));
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
    struct scratch *s, struct rotor_subscription_claims *ret, const char **ret_why)
{
	struct rotor_subscription_claims out = { .size = sizeof out };
	struct token t;
	struct claims c;
	const char *why;

	if (token_parse(jwt, s, &t, ret_why) != 0 ||
	    claims_read(t.claims, CLAIMS_SUBSCRIPTION, v->user_claim, s, &c, ret_why) != 0)
		return (ROTOR_TOKEN_INVALID);
	if ((why = check_origin(v, &t, &c, now)) != NULL)
		return (fail(ROTOR_TOKEN_INVALID, why, ret_why));
	if ((why = check_time(&c, now)) != NULL)
		return (fail(ROTOR_TOKEN_EXPIRED, why, ret_why));
	if (c.top.channel.len == 0)
		return (fail(ROTOR_TOKEN_INVALID, "subscription token has no channel", ret_why));
	if (claim_sub_grant(&c.top, s, &out.grant) != 0)
		return (fail(ROTOR_TOKEN_INVALID, "malformed base64", ret_why));
	out.user = c.user;
	out.client = c.client;
	out.expire_at = expiry(&c);
	out.token_id = c.jti;
	out.issued_at = whole_seconds(&c.iat);
	*ret = out;
	*ret_why = NULL;
	return (ROTOR_TOKEN_VALID);
}
