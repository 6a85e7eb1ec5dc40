/* SPDX-License-Identifier: MIT */
/* tests/unit/test_inbox.c - the mailbox, with many writers at once. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include <cmocka.h>

#include "loop/inbox.h"

#define WRITERS		4u
#define EACH		20000u

struct note {
	struct inbox_msg	msg;
	uint32_t		writer, number;
};

struct writer {
	pthread_t		thread;
	struct inbox		*in;
	uint32_t		index;
	pthread_mutex_t		*lock;		/* NULL: write without */
	uint32_t		*counter;	/* under lock */
};

static void
push_note(struct writer *wr, uint32_t number)
{
	struct note *n = malloc(sizeof *n);

	if (n == NULL)
		abort();
	n->msg.run = NULL;
	n->writer = wr->index;
	n->number = number;
	inbox_push(wr->in, &n->msg);
}

static void *
write_notes(void *priv)
{
	struct writer *wr = priv;
	uint32_t i;

	for (i = 0; i < EACH; i++) {
		if (wr->lock != NULL)
			pthread_mutex_lock(wr->lock);
		push_note(wr, wr->lock != NULL ? (*wr->counter)++ : i);
		if (wr->lock != NULL)
			pthread_mutex_unlock(wr->lock);
	}
	return NULL;
}

static int
readable(const struct inbox *in, int timeout_ms)
{
	struct pollfd p = { .fd = in->fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

/* Reads like a worker does.  A lost wake-up shows as a poll() that times out. */
static void
read_notes(struct inbox *in, void (*check)(struct note *, uint32_t *), uint32_t *seen)
{
	uint32_t n = 0;
	struct inbox_msg *m;

	while (n < WRITERS * EACH) {
		if (!readable(in, 20000))
			fail_msg("not woken after %u of %u", n, WRITERS * EACH);
		inbox_disarm(in);
		while ((m = inbox_pop(in)) != NULL) {
			check((struct note *)(void *)m, seen);
			free(m);
			n++;
		}
	}
	assert_null(inbox_pop(in));
}

static void
run(pthread_mutex_t *lock, void (*check)(struct note *, uint32_t *))
{
	struct writer wr[WRITERS];
	uint32_t seen[WRITERS] = { 0 }, counter = 0, i;
	struct inbox in;

	assert_int_equal(inbox_init(&in), 0);
	for (i = 0; i < WRITERS; i++) {
		wr[i] = (struct writer){ .in = &in, .index = i, .lock = lock, .counter = &counter };
		assert_int_equal(pthread_create(&wr[i].thread, NULL, write_notes, &wr[i]), 0);
	}
	read_notes(&in, check, seen);
	for (i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_join(wr[i].thread, NULL), 0);
	inbox_fini(&in);
}

static void
check_writers_order(struct note *n, uint32_t *seen)
{
	assert_int_equal(n->number, seen[n->writer]);
	seen[n->writer]++;
}

static void
keeps_each_writers_order(void **state)
{
	(void)state;
	run(NULL, check_writers_order);
}

static void
check_total_order(struct note *n, uint32_t *seen)
{
	assert_int_equal(n->number, seen[0]);
	seen[0]++;
}

static void
keeps_the_order_of_a_lock(void **state)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	(void)state;
	run(&lock, check_total_order);
}

static void
wakes_once_until_disarmed(void **state)
{
	struct inbox_msg a = { .run = NULL }, b = { .run = NULL };
	struct inbox in;

	(void)state;
	assert_int_equal(inbox_init(&in), 0);
	assert_false(readable(&in, 0));
	assert_null(inbox_pop(&in));
	inbox_push(&in, &a);
	inbox_push(&in, &b);
	assert_true(readable(&in, 0));
	inbox_disarm(&in);
	assert_false(readable(&in, 0));
	assert_ptr_equal(inbox_pop(&in), &a);
	inbox_push(&in, &a);		/* a popped message may be used again */
	assert_true(readable(&in, 0));
	inbox_disarm(&in);
	assert_ptr_equal(inbox_pop(&in), &b);
	assert_ptr_equal(inbox_pop(&in), &a);
	assert_null(inbox_pop(&in));
	inbox_disarm(&in);		/* harmless when there was no wake-up */
	inbox_wake(&in);
	assert_true(readable(&in, 0));
	assert_null(inbox_pop(&in));
	inbox_fini(&in);
}

/* A writer swaps itself in, then links: in between, what others push behind it can be
 * heard of, but not be reached. */
static void
knows_of_messages_behind_an_unfinished_writer(void **state)
{
	struct inbox_msg slow = { .run = NULL }, fast = { .run = NULL }, *before;
	struct inbox in;

	(void)state;
	assert_int_equal(inbox_init(&in), 0);
	assert_null(inbox_last(&in));
	before = atomic_exchange(&in.head, &slow);	/* the first half of a push */
	assert_non_null(inbox_last(&in));
	inbox_push(&in, &fast);
	assert_ptr_equal(inbox_last(&in), &fast);
	assert_null(inbox_pop(&in));
	atomic_store(&before->next, &slow);		/* the second */
	assert_ptr_equal(inbox_pop(&in), &slow);
	assert_ptr_equal(inbox_pop(&in), &fast);
	assert_null(inbox_last(&in));
	inbox_fini(&in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wakes_once_until_disarmed),
		cmocka_unit_test(knows_of_messages_behind_an_unfinished_writer),
		cmocka_unit_test(keeps_each_writers_order),
		cmocka_unit_test(keeps_the_order_of_a_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
