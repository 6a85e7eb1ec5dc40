/* SPDX-License-Identifier: MIT */
/* node/tour.c - see node/tour.h. */
#include "config.h"

#include "node/tour.h"

#include "base/map.h"
#include "loop/worker.h"
#include "node/server.h"

static void step(struct rotor_worker *w, struct inbox_msg *m);

static void
home(struct rotor_worker *w, struct inbox_msg *m)
{
	struct tour *t = (struct tour *)m;

	t->done(w, t);
}

/* To the worker it is to be on, or home.  A push ends the turn, and gives the tour away. */
static void
travel(struct rotor_server *srv, struct tour *t, int enough)
{
	int go_on = !enough && t->at < srv->n_workers;

	t->msg.run = go_on ? step : home;
	worker_push(go_on ? srv->workers[t->at] : t->asker, &t->msg);
}

static void
step(struct rotor_worker *w, struct inbox_msg *m)
{
	struct tour *t = (struct tour *)m;
	int enough;

	/* Without its hub the worker has stopped. */
	enough = w->hub == NULL || t->visit(w, t);
	if (!enough && t->pos >= MAP_SCAN_END) {
		t->at++;
		t->pos = 0;
	}
	travel(w->srv, t, enough);
}

void
tour_start(struct tour *t, struct rotor_worker *asker)
{
	t->asker = asker;
	travel(asker->srv, t, 0);
}
