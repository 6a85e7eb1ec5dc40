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

#include <stdint.h>

struct rotor_worker;

typedef void gather_visit_f(struct rotor_worker *w, void *priv);
typedef void gather_done_f(struct rotor_worker *asker, void *priv);

/*
 * The same for what may take long: it goes on where *pos says (0 at first, in terms of
 * map_scan()) for as long as its turn lasts.  ROTOR_AGAIN: it is to be called again;
 * anything else: that worker is through.  On a worker the questions that are asked in this
 * manner are gone through one after the other, in the order they came.
 */
typedef int gather_step_f(struct rotor_worker *w, void *priv, uint64_t *pos);

/* 0 or -ENOMEM (then neither function runs).  `asker`'s thread. */
int gather_steps(struct rotor_worker *asker, gather_step_f *step, gather_done_f *done, void *priv);
int gather(struct rotor_worker *asker, gather_visit_f *visit, gather_done_f *done, void *priv);

#endif
