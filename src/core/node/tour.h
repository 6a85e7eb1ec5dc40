/* SPDX-License-Identifier: MIT */
/*
 * node/tour.h - one question that goes from worker to worker, a piece of work a turn.
 *
 * For what is too much for one turn of a loop (all clients, all channels): visit() is
 * called on the first worker until that one has been gone through, then on the next, and
 * in the end done() on the worker that asked.  A tour is in one place at a time, so what
 * it gathers needs no lock; but the asker's own things (a call's arena) are not to be
 * touched from visit().
 */
#ifndef ROTOR_NODE_TOUR_H
#define ROTOR_NODE_TOUR_H

#include <stdint.h>

#include <rotor/loop.h>

#include "loop/inbox.h"

struct rotor_worker;
struct tour;

#define TOUR_TURN	512u	/* about how many things a visit should look at, at most */

/* 1 while a visit that has looked at `n` things may look at another one. */
static inline int
tour_goes_on(const struct rotor_worker *w, uint32_t n)
{
	return n == 0 || (n < TOUR_TURN && !rotor_turn_over(w));
}

/* Does a piece of work at t->pos and moves it on, in terms of map_scan(); with
 * MAP_SCAN_END this worker is through.  0: go on; 1: it is enough, go home. */
typedef int tour_visit_f(struct rotor_worker *w, struct tour *t);
typedef void tour_done_f(struct rotor_worker *asker, struct tour *t);

/* Embedded in its owner, which sets visit and done, and where to begin; to be left alone
 * until done(). */
struct tour {
	struct inbox_msg	msg;		/* from worker to worker */
	struct rotor_job	job;		/* on one */
	struct rotor_worker	*asker;
	uint32_t		at;		/* index of the worker; n_workers: it has seen all */
	uint64_t		pos;		/* there */
	tour_visit_f		*visit;
	tour_done_f		*done;
};

/* asker's thread. */
void tour_start(struct tour *t, struct rotor_worker *asker);

#endif
