/* SPDX-License-Identifier: MIT */
/* tests/unit/test_map.c - the hash table, against a plain array. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/map.h"
#include "base/str.h"

#define N	3000

static char names[N][16];
static int present[N];

static struct rotor_str
name(int i)
{
	if (names[i][0] == '\0')
		(void)snprintf(names[i], sizeof names[i], "k%d", i);
	return rotor_str_of(names[i]);
}

/* A bad hash makes long runs, which is where deletion goes wrong. */
static uint64_t
bad_hash(int i)
{
	return (uint64_t)(i % 7);
}

static uint64_t
good_hash(int i)
{
	return str_hash(name(i));
}

static void
check_all(const struct map *m, int n, uint64_t (*hash)(int))
{
	size_t pos = 0, seen = 0;
	int i, expected = 0;

	for (i = 0; i < n; i++) {
		void *v = map_get(m, hash(i), name(i));

		assert_ptr_equal(v, present[i] ? names[i] : NULL);
		expected += present[i];
	}
	while (map_next(m, &pos) != NULL)
		seen++;
	assert_int_equal(seen, expected);
	assert_int_equal(m->n, expected);
}

/* Puts and deletes in a scrambled, repeatable order. */
static void
churn(int n, uint64_t (*hash)(int), int check_every)
{
	struct map m;
	uint32_t x = 12345;
	int i, k;

	map_init(&m);
	for (i = 0; i < n; i++)
		present[i] = 0;
	for (k = 0; k < 20 * n; k++) {
		x = x * 1664525u + 1013904223u;
		i = (int)((x >> 8) % (uint32_t)n);
		if (present[i])
			assert_ptr_equal(map_del(&m, hash(i), name(i)), names[i]);
		else
			assert_int_equal(map_put(&m, hash(i), name(i), names[i]), 0);
		present[i] = !present[i];
		if (k % check_every == 0)
			check_all(&m, n, hash);
	}
	check_all(&m, n, hash);
	map_fini(&m);
}

static void
survives_churn(void **state)
{
	(void)state;
	churn(N, good_hash, 5000);
}

static void
survives_churn_in_long_runs(void **state)
{
	(void)state;
	churn(60, bad_hash, 1);
}

static void
starts_empty(void **state)
{
	struct map m;
	size_t pos = 0;

	(void)state;
	map_init(&m);
	assert_null(m.slots);
	assert_null(map_get(&m, 1, STR_LIT("a")));
	assert_null(map_del(&m, 1, STR_LIT("a")));
	assert_null(map_next(&m, &pos));
	map_fini(&m);
}

static void
grows_and_shrinks(void **state)
{
	struct map m;
	size_t big;
	int i;

	(void)state;
	map_init(&m);
	for (i = 0; i < N; i++) {
		assert_int_equal(map_put(&m, good_hash(i), name(i), names[i]), 0);
		assert_true(m.n <= m.cap / 4 * 3);
	}
	big = m.cap;
	assert_true(big >= N && (big & (big - 1)) == 0);
	for (i = 0; i < N; i++)
		assert_ptr_equal(map_del(&m, good_hash(i), name(i)), names[i]);
	assert_int_equal(m.n, 0);
	assert_true(m.cap <= 16);
	map_fini(&m);
}

static void
equal_hashes_are_told_apart(void **state)
{
	struct map m;

	(void)state;
	map_init(&m);
	assert_int_equal(map_put(&m, 5, name(1), names[1]), 0);
	assert_int_equal(map_put(&m, 5, name(2), names[2]), 0);
	assert_ptr_equal(map_get(&m, 5, name(1)), names[1]);
	assert_ptr_equal(map_get(&m, 5, name(2)), names[2]);
	assert_null(map_get(&m, 5, name(3)));
	assert_null(map_get(&m, 6, name(1)));
	map_fini(&m);
}

/* The table grows, shrinks and grows again between the steps; the first SCANNED names stay. */
#define SCANNED	200

static void
scan_meets_each_once(void **state)
{
	int met[N] = { 0 }, i, n = 0, guests = SCANNED, step = 37;
	uint64_t pos = 0, last = 0;
	const char *found;
	struct map m;

	(void)state;
	map_init(&m);
	assert_null(map_scan(&m, &pos));
	assert_true(pos == MAP_SCAN_END);
	for (i = 0; i < SCANNED; i++)
		assert_int_equal(map_put(&m, good_hash(i), name(i), names[i]), 0);
	for (pos = 0; (found = map_scan(&m, &pos)) != NULL; last = pos) {
		assert_true(pos > last && pos <= MAP_SCAN_END);
		i = atoi(found + 1);
		assert_true(map_position(good_hash(i)) + 1 == pos);
		met[i]++;
		for (int k = 0; k < 1 + step && guests < N && step > 0; k++, guests++)
			assert_int_equal(map_put(&m, good_hash(guests), name(guests), names[guests]), 0);
		for (int k = 0; k < -step && guests > SCANNED; k++) {
			guests--;
			assert_non_null(map_del(&m, good_hash(guests), name(guests)));
		}
		if (++n % 50 == 0)
			step = -step;
	}
	for (i = 0; i < N; i++)
		assert_true(i < SCANNED ? met[i] == 1 : met[i] <= 1);
	assert_null(map_scan(&m, &pos));
	map_fini(&m);
}

static void
scan_in_long_runs(void **state)
{
	size_t left = 7 * 8;
	uint64_t pos = 0;
	struct map m;

	(void)state;
	map_init(&m);
	for (uint64_t i = 0; i < left; i++)	/* all of them at home in few slots */
		assert_int_equal(map_put(&m, i % 7 | i << 40, name((int)i), names[i]), 0);
	while (map_scan(&m, &pos) != NULL)
		left--;
	assert_int_equal(left, 0);
	map_fini(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_empty),
		cmocka_unit_test(equal_hashes_are_told_apart),
		cmocka_unit_test(grows_and_shrinks),
		cmocka_unit_test(survives_churn),
		cmocka_unit_test(survives_churn_in_long_runs),
		cmocka_unit_test(scan_meets_each_once),
		cmocka_unit_test(scan_in_long_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
