/* SPDX-License-Identifier: MIT */
/* test_jwt_claims.c - what tokens say, hostile ones too, and the order of checks. */
#include "config.h"

#include "jwt_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


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
	verifier_unref(&v);
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
	verifier_unref(&v);
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
	verifier_unref(&v);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
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
		cmocka_unit_test(test_user_id_claim),
	};

	return (cmocka_run_group_tests(tests, jwt_setup, jwt_teardown));
}
