/* SPDX-License-Identifier: MIT */
/* tests/unit/test_wheel.c - timers, on a clock of the test's own. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "loop/wheel.h"

#define TURN_MS	(WHEEL_TICK_MS * WHEEL_SLOTS)

/* A timer that notes when it fired, and may do something to another. */
struct probe {
	struct wheel_timer	t;
	struct wheel		*wh;
	int			fired;
	uint64_t		fired_ms;
	uint64_t		again_ms;	/* re-arms itself for this, when not 0 */
	struct probe		*cancels, *frees;
	int			*freed;
};

static void
fire(struct wheel_timer *t)
{
	struct probe *p = (struct probe *)(void *)t;

	assert_false(wheel_armed(t));
	p->fired++;
	p->fired_ms = p->wh->now_ms;
	if (p->again_ms != 0)
		wheel_set(p->wh, t, p->again_ms);
	if (p->cancels != NULL)
		wheel_cancel(&p->cancels->t);
	if (p->frees != NULL) {
		wheel_cancel(&p->frees->t);
		free(p->frees);
		p->frees = NULL;
	}
	if (p->freed != NULL) {
		++*p->freed;
		free(p);
	}
}

/* As the worker does when time allows. */
static void
advance(struct wheel *wh, uint64_t now_ms)
{
	wheel_advance(wh, now_ms);
	while (wheel_fire(wh))
		;
}

static struct probe
probe(struct wheel *wh)
{
	return (struct probe){ .t.fire = fire, .wh = wh };
}

static struct probe *
heap_probe(struct wheel *wh)
{
	struct probe *p = malloc(sizeof *p);

	assert_non_null(p);
	*p = probe(wh);
	return p;
}

/* Advances in uneven steps of at most a tick. */
static void
run_to(struct wheel *wh, uint64_t end_ms)
{
	uint64_t now = wh->now_ms, step = 1;

	while (now < end_ms) {
		now += step;
		step = step * 7 % WHEEL_TICK_MS + 1;
		advance(wh, now < end_ms ? now : end_ms);
	}
}

static void
fires_on_time(void **state)
{
	static const uint64_t delays[] = { 0, 1, 49, 50, 51, 99, 100, 1000, TURN_MS - 1, TURN_MS,
	    TURN_MS + 1, 2 * TURN_MS, 3 * TURN_MS + 77 };
	uint64_t start;
	size_t i;

	(void)state;
	for (start = 123456; start < 123456 + 2 * WHEEL_TICK_MS; start += 13)
		for (i = 0; i < sizeof delays / sizeof delays[0]; i++) {
			struct wheel wh;
			struct probe p = probe(&wh);

			wheel_init(&wh, start);
			wheel_set(&wh, &p.t, start + delays[i]);
			assert_true(wheel_armed(&p.t));
			run_to(&wh, start + delays[i] + WHEEL_TICK_MS);
			assert_int_equal(p.fired, 1);
			assert_in_range(p.fired_ms - start, delays[i], delays[i] + WHEEL_TICK_MS);
			run_to(&wh, start + delays[i] + TURN_MS);
			assert_int_equal(p.fired, 1);
		}
}

static void
fires_what_is_due_now(void **state)
{
	struct wheel wh;
	struct probe p = probe(&wh), q = probe(&wh);

	(void)state;
	wheel_init(&wh, 1001);
	wheel_set(&wh, &p.t, 1010);
	wheel_set(&wh, &q.t, 1011);
	advance(&wh, 1010);	/* the same tick as the start */
	assert_int_equal(p.fired, 1);
	assert_int_equal(q.fired, 0);
	advance(&wh, 1011);
	assert_int_equal(q.fired, 1);
}

static void
fires_what_was_due_before(void **state)
{
	struct wheel wh;
	struct probe p = probe(&wh);

	(void)state;
	wheel_init(&wh, 100000);
	wheel_set(&wh, &p.t, 5);
	advance(&wh, 100000);
	assert_int_equal(p.fired, 1);
}

static void
late_jumps_fire_all_once(void **state)
{
	struct wheel wh;
	struct probe p[40];
	size_t i;

	(void)state;
	wheel_init(&wh, 7);
	for (i = 0; i < 40; i++) {
		p[i] = probe(&wh);
		wheel_set(&wh, &p[i].t, 7 + i * 3001);
	}
	advance(&wh, 7 + 20 * 3001);	/* more than one turn at once */
	for (i = 0; i < 40; i++)
		assert_int_equal(p[i].fired, i <= 20);
	advance(&wh, UINT64_MAX / 2);
	for (i = 0; i < 40; i++)
		assert_int_equal(p[i].fired, 1);
	advance(&wh, 1);		/* a clock does not go back, but if it does */
	assert_true(wh.now_ms == UINT64_MAX / 2);
}

static void
oldest_first(void **state)
{
	struct wheel wh;
	struct probe a = probe(&wh), b = probe(&wh), c = probe(&wh);

	(void)state;
	wheel_init(&wh, 0);
	wheel_set(&wh, &a.t, 500);
	wheel_set(&wh, &b.t, 100);
	wheel_set(&wh, &c.t, 500);
	b.cancels = &a;
	a.cancels = &c;
	advance(&wh, 1000);
	assert_int_equal(b.fired, 1);
	assert_int_equal(a.fired, 0);	/* cancelled by b, though due as well */
	assert_int_equal(c.fired, 1);
}

static void
equal_times_in_order_of_arming(void **state)
{
	struct wheel wh;
	struct probe a = probe(&wh), b = probe(&wh);

	(void)state;
	wheel_init(&wh, 0);
	wheel_set(&wh, &a.t, 500);
	wheel_set(&wh, &b.t, 500);
	a.cancels = &b;
	advance(&wh, 500);
	assert_int_equal(a.fired, 1);
	assert_int_equal(b.fired, 0);
}

static void
may_rearm_itself(void **state)
{
	struct wheel wh;
	struct probe p = probe(&wh);

	(void)state;
	wheel_init(&wh, 0);
	p.again_ms = 1;			/* in the past by the time it fires */
	wheel_set(&wh, &p.t, 60);
	advance(&wh, 200);
	assert_int_equal(p.fired, 1);	/* once an advance, else it would never end */
	assert_true(wheel_armed(&p.t));
	p.again_ms = 0;
	advance(&wh, 201);
	assert_int_equal(p.fired, 2);
	assert_false(wheel_armed(&p.t));
}

static void
may_free_itself_and_others(void **state)
{
	struct wheel wh;
	struct probe *self = heap_probe(&wh), *other = heap_probe(&wh), *later = heap_probe(&wh);
	struct probe killer = probe(&wh), killer2 = probe(&wh);
	int freed = 0;

	(void)state;
	wheel_init(&wh, 0);
	self->freed = &freed;
	killer.frees = other;
	killer2.frees = later;
	wheel_set(&wh, &killer.t, 100);
	wheel_set(&wh, &self->t, 100);
	wheel_set(&wh, &other->t, 100);
	wheel_set(&wh, &killer2.t, 100);
	wheel_set(&wh, &later->t, 100 + TURN_MS);	/* the same slot */
	advance(&wh, 100);
	assert_int_equal(freed, 1);
	assert_null(killer.frees);
	assert_null(killer2.frees);
	advance(&wh, 100 + TURN_MS);
}

static void
cancel_and_move(void **state)
{
	struct wheel wh;
	struct probe p = probe(&wh), q = probe(&wh);

	(void)state;
	wheel_init(&wh, 0);
	wheel_cancel(&p.t);		/* idle: nothing happens */
	wheel_set(&wh, &p.t, 100);
	wheel_set(&wh, &q.t, 100);
	wheel_cancel(&p.t);
	assert_false(wheel_armed(&p.t));
	wheel_set(&wh, &q.t, 300);
	advance(&wh, 299);
	assert_int_equal(p.fired, 0);
	assert_int_equal(q.fired, 0);
	advance(&wh, 300);
	assert_int_equal(q.fired, 1);
	wheel_set(&wh, &q.t, UINT64_MAX);
	advance(&wh, 1000000);
	assert_int_equal(q.fired, 1);
	wheel_cancel(&q.t);
}

/* What time did not allow for comes before all that is due later. */
static void
left_over(void **state)
{
	struct wheel wh;
	struct probe a, b, c;

	(void)state;
	wheel_init(&wh, 0);
	a = probe(&wh);
	b = probe(&wh);
	c = probe(&wh);
	wheel_set(&wh, &a.t, 100);
	wheel_set(&wh, &b.t, 200);
	wheel_set(&wh, &c.t, 300);
	wheel_advance(&wh, 250);
	assert_int_equal(wheel_fire(&wh), 1);
	wheel_advance(&wh, 350);
	assert_int_equal(a.fired + b.fired + c.fired, 1);
	assert_int_equal(a.fired, 1);
	assert_int_equal(wheel_fire(&wh), 1);
	assert_int_equal(b.fired, 1);
	assert_int_equal(wheel_fire(&wh), 0);
	assert_int_equal(c.fired, 0);
	wheel_advance(&wh, 350);
	assert_int_equal(wheel_fire(&wh), 1);
	assert_int_equal(c.fired, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fires_on_time),
		cmocka_unit_test(fires_what_is_due_now),
		cmocka_unit_test(fires_what_was_due_before),
		cmocka_unit_test(late_jumps_fire_all_once),
		cmocka_unit_test(oldest_first),
		cmocka_unit_test(equal_times_in_order_of_arming),
		cmocka_unit_test(may_rearm_itself),
		cmocka_unit_test(may_free_itself_and_others),
		cmocka_unit_test(cancel_and_move),
		cmocka_unit_test(left_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
