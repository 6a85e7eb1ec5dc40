/* SPDX-License-Identifier: MIT */
/*
 * pace.h - how often something may be done: a few times at once, then once a second.
 *
 * Times are milliseconds of any clock that does not go back.
 */
#ifndef AUTH_JWT_PACE_H
#define AUTH_JWT_PACE_H

#include <stdint.h>

#define PACE_BURST		5u
#define PACE_INTERVAL_MS	1000u

struct pace {			/* zeroed: nothing was done yet */
	uint64_t	paid_ms;	/* when all that was done will have been made up for */
};

/* Takes the next turn; returns when it is, which is `now_ms` or later. */
static inline uint64_t
pace_next(struct pace *p, uint64_t now_ms)
{
	const uint64_t slack = (PACE_BURST - 1) * PACE_INTERVAL_MS;
	uint64_t from = p->paid_ms > now_ms ? p->paid_ms : now_ms;
	uint64_t at = from > now_ms + slack ? from - slack : now_ms;

	p->paid_ms = from + PACE_INTERVAL_MS;
	return (at);
}

/* 1 when the next turn would not be now. */
static inline int
pace_is_spent(const struct pace *p, uint64_t now_ms)
{
	return (p->paid_ms > now_ms + (PACE_BURST - 1) * PACE_INTERVAL_MS);
}

/* 1 when it may be forgotten. */
static inline int
pace_is_idle(const struct pace *p, uint64_t now_ms)
{
	return (p->paid_ms <= now_ms);
}

#endif
