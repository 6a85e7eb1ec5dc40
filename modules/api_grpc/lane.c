/* SPDX-License-Identifier: MIT */
/*
 * modules/api_grpc/lane.c - the way of calls to a worker and back.
 *
 * Calls that come together go together: the queue's thread gathers them until the library
 * has nothing more for it, and a worker is woken once for all of them.  It hands them back
 * in one go as well.  Either way a list changes its owner, so there is nothing to lock.
 *
 * Workers call nothing of the library but what puts calls back into the queue: when two
 * threads use a connection at a time, the library makes a third one sort it out, and a
 * call costs twice as much.  For the same reason one worker gets all calls for a while,
 * unless it has many: taking turns at each list, workers run on all cores, and the queue's
 * thread is moved about by them.
 */
#include "config.h"

#include "call.h"

#include <errno.h>
#include <stdlib.h>

#include <rotor/loop.h>
#include <rotor/module.h>

#define GATHER_MAX	32u	/* calls; so many go without waiting for more */
#define LANE_FULL	64u	/* calls of a worker from which on the next one helps */
#define LANE_TURN	4096u	/* calls after which it is the next one's turn anyway */

/* A worker, and what is under way to it and on it. */
struct lane {
	struct rotor_worker	*worker;
	uint32_t		n_calls;	/* given and not given back.  Queue's thread */
	/* The worker's. */
	struct rotor_job	job;		/* runs what is left of `todo` */
	struct call_list	todo;
	int			running;	/* it is among these */
	struct call_list	done;		/* to be given back */
};

static void
put(struct call_list *l, struct call *c)
{
	c->next = NULL;
	if (l->first == NULL)
		l->first = c;
	else
		l->last->next = c;
	l->last = c;
	l->n++;
}

static struct call *
take_first(struct call_list *l)
{
	struct call *c = l->first;

	if (c == NULL)
		return NULL;
	l->first = c->next;
	l->n--;
	return c;
}

static struct call *
take_all(struct call_list *l)
{
	struct call *first = l->first;

	*l = (struct call_list){ .first = NULL };
	return first;
}

void
lanes_free(struct api_grpc *g)
{
	free(g->lanes);
}

static struct lane *
lane_pick(struct api_grpc *g)
{
	uint32_t n = g->lanes[g->turn].n_calls;

	if (n >= LANE_FULL || (n == 0 && g->turn_calls >= LANE_TURN)) {
		g->turn = (g->turn + 1) % g->n_lanes;
		g->turn_calls = 0;
	}
	g->turn_calls += g->gathered.n;
	return &g->lanes[g->turn];
}

/* Back on the queue's thread. */
static void
came_back(struct call *c, int ok)
{
	struct call *next;

	(void)ok;
	for (; c != NULL; c = next) {
		next = c->next;
		c->lane->n_calls--;
		c->method->ops->end(c);
	}
}

static void
give_back(struct lane *l)
{
	struct call *first = take_all(&l->done);

	if (first != NULL)
		call_batch(first, NULL, 0, came_back);	/* of no operation: done at once */
}

void
lane_return(struct call *c)
{
	struct lane *l = c->lane;

	put(&l->done, c);
	if (!l->running)
		give_back(l);
}

/* On the worker.  Calls that take long leave the rest of the list to the next turn. */
static int
serve(struct rotor_worker *w, void *priv)
{
	struct lane *l = priv;
	struct call *c;

	l->running = 1;
	while ((c = take_first(&l->todo)) != NULL) {
		c->method->ops->run(w, c);
		if (rotor_turn_over(w))
			break;
	}
	l->running = 0;
	give_back(l);
	return l->todo.first != NULL ? ROTOR_AGAIN : ROTOR_OK;
}

/* A list has come to the worker. */
static void
run(struct rotor_worker *w, void *priv)
{
	struct call *c = priv, *next;
	struct lane *l = c->lane;
	int behind = l->todo.first != NULL;	/* others, whose turn is still to come */

	for (; c != NULL; c = next) {
		next = c->next;
		put(&l->todo, c);
	}
	if (!behind && serve(w, l) == ROTOR_AGAIN)
		rotor_job_start(w, &l->job);
}

int
lanes_make(struct api_grpc *g)
{
	g->n_lanes = rotor_server_workers(g->srv);
	g->lanes = calloc(g->n_lanes, sizeof *g->lanes);
	if (g->lanes == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->n_lanes; i++) {
		g->lanes[i].worker = rotor_server_worker(g->srv, i);
		rotor_job_init(&g->lanes[i].job, "grpc_api", serve, &g->lanes[i]);
	}
	return 0;
}

static void
refuse(struct call *c)
{
	struct call *next;

	for (; c != NULL; c = next) {
		next = c->next;
		call_refuse(c, GRPC_STATUS_RESOURCE_EXHAUSTED, "out of memory");
	}
}

void
lanes_send(struct api_grpc *g)
{
	struct lane *l = lane_pick(g);
	uint32_t n = g->gathered.n;
	struct call *first = take_all(&g->gathered);

	for (struct call *c = first; c != NULL; c = c->next)
		c->lane = l;
	if (rotor_worker_post(l->worker, run, first) == ROTOR_OK)
		l->n_calls += n;
	else
		refuse(first);
}

void
lanes_gather(struct call *c)
{
	struct api_grpc *g = c->method->g;

	put(&g->gathered, c);
	if (g->gathered.n == GATHER_MAX)
		lanes_send(g);
}
