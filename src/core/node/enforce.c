/* SPDX-License-Identifier: MIT */
/* node/enforce.c - see node/enforce.h. */
#include "config.h"

#include "node/enforce.h"

#include <errno.h>
#include <stdlib.h>

#include <rotor/codes.h>

#include "base/map.h"
#include "base/obj.h"
#include "client/client.h"
#include "hub/hub.h"
#include "loop/worker.h"
#include "node/denied.h"
#include "node/gather.h"
#include "node/server.h"

#define TURN_WORK	512u	/* clients and subscriptions looked at in a turn, at most */

/* The round through all clients of a worker; touched on its thread only. */
struct patrol {
	struct rotor_job	job;
	uint64_t		pos;
	int			under_way;
	int			again;		/* another round when this one is over */
};

struct patrols {
	uint32_t	magic;
#define PATROLS_MAGIC	0xc27d185bu
	struct patrol	v[];
};

struct patrols *
patrols_new(uint32_t n_workers)
{
	struct patrols *p = calloc(1, sizeof *p + n_workers * sizeof p->v[0]);

	if (p != NULL)
		p->magic = PATROLS_MAGIC;
	return p;
}

void
patrols_free(struct patrols **pp)
{
	struct patrols *p;

	if (*pp == NULL)
		return;
	OBJ_TAKE(p, pp, PATROLS_MAGIC);
	OBJ_FREE(p);
}

/* The code that the connection is to be closed with, or 0. */
static uint32_t
connection_denied(struct rotor_client *c, int64_t now)
{
	struct denied *d = c->w->srv->denied;
	struct token_facts t = { .user = client_user(c), .id = token_mark_id(c->token),
	    .issued_at = token_mark_issued_at(c->token) };

	if (denied_user(d, t.user, now))
		return ROTOR_DISCONNECT_PERMISSION_DENIED;
	return c->by_token && denied_token(d, &t, now) ? ROTOR_DISCONNECT_INVALID_TOKEN : 0;
}

static int
sub_denied(const struct sub *s, int64_t now)
{
	struct token_facts t = { .user = client_user(s->client), .channel = s->chan->name,
	    .id = token_mark_id(s->token), .issued_at = token_mark_issued_at(s->token) };

	return s->source == SUB_BY_TOKEN && denied_token(s->client->w->srv->denied, &t, now);
}

static void
enforce_on(struct rotor_client *c)
{
	int64_t now = c->w->now_unix_ms / 1000;
	uint32_t code = connection_denied(c, now);

	if (code != 0)
		client_close(c, code, NULL);
	/* Backwards, and looked at anew: the push may end any of them, or the client. */
	for (uint32_t i = c->n_subs; i-- > 0;)
		if (i < c->n_subs && sub_denied(c->subs[i], now))
			client_unsubscribe_push(c->subs[i], ROTOR_UNSUB_SERVER);
}

/* Looks at clients from *pos on, as many as a turn may.  ROTOR_AGAIN when there are more. */
static int
enforce_some(struct rotor_worker *w, const struct rotor_str *user, uint64_t *pos)
{
	uint32_t work = TURN_WORK;
	struct rotor_client *c;

	if (w->hub == NULL)
		return ROTOR_OK;	/* the worker has stopped */
	while (!rotor_turn_over(w) && (c = hub_client_next(w->hub, user, pos, &work)) != NULL) {
		work -= c->n_subs < work ? c->n_subs : work;
		client_ref(c);
		enforce_on(c);
		client_unref(&c);
	}
	return *pos == MAP_SCAN_END ? ROTOR_OK : ROTOR_AGAIN;
}

static int
patrol_step(struct rotor_worker *w, void *priv)
{
	struct patrol *p = priv;

	if (enforce_some(w, NULL, &p->pos) == ROTOR_AGAIN)
		return ROTOR_AGAIN;
	p->under_way = p->again;
	p->again = 0;
	p->pos = 0;
	return p->under_way ? ROTOR_AGAIN : ROTOR_OK;
}

static void
patrol_send(struct rotor_worker *w)
{
	struct patrol *p = &w->srv->patrols->v[w->index];

	OBJ_CHECK(w->srv->patrols, PATROLS_MAGIC);
	p->again = p->under_way;
	if (p->under_way)
		return;
	p->under_way = 1;
	p->pos = 0;
	rotor_job_init(&p->job, "patrol", patrol_step, p);
	rotor_job_start(w, &p->job);
}

struct order {
	const struct rotor_str	*user;
	enforce_done_f		*done;
	void			*priv;
};

static int
order_step(struct rotor_worker *w, void *priv, uint64_t *pos)
{
	const struct order *o = priv;

	if (o->user != NULL)
		return enforce_some(w, o->user, pos);
	patrol_send(w);
	return ROTOR_OK;
}

static void
order_done(struct rotor_worker *w, void *priv)
{
	struct order *o = priv;

	o->done(w, o->priv);
	free(o);
}

int
enforce(struct rotor_worker *w, const struct rotor_str *user, enforce_done_f *done, void *priv)
{
	struct order *o = malloc(sizeof *o);

	if (o == NULL)
		return -ENOMEM;
	*o = (struct order){ user, done, priv };
	if (gather_steps(w, order_step, order_done, o) == 0)
		return 0;
	free(o);
	return -ENOMEM;
}
