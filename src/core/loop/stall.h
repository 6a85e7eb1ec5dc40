/* SPDX-License-Identifier: MIT */
/*
 * loop/stall.h - callbacks of a worker that run too long.
 *
 * Two look at them.  The worker itself measures each callback at its end: what took longer
 * than STALL_SEEN_US goes into a histogram, and what took longer than STALL_LONG_MS is
 * noted for the watchdog.  The watchdog looks from outside, for a callback that goes on has
 * no end yet, and logs.  An incident is one callback, known by the time it began.
 */
#ifndef ROTOR_LOOP_STALL_H
#define ROTOR_LOOP_STALL_H

#include <stdatomic.h>
#include <stdint.h>

#define STALL_SEEN_US	10000u
#define STALL_LONG_MS	250u

struct rotor_worker;

/* Whose callback it is, for people: the module that holds its code, and its name. */
struct stall_name {
	const char	*module;	/* "core" when it is nobody's */
	const char	*callback;
};

/* The last one that took long, from the worker for the watchdog. */
struct stall_end {
	_Atomic uint64_t	since_ms;	/* written last; 0: there was none */
	_Atomic uint64_t	ms;
	_Atomic(const char *)	what;
	_Atomic(const void *)	code;
};

/* What the watchdog knows of a worker. */
struct stall {
	uint64_t	since_ms;	/* when the callback of the incident began; 0: none */
	uint64_t	ended_ms;	/* since_ms of the last end it has seen */
	struct stall_name	name;
	uint64_t	ms;		/* how long it has been seen to run */
};

enum stall_news {
	STALL_NOTHING,
	STALL_BEGAN,
	STALL_ENDED,			/* the one that was told of */
	STALL_PASSED,			/* began and ended between two looks */
};

/* A callback has ended.  Its worker's thread. */
void stall_end(struct rotor_worker *w, uint64_t us);
/* Looks at a worker; the news are about *st.  To be called until there are none, as one
 * look may find the end of one and the next one.  Any thread. */
enum stall_news stall_check(struct stall *st, const struct rotor_worker *w, uint64_t now_ms,
    uint32_t limit_ms);

#endif
