/* SPDX-License-Identifier: MIT */
/*
 * log/limit.h - how often the same message is logged.
 *
 * Strangers decide how often a token is refused; the log must not be theirs to fill.  A
 * message, known by its area and text, is logged LIMIT_LINES times a second; those beyond
 * are counted, and the number is told when the second is over.
 */
#ifndef ROTOR_LOG_LIMIT_H
#define ROTOR_LOG_LIMIT_H

#include <stdatomic.h>
#include <stdint.h>

#define LIMIT_LINES	20u
#define LIMIT_ROWS	64u	/* messages beyond so many share the others' allowance */

struct limit_row {
	_Atomic uint64_t	key;		/* hash of area and message; 0: free */
	_Atomic uint64_t	window;		/* a second (monotonic) << 32, and its lines */
	_Atomic uint64_t	left_out;	/* and not told yet */
	_Atomic uint32_t	is_named;	/* what follows has been written */
	uint32_t		level;
	char			area[32];
	char			message[96];
};

struct limits {
	struct limit_row	rows[LIMIT_ROWS];
};

enum limit_answer {
	LIMIT_LEAVE_OUT = 0,
	LIMIT_ADMIT = 1,
	LIMIT_BEGINS,		/* leave out; the first, so somebody has to tell in time */
	LIMIT_TELL,		/* admit; the first of a second after one that left some out */
};

/* Any thread; takes no lock. */
enum limit_answer limits_ask(struct limits *ls, uint64_t now_ms, uint32_t level, const char *area,
    const char *message);

/* Calls fn for each message whose second is over (`all`: or not), with the number that was
 * left out since the last time.  The milliseconds until there may be more to tell; 0: no need
 * to come back.  One thread at a time. */
typedef void limit_tell_f(void *priv, const struct limit_row *row, uint64_t left_out);
uint64_t limits_tell(struct limits *ls, uint64_t now_ms, int all, limit_tell_f *fn, void *priv);

/* The same for one message, at once: in front of its next line, in the order of things. */
void limits_tell_of(struct limits *ls, uint32_t level, const char *area, const char *message,
    limit_tell_f *fn, void *priv);

#endif
