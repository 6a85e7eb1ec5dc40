/* SPDX-License-Identifier: MIT */
/* test_deflate.c - permessage-deflate: which offer is taken, what compressing may cost. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <rotor/str.h>

#include "http_deflate.h"
#include "http_offer.h"

#define PMD	"permessage-deflate"

/* The deflater's clock: each look at it takes `tick_us`. */
static uint64_t now_us, tick_us;

static uint64_t
read_clock(void)
{
	return now_us += tick_us;
}

static struct deflater *
open_deflater(void)
{
	struct deflater *d = deflater_new(read_clock);

	assert_non_null(d);
	now_us = 1000000;
	tick_us = 0;
	return d;
}

/* Compresses well, and nowhere alike. */
static struct rotor_buf *
message(size_t len)
{
	struct rotor_buf *b = rotor_buf_alloc(len);
	size_t i;

	assert_non_null(b);
	for (i = 0; i < len; i++)
		rotor_buf_data(b)[i] = (unsigned char)(i * i >> 3 & 0x1f);
	return b;
}

static void
assert_inflates(struct deflater *d, struct rotor_buf *to, struct rotor_buf *from)
{
	struct rotor_str got;

	assert_int_equal(deflater_inflate(d, rotor_buf_data(to), rotor_buf_len(to),
	    rotor_buf_len(from), &got), 0);
	assert_int_equal(got.len, rotor_buf_len(from));
	if (got.len > 0)
		assert_memory_equal(got.p, rotor_buf_data(from), got.len);
}

/* RFC 7692 7.1: what must be declined is, and whatever is taken gets one of two windows. */
static void
offers(void **state)
{
	static const struct {
		const char	*offer;
		uint32_t	bits;		/* 0: declined */
		int		say;
	} cases[] = {
		{ PMD, 15, 0 }, { "Permessage-Deflate", 15, 0 }, { " " PMD "\t", 15, 0 },
		{ "x-other, " PMD "; client_max_window_bits", 15, 0 },
		{ ", ," PMD ",", 15, 0 },
		{ PMD "; server_no_context_takeover;client_no_context_takeover", 15, 0 },
		{ PMD "; Server_No_Context_Takeover", 15, 0 },
		{ PMD "; server_max_window_bits=15", 15, 1 },
		{ PMD "; server_max_window_bits=14", 9, 1 },
		{ PMD "; server_max_window_bits=10; client_max_window_bits=8", 9, 1 },
		{ PMD "; server_max_window_bits=9", 9, 1 },
		{ PMD " ; server_max_window_bits = \"12\" ", 9, 1 },
		{ PMD "; server_max_window_bits=\"1\\5\"", 15, 1 },
		{ PMD "; client_max_window_bits=\"15\"", 15, 0 },
		/* The first that can be taken. */
		{ PMD "; server_max_window_bits=8, " PMD, 15, 0 },
		{ PMD "; foo=1, " PMD "; server_max_window_bits=10, " PMD, 9, 1 },
		{ "foo; bar=\"a\"; baz, " PMD, 15, 0 },
		/* Windows that are none, or none of zlib's. */
		{ PMD "; server_max_window_bits", 0, 0 }, { PMD "; server_max_window_bits=", 0, 0 },
		{ PMD "; server_max_window_bits=\"\"", 0, 0 }, { PMD "; server_max_window_bits=16", 0, 0 },
		{ PMD "; server_max_window_bits=7", 0, 0 }, { PMD "; server_max_window_bits=8", 0, 0 },
		{ PMD "; server_max_window_bits=09", 0, 0 }, { PMD "; server_max_window_bits=+9", 0, 0 },
		{ PMD "; server_max_window_bits=015", 0, 0 }, { PMD "; server_max_window_bits=150", 0, 0 },
		{ PMD "; server_max_window_bits=1f", 0, 0 }, { PMD "; server_max_window_bits=\"15", 0, 0 },
		{ PMD "; server_max_window_bits=15\"", 0, 0 }, { PMD "; server_max_window_bits=\"1 5\"", 0, 0 },
		{ PMD "; client_max_window_bits=7", 0, 0 }, { PMD "; client_max_window_bits=", 0, 0 },
		{ PMD "; client_max_window_bits=16", 0, 0 }, { PMD "; client_max_window_bits=010", 0, 0 },
		/* Values where there are none, names twice, names nobody knows. */
		{ PMD "; server_no_context_takeover=1", 0, 0 }, { PMD "; server_no_context_takeover=", 0, 0 },
		{ PMD "; client_no_context_takeover=\"\"", 0, 0 },
		{ PMD "; client_no_context_takeover=true", 0, 0 },
		{ PMD "; server_no_context_takeover; server_no_context_takeover", 0, 0 },
		{ PMD "; client_max_window_bits; client_max_window_bits=15", 0, 0 },
		{ PMD "; server_max_window_bits=15; server_max_window_bits=15", 0, 0 },
		{ PMD "; client_no_context_takeover; CLIENT_no_context_takeover", 0, 0 },
		{ PMD "; unheard-of", 0, 0 }, { PMD "; server_max_window_bit=15", 0, 0 },
		/* No offers at all. */
		{ PMD "d", 0, 0 }, { "x" PMD, 0, 0 }, { "", 0, 0 }, { " ", 0, 0 }, { ",;=", 0, 0 },
		{ PMD ";", 0, 0 }, { PMD "; ;", 0, 0 }, { PMD " " PMD, 0, 0 }, { PMD "=1", 0, 0 },
		{ "\"" PMD "\"", 0, 0 },
		/* Inside of quotes is no offer; behind what is broken nothing is. */
		{ "foo; bar=\"a, " PMD ", b\"", 0, 0 }, { "foo; bar=\"a, " PMD, 0, 0 }, { "=, " PMD, 0, 0 },
	};
	size_t i;
	int say;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		say = 0;
		if (offer_choose(rotor_str_of(cases[i].offer), &say) != cases[i].bits || say != cases[i].say)
			fail_msg("not %u: %s", (unsigned)cases[i].bits, cases[i].offer);
	}
}

static void
round_trip(void **state)
{
	static const size_t lens[] = { 0, 1, 100, 511, 512, 513, 1024, 70000 };
	static const uint32_t bits[] = { OFFER_BITS_LARGE, OFFER_BITS_SMALL };
	struct deflater *d = open_deflater();
	struct rotor_buf *from, *to;
	struct rotor_str got;
	size_t i, j;
	uint32_t level;

	(void)state;
	for (i = 0; i < sizeof lens / sizeof lens[0]; i++)
		for (j = 0; j < 2; j++)
			for (level = 1; level <= 9; level += 4) {
				from = message(lens[i]);
				assert_non_null(to = deflater_deflate(d, from, level, bits[j]));
				assert_inflates(d, to, from);
				if (lens[i] > 0)
					assert_int_equal(deflater_inflate(d, rotor_buf_data(to),
					    rotor_buf_len(to), lens[i] - 1, &got), -EMSGSIZE);
				rotor_buf_unref(&to);
				rotor_buf_unref(&from);
			}
	assert_int_equal(deflater_inflate(d, "\xff\xff\xff", 3, 100, &got), -EINVAL);
	deflater_free(&d);
	assert_null(d);
}

/* Several messages under way at once, in both windows: each form is made once. */
static void
compressed_once(void **state)
{
	static const uint32_t bits[] = { OFFER_BITS_LARGE, OFFER_BITS_SMALL };
	struct deflater *d = open_deflater();
	struct rotor_buf *from[6], *to[6][2], *again;
	size_t i, j, round;

	(void)state;
	for (i = 0; i < 6; i++) {
		from[i] = message(2000 + i);
		for (j = 0; j < 2; j++)
			assert_non_null(to[i][j] = deflater_deflate(d, from[i], 1, bits[j]));
	}
	tick_us = DEFLATER_SHARE_US;	/* no time for a further one */
	for (round = 0; round < 3; round++)
		for (i = 0; i < 6; i++)
			for (j = 0; j < 2; j++) {
				again = deflater_deflate(d, from[i], 1, bits[j]);
				assert_ptr_equal(again, to[i][j]);
				rotor_buf_unref(&again);
			}
	deflater_forget(d);
	tick_us = 0;
	again = deflater_deflate(d, from[0], 1, OFFER_BITS_LARGE);
	assert_ptr_not_equal(again, to[0][0]);
	rotor_buf_unref(&again);
	for (i = 0; i < 6; i++) {
		rotor_buf_unref(&to[i][0]);
		rotor_buf_unref(&to[i][1]);
		rotor_buf_unref(&from[i]);
	}
	deflater_free(&d);
}

/* A message too long for the time there is: the front is compressed, the rest is stored. */
static void
time_runs_out(void **state)
{
	struct deflater *d = open_deflater();
	struct rotor_buf *from = message(1000000), *to;

	(void)state;
	tick_us = 100;		/* some 30 slices of 512 bytes */
	assert_non_null(to = deflater_deflate(d, from, 1, OFFER_BITS_LARGE));
	assert_in_range(now_us, 1000000 + DEFLATER_SHARE_US, 1000000 + DEFLATER_SHARE_US + 500);
	assert_in_range(rotor_buf_len(to), 980000, 999000);
	assert_inflates(d, to, from);
	rotor_buf_unref(&to);
	/* Its time is used up: for the rest of the window nothing is compressed. */
	assert_null(deflater_deflate(d, from, 1, OFFER_BITS_SMALL));
	now_us += DEFLATER_WINDOW_US;
	assert_non_null(to = deflater_deflate(d, from, 9, OFFER_BITS_SMALL));
	assert_inflates(d, to, from);
	rotor_buf_unref(&to);
	rotor_buf_unref(&from);
	deflater_free(&d);
}

/* Little input, much output: stopped at the limit, not at the end. */
static void
bomb(void **state)
{
	struct deflater *d = open_deflater();
	struct rotor_buf *from = rotor_buf_alloc(8u << 20), *to;
	struct rotor_str got;

	(void)state;
	assert_non_null(from);
	memset(rotor_buf_data(from), 0, rotor_buf_len(from));
	assert_non_null(to = deflater_deflate(d, from, 9, OFFER_BITS_LARGE));
	assert_true(rotor_buf_len(to) < 16384);
	assert_int_equal(deflater_inflate(d, rotor_buf_data(to), rotor_buf_len(to), 65536, &got), -EMSGSIZE);
	rotor_buf_unref(&to);
	rotor_buf_unref(&from);
	deflater_free(&d);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(offers), cmocka_unit_test(round_trip), cmocka_unit_test(compressed_once),
		cmocka_unit_test(time_runs_out), cmocka_unit_test(bomb),
	};

	return cmocka_run_group_tests_name("deflate", tests, NULL, NULL);
}
