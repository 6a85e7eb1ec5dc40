/* SPDX-License-Identifier: MIT */
/* tests/unit/test_job.c - work that takes turns. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "loop/share.h"
#include "loop/worker.h"

#define STEPS	200u

struct bed {
	struct rotor_worker	*w;
	struct rotor_job	a, b;
	uint32_t		steps_a, steps_b, steps_at_message;
	uint32_t		swaps;		/* times that another one than before had its turn */
	const struct rotor_job	*last;
};

static int
setup(void **state)
{
	struct bed *t = calloc(1, sizeof *t);

	if (t == NULL)
		return -1;
	t->w = worker_new(NULL, 0);
	*state = t;
	return t->w != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	struct bed *t = *state;

	worker_free(&t->w);
	free(t);
	return 0;
}

/* Uses up its share. */
static void
burn(struct rotor_worker *w)
{
	while (!rotor_turn_over(w))
		;
}

static void
note_turn(struct bed *t, const struct rotor_job *j)
{
	t->swaps += t->last != NULL && t->last != j;
	t->last = j;
}

static int
step_a(struct rotor_worker *w, void *priv)
{
	struct bed *t = priv;

	burn(w);
	note_turn(t, &t->a);
	return ++t->steps_a < STEPS ? ROTOR_AGAIN : ROTOR_OK;
}

static int
step_b(struct rotor_worker *w, void *priv)
{
	struct bed *t = priv;

	burn(w);
	note_turn(t, &t->b);
	return ++t->steps_b < STEPS ? ROTOR_AGAIN : ROTOR_OK;
}

static void
start_both(struct rotor_worker *w, void *priv)
{
	struct bed *t = priv;

	rotor_job_start(w, &t->a);
	rotor_job_start(w, &t->b);
	rotor_job_start(w, &t->a);	/* under way: as it was */
}

/* In a message, so that sockets and messages have been looked at meanwhile. */
static void
message(struct rotor_worker *w, void *priv)
{
	struct bed *t = priv;

	(void)w;
	t->steps_at_message = t->steps_a;
}

static int
first_then_message(struct rotor_worker *w, void *priv)
{
	struct bed *t = priv;

	if (t->steps_a == 0)
		assert_int_equal(rotor_worker_post(w, message, t), ROTOR_OK);
	return step_a(w, priv);
}

static void
stop(struct rotor_worker *w, void *priv)
{
	struct bed *t = priv;

	if (t->steps_a < STEPS)
		assert_int_equal(rotor_worker_post(w, stop, t), ROTOR_OK);
	else
		worker_stop(w);
}

static void
run(struct bed *t, rotor_task_f *first)
{
	assert_int_equal(rotor_worker_post(t->w, first, t), ROTOR_OK);
	assert_int_equal(rotor_worker_post(t->w, stop, t), ROTOR_OK);
	worker_loop(t->w);
	worker_join(t->w);
}

static void
test_rotation(void **state)
{
	struct bed *t = *state;

	rotor_job_init(&t->a, "a", step_a, t);
	rotor_job_init(&t->b, "b", step_b, t);
	run(t, start_both);
	assert_int_equal(t->steps_a, STEPS);
	assert_int_equal(t->steps_b, STEPS);
	assert_int_equal(t->swaps, 2 * STEPS - 1);
	assert_null(t->a.w);
	assert_null(t->b.w);
}

static void
start_a(struct rotor_worker *w, void *priv)
{
	struct bed *t = priv;

	rotor_job_start(w, &t->a);
}

static void
test_others_between(void **state)
{
	struct bed *t = *state;

	rotor_job_init(&t->a, "a", first_then_message, t);
	run(t, start_a);
	assert_int_equal(t->steps_a, STEPS);
	assert_in_range(t->steps_at_message, 1, STEPS / 2);
}

static int
cancel_b(struct rotor_worker *w, void *priv)
{
	struct bed *t = priv;

	(void)w;
	rotor_job_cancel(&t->b);
	rotor_job_cancel(&t->b);
	t->steps_a = STEPS;
	return ROTOR_OK;
}

static void
test_cancel(void **state)
{
	struct bed *t = *state;

	rotor_job_init(&t->a, "a", cancel_b, t);
	rotor_job_init(&t->b, "b", step_b, t);
	run(t, start_both);
	assert_int_equal(t->steps_b, 0);
}

/* The owner goes with its job. */
static int
free_it(struct rotor_worker *w, void *priv)
{
	(void)w;
	free(priv);
	return ROTOR_OK;
}

static void
start_freed(struct rotor_worker *w, void *priv)
{
	struct rotor_job *j = malloc(sizeof *j);
	struct bed *t = priv;

	assert_non_null(j);
	rotor_job_init(j, "freed", free_it, j);
	rotor_job_start(w, j);
	t->steps_a = STEPS;
}

static void
test_freed_by_itself(void **state)
{
	run(*state, start_freed);
}

/* Started as the loop ends: done by who joins it, for somebody may count on it. */
static void
start_and_stop(struct rotor_worker *w, void *priv)
{
	start_both(w, priv);
	worker_stop(w);
}

static void
test_finished_at_the_end(void **state)
{
	struct bed *t = *state;

	rotor_job_init(&t->a, "a", step_a, t);
	rotor_job_init(&t->b, "b", step_b, t);
	assert_int_equal(rotor_worker_post(t->w, start_and_stop, t), ROTOR_OK);
	worker_loop(t->w);
	worker_join(t->w);
	assert_int_equal(t->steps_a + t->steps_b, 2 * STEPS);
}

static uint64_t
share_of_next(struct loop_share *s, uint64_t now_us)
{
	share_begin(s, now_us);
	return s->over_us - now_us;
}

/* Many callbacks that are ready at once have little each, until the window is over. */
static void
test_share(void **state)
{
	struct loop_share s = { 0 };
	uint64_t now_us = 1000000;

	(void)state;
	for (uint32_t used_us = 0; used_us < SHARE_MUCH_US; used_us += 900) {
		assert_int_equal(share_of_next(&s, now_us), SHARE_US);
		now_us += 900;
		share_end(&s, now_us);
	}
	assert_int_equal(share_of_next(&s, now_us), SHARE_SMALL_US);
	share_end(&s, now_us);
	assert_int_equal(s.over_us, 0);
	assert_int_equal(share_of_next(&s, now_us + SHARE_WINDOW_US), SHARE_US);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rotation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others_between, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_freed_by_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(test_finished_at_the_end, setup, teardown),
		cmocka_unit_test(test_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
