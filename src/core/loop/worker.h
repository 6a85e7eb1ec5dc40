/* SPDX-License-Identifier: MIT */
/*
 * loop/worker.h - a thread with an event loop, an inbox and a timer wheel.
 *
 * See <rotor/loop.h> for what modules see of it.  One turn of the loop: ready
 * sockets and timers, then the inbox, then the flush of every client that got
 * something to send.
 */
#ifndef ROTOR_LOOP_WORKER_H
#define ROTOR_LOOP_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include <rotor/loop.h>

#include "loop/inbox.h"
#include "loop/share.h"
#include "loop/stall.h"
#include "loop/wheel.h"

struct event;
struct event_base;
struct hub;
struct metrics_shard;

struct rotor_worker {
	uint32_t		magic;
#define WORKER_MAGIC		0x3a81c6d5u
	uint32_t		index;		/* ROTOR_CONTROL: the control thread */
	struct rotor_server	*srv;
	pthread_t		thread;
	struct event_base	*base;		/* libevent */
	struct event		*inbox_ev, *tick_ev, *flush_ev, *job_ev;
	int			tick_fd;
	struct inbox		inbox;
	struct wheel		wheel;
	struct rotor_job	timers;		/* those that are due, when they are many */
	uint64_t		now_ms;		/* monotonic, once a turn */
	int64_t			now_unix_ms;	/* wall clock, once a turn */
	uint32_t		draining;	/* depth of drains */
	uint32_t		flush_armed;
	int			flushing;
	uint64_t		flush_after_us;	/* monotonic; 0: the next flush need not wait */
	uint32_t		started;	/* `thread` is to be joined */
	struct inbox_msg	stop;
	atomic_int		stopping;	/* `stop` is in the inbox */
	struct rotor_flush	*flushes;	/* who is told of a flush's end */
	struct rotor_job	*jobs, **jobs_end;	/* long work, in the order of its turns */
	struct loop_share		share;		/* of the callback that runs now */
	struct hub		*hub;		/* NULL on the control thread */
	struct metrics_shard	*metrics;	/* set by the server, as hub is */
	/* Watchdog: when the current callback began (0: idle), what it does, and where the
	 * code is of whoever is to be named with it. */
	_Atomic uint64_t	busy_since_ms;
	_Atomic(const char *)	busy_what;
	_Atomic(const void *)	busy_code;	/* NULL: the core's own */
	struct stall_end	stalled;
	/* Told of callbacks of more than STALL_SEEN_US; may be NULL.  w's thread. */
	void			(*on_stall)(struct rotor_worker *w, const struct stall_name *name, uint64_t us);
};

/* Makes the loop; the thread starts with worker_start().  NULL: no memory. */
struct rotor_worker *worker_new(struct rotor_server *srv, uint32_t index);
/* Runs `main` on a new thread, which calls worker_loop().  0 or -errno.  The
 * control worker is not started: the main thread calls worker_loop() itself. */
int worker_start(struct rotor_worker *w);
/* Runs until worker_stop(). */
void worker_loop(struct rotor_worker *w);
/* Ends the loop after the inbox is drained.  Any thread. */
void worker_stop(struct rotor_worker *w);
/* Joins the thread (if one was started).  What still came into the inbox is run by
 * the caller, in the worker's name, while everything it may refer to exists. */
void worker_join(struct rotor_worker *w);
/* Frees the loop, after running what is left in the inbox, in the same manner, for
 * only its run() can free a message.  NULL in *wp is a no-op. */
void worker_free(struct rotor_worker **wp);

/* Queues an intrusive message.  Any thread. */
void worker_push(struct rotor_worker *w, struct inbox_msg *m);
/* Runs everything in the inbox now, also from within a message: all that was pushed
 * before, by whichever thread.  1; 0, having done nothing, when it is nested too deeply.
 * w's thread. */
int worker_drain(struct rotor_worker *w);
/* Has hub_flush() called once: after the events that are ready now, or, when the last
 * flush took long, a millisecond or two after that one. */
void worker_arm_flush(struct rotor_worker *w);
/* Does so now, and tells who waits for the end of it.  w's thread. */
void worker_flush(struct rotor_worker *w);
/* Arms a timer embedded in its owner, `ms` from now.  w's thread. */
void worker_timer_set(struct rotor_worker *w, struct wheel_timer *t, uint64_t ms);
/* Around every callback from the loop: reads the clocks, and names what the loop is
 * busy with for the watchdog; `what` is static, `code` a function of whoever does it, or
 * NULL. */
void worker_busy(struct rotor_worker *w, const char *what, const void *code);
/* Names it more closely, within a callback. */
static inline void
worker_doing(struct rotor_worker *w, const char *what, const void *code)
{
	atomic_store_explicit(&w->busy_code, code, memory_order_relaxed);
	atomic_store_explicit(&w->busy_what, what, memory_order_release);
}

/* A function's address, to be looked up and not called. */
#define WORKER_CODE(fn)	((const void *)(uintptr_t)(fn))

void worker_idle(struct rotor_worker *w);
/* Monotonic, read now. */
uint64_t worker_clock_us(void);

/* The watchdog thread: logs each worker whose callback runs over `limit_ms`, once
 * an incident, and its end.  NULL: no memory.  To be stopped before the workers are
 * freed; that does not wait for a look. */
struct watchdog;
struct watchdog *watchdog_start(struct rotor_server *srv, uint32_t limit_ms);
void watchdog_stop(struct watchdog **wdp);

#endif
