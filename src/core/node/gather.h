/* SPDX-License-Identifier: MIT */
/*
 * node/gather.h - one question to every worker, one answer for the asker.
 *
 * visit() runs on each worker's thread; when the last is through, done() runs on
 * the worker that asked.  `priv` is shared: visits on different workers run at the
 * same time, so each writes to its own place (by worker index) or atomically.
 */
#ifndef ROTOR_NODE_GATHER_H
#define ROTOR_NODE_GATHER_H

struct rotor_worker;

typedef void gather_visit_f(struct rotor_worker *w, void *priv);
/* ROTOR_AGAIN: to be called again, in the worker's next turn. */
typedef int gather_step_f(struct rotor_worker *w, void *priv);
typedef void gather_done_f(struct rotor_worker *asker, void *priv);

/* 0 or -ENOMEM (then neither function runs).  `asker`'s thread. */
int gather(struct rotor_worker *asker, gather_visit_f *visit, gather_done_f *done, void *priv);
/* The same for a visit that takes turns, see <rotor/loop.h>. */
int gather_steps(struct rotor_worker *asker, gather_step_f *step, gather_done_f *done, void *priv);

#endif
