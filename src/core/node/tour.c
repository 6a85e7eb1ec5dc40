/* SPDX-License-Identifier: MIT */
/* node/tour.c - see node/tour.h. */
#include "config.h"

#include "node/tour.h"

#include "base/map.h"
#include "loop/worker.h"
#include "node/server.h"

static void arrive(struct rotor_worker *w, struct inbox_msg *m);

static void
home(struct rotor_worker *w, struct inbox_msg *m)
{
	struct tour *t = (struct tour *)m;

	t->done(w, t);
}

/* To the worker it is to be on, or home.  A push gives the tour away. */
static void
travel(struct rotor_server *srv, struct tour *t, int enough)
{
	int go_on = !enough && t->at < srv->n_workers;

	t->msg.run = go_on ? arrive : home;
	worker_push(go_on ? srv->workers[t->at] : t->asker, &t->msg);
}

static int
step(struct rotor_worker *w, void *priv)
{
	struct tour *t = priv;
	/* Without its hub the worker has stopped. */
	int enough = w->hub == NULL || t->visit(w, t);

	if (!enough && t->pos < MAP_SCAN_END)
		return ROTOR_AGAIN;
	if (!enough) {
		t->at++;
		t->pos = 0;
	}
	travel(w->srv, t, enough);
	return ROTOR_OK;
}

static void
arrive(struct rotor_worker *w, struct inbox_msg *m)
{
	struct tour *t = (struct tour *)m;

	rotor_job_init(&t->job, "tour", step, t);
	if (step(w, t) == ROTOR_AGAIN)
		rotor_job_start(w, &t->job);
}

void
tour_start(struct tour *t, struct rotor_worker *asker)
{
	t->asker = asker;
	travel(asker->srv, t, 0);
}
