/* SPDX-License-Identifier: MIT */
/*
 * loop/stall.h - the watchdog's judgement of one worker.
 *
 * An incident is one callback, known by the time it began.
 */
#ifndef ROTOR_LOOP_STALL_H
#define ROTOR_LOOP_STALL_H

#include <stdint.h>

struct rotor_worker;

struct stall {
	uint64_t	since_ms;	/* when the callback of the incident began; 0: none */
	const char	*what;
	uint64_t	ms;		/* how long it has been seen to run */
};

enum stall_news { STALL_NOTHING, STALL_BEGAN, STALL_ENDED };

/* Looks at a worker; the news are about *st.  Any thread. */
enum stall_news stall_check(struct stall *st, const struct rotor_worker *w, uint64_t now_ms,
    uint32_t limit_ms);

#endif
