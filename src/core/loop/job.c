/* SPDX-License-Identifier: MIT */
/*
 * loop/job.c - work that takes turns.
 *
 * The event that runs the jobs is a timer of no time: libevent comes to it after it has
 * looked at the sockets again, while an event that is activated by hand would run before.
 */
#include "config.h"

#include "loop/job.h"

#include <event2/event.h>

#include "base/obj.h"
#include "loop/worker.h"

/* All jobs of a worker together, a turn.  With what other callbacks may use (loop/share.h)
 * a client waits for less than ten milliseconds.  Short, for a loop that has thousands of
 * sockets to look at takes several turns for them: libevent asks for 32 first, and doubles. */
#define JOBS_US		1000u

static void
append(struct rotor_worker *w, struct rotor_job *j)
{
	j->next = NULL;
	j->prevp = w->jobs_end;
	*w->jobs_end = j;
	w->jobs_end = &j->next;
	j->w = w;
}

static void
unlink_job(struct rotor_job *j)
{
	*j->prevp = j->next;
	if (j->next != NULL)
		j->next->prevp = j->prevp;
	else
		j->w->jobs_end = j->prevp;
	j->w = NULL;
}

/* Cannot fail in a way that matters: without memory for a timer it runs at once. */
static void
arm(struct rotor_worker *w)
{
	static const struct timeval at_once = { 0, 0 };

	if (event_add(w->job_ev, &at_once) != 0)
		event_active(w->job_ev, EV_TIMEOUT, 0);
}

void
jobs_init(struct rotor_worker *w)
{
	w->jobs = NULL;
	w->jobs_end = &w->jobs;
}

/* One that answers ROTOR_AGAIN still exists; it may have been started again meanwhile. */
static void
step(struct rotor_worker *w, struct rotor_job *j)
{
	unlink_job(j);
	worker_busy(w, j->what, WORKER_CODE(j->fn));
	if (j->fn(w, j->priv) == ROTOR_AGAIN && j->w == NULL)
		append(w, j);
	worker_idle(w);
}

void
jobs_run(struct rotor_worker *w)
{
	uint64_t until_us = worker_clock_us() + JOBS_US;

	while (w->jobs != NULL) {
		step(w, w->jobs);
		if (worker_clock_us() >= until_us)
			break;
	}
	if (w->jobs != NULL)
		arm(w);
}

void
jobs_finish(struct rotor_worker *w)
{
	while (w->jobs != NULL)
		step(w, w->jobs);
}

void
rotor_job_init(struct rotor_job *j, const char *what, rotor_job_f *fn, void *priv)
{
	*j = (struct rotor_job){ .fn = fn, .priv = priv, .what = what };
}

void
rotor_job_start(struct rotor_worker *w, struct rotor_job *j)
{
	OBJ_CHECK(w, WORKER_MAGIC);
	if (j->w != NULL)
		return;
	if (w->jobs == NULL)
		arm(w);
	append(w, j);
}

void
rotor_job_cancel(struct rotor_job *j)
{
	if (j->w != NULL)
		unlink_job(j);
}

int
rotor_turn_over(const struct rotor_worker *w)
{
	OBJ_CHECK(w, WORKER_MAGIC);
	return w->share.over_us != 0 && worker_clock_us() >= w->share.over_us;
}
