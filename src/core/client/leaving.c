/* SPDX-License-Identifier: MIT */
/*
 * client/leaving.c - what a client had goes, when it ends or when its connect fails.
 *
 * Nobody finds it any more from the first moment.  Its subscriptions, each of which may
 * have a presence to remove and a leave to be told, are ended for as long as the turn
 * lasts, and by a job then; only after them what they are told with.
 */
#include "config.h"

#include <stdlib.h>

#include <rotor/metrics.h>

#include "base/obj.h"
#include "client/client.h"
#include "node/server.h"
#include "node/user_counts.h"

struct leaving {
	struct rotor_job	job;
	struct rotor_client	*client;	/* referenced */
};

/* 1: there are none left. */
static int
subs_end(struct rotor_client *c, int in_turns)
{
	while (c->n_subs > 0) {
		struct sub *s = c->subs[c->n_subs - 1];

		sub_free(&s);
		if (in_turns && c->n_subs > 0 && rotor_turn_over(c->w))
			return 0;
	}
	return 1;
}

static void
left(struct rotor_client *c)
{
	sublist_rest(c);
	hub_user_release(c->w->hub, c);
	rotor_buf_unref(&c->conn_info);
	rotor_buf_unref(&c->meta);
	free(c->app);
	c->app = NULL;
	free(c->token);
	c->token = NULL;
	c->leaving = 0;
}

static int
leave_step(struct rotor_worker *w, void *priv)
{
	struct leaving *lv = priv;
	struct rotor_client *c = lv->client;

	(void)w;
	if (!subs_end(c, 1))
		return ROTOR_AGAIN;
	free(lv);
	left(c);
	client_unref(&c);
	return ROTOR_OK;
}

/* 0: without memory it has to be done at once. */
static int
leave_later(struct rotor_client *c)
{
	struct leaving *lv = malloc(sizeof *lv);

	if (lv == NULL)
		return 0;
	rotor_job_init(&lv->job, "client leaves", leave_step, lv);
	client_ref(c);
	lv->client = c;
	c->leaving = 1;
	rotor_job_start(c->w, &lv->job);
	return 1;
}

void
client_leave_hub(struct rotor_client *c)
{
	struct rotor_server *srv = c->w->srv;

	if (c->leaving)
		return;
	if (c->counted)
		user_counts_remove(srv->user_counts, client_user(c));
	c->counted = 0;
	if (hub_client_remove(c->w->hub, c))
		rotor_metric_add(c->w, srv->stats.num_clients, -1);
	if (!subs_end(c, 1) && leave_later(c))
		return;
	(void)subs_end(c, 0);
	left(c);
}
