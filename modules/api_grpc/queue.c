/* SPDX-License-Identifier: MIT */
/*
 * modules/api_grpc/queue.c - emptying the library's queue, which is all that the module's
 * thread does.
 *
 * The stop has three steps.  For REFUSE_MS new calls are answered that the server stops:
 * the library itself can only cut them off.  Then the library closes listener and
 * connections, but waits for the calls there are.  After GRACE_MS those are cut off.
 */
#include "config.h"

#include "call.h"

#define REFUSE_MS	150
#define GRACE_MS	5000
#define PASSED_MAX	128u	/* events that calls for a worker let pass */

enum phase { SERVING, REFUSING, CLOSING, CUT };

struct queue_loop {
	struct api_grpc	*g;
	enum phase	phase;
	gpr_timespec	deadline;	/* of the phase */
	int		down, closed;
	uint32_t	passed;		/* events since a call waits for others to go with it */
};

/* Tags that are no calls'; nothing but their addresses is of use. */
static struct tag bell_tag, down_tag;

void
queue_wake(struct api_grpc *g)
{
	/* A batch without an operation is done at once. */
	(void)grpc_call_start_batch(g->bell, NULL, 0, &bell_tag, NULL);
}

static void
phase_set(struct queue_loop *l, enum phase phase, int64_t ms)
{
	l->phase = phase;
	l->deadline = ms < 0 ? gpr_inf_future(GPR_CLOCK_MONOTONIC)
	    : gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(ms, GPR_TIMESPAN));
}

static void
refuse_begin(struct queue_loop *l)
{
	struct call *c, *next;

	for (c = l->g->streams; c != NULL; c = next) {
		next = c->next;
		c->method->ops->stop(c);
	}
	phase_set(l, REFUSING, REFUSE_MS);
}

/* The phase's time is over. */
static void
phase_next(struct queue_loop *l)
{
	if (l->phase == REFUSING) {
		grpc_server_shutdown_and_notify(l->g->server, l->g->queue, &down_tag);
		phase_set(l, CLOSING, GRACE_MS);
	} else {
		grpc_server_cancel_all_calls(l->g->server);
		phase_set(l, CUT, -1);
	}
}

/* What is gathered waits for a pause, but not for ever: calls that are refused at once, in
 * any number, must not keep others from their worker. */
static void
gathered_wait(struct queue_loop *l)
{
	l->passed = l->g->gathered.n > 0 ? l->passed + 1 : 0;
	if (l->passed < PASSED_MAX)
		return;
	l->passed = 0;
	lanes_send(l->g);
}

/* 0 at the queue's end. */
static int
next_event(struct queue_loop *l)
{
	int gathered = l->g->gathered.n > 0;	/* wait for no more than there is */
	grpc_event ev = grpc_completion_queue_next(l->g->queue,
	    gathered ? gpr_inf_past(GPR_CLOCK_MONOTONIC) : l->deadline, NULL);
	struct tag *tag = ev.tag;

	if (ev.type == GRPC_QUEUE_SHUTDOWN)
		return 0;
	if (ev.type == GRPC_OP_COMPLETE)	/* there is none at a timeout */
		TAG_TAKE_OVER(tag);
	if (ev.type == GRPC_QUEUE_TIMEOUT && gathered)
		lanes_send(l->g);
	else if (ev.type == GRPC_QUEUE_TIMEOUT)
		phase_next(l);
	else if (tag == &down_tag)
		l->down = 1;
	else if (tag != &bell_tag)
		tag->step(tag->call, ev.success);
	gathered_wait(l);
	if (l->phase == SERVING && atomic_load(&l->g->stopping))
		refuse_begin(l);
	if (l->down && l->g->n_calls == 0 && !l->closed) {
		l->closed = 1;
		grpc_completion_queue_shutdown(l->g->queue);
	}
	return 1;
}

void
queue_run(struct api_grpc *g)
{
	struct queue_loop l = { .g = g };

	phase_set(&l, SERVING, -1);
	while (next_event(&l))
		;
}
