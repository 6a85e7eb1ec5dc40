/* SPDX-License-Identifier: MIT */
/* tests/unit/test_map.c - the hash table, against a plain array. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/map.h"
#include "base/str.h"

#define N	3000

static char names[N][8];
static int present[N];

static struct rotor_str
name(int i)
{
	if (names[i][0] == '\0')
		(void)snprintf(names[i], sizeof names[i], "k%d", i);
	return str_of(names[i]);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_empty),
		cmocka_unit_test(equal_hashes_are_told_apart),
		cmocka_unit_test(grows_and_shrinks),
		cmocka_unit_test(survives_churn),
		cmocka_unit_test(survives_churn_in_long_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
