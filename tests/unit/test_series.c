/* SPDX-License-Identifier: MIT */
/* tests/unit/test_series.c - many small things of one call, and work that is done aside. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pthread.h>

#include "api/series.h"
#include "loop/aside.h"
#include "loop/worker.h"

#define N	300u

/* A series whose parts take a turn each, and end at once, or a message later. */
struct bed {
	struct series		series;
	struct rotor_worker	*w;
	int			later;
	size_t			fail_at;	/* N: never */
	size_t			order[N];
	size_t			n_started, n_ended, most_open;
	uint32_t		turns;		/* messages that came between */
	int			over;
	/* Of what is done aside. */
	struct aside		*aside;
	struct aside_work	works[N];
	pthread_t		by;		/* who did it */
	size_t			n_run, n_home;
};

static int
setup(void **state)
{
	struct bed *t = calloc(1, sizeof *t);

	if (t == NULL)
		return -1;
	t->w = worker_new(NULL, 0);
	t->aside = aside_new();
	t->fail_at = N;
	*state = t;
	return t->w != NULL && t->aside != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	struct bed *t = *state;

	aside_free(&t->aside);
	worker_free(&t->w);
	free(t);
	return 0;
}

static void
part_ended(struct rotor_worker *w, void *priv)
{
	struct bed *t = priv;

	(void)w;
	t->n_ended++;
	series_ended(&t->series);
}

static void
part_start(struct series *s, size_t i)
{
	struct bed *t = (struct bed *)s;

	assert_int_equal(i, t->n_started);
	t->order[t->n_started++] = i;
	if (t->n_started - t->n_ended > t->most_open)
		t->most_open = t->n_started - t->n_ended;
	while (!rotor_turn_over(t->w))
		;
	if (i == t->fail_at)
		series_fail(s);
	if (t->later)
		assert_int_equal(rotor_worker_post(t->w, part_ended, t), ROTOR_OK);
	else
		part_ended(t->w, t);
}

static void
over(struct series *s)
{
	struct bed *t = (struct bed *)s;

	assert_int_equal(t->n_started, t->n_ended);
	t->over++;
	worker_stop(t->w);
}

static void
begin(struct rotor_worker *w, void *priv)
{
	struct bed *t = priv;

	(void)w;
	series_run(&t->series);
}

static void
bystander(struct rotor_worker *w, void *priv)
{
	struct bed *t = priv;

	t->turns++;
	if (!t->over)
		assert_int_equal(rotor_worker_post(w, bystander, t), ROTOR_OK);
}

static void
run(struct bed *t, size_t n, int one_by_one)
{
	t->series = (struct series){ .w = t->w, .n = n, .one_by_one = one_by_one, .start = part_start,
	    .over = over };
	assert_int_equal(rotor_worker_post(t->w, begin, t), ROTOR_OK);
	assert_int_equal(rotor_worker_post(t->w, bystander, t), ROTOR_OK);
	worker_loop(t->w);
	worker_join(t->w);
	assert_int_equal(t->over, 1);
}

/* Others are heard while it goes on. */
static void
test_turns(void **state)
{
	struct bed *t = *state;

	run(t, N, 0);
	assert_int_equal(t->n_started, N);
	assert_true(t->turns > 3);
}

static void
test_one_by_one(void **state)
{
	struct bed *t = *state;

	t->later = 1;
	run(t, N, 1);
	assert_int_equal(t->n_started, N);
	assert_int_equal(t->most_open, 1);
}

static void
test_at_once(void **state)
{
	struct bed *t = *state;

	t->later = 1;
	run(t, N, 0);
	assert_int_equal(t->n_started, N);
	assert_true(t->most_open > 1);
}

/* No further ones are started, and those under way are waited for. */
static void
test_fail(void **state)
{
	struct bed *t = *state;

	t->later = 1;
	t->fail_at = 20;
	run(t, N, 0);
	assert_int_equal(t->n_started, 21);
	assert_true(t->series.failed);
}

static void
test_nothing(void **state)
{
	struct bed *t = *state;

	run(t, 0, 1);
	assert_int_equal(t->n_started, 0);
}

/* The server stops in the middle: what is left is done by who ends the worker. */
static void
test_stop_in_the_middle(void **state)
{
	struct bed *t = *state;

	t->series = (struct series){ .w = t->w, .n = N, .start = part_start, .over = over };
	assert_int_equal(rotor_worker_post(t->w, begin, t), ROTOR_OK);
	worker_stop(t->w);
	worker_loop(t->w);
	assert_true(t->n_started < N);
	worker_join(t->w);
	assert_int_equal(t->n_started, N);
	assert_int_equal(t->over, 1);
}

static void
aside_run(struct aside_work *k)
{
	(void)k;
}

static struct bed *aside_bed;

static void
aside_count(struct aside_work *k)
{
	aside_bed->by = pthread_self();
	assert_ptr_equal(k, &aside_bed->works[aside_bed->n_run]);
	aside_bed->n_run++;
}

static void
aside_home(struct rotor_worker *w, struct aside_work *k)
{
	struct bed *t = aside_bed;

	assert_ptr_equal(w, t->w);
	assert_ptr_equal(k, &t->works[t->n_home]);
	if (++t->n_home == N)
		worker_stop(w);
}

static void
give_all(struct rotor_worker *w, void *priv)
{
	struct bed *t = priv;

	for (size_t i = 0; i < N; i++)
		aside_give(t->aside, w, &t->works[i], aside_count, aside_home);
}

/* In order, on another thread, and home. */
static void
test_aside(void **state)
{
	struct bed *t = aside_bed = *state;

	assert_int_equal(rotor_worker_post(t->w, give_all, t), ROTOR_OK);
	worker_loop(t->w);
	worker_join(t->w);
	assert_int_equal(t->n_run, N);
	assert_int_equal(t->n_home, N);
	assert_false(pthread_equal(t->by, pthread_self()));
}

static void
aside_last(struct rotor_worker *w, struct aside_work *k)
{
	(void)w;
	(void)k;
	aside_bed->n_home++;
}

/* What it had in hand when the server stops comes home; what is given later is done at once. */
static void
test_aside_stop(void **state)
{
	struct bed *t = aside_bed = *state;

	for (size_t i = 0; i < N; i++)
		aside_give(t->aside, t->w, &t->works[i], aside_run, aside_last);
	aside_stop(t->aside);
	worker_join(t->w);
	assert_int_equal(t->n_home, N);
	aside_give(t->aside, t->w, &t->works[0], aside_count, aside_last);
	assert_int_equal(t->n_home, N + 1);
	aside_give(NULL, t->w, &t->works[1], aside_count, aside_last);
	assert_int_equal(t->n_home, N + 2);
	assert_true(pthread_equal(t->by, pthread_self()));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_by_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fail, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop_in_the_middle, setup, teardown),
		cmocka_unit_test_setup_teardown(test_aside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_aside_stop, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
