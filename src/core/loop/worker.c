/* SPDX-License-Identifier: MIT */
/*
 * loop/worker.c - the thread, its event loop, and what wakes it.
 *
 * Four events of ours: the inbox's eventfd, the timerfd of the tick that drives the wheel,
 * the jobs (loop/job.c), and the flush, which is activated by hand.  The tick is no timer of libevent's, because
 * the kernel would set and cancel it around each wait for sockets.  libevent runs active
 * events in the order they became active, so a flush that is armed by a callback runs after
 * all that were ready before it.
 *
 * Writing to sockets is most of what a busy worker does, and two messages in one write
 * cost as much as one.  So after a flush that took long the next one waits a little,
 * by the flush event's timer: what comes meanwhile is joined.
 */
#include "config.h"

#include "loop/worker.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/obj.h"
#include "hub/hub.h"
#include "loop/flush.h"
#include "loop/job.h"

/* How long the inbox may keep the loop from its sockets and from flushing: when
 * messages come faster than they can be run, nothing would go out otherwise. */
#define DRAIN_MS	5u

/* A flush longer than this (some 25 writes) makes the next one wait, to FLUSH_HOLD_US
 * after it; the loop's clock makes that up to a millisecond more. */
#define FLUSH_LONG_US	100u
#define FLUSH_HOLD_US	1500u

/* A message may drain what is behind it (it is itself taken already, so the order
 * holds), but a long row of such messages must not nest without end. */
#define DRAIN_DEPTH	8u

/* Rounds in which an ended worker's messages may post further ones to it. */
#define LAST_DRAINS	1000

static _Thread_local struct rotor_worker *current;

static uint64_t
clock_ms(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t
worker_clock_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Returns the monotonic one in microseconds. */
static uint64_t
read_clocks(struct rotor_worker *w)
{
	uint64_t now_us = worker_clock_us();

	w->now_ms = now_us / 1000;
	w->now_unix_ms = (int64_t)clock_ms(CLOCK_REALTIME);
	return now_us;
}

void
worker_busy(struct rotor_worker *w, const char *what, const void *code)
{
	share_begin(&w->share, read_clocks(w));
	/* In this order, for stall_check(): since is 0 until the name is there. */
	worker_doing(w, what, code);
	atomic_store_explicit(&w->busy_since_ms, w->now_ms, memory_order_release);
}

/* Whether the next flush has still to wait. */
static int
flush_held(struct rotor_worker *w)
{
	if (w->flush_after_us != 0 && worker_clock_us() >= w->flush_after_us)
		w->flush_after_us = 0;
	return w->flush_after_us != 0;
}

void
worker_idle(struct rotor_worker *w)
{
	uint64_t now_us;

	/* Sooner than the flush's timer, which is as coarse as the loop's clock. */
	if (w->flush_armed && w->flush_after_us != 0 && !flush_held(w))
		event_active(w->flush_ev, EV_TIMEOUT, 0);
	now_us = worker_clock_us();
	if (now_us - w->share.begun_us > STALL_SEEN_US)
		stall_end(w, now_us - w->share.begun_us);
	share_end(&w->share, now_us);
	atomic_store_explicit(&w->busy_since_ms, 0, memory_order_release);
}

void
worker_push(struct rotor_worker *w, struct inbox_msg *m)
{
	inbox_push(&w->inbox, m);
}

/* The next message, also when its writer is between two instructions: what our own
 * thread pushed behind it must be found, so we wait for that writer as for a lock. */
static struct inbox_msg *
pop_for_sure(struct inbox *in)
{
	struct inbox_msg *m;

	while ((m = inbox_pop(in)) == NULL && inbox_last(in) != NULL)
		(void)sched_yield();
	return m;
}

/* What comes in meanwhile is left for the next turn: a message that posts another one
 * must not keep the loop here. */
static void
drain_until(struct rotor_worker *w, struct inbox_msg *(*pop)(struct inbox *), uint64_t until_ms)
{
	const struct inbox_msg *last = inbox_last(&w->inbox);
	struct inbox_msg *m;
	int is_last = last == NULL;

	w->draining++;
	while (!is_last && (m = pop(&w->inbox)) != NULL) {
		is_last = m == last;
		worker_doing(w, "inbox", NULL);
		m->run(w, m);
		if (!is_last && clock_ms(CLOCK_MONOTONIC_COARSE) >= until_ms) {
			inbox_wake(&w->inbox);	/* for the rest, next turn */
			break;
		}
	}
	w->draining--;
}

int
worker_drain(struct rotor_worker *w)
{
	if (w->draining >= DRAIN_DEPTH)
		return 0;
	drain_until(w, pop_for_sure, UINT64_MAX);
	return 1;
}

static void
on_inbox(evutil_socket_t fd, short events, void *priv)
{
	struct rotor_worker *w;

	(void)fd;
	(void)events;
	OBJ_CAST(w, priv, WORKER_MAGIC);
	worker_busy(w, "inbox", NULL);
	inbox_disarm(&w->inbox);
	drain_until(w, inbox_pop, w->now_ms + DRAIN_MS);
	worker_idle(w);
}

/* Thousands of clients may have credentials that end in the same second. */
static int
fire_timers(struct rotor_worker *w, void *priv)
{
	(void)priv;
	while (wheel_fire(&w->wheel))
		if (rotor_turn_over(w))
			return ROTOR_AGAIN;
	return ROTOR_OK;
}

static void
on_tick(evutil_socket_t fd, short events, void *priv)
{
	struct rotor_worker *w;
	uint64_t n;

	(void)events;
	OBJ_CAST(w, priv, WORKER_MAGIC);
	worker_busy(w, "timers", NULL);
	(void)!read(fd, &n, sizeof n);	/* how many are past; the clock says so better */
	wheel_advance(&w->wheel, w->now_ms);
	if (fire_timers(w, NULL) == ROTOR_AGAIN)
		rotor_job_start(w, &w->timers);
	worker_idle(w);
}

void
worker_flush(struct rotor_worker *w)
{
	/* First, so that what a flush gives rise to is flushed in turn. */
	w->flush_armed = 0;
	if (w->hub == NULL)
		return;
	w->flushing = 1;
	hub_flush(w->hub);
	w->flushing = 0;
	flush_over(w);
}

static void
flush(struct rotor_worker *w)
{
	uint64_t begun_us = worker_clock_us(), ended_us;

	worker_busy(w, "flush", NULL);
	w->flush_after_us = 0;
	worker_flush(w);
	ended_us = worker_clock_us();
	w->flush_after_us = ended_us - begun_us > FLUSH_LONG_US ?
	    ended_us + FLUSH_HOLD_US : 0;
	worker_idle(w);
}

static void
on_flush(evutil_socket_t fd, short events, void *priv)
{
	struct rotor_worker *w;

	(void)fd;
	(void)events;
	OBJ_CAST(w, priv, WORKER_MAGIC);
	flush(w);
}

static void
on_jobs(evutil_socket_t fd, short events, void *priv)
{
	struct rotor_worker *w;

	(void)fd;
	(void)events;
	OBJ_CAST(w, priv, WORKER_MAGIC);
	jobs_run(w);
}

void
worker_arm_flush(struct rotor_worker *w)
{
	static const struct timeval hold = { 0, FLUSH_HOLD_US };

	if (w->flush_armed)
		return;
	w->flush_armed = 1;
	if (!flush_held(w) || event_add(w->flush_ev, &hold) != 0)
		event_active(w->flush_ev, EV_TIMEOUT, 0);
}

void
worker_timer_set(struct rotor_worker *w, struct wheel_timer *t, uint64_t ms)
{
	uint64_t due_ms = ms <= UINT64_MAX - w->now_ms ? w->now_ms + ms : UINT64_MAX;

	wheel_set(&w->wheel, t, due_ms);
}

static void
break_loop(struct rotor_worker *w, struct inbox_msg *m)
{
	(void)m;
	atomic_store(&w->stopping, 0);
	(void)event_base_loopbreak(w->base);
}

/* Only its own thread touches a base, so it needs no locks. */
static struct event_base *
make_base(void)
{
	struct event_config *cfg = event_config_new();
	struct event_base *base = NULL;

	if (cfg != NULL && event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK) == 0)
		base = event_base_new_with_config(cfg);
	if (cfg != NULL)
		event_config_free(cfg);
	return base;
}

/* A descriptor that is readable each WHEEL_TICK_MS, or -1. */
static int
make_tick(void)
{
	static const struct timespec tick = { 0, WHEEL_TICK_MS * 1000000L };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd >= 0 && timerfd_settime(fd, 0, &(struct itimerspec){ tick, tick }, NULL) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static int
make_events(struct rotor_worker *w)
{
	w->base = make_base();
	w->tick_fd = make_tick();
	if (w->base == NULL || w->tick_fd < 0)
		return -1;
	w->inbox_ev = event_new(w->base, w->inbox.fd, EV_READ | EV_PERSIST, on_inbox, w);
	w->tick_ev = event_new(w->base, w->tick_fd, EV_READ | EV_PERSIST, on_tick, w);
	w->flush_ev = event_new(w->base, -1, 0, on_flush, w);
	w->job_ev = event_new(w->base, -1, 0, on_jobs, w);
	if (w->inbox_ev == NULL || w->tick_ev == NULL || w->flush_ev == NULL || w->job_ev == NULL)
		return -1;
	return event_add(w->inbox_ev, NULL) | event_add(w->tick_ev, NULL);
}

struct rotor_worker *
worker_new(struct rotor_server *srv, uint32_t index)
{
	struct rotor_worker *w;

	OBJ_ALLOC(w, WORKER_MAGIC);
	if (w == NULL)
		return NULL;
	w->srv = srv;
	w->index = index;
	w->stop.run = break_loop;
	w->tick_fd = -1;
	jobs_init(w);
	rotor_job_init(&w->timers, "timers", fire_timers, NULL);
	(void)read_clocks(w);
	wheel_init(&w->wheel, w->now_ms);
	if (inbox_init(&w->inbox) != 0 || make_events(w) != 0)
		worker_free(&w);
	return w;
}

static void
name_thread(const struct rotor_worker *w)
{
	char name[16];		/* what the kernel takes, NUL included */

	(void)snprintf(name, sizeof name, "rotor-w%u", w->index);
	(void)pthread_setname_np(pthread_self(), name);
}

static void *
thread_main(void *priv)
{
	struct rotor_worker *w;

	OBJ_CAST(w, priv, WORKER_MAGIC);
	name_thread(w);
	worker_loop(w);
	return NULL;
}

int
worker_start(struct rotor_worker *w)
{
	int err;

	OBJ_CHECK(w, WORKER_MAGIC);
	err = pthread_create(&w->thread, NULL, thread_main, w);
	w->started = err == 0;
	return -err;
}

void
worker_loop(struct rotor_worker *w)
{
	struct rotor_worker *before = current;
	int status;

	OBJ_CHECK(w, WORKER_MAGIC);
	current = w;
	status = event_base_dispatch(w->base);
	ASSERT(status == 0);	/* it has events of ours for as long as it lives */
	/* The loop has broken off: what the last messages wanted done comes here. */
	(void)worker_drain(w);
	if (w->flush_armed)
		flush(w);
	current = before;
}

void
worker_stop(struct rotor_worker *w)
{
	OBJ_CHECK(w, WORKER_MAGIC);
	/* The message is ours, not allocated, so that stopping cannot fail. */
	if (atomic_exchange(&w->stopping, 1) == 0)
		inbox_push(&w->inbox, &w->stop);
}

/* For a worker whose thread has ended: to the last message, within reason. */
static void
drain_as(struct rotor_worker *w)
{
	struct rotor_worker *before = current;

	current = w;
	for (int i = 0; i < LAST_DRAINS && (inbox_last(&w->inbox) != NULL || w->jobs != NULL); i++) {
		(void)worker_drain(w);
		jobs_finish(w);
	}
	current = before;
}

void
worker_join(struct rotor_worker *w)
{
	OBJ_CHECK(w, WORKER_MAGIC);
	if (w->started)
		(void)pthread_join(w->thread, NULL);
	w->started = 0;
	drain_as(w);
}

static void
free_event(struct event *ev)
{
	if (ev != NULL)
		event_free(ev);
}

void
worker_free(struct rotor_worker **wp)
{
	struct rotor_worker *w;

	if (*wp == NULL)
		return;
	OBJ_TAKE(w, wp, WORKER_MAGIC);
	ASSERT(!w->started);
	drain_as(w);
	free_event(w->inbox_ev);
	free_event(w->tick_ev);
	free_event(w->flush_ev);
	free_event(w->job_ev);
	if (w->tick_fd >= 0)
		(void)close(w->tick_fd);
	if (w->base != NULL)
		event_base_free(w->base);
	inbox_fini(&w->inbox);
	OBJ_FREE(w);
}

struct rotor_worker *
rotor_worker_current(void)
{
	return current;
}

uint32_t
rotor_worker_index(const struct rotor_worker *w)
{
	OBJ_CHECK(w, WORKER_MAGIC);
	return w->index;
}

uint64_t
rotor_worker_now_ms(const struct rotor_worker *w)
{
	OBJ_CHECK(w, WORKER_MAGIC);
	return w->now_ms;
}

void
rotor_worker_doing(struct rotor_worker *w, const char *what, rotor_code_f *code)
{
	OBJ_CHECK(w, WORKER_MAGIC);
	worker_doing(w, what, WORKER_CODE(code));
}
