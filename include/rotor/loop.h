/* SPDX-License-Identifier: MIT */
/*
 * rotor/loop.h - workers: the threads that own clients and sockets.
 *
 * A worker runs one event loop.  Everything that belongs to it (clients, timers,
 * watches) is touched on its thread alone; other threads hand it work with
 * rotor_worker_post().  The control thread is a worker without clients.  No
 * callback may block: a watchdog reports one that runs longer than 250 ms.
 */
#ifndef ROTOR_LOOP_H
#define ROTOR_LOOP_H

#include <rotor/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rotor_server;
struct rotor_worker;
struct rotor_timer;
struct rotor_watch;
struct rotor_flush;
struct rotor_job;

#define ROTOR_CONTROL	UINT32_MAX	/* index of the control thread */

typedef void rotor_task_f(struct rotor_worker *w, void *priv);

/* Number of workers; rotor_server_worker() takes 0 .. n-1, or ROTOR_CONTROL. */
ROTOR_API uint32_t rotor_server_workers(const struct rotor_server *srv);
ROTOR_API struct rotor_worker *rotor_server_worker(struct rotor_server *srv, uint32_t index);
ROTOR_API struct rotor_server *rotor_worker_server(struct rotor_worker *w);
ROTOR_API uint32_t rotor_worker_index(const struct rotor_worker *w);
/* The worker whose thread this is, or NULL on a foreign thread. */
ROTOR_API struct rotor_worker *rotor_worker_current(void);
/* Monotonic milliseconds, read once a loop turn.  Worker thread. */
ROTOR_API uint64_t rotor_worker_now_ms(const struct rotor_worker *w);

/* Has fn(w, priv) run on w's thread, in posting order for each poster.  Any
 * thread, `w` included.  Returns ROTOR_OK or -ENOMEM. */
ROTOR_API int rotor_worker_post(struct rotor_worker *w, rotor_task_f *fn, void *priv);

/* A one-shot timer of about a tick's (50 ms) accuracy.  It is idle until set.
 * All calls on w's thread.  NULL when there is no memory. */
ROTOR_API struct rotor_timer *rotor_timer_new(struct rotor_worker *w, rotor_task_f *fn, void *priv);
/* (Re)arms the timer `ms` from now. */
ROTOR_API void rotor_timer_set(struct rotor_timer *t, uint64_t ms);
ROTOR_API void rotor_timer_cancel(struct rotor_timer *t);
/* Cancels and frees *tp, and sets it to NULL.  NULL in *tp is a no-op. */
ROTOR_API void rotor_timer_free(struct rotor_timer **tp);

#define ROTOR_READ	1u
#define ROTOR_WRITE	2u

typedef void rotor_watch_f(struct rotor_worker *w, int fd, uint32_t events, void *priv);

/* Calls fn while `fd` is ready (level-triggered) for any of `events`.  The fd
 * stays the caller's.  All calls on w's thread.  NULL when it cannot be watched. */
ROTOR_API struct rotor_watch *rotor_watch_new(struct rotor_worker *w, int fd, uint32_t events,
    rotor_watch_f *fn, void *priv);
/* Changes the events; 0 pauses.  Returns ROTOR_OK or -errno. */
ROTOR_API int rotor_watch_set(struct rotor_watch *wt, uint32_t events);
ROTOR_API void rotor_watch_free(struct rotor_watch **wtp);

/* Calls fn at the end of each flush, in which the clients' queues are written to their
 * transports.  A transport may hold back what it is given while rotor_worker_flushing()
 * is true, and send it then, all at once.  fn may free its own, and no other.  All calls
 * on w's thread.  NULL when there is no memory. */
ROTOR_API struct rotor_flush *rotor_flush_new(struct rotor_worker *w, rotor_task_f *fn, void *priv);
ROTOR_API void rotor_flush_free(struct rotor_flush **fp);
/* 1 within a flush, before the calls at its end. */
ROTOR_API int rotor_worker_flushing(const struct rotor_worker *w);

/* Says what the callback that runs now is about to do, for the log and the metrics in case
 * it takes long: `what`, which stays ("GET /report"), and any function of the module that
 * does it, which finds the module's name; NULL: nobody's.  Callbacks that a module has
 * registered here are named by themselves.  w's thread. */
typedef void rotor_code_f(void);
ROTOR_API void rotor_worker_doing(struct rotor_worker *w, const char *what, rotor_code_f *code);

/*
 * Long work takes turns.  Nobody's input may hold up the other clients of a loop, so work
 * whose length somebody else decides (commands of a frame, channels of a request, members
 * of a channel) is done in steps: it goes on until rotor_turn_over() says that its share
 * of the loop is used up, keeps its place, and has a job do the rest.  A job's function is
 * called once a turn, in rotation with the worker's other jobs, between what else the loop
 * has to do, until it answers that it is through.
 *
 *	static int
 *	step(struct rotor_worker *w, void *priv)
 *	{
 *		struct work *k = priv;
 *
 *		do
 *			one(k, k->at++);
 *		while (k->at < k->n && !rotor_turn_over(w));
 *		return k->at < k->n ? ROTOR_AGAIN : ROTOR_OK;
 *	}
 *
 * All on w's thread.
 */

/* ROTOR_AGAIN: to be called again; anything else: through, and the job, which may be
 * freed by now, is idle. */
typedef int rotor_job_f(struct rotor_worker *w, void *priv);

/* Lies in what it works on, and is of this size for good.  The members are the server's. */
struct rotor_job {
	struct rotor_job	*next, **prevp;
	struct rotor_worker	*w;		/* NULL: idle */
	rotor_job_f		*fn;
	void			*priv;
	const char		*what;
};

/* Makes an idle job; `what` names it in the log when it takes long, and stays. */
ROTOR_API void rotor_job_init(struct rotor_job *j, const char *what, rotor_job_f *fn, void *priv);
/* Has it called from the next turn on.  It cannot fail; a job that is under way goes on. */
ROTOR_API void rotor_job_start(struct rotor_worker *w, struct rotor_job *j);
/* Makes it idle, from within its function as well.  Idle: a no-op. */
ROTOR_API void rotor_job_cancel(struct rotor_job *j);
/* 1 when the callback that runs now has had its share of the loop: about a millisecond,
 * less where others had theirs just before.  It reads a clock: ask every few microseconds
 * of work, not more often. */
ROTOR_API int rotor_turn_over(const struct rotor_worker *w);

#ifdef __cplusplus
}
#endif

#endif
