/* SPDX-License-Identifier: MIT */
/* api/series.c - see api/series.h. */
#include "config.h"

#include "api/series.h"

/* How many are started without a look at the clock. */
#define LOOK_EVERY	8u

static int
may_start(const struct series *s)
{
	return s->next < s->n && !s->failed && (!s->one_by_one || s->next == s->ended);
}

static void
go_on(struct series *s)
{
	s->running = 1;
	while (may_start(s)) {
		s->start(s, s->next++);
		if (s->next % LOOK_EVERY == 0 && s->w != NULL && may_start(s) && rotor_turn_over(s->w)) {
			rotor_job_start(s->w, &s->job);
			return;
		}
	}
	s->running = 0;
	if (s->ended == s->next && (s->next == s->n || s->failed))
		s->over(s);
}

static int
next_turn(struct rotor_worker *w, void *priv)
{
	(void)w;
	go_on(priv);
	return ROTOR_OK;	/* it has started the job again, or is freed */
}

void
series_run(struct series *s)
{
	rotor_job_init(&s->job, "api", next_turn, s);
	s->next = s->ended = 0;
	s->failed = 0;
	go_on(s);
}

void
series_ended(struct series *s)
{
	s->ended++;
	if (!s->running)
		go_on(s);
}

void
series_fail(struct series *s)
{
	s->failed = 1;
}
