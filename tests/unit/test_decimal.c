/* SPDX-License-Identifier: MIT */
/*
 * test_decimal.c - decimal numbers in text form.  What is a number, and their order,
 * is as the reference server answers (Centrifugo 6.9.1).
 */
#include "config.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/str.h"

#define ZEROS_40	"0000000000000000000000000000000000000000"
#define DIGITS_50	"12345678901234567890123456789012345678901234567890"

static int
is_number(const char *text)
{
	struct decimal d;

	return (decimal_parse(rotor_str_of(text), &d) == 0);
}

static void
test_numbers(void **state)
{
	static const char *const good[] = {
		"0", "-0", "+0", "7", "01", "007", "+1", "-1", "1.5", "1.50", "-1.50", "0.5", "00.5",
		"0.0", "1.0", DIGITS_50, "-" DIGITS_50, DIGITS_50 ".5", "+" DIGITS_50,
		"0.1234567890123456789", "1.0000000000000000000",
		DIGITS_50 ".1234567890123456789",
		DIGITS_50 DIGITS_50 DIGITS_50 DIGITS_50,		/* 200 bytes */
		/* A second sign, behind '-' and in 42 bytes or more. */
		"-+" ZEROS_40, "-+" DIGITS_50, "-+" DIGITS_50 ".5", "--" ZEROS_40, "--" ZEROS_40 ".0",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof good[0]; i++)
		if (!is_number(good[i]))
			fail_msg("%s is a number", good[i]);
}

static void
test_others(void **state)
{
	static const char *const bad[] = {
		"", "+", "-", ".", ".5", "5.", "-.5", "+.5", "-5.", "1..5", "1.2.3", "1.5.", "..",
		" 1", "1 ", "1\n", "1 2", "1,5", "1e3", "1E3", "1e-3", "1e1000000000", "0x1", "1_000",
		"Inf", "-Inf", "inf", "NaN", "abc", "1a", "a1", "--1", "+-1", "-+1", "++1", "1-", "1+",
		"\xd9\xa1",						/* U+0661, a digit elsewhere */
		"0.12345678901234567890",				/* 20 places */
		"1.00000000000000000000",
		DIGITS_50 ".12345678901234567890",
		DIGITS_50 DIGITS_50 DIGITS_50 DIGITS_50 "1",		/* 201 bytes */
		DIGITS_50 ".", "." DIGITS_50, "-." DIGITS_50, DIGITS_50 "e1", DIGITS_50 "_0",
		DIGITS_50 ".1.1", "1." "1.1234567890123456789012345678901234567890",
		"--" DIGITS_50, "+-" ZEROS_40, "++" ZEROS_40, "-++" ZEROS_40, "-+-" ZEROS_40,
		"--" ZEROS_40 ".1",
		"-+000000000000000000000000000000000000000",		/* 41 bytes */
	};
	struct decimal d;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (is_number(bad[i]))
			fail_msg("%s is no number", bad[i]);
	assert_int_equal(decimal_parse(STR_LIT("1\0"), &d), -1);
	assert_int_equal(decimal_parse((struct rotor_str){ NULL, 0 }, &d), -1);
}

/* On failure the result is as it was. */
static void
test_untouched(void **state)
{
	struct decimal d;

	(void)state;
	assert_int_equal(decimal_parse(STR_LIT("-12.50"), &d), 0);
	assert_int_equal(decimal_parse(STR_LIT("1e3"), &d), -1);
	assert_true(d.negative);
	assert_true(rotor_str_eq(d.whole, STR_LIT("12")));
	assert_true(rotor_str_eq(d.fraction, STR_LIT("5")));
}

static int
sign_of_cmp(const char *a, const char *b)
{
	struct decimal x, y;
	int c;

	assert_int_equal(decimal_parse(rotor_str_of(a), &x), 0);
	assert_int_equal(decimal_parse(rotor_str_of(b), &y), 0);
	c = decimal_cmp(&x, &y);
	return ((c > 0) - (c < 0));
}

/* Each against each: ranks say how it must come out. */
static void
test_order(void **state)
{
	static const struct {
		const char	*text;
		int		rank;
	} rows[] = {
		{ "-" DIGITS_50, 0 }, { "-+" DIGITS_50, 0 },
		{ "-100", 1 }, { "-20", 2 }, { "-2.5", 3 }, { "-2.50", 3 }, { "-2.45", 4 },
		{ "-2", 5 }, { "-02.000", 5 }, { "-0.0000000000000000001", 6 },
		{ "0", 7 }, { "-0", 7 }, { "+0", 7 }, { "-0.00", 7 }, { "000", 7 }, { "--" ZEROS_40, 7 },
		{ "0.0000000000000000001", 8 }, { "0.1", 9 }, { "0.10", 9 }, { "0.11", 10 },
		{ "0.2", 11 }, { "1", 12 }, { "01", 12 }, { "+1", 12 }, { "1.0", 12 },
		{ "1.49", 13 }, { "1.5", 14 }, { "1.50", 14 }, { "1.51", 15 }, { "9", 16 },
		{ "10", 17 }, { "99", 18 }, { "100", 19 },
		{ "18446744073709551615", 20 }, { "18446744073709551616", 21 },
		{ "340282366920938463463374607431768211455", 22 },
		{ "340282366920938463463374607431768211455.0000000000000000001", 23 },
		{ "340282366920938463463374607431768211456", 24 },
		{ DIGITS_50, 25 }, { DIGITS_50 ".0", 25 }, { "0" DIGITS_50, 25 },
		{ DIGITS_50 ".1", 26 }, { DIGITS_50 "0", 27 },
	};
	size_t n = sizeof rows / sizeof rows[0], i, k;
	int want;

	(void)state;
	for (i = 0; i < n; i++) {
		for (k = 0; k < n; k++) {
			want = (rows[i].rank > rows[k].rank) - (rows[i].rank < rows[k].rank);
			if (sign_of_cmp(rows[i].text, rows[k].text) != want)
				fail_msg("%s and %s", rows[i].text, rows[k].text);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_untouched),
		cmocka_unit_test(test_order),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
