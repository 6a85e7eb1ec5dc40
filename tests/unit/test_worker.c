/* SPDX-License-Identifier: MIT */
/* tests/unit/test_worker.c - the loop: posting, timers, watches, stopping; and the watchdog's judgement. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "loop/stall.h"
#include "loop/worker.h"

/* What the worker's thread notes, to be looked at after it has been joined: cmocka's
 * assertions belong to the main thread. */
struct notes {
	struct rotor_worker	*w;		/* not written to meanwhile */
	struct rotor_worker	*given, *current;
	uint32_t		n, order[64];
	uint64_t		set_ms, fired_ms;
	struct rotor_timer	*timer;
	struct rotor_watch	*watch;
	int			fd[2];
	uint32_t		events;
	int			drained, flush_seen;
};

static struct notes *
notes_of(void **state)
{
	return *state;
}

static int
setup(void **state)
{
	struct notes *n = calloc(1, sizeof *n);

	if (n == NULL)
		return -1;
	n->w = worker_new(NULL, 3);
	*state = n;
	return n->w != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	struct notes *n = *state;

	worker_free(&n->w);
	free(n);
	return 0;
}

static void
post(struct notes *n, rotor_task_f *fn)
{
	assert_int_equal(rotor_worker_post(n->w, fn, n), ROTOR_OK);
}

static void
start_stop_join(struct notes *n)
{
	assert_int_equal(worker_start(n->w), 0);
	worker_stop(n->w);
	worker_join(n->w);
}

static void
note_one(struct rotor_worker *w, void *priv)
{
	struct notes *n = priv;

	n->order[n->n++] = 1;
	n->current = rotor_worker_current();
	n->given = w;
}

static void
note_two(struct rotor_worker *w, void *priv)
{
	struct notes *n = priv;

	(void)w;
	n->order[n->n++] = 2;
}

static void
runs_what_is_posted(void **state)
{
	struct notes *n = notes_of(state);
	struct rotor_worker *w = n->w;

	post(n, note_one);
	post(n, note_two);
	post(n, note_one);
	start_stop_join(n);
	assert_int_equal(n->n, 3);
	assert_int_equal(n->order[0], 1);
	assert_int_equal(n->order[1], 2);
	assert_int_equal(n->order[2], 1);
	assert_ptr_equal(n->current, w);
	assert_ptr_equal(n->given, w);
	assert_int_equal(rotor_worker_index(w), 3);
	assert_null(rotor_worker_current());
}

static void
post_more(struct rotor_worker *w, void *priv)
{
	struct notes *n = priv;

	n->order[n->n++] = 9;
	if (n->n < 50 && rotor_worker_post(w, post_more, n) != ROTOR_OK)
		abort();
}

/* The stop is in the inbox before most of the work is: that is done all the same. */
static void
stops_when_the_inbox_is_empty(void **state)
{
	struct notes *n = notes_of(state);

	post(n, post_more);
	worker_stop(n->w);
	worker_stop(n->w);		/* once more is harmless */
	assert_int_equal(worker_start(n->w), 0);
	worker_join(n->w);
	assert_int_equal(n->n, 50);
}

static void
frees_what_was_never_run(void **state)
{
	struct notes *n = notes_of(state);
	struct rotor_worker *w = n->w;

	post(n, note_one);
	worker_join(w);			/* never started */
	assert_int_equal(n->n, 1);
	assert_ptr_equal(n->current, w);
	post(n, note_two);
	worker_free(&w);
	assert_null(w);
	assert_int_equal(n->n, 2);
	n->w = NULL;
}

static void
can_run_again(void **state)
{
	struct notes *n = notes_of(state);

	start_stop_join(n);
	post(n, note_two);
	start_stop_join(n);
	worker_stop(n->w);		/* as the control thread does it */
	worker_loop(n->w);
	assert_int_equal(n->n, 1);
}

static void
drain_within(struct rotor_worker *w, void *priv)
{
	struct notes *n = priv;

	if (rotor_worker_post(w, note_two, n) != ROTOR_OK)
		abort();
	n->drained = worker_drain(w);	/* what is behind this message comes first */
	n->order[n->n++] = 1;
}

static void
drains_from_within(void **state)
{
	struct notes *n = notes_of(state);

	n->drained = -1;
	post(n, drain_within);
	assert_int_equal(worker_drain(n->w), 1);
	assert_int_equal(n->drained, 1);
	assert_int_equal(n->n, 2);
	assert_int_equal(n->order[0], 2);
	assert_int_equal(n->order[1], 1);
}

/* A push that its thread has begun, and ends when the drain has. */
struct slow_push {
	struct inbox_msg	msg, *before, first, second;
	sem_t			drain_begun;
};

static void
slow_run(struct rotor_worker *w, struct inbox_msg *m)
{
	(void)w;
	(void)m;
}

static void
first_run(struct rotor_worker *w, struct inbox_msg *m)
{
	struct slow_push *sp = (struct slow_push *)((char *)m - offsetof(struct slow_push, first));

	(void)w;
	(void)sem_post(&sp->drain_begun);
}

static void *
slow_push_end(void *priv)
{
	struct slow_push *sp = priv;

	while (sem_wait(&sp->drain_begun) != 0)
		;
	atomic_store(&sp->before->next, &sp->msg);
	return NULL;
}

/* Another thread's push is under way while we push: a drain finds ours all the same. */
static void
drains_behind_an_unfinished_writer(void **state)
{
	struct notes *n = notes_of(state);
	struct slow_push sp = { .msg.run = slow_run, .first.run = first_run, .second.run = slow_run };
	pthread_t thread;

	assert_int_equal(sem_init(&sp.drain_begun, 0, 0), 0);
	worker_push(n->w, &sp.first);
	worker_push(n->w, &sp.second);	/* out of reach itself until something is behind it */
	sp.before = atomic_exchange(&n->w->inbox.head, &sp.msg);
	post(n, note_one);
	assert_int_equal(pthread_create(&thread, NULL, slow_push_end, &sp), 0);
	assert_int_equal(worker_drain(n->w), 1);
	assert_int_equal(n->n, 1);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(sem_destroy(&sp.drain_begun), 0);
}

static void
post_again(struct rotor_worker *w, void *priv)
{
	struct notes *n = priv;

	if (n->n++ < 3 && rotor_worker_post(w, post_again, n) != ROTOR_OK)
		abort();
}

/* What a message posts is left for the next turn: sockets and flushes come between. */
static void
drains_one_round(void **state)
{
	struct notes *n = notes_of(state);

	post(n, post_again);
	for (int round = 1; round <= 4; round++) {
		assert_int_equal(worker_drain(n->w), 1);
		assert_int_equal(n->n, round);
	}
}

static uint64_t
clock_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void
timer_fired(struct rotor_worker *w, void *priv)
{
	struct notes *n = priv;

	n->fired_ms = rotor_worker_now_ms(w);
	n->order[n->n++] = 5;
	rotor_timer_free(&n->timer);
	worker_stop(w);
}

static void
set_timer(struct rotor_worker *w, void *priv)
{
	struct notes *n = priv;

	n->set_ms = rotor_worker_now_ms(w);
	n->timer = rotor_timer_new(w, timer_fired, n);
	if (n->timer == NULL)
		abort();
	rotor_timer_set(n->timer, UINT64_MAX);	/* no overflow into the past */
	rotor_timer_cancel(n->timer);
	rotor_timer_set(n->timer, 100000);
	rotor_timer_set(n->timer, 120);
}

static void
fires_timers(void **state)
{
	struct notes *n = notes_of(state);
	uint64_t before = clock_ms();

	post(n, set_timer);
	worker_loop(n->w);
	assert_int_equal(n->n, 1);
	assert_null(n->timer);
	assert_true(n->set_ms >= before);
	assert_true(n->fired_ms >= n->set_ms + 120);
	assert_true(clock_ms() >= before + 120);
}

static void
on_watch(struct rotor_worker *w, int fd, uint32_t events, void *priv)
{
	struct notes *n = priv;
	char c;

	n->events |= events;
	if (events & ROTOR_READ && read(fd, &c, 1) == 1)
		n->order[n->n++] = (uint32_t)c;
	if (n->n == 2) {
		rotor_watch_free(&n->watch);	/* from within */
		worker_stop(w);
	}
}

static void
set_watch(struct rotor_worker *w, void *priv)
{
	struct notes *n = priv;

	n->watch = rotor_watch_new(w, n->fd[0], ROTOR_READ, on_watch, n);
	if (n->watch == NULL)
		abort();
	if (write(n->fd[1], "ab", 2) != 2)	/* level-triggered: seen twice */
		abort();
}

static void
watches_descriptors(void **state)
{
	struct notes *n = notes_of(state);

	assert_int_equal(pipe(n->fd), 0);
	post(n, set_watch);
	worker_loop(n->w);
	assert_int_equal(n->n, 2);
	assert_int_equal(n->order[0], 'a');
	assert_int_equal(n->order[1], 'b');
	assert_int_equal(n->events, ROTOR_READ);
	assert_null(n->watch);
	(void)close(n->fd[0]);
	(void)close(n->fd[1]);
}

static void
on_writable(struct rotor_worker *w, int fd, uint32_t events, void *priv)
{
	struct notes *n = priv;

	(void)fd;
	n->events |= events;
	if (rotor_watch_set(n->watch, 0) != ROTOR_OK)
		abort();
	worker_stop(w);
}

static void
changes_and_pauses_watches(void **state)
{
	struct notes *n = notes_of(state);

	assert_int_equal(pipe(n->fd), 0);
	assert_null(rotor_watch_new(n->w, -1, ROTOR_READ, on_writable, n));
	n->watch = rotor_watch_new(n->w, n->fd[1], 0, on_writable, n);
	assert_non_null(n->watch);
	assert_int_equal(rotor_watch_set(n->watch, 8), -EINVAL);
	worker_stop(n->w);
	worker_loop(n->w);
	assert_int_equal(n->events, 0);	/* paused from the start */
	assert_int_equal(rotor_watch_set(n->watch, ROTOR_READ | ROTOR_WRITE), ROTOR_OK);
	assert_int_equal(rotor_watch_set(n->watch, ROTOR_WRITE), ROTOR_OK);
	worker_loop(n->w);
	assert_int_equal(n->events, ROTOR_WRITE);
	n->events = 0;
	worker_stop(n->w);
	worker_loop(n->w);
	assert_int_equal(n->events, 0);
	rotor_watch_free(&n->watch);
	rotor_watch_free(&n->watch);
	(void)close(n->fd[0]);
	(void)close(n->fd[1]);
}

static void
look_at_flush(struct rotor_worker *w, void *priv)
{
	struct notes *n = priv;

	n->flush_seen = (int)w->flush_armed;
	worker_stop(w);
}

static void
arm_flush(struct rotor_worker *w, void *priv)
{
	struct notes *n = priv;

	worker_arm_flush(w);
	worker_arm_flush(w);
	n->flush_seen = (int)w->flush_armed;
	if (rotor_worker_post(w, note_two, n) != ROTOR_OK)
		abort();
	n->timer = rotor_timer_new(w, look_at_flush, n);
	if (n->timer == NULL)
		abort();
	rotor_timer_set(n->timer, 0);
}

static void
flushes_once_after_what_is_ready(void **state)
{
	struct notes *n = notes_of(state);

	post(n, arm_flush);
	assert_int_equal(worker_drain(n->w), 1);
	assert_int_equal(n->flush_seen, 1);
	assert_int_equal(worker_drain(n->w), 1);
	assert_int_equal(n->n, 1);	/* draining goes on; the flush waits */
	assert_int_equal(n->w->flush_armed, 1);
	worker_loop(n->w);
	assert_int_equal(n->flush_seen, 0);	/* by the next tick it is through */
	rotor_timer_free(&n->timer);
}

static void
arm_after_a_long_flush(struct rotor_worker *w, void *priv)
{
	struct notes *n = priv;

	w->flush_after_us = rotor_worker_now_ms(w) * 1000 + 20000;
	worker_arm_flush(w);
	n->timer = rotor_timer_new(w, look_at_flush, n);
	if (n->timer == NULL)
		abort();
	rotor_timer_set(n->timer, 100);
}

static void
flush_after_a_long_one_waits(void **state)
{
	struct notes *n = notes_of(state);

	post(n, arm_after_a_long_flush);
	assert_int_equal(worker_drain(n->w), 1);
	assert_int_equal(n->w->flush_armed, 1);
	worker_loop(n->w);
	assert_int_equal(n->flush_seen, 0);	/* its own timer has released it */
	assert_int_equal(n->w->flush_after_us, 0);
	rotor_timer_free(&n->timer);
}

/* Keeps the loop busy with messages for good, until a timer gets its turn. */
static void
post_for_ever(struct rotor_worker *w, void *priv)
{
	struct notes *n = priv;

	if (n->n == 0 && rotor_worker_post(w, post_for_ever, n) != ROTOR_OK)
		abort();
}

static void
full_inbox_starves_nobody(void **state)
{
	struct notes *n = notes_of(state);

	post(n, set_timer);
	post(n, post_for_ever);
	worker_loop(n->w);
	assert_int_equal(n->n, 1);
	assert_int_equal(n->order[0], 5);
}

static void
begin_callback(struct rotor_worker *w, uint64_t since_ms, const char *what)
{
	atomic_store(&w->busy_what, what);
	atomic_store(&w->busy_since_ms, since_ms);
}

static void
reports_a_stall_once(void **state)
{
	struct rotor_worker *w = notes_of(state)->w;
	struct stall st = { 0 };

	assert_int_equal(stall_check(&st, w, 5000, 250), STALL_NOTHING);
	begin_callback(w, 5000, "watch");
	assert_int_equal(stall_check(&st, w, 5250, 250), STALL_NOTHING);
	assert_int_equal(stall_check(&st, w, 5251, 250), STALL_BEGAN);
	assert_string_equal(st.name.callback, "watch");
	assert_int_equal(st.ms, 251);
	assert_int_equal(stall_check(&st, w, 5400, 250), STALL_NOTHING);
	assert_int_equal(stall_check(&st, w, 9000, 250), STALL_NOTHING);
	begin_callback(w, 0, "watch");
	assert_int_equal(stall_check(&st, w, 9100, 250), STALL_ENDED);
	assert_string_equal(st.name.callback, "watch");
	assert_int_equal(st.ms, 4000);
	assert_int_equal(stall_check(&st, w, 9200, 250), STALL_NOTHING);
}

static void
reports_each_stall(void **state)
{
	struct rotor_worker *w = notes_of(state)->w;
	struct stall st = { 0 };

	begin_callback(w, 1000, "inbox");
	assert_int_equal(stall_check(&st, w, 2000, 250), STALL_BEGAN);
	begin_callback(w, 2001, "flush");	/* at once the next */
	assert_int_equal(stall_check(&st, w, 2300, 250), STALL_ENDED);
	assert_string_equal(st.name.callback, "inbox");
	assert_int_equal(stall_check(&st, w, 2400, 250), STALL_BEGAN);
	assert_string_equal(st.name.callback, "flush");
	begin_callback(w, 2450, "timers");
	assert_int_equal(stall_check(&st, w, 2500, 250), STALL_ENDED);
	assert_int_equal(stall_check(&st, w, 2500, 250), STALL_NOTHING);
}

/* A stall that begins and ends between two looks, and one that follows another at once. */
static void
sees_what_has_passed(void **state)
{
	struct rotor_worker *w = notes_of(state)->w;
	struct stall st = { 0 };

	begin_callback(w, 1000, "inbox");
	stall_end(w, 300 * 1000);
	begin_callback(w, 0, "inbox");
	assert_int_equal(stall_check(&st, w, 1310, 250), STALL_PASSED);
	assert_string_equal(st.name.callback, "inbox");
	assert_string_equal(st.name.module, "core");
	assert_int_equal(st.ms, 300);
	assert_int_equal(stall_check(&st, w, 1400, 250), STALL_NOTHING);
	begin_callback(w, 2000, "flush");
	assert_int_equal(stall_check(&st, w, 2300, 250), STALL_BEGAN);
	stall_end(w, 340 * 1000);
	begin_callback(w, 2340, "watch");
	assert_int_equal(stall_check(&st, w, 2600, 250), STALL_ENDED);
	assert_string_equal(st.name.callback, "flush");
	assert_int_equal(st.ms, 340);
	assert_int_equal(stall_check(&st, w, 2600, 250), STALL_BEGAN);
	assert_string_equal(st.name.callback, "watch");
}

static const char *stall_what;		/* of the last one */
static const void *stall_code;
static uint64_t stall_us;
static unsigned n_stalls;

static void
note_stall(struct rotor_worker *w, const struct stall_name *name, uint64_t us)
{
	n_stalls++;
	stall_what = name->callback;
	stall_code = atomic_load(&w->busy_code);
	stall_us = us;
}

static void
dawdle(struct rotor_worker *w, void *priv)
{
	uint64_t until_us = worker_clock_us() + STALL_SEEN_US + 2000;

	(void)w;
	(void)priv;
	while (worker_clock_us() < until_us)
		;
}

static void
dawdle_and_say_so(struct rotor_worker *w, void *priv)
{
	rotor_worker_doing(w, "GET /report", (rotor_code_f *)note_stall);
	dawdle(w, priv);
}

static int
dawdle_step(struct rotor_worker *w, void *priv)
{
	dawdle(w, priv);
	return ROTOR_OK;
}

static void
begin_job(struct rotor_worker *w, void *priv)
{
	rotor_job_start(w, priv);
}

/* What is told of a task that dawdles, or has others do it. */
static void
expect_stall(struct notes *n, rotor_task_f *fn, void *priv, const char *what, const void *code)
{
	n_stalls = 0;
	n->w->on_stall = note_stall;
	assert_int_equal(rotor_worker_post(n->w, fn, priv), ROTOR_OK);
	start_stop_join(n);
	assert_true(n_stalls >= 1);	/* the machine may add some of its own */
	if (n_stalls > 1)
		return;
	assert_string_equal(stall_what, what);
	assert_ptr_equal(stall_code, code);
	assert_true(stall_us > STALL_SEEN_US);
}

static void
names_who_takes_long(void **state)
{
	struct notes *n = notes_of(state);
	struct rotor_job job;

	expect_stall(n, dawdle, NULL, "task", WORKER_CODE(dawdle));
	expect_stall(n, dawdle_and_say_so, NULL, "GET /report", WORKER_CODE(note_stall));
	rotor_job_init(&job, "a long job", dawdle_step, NULL);
	expect_stall(n, begin_job, &job, "a long job", WORKER_CODE(dawdle_step));
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(runs_what_is_posted),
		TEST(stops_when_the_inbox_is_empty),
		TEST(frees_what_was_never_run),
		TEST(can_run_again),
		TEST(drains_from_within),
		TEST(drains_behind_an_unfinished_writer),
		TEST(drains_one_round),
		TEST(fires_timers),
		TEST(watches_descriptors),
		TEST(changes_and_pauses_watches),
		TEST(flushes_once_after_what_is_ready),
		TEST(flush_after_a_long_one_waits),
		TEST(full_inbox_starves_nobody),
		TEST(reports_a_stall_once),
		TEST(reports_each_stall),
		TEST(sees_what_has_passed),
		TEST(names_who_takes_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
