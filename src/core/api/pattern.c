/* SPDX-License-Identifier: MIT */
/*
 * api/pattern.c - publish_pattern: to every channel with subscribers that matches.
 *
 * A tour of the workers gathers the names; then the worker that asked publishes to them,
 * a few a turn.  With more channels than the limit none is published to.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include <rotor/codes.h>

#include "api/caller.h"
#include "api/publish.h"
#include "base/map.h"
#include "base/obj.h"
#include "hub/hub.h"
#include "loop/worker.h"
#include "node/server.h"
#include "node/tour.h"

#define LIMIT_DEFAULT	1000u
#define LIMIT_MAX	100000u
#define PUBLISH_TURN	64u	/* publications a turn */
#define ERRORS_MAX	16u	/* told one by one */

/* A channel's name, kept once whatever the number of workers that have it. */
struct target {
	size_t	len;
	char	name[];
};

struct spread {
	struct tour		tour;		/* first */
	struct api_call		*call;
	struct message		msg;
	struct rotor_str	pattern;
	uint32_t		limit;
	uint32_t		code;		/* why there will be no publishing; 0 */
	struct map		targets;	/* struct target by name */
	size_t			at;		/* in `targets`, while publishing */
	size_t			under_way;	/* publications, and the turn that makes them */
	Ap__PublishPatternResult	*res;
};

/* One publication's answer. */
struct answer {
	struct spread		*sp;
	const struct target	*target;
};

static int
target_add(struct spread *sp, uint64_t hash, struct rotor_str name)
{
	struct target *t;

	if (map_get(&sp->targets, hash, name) != NULL)
		return 0;
	if (sp->targets.n >= sp->limit) {
		sp->code = ROTOR_ERR_LIMIT_EXCEEDED;
		return -ENOSPC;
	}
	t = malloc(sizeof *t + name.len + 1);
	if (t != NULL) {
		t->len = name.len;
		memcpy(t->name, name.p, name.len);
		t->name[name.len] = '\0';
		if (map_put(&sp->targets, hash, (struct rotor_str){ t->name, t->len }, t) == 0)
			return 0;
		free(t);
	}
	sp->code = ROTOR_ERR_INTERNAL;
	return -ENOMEM;
}

static int
collect(struct rotor_worker *w, struct tour *t)
{
	struct spread *sp = (struct spread *)t;
	const struct hub_chan *ch;

	for (uint32_t i = 0; i < TOUR_TURN && (ch = map_scan(&w->hub->chans, &t->pos)) != NULL; i++)
		if (glob_match(sp->pattern, ch->name) == 1 && caller_permits_channel(sp->call, ch->name) &&
		    target_add(sp, ch->hash, ch->name) != 0)
			return 1;
	return 0;
}

static void
finish(struct spread *sp)
{
	struct api_call *call = sp->call;
	Ap__PublishPatternResult *res = sp->res;
	uint32_t code = sp->code;
	struct target *t;

	for (size_t pos = 0; (t = map_next(&sp->targets, &pos)) != NULL;)
		free(t);
	map_fini(&sp->targets);
	if (code != 0)
		api_fail(call, code);
	else
		api_finish(call, res);
}

/* Counts an error, and tells the first ones. */
static void
error_add(struct spread *sp, const struct target *t, uint32_t code)
{
	Ap__PublishPatternResult *res = sp->res;
	Ap__ChannelError *e;

	if (res->n_errors < ERRORS_MAX &&
	    (e = api_new(sp->call, &ap__channel_error__descriptor)) != NULL &&
	    (e->error = api_new(sp->call, &ap__error__descriptor)) != NULL &&
	    (e->channel = arena_strndup(sp->call->arena, t->name, t->len)) != NULL) {
		e->error->code = code;
		e->error->message = api_error_text(code);
		res->errors[res->n_errors++] = e;
	}
	res->num_errors++;
}

static void
answered(struct answer *a, uint32_t code)
{
	struct spread *sp = a->sp;

	if (code == 0)
		sp->res->num_channels++;
	else
		error_add(sp, a->target, code);
	free(a);
	if (--sp->under_way == 0)
		finish(sp);
}

static void
published(void *token, uint32_t code, const struct rotor_publish_result *res)
{
	(void)res;
	answered(token, code);
}

static void
publish_to(struct spread *sp, const struct target *t)
{
	struct answer *a = malloc(sizeof *a);
	uint32_t code;

	if (a == NULL) {
		error_add(sp, t, ROTOR_ERR_INTERNAL);
		return;
	}
	*a = (struct answer){ sp, t };
	sp->under_way++;
	code = publish_one(sp->call->w, (struct rotor_str){ t->name, t->len }, &sp->msg, published, a);
	if (code != 0)
		answered(a, code);
}

/* The next turn's publications. */
static void
publish_some(struct rotor_worker *w, struct inbox_msg *m)
{
	struct spread *sp = (struct spread *)m;
	const struct target *t = NULL;
	unsigned i;

	for (i = 0; i < PUBLISH_TURN && (t = map_next(&sp->targets, &sp->at)) != NULL; i++)
		publish_to(sp, t);
	if (t != NULL)
		worker_push(w, m);
	else if (--sp->under_way == 0)
		finish(sp);
}

static void
collected(struct rotor_worker *w, struct tour *t)
{
	struct spread *sp = (struct spread *)t;

	if (sp->code != 0) {
		finish(sp);
		return;
	}
	sp->under_way = 1;
	t->msg.run = publish_some;
	publish_some(w, &t->msg);
}

static struct spread *
spread_new(struct api_call *call, const Ap__PublishPatternRequest *r)
{
	struct spread *sp = arena_zalloc(call->arena, sizeof *sp);

	if (sp == NULL)
		return NULL;
	MESSAGE_FILL(call, &sp->msg, r);
	sp->call = call;
	sp->pattern = rotor_str_of(r->pattern);
	sp->limit = r->limit > 0 ? (uint32_t)r->limit : LIMIT_DEFAULT;
	sp->tour.visit = collect;
	sp->tour.done = collected;
	map_init(&sp->targets);
	sp->res = api_new(call, &ap__publish_pattern_result__descriptor);
	if (sp->res == NULL ||
	    (sp->res->errors = arena_alloc(call->arena, ERRORS_MAX * sizeof *sp->res->errors)) == NULL)
		return NULL;
	return sp;
}

static uint32_t
check(const Ap__PublishPatternRequest *r)
{
	struct rotor_str pattern = rotor_str_of(r->pattern);

	return pattern.len == 0 || glob_match(pattern, STR_LIT("")) < 0 || r->limit < 0 ||
	    (uint32_t)r->limit > LIMIT_MAX ? ROTOR_ERR_BAD_REQUEST : 0;
}

void
api_publish_pattern(struct api_call *call)
{
	const Ap__PublishPatternRequest *r = (const Ap__PublishPatternRequest *)call->req;
	struct spread *sp = NULL;
	uint32_t code = check(r);

	if (code == 0 && (sp = spread_new(call, r)) == NULL)
		code = ROTOR_ERR_INTERNAL;
	if (code == 0)
		code = api_payload(call, r->data, r->b64data, &sp->msg.data);
	if (code == 0 && sp->msg.data.len == 0)
		code = ROTOR_ERR_BAD_REQUEST;	/* no format admits it */
	if (code != 0)
		api_fail(call, code);
	else
		tour_start(&sp->tour, call->w);
}
