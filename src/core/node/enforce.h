/* SPDX-License-Identifier: MIT */
/*
 * node/enforce.h - ends what has come to be denied (node/denied.h): connections with
 * their disconnect code, subscriptions by a token with an unsubscribe push.
 *
 * To be called after denied_add(): who connects at the same time is then either refused,
 * or in the hub before the order comes to its worker.
 */
#ifndef ROTOR_NODE_ENFORCE_H
#define ROTOR_NODE_ENFORCE_H

#include <stdint.h>

#include <rotor/abi.h>

struct patrols;
struct rotor_worker;

/* One patrol a worker.  NULL: no memory. */
struct patrols *patrols_new(uint32_t n_workers);
/* After the workers are gone.  NULL in *pp is a no-op. */
void patrols_free(struct patrols **pp);

typedef void enforce_done_f(struct rotor_worker *w, void *priv);

/*
 * `user`: his connections are looked at, in turns, and when done() runs they have been.  NULL: those of all users; when done() runs patrols are on
 * their way, which take some of a worker's clients a turn.  Any number of orders that
 * come meanwhile share one more round.
 *
 * 0, or -ENOMEM (then done() does not run).  w's thread; *user stays until done().
 */
int enforce(struct rotor_worker *w, const struct rotor_str *user, enforce_done_f *done, void *priv);

#endif
