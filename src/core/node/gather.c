/* SPDX-License-Identifier: MIT */
/* node/gather.c - see node/gather.h. */
#include "config.h"

#include "node/gather.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <rotor/loop.h>

#include "base/obj.h"
#include "hub/hub.h"
#include "loop/worker.h"
#include "node/server.h"

struct round;

/* One worker's share of the round. */
struct gather_share {
	struct inbox_msg	msg;
	struct round		*round;
	struct gather_share	*next;		/* in hub->steps */
	uint64_t		pos;
};

struct round {
	uint32_t		magic;
#define ROUND_MAGIC		0xd4a1760fu
	atomic_uint		left;
	struct rotor_worker	*asker;
	gather_visit_f		*visit;		/* either this */
	gather_step_f		*step;		/* or this */
	gather_done_f		*done;
	void			*priv;
	struct inbox_msg	last;		/* carries the end back to the asker */
	struct gather_share	shares[];
};

static struct round *
round_of(struct inbox_msg *last)
{
	struct round *r = (struct round *)((char *)last - offsetof(struct round, last));

	OBJ_CHECK(r, ROUND_MAGIC);
	return r;
}

static void
round_done(struct rotor_worker *w, struct inbox_msg *m)
{
	struct round *r = round_of(m);

	r->done(w, r->priv);
	OBJ_FREE(r);
}

static void
share_done(struct gather_share *sh)
{
	struct round *r = sh->round;

	if (atomic_fetch_sub(&r->left, 1) == 1)
		worker_push(r->asker, &r->last);
}

static void
share_visit(struct rotor_worker *w, struct inbox_msg *m)
{
	struct gather_share *sh = (struct gather_share *)m;

	OBJ_CHECK(sh->round, ROUND_MAGIC);
	sh->round->visit(w, sh->round->priv);
	share_done(sh);
}

/* Goes on with the first of those that take steps, and with those behind it. */
static int
steps_run(struct rotor_worker *w, void *priv)
{
	struct hub *hub = priv;
	struct gather_share *sh;

	while ((sh = hub->steps) != NULL) {
		OBJ_CHECK(sh->round, ROUND_MAGIC);
		if (sh->round->step(w, sh->round->priv, &sh->pos) == ROTOR_AGAIN)
			return ROTOR_AGAIN;
		hub->steps = sh->next;
		if (hub->steps == NULL)
			hub->steps_end = &hub->steps;
		share_done(sh);
		if (rotor_turn_over(w) && hub->steps != NULL)
			return ROTOR_AGAIN;
	}
	return ROTOR_OK;
}

static void
share_steps(struct rotor_worker *w, struct inbox_msg *m)
{
	struct gather_share *sh = (struct gather_share *)m;
	struct hub *hub = w->hub;

	if (hub == NULL) {		/* the worker has stopped */
		share_done(sh);
		return;
	}
	*hub->steps_end = sh;
	hub->steps_end = &sh->next;
	if (hub->steps != sh)
		return;
	rotor_job_init(&hub->steps_job, "orders", steps_run, hub);
	if (steps_run(w, hub) == ROTOR_AGAIN)
		rotor_job_start(w, &hub->steps_job);
}

static int
ask_all(struct rotor_worker *asker, const struct round *what, inbox_run_f *run)
{
	struct rotor_server *srv = asker->srv;
	struct round *r = calloc(1, sizeof *r + srv->n_workers * sizeof r->shares[0]);

	if (r == NULL)
		return -ENOMEM;
	r->magic = ROUND_MAGIC;
	atomic_init(&r->left, srv->n_workers);
	r->asker = asker;
	r->visit = what->visit;
	r->step = what->step;
	r->done = what->done;
	r->priv = what->priv;
	r->last.run = round_done;
	for (uint32_t i = 0; i < srv->n_workers; i++) {
		r->shares[i].round = r;
		r->shares[i].msg.run = run;
	}
	/* After the last push the round may be over and freed. */
	for (uint32_t i = 0, n = srv->n_workers; i < n; i++)
		worker_push(srv->workers[i], &r->shares[i].msg);
	return 0;
}

int
gather(struct rotor_worker *asker, gather_visit_f *visit, gather_done_f *done, void *priv)
{
	struct round what = { .visit = visit, .done = done, .priv = priv };

	return ask_all(asker, &what, share_visit);
}

int
gather_steps(struct rotor_worker *asker, gather_step_f *step, gather_done_f *done, void *priv)
{
	struct round what = { .step = step, .done = done, .priv = priv };

	return ask_all(asker, &what, share_steps);
}
