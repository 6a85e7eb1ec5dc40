/* SPDX-License-Identifier: MIT */
/* test_jwt_jwks.c - key sets from hostile text, the cache of keys, the pace of fetches. */
#include "config.h"

#include "jwt_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jwk.h"
#include "jwks.h"
#include "jwks_cache.h"
#include "pace.h"

/* What a set with these keys has for `kid`. */
struct found {
	const char	*kid;
	struct jwk	*key;
	size_t		n;
};

static void
on_key(void *priv, struct rotor_str kid, struct jwk *k)
{
	struct found *f = priv;

	f->n++;
	if (kid.len != strlen(f->kid) || memcmp(kid.p, f->kid, kid.len) != 0)
		return;
	jwk_unref(&f->key);
	f->key = jwk_ref(k);
}

static struct jwks_summary sum;

/* The key "k" of the set in `text`, or NULL. */
static struct jwk *
read_set(const char *text)
{
	struct found f = { .kid = "k" };
	/* An exact allocation, so that the sanitizer sees every byte read beyond. */
	char *copy = malloc(strlen(text) + 1);
	int r;

	memcpy(copy, text, strlen(text));
	copy = realloc(copy, strlen(text) > 0 ? strlen(text) : 1);
	r = jwks_read((struct rotor_str){ copy, strlen(text) }, on_key, &f, &sum);
	free(copy);
	assert_int_equal(f.n, sum.taken);
	assert_int_equal(r, sum.taken > 0 ? 0 : -1);
	return (f.key);
}

/* The one key made of this JSON. */
static struct jwk *
read_one(const char *jwk)
{
	char *set = malloc(strlen(jwk) + 16);
	struct jwk *k;

	sprintf(set, "{\"keys\":[%s]}", jwk);
	k = read_set(set);
	free(set);
	return (k);
}

static struct jwk *
read_made(char *jwk)
{
	struct jwk *k = read_one(jwk);

	free(jwk);
	return (k);
}

/* Whether the key takes a token signed like this; NULL in *ret_why when it does. */
static const char *
refusal(const struct jwk *k, const char *alg, EVP_PKEY *pkey)
{
	char *jwt = make_kid("{}", alg, "k", pkey);
	const char *why = NULL;
	struct scratch s;
	struct token t;

	scratch_init(&s);
	assert_int_equal(token_parse((struct rotor_str){ jwt, strlen(jwt) }, &s, &t, &why), 0);
	why = NULL;
	if (jwk_verify(k, t.header.alg, t.signed_text, t.sig, &why) == 0)
		assert_null(why);
	else
		assert_non_null(why);
	scratch_fini(&s);
	free(jwt);
	return (why);
}

static void
test_every_kind(void **state)
{
	const struct { EVP_PKEY *pkey, *other; const char *algs[4]; } t[] = {
		{ key.rsa, key.other_rsa, { "RS256", "RS384", "RS512", NULL } },
		{ key.p256, key.k256, { "ES256", NULL } }, { key.p384, NULL, { "ES384", NULL } },
		{ key.p521, NULL, { "ES512", NULL } }, { key.ed25519, NULL, { "EdDSA", NULL } },
	};
	char more[64];
	struct jwk *k;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		/* Without alg the key serves its whole family. */
		k = read_made(make_jwk(t[i].pkey, "k", ""));
		assert_non_null(k);
		for (j = 0; t[i].algs[j] != NULL; j++) {
			assert_null(refusal(k, t[i].algs[j], t[i].pkey));
			if (t[i].other != NULL)
				assert_string_equal(refusal(k, t[i].algs[j], t[i].other),
				    "signature does not match");
		}
		jwk_unref(&k);
		/* With one it serves that. */
		for (j = 0; t[i].algs[j] != NULL; j++) {
			snprintf(more, sizeof more, ",\"alg\":\"%s\"", t[i].algs[j]);
			k = read_made(make_jwk(t[i].pkey, "k", more));
			assert_non_null(k);
			assert_null(refusal(k, t[i].algs[j], t[i].pkey));
			if (j > 0)
				assert_string_equal(refusal(k, t[i].algs[0], t[i].pkey),
				    "algorithm is not that of the key");
			jwk_unref(&k);
		}
	}
}

static void
test_wrong_algorithm(void **state)
{
	static const char *const algs[] = { "HS256", "RS256", "ES256", "ES384", "EdDSA" };
	const struct { EVP_PKEY *pkey; const char *alg; } t[] = {
		{ key.rsa, "RS256" }, { key.p256, "ES256" }, { key.p384, "ES384" }, { key.ed25519, "EdDSA" },
	};
	struct jwk *k;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		k = read_made(make_jwk(t[i].pkey, "k", ""));
		for (j = 0; j < sizeof algs / sizeof algs[0]; j++) {
			if (strcmp(algs[j], t[i].alg) != 0)
				assert_string_equal(refusal(k, algs[j], t[i].pkey),
				    "algorithm is not that of the key");
		}
		assert_string_equal(refusal(k, "PS256", t[i].pkey), "unsupported algorithm");
		assert_string_equal(refusal(k, "none", t[i].pkey), "unsupported algorithm");
		jwk_unref(&k);
	}
}

static void
pass_over(char *jwk, const char *part)
{
	assert_null(read_made(jwk));
	assert_int_equal(sum.passed_over, 1);
	if (strstr(sum.why, part) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", sum.why, part);
}

static void
test_passed_over(void **state)
{
	static const struct { const char *jwk, *part; } t[] = {
#define SIG	"\"use\":\"sig\",\"kid\":\"k\","
#define EC256	"{" SIG "\"kty\":\"EC\",\"crv\":\"P-256\","
#define X32	"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
		{ "1", "not a JSON object" }, { "null", "not a JSON object" }, { "[]", "not a JSON object" },
		{ "{}", "use" }, { "{\"kty\":\"RSA\",\"kid\":\"k\"}", "use" },
		{ "{\"use\":\"enc\",\"kid\":\"k\",\"kty\":\"RSA\"}", "use" },
		{ "{\"use\":[\"sig\"],\"kid\":\"k\"}", "its use is not a string" },
		{ "{\"use\":\"sig\",\"kid\":7}", "its kid is not a string" },
		{ "{\"use\":\"sig\",\"kty\":\"RSA\"}", "kid" },
		{ "{\"use\":\"sig\",\"kid\":\"\",\"kty\":\"RSA\"}", "kid" },
		{ "{" SIG "\"kty\":\"oct\",\"k\":\"AAAA\"}", "kty" },
		{ "{" SIG "\"kty\":\"rsa\"}", "kty" }, { "{" SIG "\"kty\":null}", "kty" },
		{ "{" SIG "\"kty\":\"RSA\"}", "n or e" },
		{ "{" SIG "\"kty\":\"RSA\",\"n\":\"AQAB\"}", "n or e" },
		{ "{" SIG "\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}", "n or e" },
		{ "{" SIG "\"kty\":\"RSA\",\"n\":\"!!\",\"e\":\"AQAB\"}", "n or e" },
		{ "{" SIG "\"kty\":\"RSA\",\"n\":\"AQ==\",\"e\":\"AQAB\"}", "n or e" },
		{ "{" SIG "\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQABAQAB\"}", "n or e" },
		{ "{" SIG "\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":65537}", "its e is not a string" },
		{ "{" SIG "\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", "RSA key of 17 bits" },
		{ "{" SIG "\"kty\":\"RSA\",\"n\":\"AQAA\",\"e\":\"AQAB\"}", "no RSA key" },
		{ "{" SIG "\"kty\":\"RSA\",\"n\":\"AAAA\",\"e\":\"AQAB\"}", "no RSA key" },
		{ "{" SIG "\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQ\"}", "no RSA key" },
		{ "{" SIG "\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AA\"}", "no RSA key" },
		{ "{" SIG "\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"Ag\"}", "no RSA key" },
		{ "{" SIG "\"kty\":\"EC\",\"x\":\"" X32 "\",\"y\":\"" X32 "\"}", "crv" },
		{ "{" SIG "\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" X32 "\",\"y\":\"" X32 "\"}", "crv" },
		{ "{" SIG "\"kty\":\"EC\",\"crv\":\"Ed25519\",\"x\":\"" X32 "\"}", "crv" },
		{ EC256 "\"x\":\"" X32 "\"}", "x or y" },
		{ EC256 "\"x\":\"AAAA\",\"y\":\"" X32 "\"}", "x or y" },
		{ EC256 "\"x\":\"" X32 "AA\",\"y\":\"" X32 "\"}", "x or y" },
		{ EC256 "\"x\":\"" X32 "\",\"y\":\"" X32 "\"}", "not on its curve" },
		{ EC256 "\"x\":\"//////////////////////////////////////////8\",\"y\":\"" X32 "\"}", "x or y" },
		{ EC256 "\"x\":\"__________________________________________8\",\"y\":\"" X32 "\"}",
		    "not on its curve" },
		{ "{" SIG "\"kty\":\"OKP\",\"x\":\"" X32 "\"}", "Ed25519" },
		{ "{" SIG "\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" X32 "\"}", "Ed25519" },
		{ "{" SIG "\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"" X32 "\"}", "Ed25519" },
		{ "{" SIG "\"kty\":\"OKP\",\"crv\":\"Ed25519\"}", "32 bytes" },
		{ "{" SIG "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}", "32 bytes" },
		{ "{" SIG "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X32 "AAAA\"}", "32 bytes" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++)
		pass_over(strdup(t[i].jwk), t[i].part);
	/* Keys that are good but for one thing. */
	pass_over(make_jwk(key.rsa, "k", ",\"d\":\"AQAB\""), "private key");
	pass_over(make_jwk(key.p256, "k", ",\"d\":\"AQAB\""), "private key");
	pass_over(make_jwk(key.rsa512, "k", ""), "RSA key of 512 bits");
	pass_over(make_jwk(key.rsa, "k", ",\"alg\":\"PS256\""), "alg");
	pass_over(make_jwk(key.rsa, "k", ",\"alg\":\"RSA-OAEP\""), "alg");
	pass_over(make_jwk(key.rsa, "k", ",\"alg\":\"ES256\""), "alg");
	pass_over(make_jwk(key.rsa, "k", ",\"alg\":\"HS256\""), "alg");
	pass_over(make_jwk(key.p256, "k", ",\"alg\":\"ES384\""), "alg");
	pass_over(make_jwk(key.p256, "k", ",\"alg\":\"RS256\""), "alg");
	pass_over(make_jwk(key.ed25519, "k", ",\"alg\":\"ES256\""), "alg");
	pass_over(make_jwk(key.p256, "k", ",\"use\":\"enc\""), "use");
}

static char *
of_length(const char *front, char c, size_t n, const char *back)
{
	char *s = malloc(strlen(front) + n + strlen(back) + 1);

	strcpy(s, front);
	memset(s + strlen(front), c, n);
	strcpy(s + strlen(front) + n, back);
	return (s);
}

static void
test_huge_numbers(void **state)
{
	struct jwk *k;

	(void)state;
	/* 16384 bits are as long as it gets: all ones, which is odd. */
	k = read_made(of_length("{" SIG "\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"", '_', 2728, "_w\"}"));
	assert_int_equal(sum.taken, k != NULL);
	jwk_unref(&k);
	pass_over(of_length("{" SIG "\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"", '_', 2740, "\"}"), "");
	pass_over(of_length("{" SIG "\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"", '_', 400000, "\"}"), "n or e");
	pass_over(of_length("{" SIG "\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"", '_', 400000, "\"}"), "n or e");
	pass_over(of_length(EC256 "\"y\":\"" X32 "\",\"x\":\"", 'A', 400000, "\"}"), "x or y");
	pass_over(of_length("{\"use\":\"sig\",\"kty\":\"RSA\",\"kid\":\"", 'k', JWK_KID_MAX + 1, "\"}"), "kid");
}

static void
test_sets(void **state)
{
	static const char *const bad[] = {
		"", " ", "x", "null", "[]", "7", "\"keys\"", "{}", "{\"keys\":{}}", "{\"keys\":null}",
		"{\"keys\":\"x\"}", "{\"Keys\":[]}", "{\"keys\":[}", "{\"keys\":[]", "{\"keys\":[]}}",
		"{\"keys\":[{]}", "<html>", "{\"keys\":[\"\xff\"]}", "\xef\xbb\xbf{\"keys\":[]}",
	};
	char *one = make_jwk(key.p256, "k", ""), *two = make_jwk(key.p384, "k", ""), text[4096];
	struct jwk *k;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_null(read_set(bad[i]));
		assert_non_null(strstr(sum.why, "not a JSON object"));
	}
	assert_null(read_set("{\"keys\":[]}"));
	assert_string_equal(sum.why, "it has no keys");
	/* Odd keys do no harm to the others; of two with one id the last counts. */
	snprintf(text, sizeof text, "{\"x\":[{}], \"keys\" : [null,{\"kty\":\"new\"},%s,{\"use\":1},%s,\"\"] }",
	    one, two);
	k = read_set(text);
	assert_non_null(k);
	assert_int_equal(sum.taken, 2);
	assert_int_equal(sum.passed_over, 4);
	assert_string_equal(sum.why, "not a JSON object");
	assert_null(refusal(k, "ES384", key.p384));
	jwk_unref(&k);
	free(one);
	free(two);
}

static void
test_too_many_keys(void **state)
{
	char *one = make_jwk(key.ed25519, "k", ""), *text, *at;
	struct jwk *k;
	size_t i;

	(void)state;
	text = at = malloc((JWKS_MAX_KEYS + 10) * (strlen(one) + 1) + 16);
	at += sprintf(at, "{\"keys\":[%s", one);
	for (i = 1; i < JWKS_MAX_KEYS + 3; i++)
		at += sprintf(at, ",%s", one);
	strcpy(at, "]}");
	k = read_set(text);
	assert_int_equal(sum.taken, JWKS_MAX_KEYS);
	assert_int_equal(sum.passed_over, 3);
	assert_string_equal(sum.why, "there are too many");
	jwk_unref(&k);
	free(text);
	free(one);
}

/* Random damage: nothing but an answer comes of it. */
static void
test_damaged_sets(void **state)
{
	char *one = make_jwk(key.p256, "k", ",\"alg\":\"ES256\""), *two = make_jwk(key.rsa, "k", "");
	char text[4096], damaged[4096];
	uint32_t rnd = 7;
	struct jwk *k;
	size_t len;
	int i, n;

	(void)state;
	len = (size_t)snprintf(text, sizeof text, "{\"keys\":[%s,%s]}", one, two);
	for (i = 0; i < 5000; i++) {
		memcpy(damaged, text, len + 1);
		for (n = i % 3; n >= 0; n--) {
			rnd = rnd * 1664525 + 1013904223;
			damaged[(rnd >> 8) % len] = (rnd & 1) ? (char)(rnd >> 25 | 1) : "{}[]\",:\\u0-."[(rnd >> 24) % 12];
		}
		k = read_set(damaged);
		jwk_unref(&k);
	}
	free(one);
	free(two);
}

#define URL_A	((struct rotor_str){ "https://a/", 10 })
#define URL_B	((struct rotor_str){ "https://b/", 10 })
#define KID(s)	((struct rotor_str){ (s), strlen(s) })

static int
is_cached(struct jwks_cache *c, struct rotor_str url, const char *kid, uint64_t now, struct jwk *want)
{
	int due;
	struct jwk *k = jwks_cache_get(c, url, KID(kid), now, &due);
	int found = k != NULL;

	if (found && want != NULL)
		assert_ptr_equal(k, want);
	jwk_unref(&k);
	return (found);
}

static void
test_cache(void **state)
{
	struct jwk *one = read_made(make_jwk(key.p256, "k", "")), *two = read_made(make_jwk(key.p384, "k", ""));
	struct jwks_cache *c = jwks_cache_new();

	(void)state;
	assert_false(is_cached(c, URL_A, "k", 0, NULL));
	assert_int_equal(jwks_cache_put(c, URL_A, KID("k"), one, 0), 0);
	assert_true(is_cached(c, URL_A, "k", 0, one));
	/* Neither another set's nor another id's. */
	assert_false(is_cached(c, URL_B, "k", 0, NULL));
	assert_false(is_cached(c, URL_A, "K", 0, NULL));
	assert_false(is_cached(c, URL_A, "", 0, NULL));
	assert_false(is_cached(c, (struct rotor_str){ "https://a/k", 11 }, "", 0, NULL));
	assert_int_equal(jwks_cache_put(c, URL_B, KID("k"), two, 0), 0);
	assert_true(is_cached(c, URL_B, "k", 0, two));
	assert_true(is_cached(c, URL_A, "k", 0, one));
	/* A new key takes the place of one with its name. */
	assert_int_equal(jwks_cache_put(c, URL_A, KID("k"), two, 0), 0);
	assert_true(is_cached(c, URL_A, "k", 0, two));
	assert_int_equal(jwks_cache_size(c), 2);
	jwks_cache_free(&c);
	jwk_unref(&one);
	jwk_unref(&two);
}

static void
test_cache_time(void **state)
{
	struct jwk *k = read_made(make_jwk(key.p256, "k", ""));
	struct jwks_cache *c = jwks_cache_new();
	uint64_t now = 5;

	(void)state;
	assert_int_equal(jwks_cache_put(c, URL_A, KID("k"), k, now), 0);
	now += JWKS_CACHE_TTL_MS - 1;
	assert_true(is_cached(c, URL_A, "k", now, k));
	/* No use makes it last longer. */
	now++;
	assert_false(is_cached(c, URL_A, "k", now, NULL));
	assert_int_equal(jwks_cache_put(c, URL_A, KID("k"), k, now), 0);
	assert_true(is_cached(c, URL_A, "k", now, k));
	jwks_cache_free(&c);
	jwk_unref(&k);
}

/* A key that has left its set is forgotten however much it is used; another set's is not. */
static void
test_cache_forgets(void **state)
{
	struct jwk *k = read_made(make_jwk(key.p256, "k", "")), *got;
	struct jwks_cache *c = jwks_cache_new();
	uint64_t now = 5, end;
	int due;

	(void)state;
	assert_int_equal(jwks_cache_put(c, URL_A, KID("old"), k, now), 0);
	assert_int_equal(jwks_cache_put(c, URL_B, KID("old"), k, now), 0);
	got = jwks_cache_get(c, URL_A, KID("old"), now + JWKS_CACHE_LOOK_MS - 1, &due);
	assert_int_equal(due, 0);
	jwk_unref(&got);
	/* It is time to look; one who uses it is told so, and another one later. */
	now += JWKS_CACHE_LOOK_MS;
	for (int want = 1; want >= 0; want--) {
		got = jwks_cache_get(c, URL_A, KID("old"), now, &due);
		assert_int_equal(due, want);
		jwk_unref(&got);
	}
	assert_int_equal(jwks_cache_put(c, URL_A, KID("new"), k, now), 0);
	jwks_cache_settle(c, URL_A, now);
	for (end = now + JWKS_CACHE_GRACE_MS; now < end; now += 1000) {
		assert_true(is_cached(c, URL_A, "old", now, k));
		jwks_cache_settle(c, URL_A, now);	/* does not push it back */
	}
	assert_false(is_cached(c, URL_A, "old", end, NULL));
	assert_true(is_cached(c, URL_B, "old", end, k));
	/* Had it been there again meanwhile, it would have stayed. */
	assert_int_equal(jwks_cache_put(c, URL_A, KID("old"), k, end), 0);
	jwks_cache_settle(c, URL_A, end);
	assert_true(is_cached(c, URL_A, "old", end + JWKS_CACHE_GRACE_MS, k));
	jwks_cache_free(&c);
	jwk_unref(&k);
}

static void
test_cache_is_bounded(void **state)
{
	struct jwk *k = read_made(make_jwk(key.p256, "k", ""));
	struct jwks_cache *c = jwks_cache_new();
	char kid[16];
	unsigned i;

	(void)state;
	for (i = 0; i < JWKS_CACHE_MAX; i++) {
		snprintf(kid, sizeof kid, "%u", i);
		assert_int_equal(jwks_cache_put(c, URL_A, KID(kid), k, i), 0);
	}
	assert_true(is_cached(c, URL_A, "0", JWKS_CACHE_MAX, k));
	assert_int_equal(jwks_cache_put(c, URL_A, KID("more"), k, JWKS_CACHE_MAX), 0);
	assert_int_equal(jwks_cache_size(c), JWKS_CACHE_MAX);
	/* The one that was not used for longest has gone. */
	assert_true(is_cached(c, URL_A, "0", JWKS_CACHE_MAX, k));
	assert_false(is_cached(c, URL_A, "1", JWKS_CACHE_MAX, NULL));
	assert_true(is_cached(c, URL_A, "more", JWKS_CACHE_MAX, k));
	/* What has expired goes first, all of it. */
	assert_int_equal(jwks_cache_put(c, URL_A, KID("last"), k, 2 * JWKS_CACHE_TTL_MS), 0);
	assert_int_equal(jwks_cache_size(c), 1);
	jwks_cache_free(&c);
	jwk_unref(&k);
}

static void
test_pace(void **state)
{
	struct pace p = { 0 };
	uint64_t now = 100000;
	unsigned i;

	(void)state;
	for (i = 0; i < PACE_BURST; i++)
		assert_int_equal(pace_next(&p, now), now);
	assert_int_equal(pace_next(&p, now), now + PACE_INTERVAL_MS);
	assert_int_equal(pace_next(&p, now), now + 2 * PACE_INTERVAL_MS);
	assert_false(pace_is_idle(&p, now));
	/* Waiting pays it back, one by one and not beyond the burst. */
	now += 3 * PACE_INTERVAL_MS;
	assert_int_equal(pace_next(&p, now), now);
	assert_int_equal(pace_next(&p, now), now + PACE_INTERVAL_MS);
	now += 1000 * PACE_INTERVAL_MS;
	assert_true(pace_is_idle(&p, now));
	for (i = 0; i < PACE_BURST; i++)
		assert_int_equal(pace_next(&p, now), now);
	assert_int_equal(pace_next(&p, now), now + PACE_INTERVAL_MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_wrong_algorithm),
		cmocka_unit_test(test_passed_over),
		cmocka_unit_test(test_huge_numbers),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_too_many_keys),
		cmocka_unit_test(test_damaged_sets),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_cache_time),
		cmocka_unit_test(test_cache_forgets),
		cmocka_unit_test(test_cache_is_bounded),
		cmocka_unit_test(test_pace),
	};

	return (cmocka_run_group_tests(tests, jwt_setup, jwt_teardown));
}
