/* SPDX-License-Identifier: MIT */
/*
 * loop/aside.h - a thread for computations that are too long for a loop.
 *
 * Most long work takes turns (<rotor/loop.h>).  What cannot stop half way, such as
 * reading or writing a large message, is done here: on a thread of its own, one piece
 * after the other, and the worker that gave it goes on with what it came to.
 */
#ifndef ROTOR_LOOP_ASIDE_H
#define ROTOR_LOOP_ASIDE_H

#include "loop/inbox.h"

struct aside;
struct aside_work;
struct rotor_worker;

/* On the thread; touches nothing that belongs to a worker. */
typedef void aside_run_f(struct aside_work *k);
/* On the worker that gave it; the work, which may be freed by now, is over. */
typedef void aside_done_f(struct rotor_worker *w, struct aside_work *k);

/* Embedded in its owner, and to be left alone until done(). */
struct aside_work {
	struct inbox_msg	msg;		/* the way home */
	struct rotor_worker	*w;
	aside_run_f		*run;
	aside_done_f		*done;
	struct aside_work	*next;
};

/* The thread starts with the first work.  NULL: no memory. */
struct aside *aside_new(void);
/* Has run() called, and then done().  It cannot fail: without a thread the work is done
 * at once, and so it is in a server without an aside (NULL).  w's thread. */
void aside_give(struct aside *a, struct rotor_worker *w, struct aside_work *k, aside_run_f *run,
    aside_done_f *done);
/* Ends the thread after what it has been given; later work is done at once.  For when the
 * workers' threads have ended: what is on its way home is in their inboxes. */
void aside_stop(struct aside *a);
/* NULL in *ap is a no-op. */
void aside_free(struct aside **ap);

#endif
