/* SPDX-License-Identifier: MIT */
/*
 * node/process.h - what a server asks of the process it runs in, and what it must not
 * mind: closed descriptors, low limits, signals that mean nothing to it, children that are
 * not its own.
 */
#ifndef ROTOR_NODE_PROCESS_H
#define ROTOR_NODE_PROCESS_H

#include "base/inner.h"

struct rotor_log;

/* Opens /dev/null for each of descriptors 0 to 2 that is closed, before another file gets
 * its number and then what others print.  The first thing of all.  0 or -errno. */
ROTOR_INNER int process_guard_fds(void);
/* For a server, before any thread: its signals wait until it is ready for them, those that
 * mean nothing to it never end it, and children (a container's first process inherits those
 * of others) leave nothing behind. */
ROTOR_INNER void process_take_signals(void);
/* The same for those that wait (SIG_BLOCK), and for the one thread that they are for
 * (SIG_UNBLOCK). */
void process_mask_signals(int how);
/* Lifts the limit of descriptors to the most that is allowed.  Logs when it stays low. */
void process_lift_limits(struct rotor_log *log);

#endif
