/* SPDX-License-Identifier: MIT */
/* tests/unit/test_str.c - hashes, UUIDs, randomness, globs, UTF-8, and the protocol's texts. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <rotor/codes.h>

#include "base/codes.h"
#include "base/str.h"
#include "base/utf8.h"

static void
hash_depends_on_bytes_and_length_only(void **state)
{
	char a[80], b[81];
	size_t len;

	(void)state;
	memset(a, 'q', sizeof a);
	memset(b, 'q', sizeof b);
	for (len = 0; len <= sizeof a; len++) {
		uint64_t h = str_hash((struct rotor_str){ a, len });

		assert_true(h == str_hash((struct rotor_str){ b + 1, len }));
		if (len > 0)
			assert_true(h != str_hash((struct rotor_str){ a, len - 1 }));
	}
	assert_true(str_hash((struct rotor_str){ NULL, 0 }) == str_hash(STR_LIT("")));
}

/* Flipping any bit of a name of any length changes half the hash, about. */
static void
hash_mixes(void **state)
{
	char s[40];
	size_t len, bit;
	long flips = 0, cases = 0;

	(void)state;
	for (len = 1; len <= sizeof s; len++)
		for (bit = 0; bit < len * 8; bit++) {
			uint64_t h;
			int changed;

			memset(s, 'a', len);
			h = str_hash((struct rotor_str){ s, len });
			s[bit / 8] = (char)(s[bit / 8] ^ (1 << (bit % 8)));
			changed = __builtin_popcountll(h ^ str_hash((struct rotor_str){ s, len }));
			assert_in_range(changed, 6, 58);
			flips += changed;
			cases++;
		}
	assert_in_range(flips / cases, 31, 33);
}

static void
hash_spreads_similar_names(void **state)
{
	static unsigned count[1024];
	char s[32];
	unsigned i;

	(void)state;
	for (i = 0; i < 16384; i++) {
		int n = snprintf(s, sizeof s, "chat:room%u", i);

		count[str_hash((struct rotor_str){ s, (size_t)n }) & 1023]++;
	}
	for (i = 0; i < 1024; i++)
		assert_in_range(count[i], 0, 48);	/* 16 each, on the average */
}

static void
uuid_round_trip(void **state)
{
	unsigned char u[16], v[16], w[16];
	char text[37] = "";

	(void)state;
	uuid_make(u);
	uuid_make(w);
	assert_memory_not_equal(u, w, 16);
	assert_int_equal(u[6] >> 4, 4);
	assert_int_equal(u[8] >> 6, 2);
	uuid_text(u, text);
	assert_int_equal(strlen(text), 36);
	assert_int_equal(text[14], '4');
	assert_int_equal(uuid_parse(rotor_str_of(text), v), 0);
	assert_memory_equal(u, v, 16);
}

static void
uuid_known_text(void **state)
{
	static const char text[] = "00112233-4455-6677-8899-AabbCCddeeff";
	unsigned char u[16];
	char back[37] = "";
	size_t i;

	(void)state;
	assert_int_equal(uuid_parse(rotor_str_of(text), u), 0);
	for (i = 0; i < 16; i++)
		assert_int_equal(u[i], i * 0x11);
	uuid_text(u, back);
	assert_string_equal(back, "00112233-4455-6677-8899-aabbccddeeff");
}

static void
uuid_refuses_garbage(void **state)
{
	static const char *const bad[] = {
		"", "00112233-4455-6677-8899-aabbccddeef", "00112233-4455-6677-8899-aabbccddeeff0",
		"00112233x4455-6677-8899-aabbccddeeff", "0011223g-4455-6677-8899-aabbccddeeff",
		"001122334455-6677-8899-aabbccddeeff00", "00112233-4455-6677-8899-aabbccddee-f",
		"00112233--455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899-aabbccddee f",
		"\x10\x10""112233-4455-6677-8899-aabbccddeeff",
	};
	unsigned char u[16] = { 7 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(uuid_parse(rotor_str_of(bad[i]), u), -1);
	assert_int_equal(u[0], 7);	/* untouched by failures */
}

static void
random_fills_all(void **state)
{
	unsigned char buf[1000], seen[1000] = { 0 };
	uint32_t a, b, c;
	size_t i, k;

	(void)state;
	for (k = 0; k < 8; k++) {
		memset(buf, 0, sizeof buf);
		random_fill(buf, sizeof buf);
		for (i = 0; i < sizeof buf; i++)
			seen[i] |= buf[i];
	}
	for (i = 0; i < sizeof seen; i++)
		assert_int_not_equal(seen[i], 0);
	random_fill(buf, 0);
	a = random_jitter();
	b = random_jitter();
	c = random_jitter();
	assert_true(a != b && b != c && a != c);
}

static void
globs_match(void **state)
{
	static const struct {
		const char	*pattern, *s;
		int		expected;
	} cases[] = {
		{ "", "", 1 }, { "", "a", 0 }, { "a", "", 0 }, { "abc", "abc", 1 }, { "abc", "abd", 0 },
		{ "*", "", 1 }, { "*", "a:b.c/d", 1 }, { "**", "x", 1 }, { "a*", "a", 1 }, { "a*c", "abbc", 1 },
		{ "a*c", "abcd", 0 }, { "*a*b*", "xxaxxbxx", 1 }, { "*a*b*", "xxbxxaxx", 0 },
		{ "?", "a", 1 }, { "?", "", 0 }, { "?", "ab", 0 }, { "?", "\xc3\xa9", 1 }, { "a?c", "a\xe2\x82\xac""c", 1 },
		{ "[abc]", "b", 1 }, { "[abc]", "d", 0 }, { "[a-c]", "b", 1 }, { "[a-c]", "d", 0 },
		{ "[!a-c]", "d", 1 }, { "[!a-c]", "b", 0 }, { "[!a]", "", 0 }, { "[a-cx-z]", "y", 1 },
		{ "[\\]]", "]", 1 }, { "[a-]", "-", 1 }, { "[\xc3\xa0-\xc3\xbf]", "\xc3\xa9", 1 },
		{ "{a,b}", "a", 1 }, { "{a,b}", "b", 1 }, { "{a,b}", "c", 0 }, { "{a,b}", "a,b", 0 },
		{ "x{ab,c*}y", "xcdy", 1 }, { "x{ab,c*}y", "xaby", 1 }, { "x{ab,c*}y", "xay", 0 },
		{ "{a,}b", "b", 1 }, { "{a,}b", "ab", 1 }, { "{a{1,2},b}c", "a2c", 1 }, { "{a{1,2},b}c", "bc", 1 },
		{ "{a{1,2},b}c", "a3c", 0 }, { "{a{1,2},b}c", "ac", 0 }, { "{*,x}", "anything", 1 },
		{ "\\*", "*", 1 }, { "\\*", "a", 0 }, { "\\{a,b}", "{a,b}", 1 }, { "a,b", "a,b", 1 }, { "a}", "a}", 1 },
		{ "a]", "a]", 1 }, { "https://*.example.com", "https://app.example.com", 1 },
		{ "https://*.example.com", "https://example.com", 0 },
		{ "[", "a", -1 }, { "[a", "a", -1 }, { "[]", "a", -1 }, { "[!]", "a", -1 }, { "[b-a]", "a", -1 },
		{ "{a", "a", -1 }, { "{a,{b}", "a", -1 }, { "\\", "\\", -1 }, { "[a\\", "a", -1 }, { "\xff", "x", -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int got = glob_match(rotor_str_of(cases[i].pattern), rotor_str_of(cases[i].s));

		if (got != cases[i].expected)
			fail_msg("'%s' on '%s': %d", cases[i].pattern, cases[i].s, got);
	}
}

/* What makes a backtracking matcher run for ever, or a recursive one overflow. */
static void
globs_are_bounded(void **state)
{
	static char p[4096], s[4096];
	size_t i;

	(void)state;
	memset(s, 'a', sizeof s);
	for (i = 0; i < 1000; i += 2)
		memcpy(p + i, "*a", 2);
	assert_int_equal(glob_match((struct rotor_str){ p, 1000 }, (struct rotor_str){ s, sizeof s }), 1);
	p[1000] = 'b';
	assert_int_equal(glob_match((struct rotor_str){ p, 1001 }, (struct rotor_str){ s, sizeof s }), 0);
	memset(p, '*', sizeof p);
	assert_int_equal(glob_match((struct rotor_str){ p, 1024 }, (struct rotor_str){ s, sizeof s }), 1);
	assert_int_equal(glob_match((struct rotor_str){ p, 1025 }, (struct rotor_str){ s, sizeof s }), -1);
	memset(p, '{', sizeof p);
	assert_int_equal(glob_match((struct rotor_str){ p, 1000 }, (struct rotor_str){ s, 4 }), -1);
	for (i = 0; i < 1024; i += 4)
		memcpy(p + i, "{a,}", 4);
	assert_int_equal(glob_match((struct rotor_str){ p, 1024 }, (struct rotor_str){ s, 256 }), 1);
	assert_int_equal(glob_match((struct rotor_str){ p, 1024 }, (struct rotor_str){ s, 257 }), 0);
}

static void
utf8_reads_and_cuts(void **state)
{
	static const struct {
		const char	*s;
		size_t		n;
		uint32_t	c;
	} cases[] = {
		{ "a", 1, 'a' }, { "\xc3\xa9", 2, 0xe9 }, { "\xe2\x82\xac", 3, 0x20ac },
		{ "\xf0\x9f\x98\x80", 4, 0x1f600 }, { "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
		{ "\x80", 1, UTF8_INVALID }, { "\xc0\x80", 1, UTF8_INVALID }, { "\xe0\x80\x80", 1, UTF8_INVALID },
		{ "\xed\xa0\x80", 1, UTF8_INVALID }, { "\xf4\x90\x80\x80", 1, UTF8_INVALID },
		{ "\xff", 1, UTF8_INVALID }, { "\xe2\x82", 1, UTF8_INVALID }, { "\xe2""ab", 1, UTF8_INVALID },
	};
	uint32_t c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(utf8_read(cases[i].s, strlen(cases[i].s), &c), cases[i].n);
		assert_int_equal(c, cases[i].c);
	}
	assert_int_equal(utf8_cut("abc", 3, 5), 3);
	assert_int_equal(utf8_cut("abc", 3, 2), 2);
	assert_int_equal(utf8_cut("a\xe2\x82\xac", 4, 3), 1);
	assert_int_equal(utf8_cut("a\xe2\x82\xac", 4, 1), 1);
	assert_int_equal(utf8_cut("\xe2\x82\xac", 3, 0), 0);
	assert_int_equal(utf8_cut("\x80\x80\x80\x80\x80\x80", 6, 5), 5);
}

static void
codes_have_texts(void **state)
{
	(void)state;
	assert_string_equal(rotor_error_text(ROTOR_ERR_INTERNAL), "internal server error");
	assert_string_equal(rotor_error_text(112), "unrecoverable position");
	assert_string_equal(rotor_error_text(0), "");
	assert_string_equal(rotor_error_text(400), "");
	assert_string_equal(rotor_disconnect_text(3001), "shutdown");
	assert_string_equal(rotor_disconnect_text(3506), "inappropriate protocol");
	assert_string_equal(rotor_disconnect_text(3002), "");
	assert_string_equal(rotor_unsubscribe_text(2500), "insufficient state");
	assert_string_equal(rotor_unsubscribe_text(2502), "");
	assert_int_equal(error_is_temporary(100), 1);
	assert_int_equal(error_is_temporary(111), 1);
	assert_int_equal(error_is_temporary(113), 1);
	assert_int_equal(error_is_temporary(101), 0);
	assert_int_equal(error_is_temporary(1000), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hash_depends_on_bytes_and_length_only),
		cmocka_unit_test(hash_mixes),
		cmocka_unit_test(hash_spreads_similar_names),
		cmocka_unit_test(uuid_round_trip),
		cmocka_unit_test(uuid_known_text),
		cmocka_unit_test(uuid_refuses_garbage),
		cmocka_unit_test(random_fills_all),
		cmocka_unit_test(globs_match),
		cmocka_unit_test(globs_are_bounded),
		cmocka_unit_test(utf8_reads_and_cuts),
		cmocka_unit_test(codes_have_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
