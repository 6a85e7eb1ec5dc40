/* SPDX-License-Identifier: MIT */
/* unit/test_conf_duration.c - Go's syntax for durations. */
#include "config.h"

#include "test_conf.h"

static void
good_ones(void **state)
{
	static const struct {
		const char	*text;
		int64_t		ms;
	} cases[] = {
		{ "0", 0 },
		{ "0s", 0 },
		{ "10s", 10000 },
		{ "300ms", 300 },
		{ "1h2m", 3720000 },
		{ "1h2m3.5s", 3723500 },
		{ "720h", 2592000000 },
		{ "1.5h", 5400000 },
		{ ".5s", 500 },
		{ "1.s", 1000 },
		{ "1m1m", 120000 },
		{ "-2s", -2000 },
		{ "+2s", 2000 },
		{ "1500us", 2 },		/* up to the next millisecond */
		{ "2000\xc2\xb5s", 2 },
		{ "2000\xce\xbcs", 2 },
		{ "1ns", 1 },
		{ "2000000000", 2000 },		/* nanoseconds */
		{ "0.001s", 1 },
	};
	int64_t ms;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (conf_parse_duration(cases[i].text, &ms) != 0)
			fail_msg("refused: %s", cases[i].text);
		if (ms != cases[i].ms)
			fail_msg("%s gave %lld", cases[i].text, (long long)ms);
	}
}

static void
bad_ones(void **state)
{
	static const char *const cases[] = { "", "-", "s", "1x", "1h2", "1 s", " 1s", "1s ",
	    ".s", "1..5s", "1d", "0x1s", "--1s", "9223372036854775808ns", "3000000h",
	    "99999999999999999999s", "99999999999999999999" };
	int64_t ms = 77;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (conf_parse_duration(cases[i], &ms) == 0)
			fail_msg("taken: \"%s\"", cases[i]);
	assert_int_equal(ms, 77);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ones),
		cmocka_unit_test(bad_ones),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
