/* SPDX-License-Identifier: MIT */
/* test_code_counts.c - counters by code: known ones, made-up ones, and too many of those. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/metrics.h"
#include "node/code_counts.h"

static const uint32_t known[] = { 3001, 3004 };

struct fix {
	struct metrics		*m;
	struct code_counts	cc;
};

static int
setup(void **state)
{
	struct fix *f = calloc(1, sizeof *f);
	struct rotor_metric *family;

	assert_non_null(f);
	f->m = metrics_new(1);
	family = metrics_register(f->m, ROTOR_COUNTER, "client", "ends", "", "code", NULL, 0);
	assert_non_null(family);
	code_counts_init(&f->cc, family, known, 2);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fix *f = *state;

	code_counts_fini(&f->cc);
	metrics_free(&f->m);
	free(f);
	return 0;
}

struct reading {
	const char	*label;
	int64_t		value;		/* -1: there is no such counter */
	size_t		n;		/* of counters */
};

static void
read_one(void *priv, const struct rotor_metric_sample *s)
{
	struct reading *rd = priv;

	rd->n++;
	if (strcmp(s->values[0], rd->label) == 0)
		rd->value = s->value;
}

static struct reading
counted(struct fix *f, const char *label)
{
	struct reading rd = { label, -1, 0 };

	metrics_foreach(f->m, read_one, &rd);
	return rd;
}

static void
count(struct fix *f, uint32_t code)
{
	metrics_add(metrics_shard_get(f->m, 0), code_counts_id(&f->cc, code), 1);
}

static void
test_known_and_new(void **state)
{
	struct fix *f = *state;

	assert_int_equal(counted(f, "3001").value, 0);
	assert_int_equal(counted(f, "4600").value, -1);
	for (int i = 0; i < 3; i++) {
		count(f, 3004);
		count(f, 4600);
	}
	assert_int_equal(counted(f, "3004").value, 3);
	assert_int_equal(counted(f, "4600").value, 3);
	assert_int_equal(counted(f, "3001").value, 0);
}

static void
test_too_many_are_other(void **state)
{
	struct fix *f = *state;

	for (uint32_t code = 4000; code < 5000; code++)
		count(f, code);
	assert_int_equal(counted(f, "other").value, 1000 - (CODE_COUNTS_MAX - 2));
	assert_int_equal(counted(f, "other").n, CODE_COUNTS_MAX + 1);
	count(f, 3001);
	count(f, 4000);
	assert_int_equal(counted(f, "3001").value, 1);
	assert_int_equal(counted(f, "4000").value, 2);
}

#define RACERS	4
#define RACES	1000u

static void *
race(void *priv)
{
	struct code_counts *cc = priv;

	for (uint32_t i = 0; i < RACES; i++)
		(void)code_counts_id(cc, 4000 + i % 100);
	return NULL;
}

/* Threads that come with the same new codes make one counter of each. */
static void
test_threads(void **state)
{
	struct fix *f = *state;
	pthread_t t[RACERS];

	for (int i = 0; i < RACERS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, race, &f->cc), 0);
	for (int i = 0; i < RACERS; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	for (uint32_t i = 0; i < CODE_COUNTS_MAX; i++)
		for (uint32_t k = 0; k < i; k++)
			assert_int_not_equal(f->cc.rows[i].code, f->cc.rows[k].code);
	assert_int_equal(counted(f, "other").n, CODE_COUNTS_MAX + 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_known_and_new, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many_are_other, setup, teardown),
		cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
