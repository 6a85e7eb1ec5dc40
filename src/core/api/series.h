/* SPDX-License-Identifier: MIT */
/*
 * api/series.h - many small things of one call, in turns.
 *
 * The commands of a batch, the channels of a broadcast, the members of a long answer:
 * whoever calls decides how many they are.  They are started in order, all at once or each
 * after the end of the one before, for as long as the loop's turn lasts, and a job goes on
 * in the next one (<rotor/loop.h>).
 */
#ifndef ROTOR_API_SERIES_H
#define ROTOR_API_SERIES_H

#include <stddef.h>

#include <rotor/loop.h>

struct series;

/* Starts number i, which ends, now or later, with exactly one series_ended(). */
typedef void series_start_f(struct series *s, size_t i);
/* All that were started have ended; the series may be freed. */
typedef void series_over_f(struct series *s);

/* Embedded in its owner, which sets the first five. */
struct series {
	struct rotor_worker	*w;		/* NULL: it must not take more than one turn */
	size_t			n;
	int			one_by_one;
	series_start_f		*start;
	series_over_f		*over;
	/* The series' own. */
	struct rotor_job	job;
	size_t			next, ended;
	int			failed;
	int			running;	/* inside, or a job will be: an end must not go on */
};

/* Begins; over() may be called before it returns.  Worker thread, as all of this. */
void series_run(struct series *s);
void series_ended(struct series *s);
/* No more are started, and over() finds `failed` set. */
void series_fail(struct series *s);

#endif
