/* SPDX-License-Identifier: MIT */
/* node/gather.c - see node/gather.h. */
#include "config.h"

#include "node/gather.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/obj.h"
#include "loop/worker.h"
#include "node/server.h"

struct round;

/* One worker's share of the round. */
struct share {
	struct inbox_msg	msg;
	struct rotor_job	job;		/* where a visit takes more than one turn */
	struct round		*round;
};

struct round {
	uint32_t		magic;
#define ROUND_MAGIC		0xd4a1760fu
	atomic_uint		left;
	struct rotor_worker	*asker;
	gather_visit_f		*visit;		/* one of the two */
	gather_step_f		*step;
	gather_done_f		*done;
	void			*priv;
	struct inbox_msg	last;		/* carries the end back to the asker */
	struct share		shares[];
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
share_over(struct round *r)
{
	if (atomic_fetch_sub(&r->left, 1) == 1)
		worker_push(r->asker, &r->last);
}

static int
share_step(struct rotor_worker *w, void *priv)
{
	struct share *s = priv;
	struct round *r = s->round;

	OBJ_CHECK(r, ROUND_MAGIC);
	if (r->step(w, r->priv) == ROTOR_AGAIN)
		return ROTOR_AGAIN;
	share_over(r);
	return ROTOR_OK;
}

static void
share_run(struct rotor_worker *w, struct inbox_msg *m)
{
	struct share *s = (struct share *)m;
	struct round *r = s->round;

	OBJ_CHECK(r, ROUND_MAGIC);
	if (r->visit != NULL) {
		r->visit(w, r->priv);
		share_over(r);
	} else if (share_step(w, s) == ROTOR_AGAIN) {
		rotor_job_init(&s->job, "order to all workers", share_step, s);
		rotor_job_start(w, &s->job);
	}
}

static int
begin(struct rotor_worker *asker, gather_visit_f *visit, gather_step_f *step, gather_done_f *done,
    void *priv)
{
	struct rotor_server *srv = asker->srv;
	struct round *r = calloc(1, sizeof *r + srv->n_workers * sizeof r->shares[0]);

	if (r == NULL)
		return -ENOMEM;
	r->magic = ROUND_MAGIC;
	atomic_init(&r->left, srv->n_workers);
	r->asker = asker;
	r->visit = visit;
	r->step = step;
	r->done = done;
	r->priv = priv;
	r->last.run = round_done;
	for (uint32_t i = 0; i < srv->n_workers; i++) {
		r->shares[i].round = r;
		r->shares[i].msg.run = share_run;
	}
	/* After the last push the round may be over and freed. */
	for (uint32_t i = 0, n = srv->n_workers; i < n; i++)
		worker_push(srv->workers[i], &r->shares[i].msg);
	return 0;
}

int
gather(struct rotor_worker *asker, gather_visit_f *visit, gather_done_f *done, void *priv)
{
	return begin(asker, visit, NULL, done, priv);
}

int
gather_steps(struct rotor_worker *asker, gather_step_f *step, gather_done_f *done, void *priv)
{
	return begin(asker, NULL, step, done, priv);
}
