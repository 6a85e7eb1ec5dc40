/* SPDX-License-Identifier: MIT */
/* test_regex.c - regular expressions: characters, RE2's syntax, bounds. */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rotor/regex.h>

#include "base/str.h"

#define S(lit)	{ (lit), sizeof(lit) - 1 }

static struct rotor_regex *
compiled(const char *pattern)
{
	struct rotor_regex *r = NULL;
	char why[128];

	if (rotor_regex_new(pattern, &r, why, sizeof why) != 0)
		fail_msg("%s: %s", pattern, why);
	return r;
}

static void
test_match(void **state)
{
	static const struct {
		const char		*pattern;
		struct rotor_str	s;
		int			matches;
	} rows[] = {
		{ "b", S("abc"), 1 }, { "^b", S("abc"), 0 }, { "", S(""), 1 }, { "^$", { NULL, 0 }, 1 },
		{ "^a$", S("a\n"), 0 }, { "(?m)^a$", S("b\na\nc"), 1 }, { "a.b", S("a\nb"), 0 },
		{ "^a.b$", S("a\0b"), 1 }, { "^a\\x00b$", S("a\0b"), 1 }, { "^a$", S("a\0b"), 0 },
		/* characters, of any script */
		{ "^.$", S("\xd0\xb6"), 1 }, { "^..$", S("\xd0\xb6"), 0 },
		{ "^[\xd0\xb0-\xd1\x8f]{4}$", S("\xd1\x80\xd1\x83\xd0\xba\xd0\xb0"), 1 },
		{ "^[\xd0\xb0-\xd1\x8f]+$", S("\xd0\xb6\xb0\xd0"), 0 },
		{ "^\\p{L}+$", S("\xd0\xb6\xe4\xb8\xad""a"), 1 }, { "^\\pL+$", S("a1"), 0 },
		{ "^\\p{Greek}$", S("\xce\xb1"), 1 }, { "^\\p{Greek}$", S("a"), 0 },
		{ "(?i)^\xd0\x96$", S("\xd0\xb6"), 1 }, { "^\\w+$", S("\xd0\xb6"), 0 },
		{ "^[\\p{L}0-9_-]{1,255}$", S("\xd0\xb6-1"), 1 }, { "^.$", S("\xff"), 0 }, { "^[^a]$", S("\xf0\x9f\x98\x80"), 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct rotor_regex *r = compiled(rows[i].pattern);

		if (rotor_regex_match(r, rows[i].s) != rows[i].matches)
			fail_msg("%s and %s", rows[i].pattern, rows[i].s.p);
		rotor_regex_free(&r);
		assert_null(r);
		rotor_regex_free(&r);
	}
}

static void
test_groups(void **state)
{
	struct rotor_regex *r = compiled("(?P<host>[a-z]+)(:(?P<port>[0-9]+))?(x)?");
	struct rotor_str g[7];

	(void)state;
	assert_int_equal(rotor_regex_n_groups(r), 4);
	assert_string_equal(rotor_regex_group_name(r, 1), "host");
	assert_null(rotor_regex_group_name(r, 2));
	assert_string_equal(rotor_regex_group_name(r, 3), "port");
	assert_null(rotor_regex_group_name(r, 5));
	assert_int_equal(rotor_regex_groups(r, STR_LIT("--ab:12-"), g, 7), 1);
	assert_true(rotor_str_is(g[0], "ab:12") && rotor_str_is(g[1], "ab") && rotor_str_is(g[3], "12"));
	assert_true(g[4].p == NULL && g[5].p == NULL && g[6].p == NULL);
	assert_int_equal(rotor_regex_groups(r, STR_LIT("ab"), g, 2), 1);
	assert_true(rotor_str_is(g[1], "ab"));
	assert_int_equal(rotor_regex_groups(r, STR_LIT("12"), g, 7), 0);
	rotor_regex_free(&r);
}

static void
test_refused(void **state)
{
	static const char *const bad[] = {
		"(", ")", "[a", "a**", "a++", "a{2}+", "a{2000}", "(a{1000}){1000}", "\\pL{1000}",
		"(?=a)", "(?!a)", "(?>a)", "(a)\\1", "\\", "\\Z", "(*UTF)", "(?P<n",
		"\xff", "[z-a]", "\\p{Nope}",
	};
	struct rotor_regex *r = NULL;
	char why[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		why[0] = '\0';
		if (rotor_regex_new(bad[i], &r, why, sizeof why) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
		assert_null(r);
		assert_true(strlen(why) > 0);
	}
}

/* Each would take something that backtracks until the end of the world. */
static void
test_linear(void **state)
{
	static const char *const patterns[] = {
		"^(a+)+$", "^(a|a)*$", "^(a|b|ab)*c$", "^([a-z0-9]+-?)*$", "(a*)*b", "^(a?){500}a{500}!!$",
		"(.*)(.*)(.*)(.*)(.*)x$",
	};
	static char text[100000];
	size_t i;

	(void)state;
	memset(text, 'a', sizeof text);
	text[sizeof text - 1] = '!';
	for (i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
		struct rotor_regex *r = compiled(patterns[i]);

		assert_int_equal(rotor_regex_match(r, (struct rotor_str){ text, sizeof text }), 0);
		rotor_regex_free(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
