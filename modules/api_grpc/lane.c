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
#include <time.h>

#include <rotor/loop.h>
#include <rotor/module.h>

#define GATHER_MAX	32u	/* calls; so many go without waiting for more */
#define LANE_FULL	64u	/* calls of a worker from which on the next one helps */
#define RUN_MS		10u	/* for which a list may keep a worker from its clients */
#define LANE_TURN	4096u	/* calls after which it is the next one's turn anyway */

/* A worker, and what is under way to it and on it. */
struct lane {
	struct rotor_worker	*worker;
	uint32_t		n_calls;	/* given and not given back.  Queue's thread */
	/* The worker's. */
	int			running;	/* it is among a list it was given */
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
take_all(struct call_list *l)
{
	struct call *first = l->first;

	*l = (struct call_list){ .first = NULL };
	return first;
}

int
lanes_make(struct api_grpc *g)
{
	g->n_lanes = rotor_server_workers(g->srv);
	g->lanes = calloc(g->n_lanes, sizeof *g->lanes);
	if (g->lanes == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->n_lanes; i++)
		g->lanes[i].worker = rotor_server_worker(g->srv, i);
	return 0;
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

static uint64_t
clock_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* On the worker.  Calls that take long leave the rest of the list to the next turn. */
static void
run(struct rotor_worker *w, void *priv)
{
	struct call *c = priv, *next;
	struct lane *l = c->lane;
	uint64_t until_ms = clock_ms() + RUN_MS;

	l->running = 1;
	for (; c != NULL; c = next) {
		next = c->next;		/* c may be on its way back by then */
		c->method->ops->run(w, c);
		if (next != NULL && clock_ms() >= until_ms && rotor_worker_post(w, run, next) == ROTOR_OK)
			break;
	}
	l->running = 0;
	give_back(l);
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
