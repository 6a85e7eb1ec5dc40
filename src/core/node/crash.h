/* SPDX-License-Identifier: MIT */
/*
 * node/crash.h - the last line of a process that crashes.
 *
 * On SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS, SIGTRAP and SIGABRT (a failed ASSERT) the log
 * gets the signal, the thread, what its loop was busy with, the module whose code was
 * running or had called, and a backtrace; then the process ends as it would have without,
 * with a core dump where those are enabled.
 */
#ifndef ROTOR_NODE_CRASH_H
#define ROTOR_NODE_CRASH_H

#include <stdint.h>

struct rotor_server;
struct crash_watch;

/* From now on a crash of the process is told in the log of `srv`; of several servers in one
 * process it is the last one's.  NULL: no memory, or a build with sanitizers, which tell it
 * better.  Control thread, to the end. */
struct crash_watch *crash_watch_new(struct rotor_server *srv);
/* Gives the calling thread, a worker's (by its index) or the control thread, a stack for
 * this: its own may be what has overflown.  `cw` may be NULL. */
void crash_watch_thread(struct crash_watch *cw, uint32_t index);
/* When the workers' threads have ended.  NULL in *cwp is a no-op. */
void crash_watch_free(struct crash_watch **cwp);

#endif
