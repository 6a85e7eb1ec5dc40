/* SPDX-License-Identifier: MIT */
/*
 * loop/wheel.h - the timers of a worker: one hashed wheel, one system timer.
 *
 * A timer is 32 bytes inside its owner, in a slot's list; arming and cancelling
 * are O(1).  The worker advances the wheel every WHEEL_TICK_MS and fires what is
 * due, late by at most a tick, unless thousands are due at once, and never early.
 */
#ifndef ROTOR_LOOP_WHEEL_H
#define ROTOR_LOOP_WHEEL_H

#include <stddef.h>
#include <stdint.h>

#define WHEEL_TICK_MS	50u
#define WHEEL_SLOTS	1024u		/* a power of two: 51.2 s a turn */

struct wheel_timer;
typedef void wheel_fire_f(struct wheel_timer *t);

struct wheel_timer {
	struct wheel_timer	*next;
	struct wheel_timer	**prevp;	/* NULL: not armed */
	wheel_fire_f		*fire;
	uint64_t		due_ms;
};

struct wheel {
	uint64_t		now_ms;		/* of the last advance */
	uint64_t		tick;		/* now_ms / WHEEL_TICK_MS */
	struct wheel_timer	*due;		/* to be fired, the oldest first */
	struct wheel_timer	*slot[WHEEL_SLOTS];
};

void wheel_init(struct wheel *wh, uint64_t now_ms);
/* (Re)arms t for `due_ms` (absolute, on the wheel's clock). */
void wheel_set(struct wheel *wh, struct wheel_timer *t, uint64_t due_ms);
void wheel_cancel(struct wheel_timer *t);
/* Makes all timers due that are so at or before now_ms, unless some are left of the last
 * time.  A timer that is set from now on waits for the next advance. */
void wheel_advance(struct wheel *wh, uint64_t now_ms);
/* Fires one of them; 0: there is none.  A fire function may arm and cancel any timer and
 * free its own. */
int wheel_fire(struct wheel *wh);

static inline int
wheel_armed(const struct wheel_timer *t)
{
	return t->prevp != NULL;
}

#endif
