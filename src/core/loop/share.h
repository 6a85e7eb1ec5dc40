/* SPDX-License-Identifier: MIT */
/*
 * loop/share.h - how long a callback may keep the loop before what is left of its work
 * has to take turns.
 *
 * A millisecond; but a thousand callbacks that are ready at once must not have one each
 * while somebody waits behind them.  So what callbacks use is summed up over a window, and
 * once that is much, each further one gets a little only.  Short callbacks never notice.
 */
#ifndef ROTOR_LOOP_SHARE_H
#define ROTOR_LOOP_SHARE_H

#include <stdint.h>

#define SHARE_US	1000u
#define SHARE_SMALL_US	100u
#define SHARE_WINDOW_US	8000u
#define SHARE_MUCH_US	3000u	/* in a window */

/* Monotonic microseconds throughout. */
struct loop_share {
	uint64_t	begun_us, over_us;	/* of the callback that runs now; over_us 0: none */
	uint64_t	window_us;		/* when the window began */
	uint64_t	used_us;		/* in it */
};

/* A callback begins. */
static inline void
share_begin(struct loop_share *s, uint64_t now_us)
{
	if (now_us - s->window_us >= SHARE_WINDOW_US) {
		s->window_us = now_us;
		s->used_us = 0;
	}
	s->begun_us = now_us;
	s->over_us = now_us + (s->used_us < SHARE_MUCH_US ? SHARE_US : SHARE_SMALL_US);
}

static inline void
share_end(struct loop_share *s, uint64_t now_us)
{
	s->used_us += now_us - s->begun_us;
	s->over_us = 0;
}

#endif
