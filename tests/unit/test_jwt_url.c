/* SPDX-License-Identifier: MIT */
/* test_jwt_url.c - issuer_regex and audience_regex, and the URLs they fill. */
#include "config.h"

#include "jwt_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "jwks_fetch.h"
#include "jwks_safety.h"
#include "pattern.h"
#include "url_template.h"

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
		"(?|a)", "(a)\\1", "(?P<n>a)\\k<n>", "a++", "a*+", "a?+", "\\K", "\\Z", "\\R",
		"(*UTF)a", "a\\", "[a", "a{2}+",
	};
	static const char *const good[] = {
		"a|b", "(?i)abc", "(?i:a)b", "(?:a)", "[]a]", "[^]a]+", "[+*?(]+", "\\d\\W\\s\\b\\A\\z",
		"(?P<x>a|b)", "\\p{L}", "[\xd0\xb0-\xd1\x8f]", "\\Q(\\E", "\\.\\+\\+", "a+?",
	};
	struct rotor_regex *p = NULL;
	char err[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (rotor_regex_new(bad[i], &p, err, sizeof err) == 0)
			fail_msg("%s", bad[i]);
		assert_true(strlen(err) > 0);
	}
	for (i = 0; i < sizeof good / sizeof good[0]; i++) {
		if (rotor_regex_new(good[i], &p, err, sizeof err) != 0)
			fail_msg("%s: %s", good[i], err);
		rotor_regex_free(&p);
	}
}

static void
test_groups(void **state)
{
	static const struct rotor_str subject = { "https://b.example/x", 19 };
	struct url_vars vars = { NULL, 0 };
	struct rotor_regex *p = NULL;
	struct scratch s;
	char err[128];

	(void)state;
	scratch_init(&s);
	assert_int_equal(rotor_regex_new("//(?:(?P<one>a)|(?P<two>b))\\.(example)(?P<rest>.*)", &p, err,
	    sizeof err), 0);
	assert_int_equal(pattern_groups(p, (struct rotor_str){ "x", 1 }, &s, &vars), 0);
	assert_int_equal(vars.n, 0);
	assert_int_equal(pattern_groups(p, subject, &s, &vars), 1);
	assert_int_equal(vars.n, 3);
	/* Another expression's groups come behind. */
	rotor_regex_free(&p);
	assert_int_equal(rotor_regex_new("(?P<two>x)$", &p, err, sizeof err), 0);
	assert_int_equal(pattern_groups(p, subject, &s, &vars), 1);
	assert_int_equal(vars.n, 4);
	assert_str(vars.v[3].name, "two");
	assert_str(vars.v[3].value, "x");
	rotor_regex_free(&p);
	/* None at all. */
	assert_int_equal(rotor_regex_new("b(.)e", &p, err, sizeof err), 0);
	assert_int_equal(pattern_groups(p, subject, &s, &vars), 1);
	assert_int_equal(vars.n, 4);
	assert_int_equal(pattern_groups(p, (struct rotor_str){ NULL, 0 }, &s, &vars), 0);
	rotor_regex_free(&p);
	scratch_fini(&s);
}

/* The URL, or what is wrong with it, for values of a and b. */
static const char *
fill(const char *template, const char *a, const char *b)
{
	static char text[2 * URL_MAX_LEN];
	struct url_var v[] = { { { "a", 1 }, { a, strlen(a) } }, { { "b", 1 }, { "old", 3 } },
	    { { "b", 1 }, { b, strlen(b) } } };
	const struct url_vars vars = { v, 3 };
	struct url_template *t;
	struct rotor_str url;
	const char *why;
	struct scratch s;

	if (url_template_new(template, &t, &why) != 0)
		return (why);
	scratch_init(&s);
	if (url_template_fill(t, &vars, &s, &url, &why) == 0) {
		assert_int_equal(url.p[url.len], '\0');
		snprintf(text, sizeof text, "%s", url.p);
		why = text;
	}
	scratch_fini(&s);
	url_template_free(&t);
	return (why);
}

static void
test_template(void **state)
{
	static const struct { const char *template, *a, *b, *url; } t[] = {
		{ "https://x/y", "1", "2", "https://x/y" },
		{ "https://x/{{a}}", "1", "2", "https://x/1" },
		{ "https://{{a}}.x/{{b}}/{{a}}?q={{b}}", "1", "2", "https://1.x/2/1?q=2" },
		{ "https://x/y{{none}}", "1", "2", "https://x/y" },
		{ "https://x/y{{}}z", "1", "2", "https://x/yz" },
		{ "https://x/y{{ a }}z", "1", "2", "https://x/yz" },
		{ "https://x{{none}}", "1", "2", "https://x" },
		{ "http://x", "", "", "http://x" }, { "http://x/", "", "", "http://x/" },
		{ "HTTPS://x:8/{{a}}", "b.c", "", "HTTPS://x:8/b.c" },
		{ "http://x/...", "", "", "http://x/..." }, { "http://x/.a/b..", "", "", "http://x/.a/b.." },
		{ "http://x/a?b=../c//", "", "", "http://x/a?b=../c//" }, { "http://x?a", "", "", "http://x?a" },
		{ "http://x/%41%2fb", "", "", "http://x/%41%2fb" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++)
		assert_string_equal(fill(t[i].template, t[i].a, t[i].b), t[i].url);
}

static void
test_bad_urls(void **state)
{
	static const struct { const char *template, *a, *part; } t[] = {
		{ "", "", "http://" }, { "x", "", "http://" }, { "file:///etc/passwd", "", "http://" },
		{ "http:/x", "", "http://" }, { "https//x", "", "http://" }, { " http://x", "", "http://" },
		{ "{{a}}", "http://x", "http://" }, { "http{{a}}", "://x", "http://" },
		{ "http:///y", "", "no host" }, { "https://?x", "", "no host" }, { "http://{{a}}", "", "no host" },
		{ "http://x/{{a", "", "}}" }, { "http://x/{{a}}{{", "", "}}" },
		{ "http://x/a/", "", "not clean" }, { "http://x//", "", "not clean" },
		{ "http://x/a//b", "", "not clean" }, { "http://x/./a", "", "not clean" },
		{ "http://x/a/..", "", "not clean" }, { "http://x/..", "", "not clean" },
		{ "http://x/%2e%2E/a", "", "not clean" }, { "http://x/a%2f..%2fb", "", "not clean" },
		{ "http://x/%", "", "not clean" }, { "http://x/%4", "", "not clean" },
		{ "http://x/%zz", "", "not clean" },
		{ "http://x/{{a}}/k", "..", "not clean" }, { "http://x/{{a}}/k", "", "not clean" },
		{ "http://x/{{a}}/k", "../../etc", "not clean" }, { "http://x/t/{{a}}", "", "not clean" },
		{ "http://x/{{a}}/k", "a/../b", "not clean" }, { "http://x/{{a}}/k", "%2e%2e", "not clean" },
		{ "http://x/{{a}}/k", "a b", "space" }, { "http://x/{{a}}/k", "a\r\nHost: y", "space" },
		{ "http://x/a\tb", "", "space" },
	};
	static char huge[2 * URL_MAX_LEN];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		if (strstr(fill(t[i].template, t[i].a, "2"), t[i].part) == NULL)
			fail_msg("%s: %s", t[i].template, fill(t[i].template, t[i].a, "2"));
	}
	memset(huge, 'a', URL_MAX_LEN);
	assert_non_null(strstr(fill("http://x/{{a}}", huge, ""), "longer"));
	memcpy(huge, "http://", 7);
	assert_string_equal(fill(huge, "", ""), huge);
	assert_non_null(strstr(fill(strcat(huge, "a"), "", ""), "longer"));
}

static void
test_public_url(void **state)
{
	static const struct { const char *url, *text; } t[] = {
		{ "https://x/y", "https://x/y" }, { "https://u:secret@x:8/y", "https://x:8/y" },
		{ "https://x/y?key=secret#f", "https://x/y" }, { "https://u@v@x", "https://x" },
		{ "http://{{t}}.x/k?a", "http://{{t}}.x/k" }, { "secret", "?" },
		{ "http://x?u@y", "http://x" },
	};
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		url_public(t[i].url, text, sizeof text);
		assert_string_equal(text, t[i].text);
	}
	url_public("https://x/yyyyyyyyy", text, 10);
	assert_string_equal(text, "https://x");
}

static void
test_safety(void **state)
{
	static const char *const safe[] = {
		"", "(?P<a>one|two)", "^https://(?P<a>one|two)\\.example$", "(?P<a>one)|(?P<b>two)",
		"(?P<a>(?:x|y)-(z|))", "(?P<a>o\\.k)", "(?P<other>.*)(?P<a>b)", "(?P<other>\\z)", "(?i)(?P<a>b)",
		"(?P<a>(?i:b)|c)", "(?P<a>b)+", "x*(?P<a>b)(?P<other>.?)", "(?P<a>)", "(?P<a>(?P<other>b))",
		"(?P<a>\\*\\[)", "(?P<ab>.)",
	};
	static const char *const unsafe[] = {
		"(?P<a>.)", "(?P<a>b*)", "(?P<a>b+)", "(?P<a>b?)", "(?P<a>b{2})", "(?P<a>^b)", "(?P<a>b$)",
		"(?P<a>\\bb)", "(?P<a>b\\z)", "(?P<a>[bc])", "[bc](?P<a>b)", "\\d(?P<a>b)", "(?P<a>\\w)",
		"(?P<a>\\S)", "(?P<a>\\pL)", "(?P<a>\\D)", "(?P<a>b|(c|.))", "(?P<a>b|(?:c)*)", "(?P<a>(?P<c>.))",
		"(?P<c>x)(?P<a>y|z*)", "(?P<a>b)(?P<b>.)", "(?P<c>(?P<a>.))", "\\s", "[^/]+",
		"^https://(?P<a>[^/]+)/$", "(?P<a>(?i).)", "(?P<a>\\Qa|b\\E)", "(?P<a>\\C)",
	};
	char why[SAFETY_WHY_MAX], err[128];
	struct url_template *t, *plain;
	struct rotor_regex *p = NULL;
	const char *no;
	size_t i;

	(void)state;
	assert_int_equal(url_template_new("https://x/{{a}}/{{b}}", &t, &no), 0);
	assert_int_equal(url_template_new("https://x/", &plain, &no), 0);
	for (i = 0; i < sizeof safe / sizeof safe[0]; i++) {
		if (jwks_safety_check(safe[i], t, why) != 0)
			fail_msg("%s: %s", safe[i], why);
	}
	for (i = 0; i < sizeof unsafe / sizeof unsafe[0]; i++) {
		assert_int_equal(rotor_regex_new(unsafe[i], &p, err, sizeof err), 0);
		rotor_regex_free(&p);
		if (jwks_safety_check(unsafe[i], t, why) == 0)
			fail_msg("%s", unsafe[i]);
		/* Without placeholders anything goes. */
		assert_int_equal(jwks_safety_check(unsafe[i], plain, why), 0);
	}
	url_template_free(&t);
	url_template_free(&plain);
}

static struct verifier *
key_set_verifier(const char *issuer_regex, int skip, struct key_sets *ks, struct fault *f)
{
	struct token_conf conf = hmac_conf();
	struct verifier *v = NULL;

	conf.jwks_public_endpoint = "https://x/{{a}}";
	conf.issuer_regex = issuer_regex;
	conf.skip_jwks_safety_check = skip;
	verifier_new(&conf, "client.token", 0, ks, &v, f);
	return (v);
}

static void
test_safety_of_configuration(void **state)
{
	struct key_sets ks = { .fetcher = fetcher_new() };
	struct verifier *v;
	struct fault f;

	(void)state;
	assert_null(key_set_verifier("(?P<a>.*)", 0, &ks, &f));
	assert_string_equal(f.key, "client.token.issuer_regex");
	assert_non_null(strstr(f.text, "group \"a\""));
	/* The switch makes it a warning. */
	v = key_set_verifier("(?P<a>.*)", 1, &ks, &f);
	assert_non_null(v);
	assert_string_equal(f.key, "client.token.issuer_regex");
	verifier_unref(&v);
	/* And so are keys beside the set. */
	v = key_set_verifier("(?P<a>b|c)", 0, &ks, &f);
	assert_non_null(v);
	assert_null(verifier_keys(v));
	assert_string_equal(f.key, "client.token.jwks_public_endpoint");
	assert_non_null(strstr(f.text, "hmac_secret_key"));
	verifier_unref(&v);
	fetcher_free(&ks.fetcher);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_regex),
		cmocka_unit_test(test_regex_syntax),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_template),
		cmocka_unit_test(test_bad_urls),
		cmocka_unit_test(test_public_url),
		cmocka_unit_test(test_safety),
		cmocka_unit_test(test_safety_of_configuration),
	};

	return (cmocka_run_group_tests(tests, jwt_setup, jwt_teardown));
}
