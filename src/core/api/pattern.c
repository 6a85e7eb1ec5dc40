/* SPDX-License-Identifier: MIT */
/*
 * api/pattern.c - publish_pattern: to every channel with subscribers that matches.
 *
 * A tour of the workers gathers the names; then the worker that asked publishes to them,
 * a few a turn.  With more channels than the limit none is published to.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include <rotor/codes.h>

#include "api/caller.h"
#include "api/publish.h"
#include "api/series.h"
#include "base/map.h"
#include "base/obj.h"
#include "hub/hub.h"
#include "loop/worker.h"
#include "node/server.h"
#include "node/tour.h"

#define LIMIT_DEFAULT	1000u
#define LIMIT_MAX	100000u
#define ERRORS_MAX	16u	/* told one by one */

/* A channel's name, kept once whatever the number of workers that have it. */
struct target {
	size_t	len;
	char	name[];
};

struct spread {
	struct tour		tour;		/* first */
	struct series		series;		/* of the publications */
	struct api_call		*call;
	struct message		msg;
	struct rotor_str	pattern;
	uint32_t		limit;
	uint32_t		code;		/* why there will be no publishing; 0 */
	struct arena		arena;		/* of the targets, until they are home */
	struct map		targets;	/* struct target by name */
	size_t			at;		/* in `targets`, while publishing */
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
	t = arena_alloc(&sp->arena, sizeof *t + name.len + 1);
	if (t != NULL) {
		t->len = name.len;
		memcpy(t->name, name.p, name.len);
		t->name[name.len] = '\0';
		if (map_put(&sp->targets, hash, (struct rotor_str){ t->name, t->len }, t) == 0)
			return 0;
	}
	sp->code = ROTOR_ERR_INTERNAL;
	return -ENOMEM;
}

static int
collect(struct rotor_worker *w, struct tour *t)
{
	struct spread *sp = (struct spread *)t;
	const struct hub_chan *ch;

	for (uint32_t i = 0; tour_goes_on(w, i) && (ch = map_scan(&w->hub->chans, &t->pos)) != NULL; i++)
		if (glob_match(sp->pattern, ch->name) == 1 && caller_permits_channel(sp->call, ch->name) &&
		    target_add(sp, ch->hash, ch->name) != 0)
			return 1;
	return 0;
}

static void
finish(struct spread *sp)
{
	struct api_call *call = sp->call;

	map_fini(&sp->targets);
	if (sp->code != 0)
		api_fail(call, sp->code);
	else
		api_finish(call, sp->res);
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
	series_ended(&sp->series);
}

static void
published(void *token, uint32_t code, const struct rotor_publish_result *res)
{
	(void)res;
	answered(token, code);
}

static struct spread *
spread_of(struct series *s)
{
	return (struct spread *)(void *)((char *)s - offsetof(struct spread, series));
}

/* To the next one, whatever its number. */
static void
publish_next(struct series *s, size_t i)
{
	struct spread *sp = spread_of(s);
	struct answer *a = arena_alloc(sp->call->arena, sizeof *a);
	uint32_t code;

	(void)i;
	if (a == NULL) {
		sp->code = ROTOR_ERR_INTERNAL;
		series_fail(s);
		series_ended(s);
		return;
	}
	*a = (struct answer){ sp, map_next(&sp->targets, &sp->at) };
	code = publish_one(sp->call->w, (struct rotor_str){ a->target->name, a->target->len }, &sp->msg,
	    published, a);
	if (code != 0)
		answered(a, code);
}

static void
publish_over(struct series *s)
{
	finish(spread_of(s));
}

static void
collected(struct rotor_worker *w, struct tour *t)
{
	struct spread *sp = (struct spread *)t;

	arena_adopt(sp->call->arena, &sp->arena);
	if (sp->code != 0) {
		finish(sp);
		return;
	}
	sp->series = (struct series){ .w = w, .n = sp->targets.n, .start = publish_next,
	    .over = publish_over };
	series_run(&sp->series);
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
	arena_init(&sp->arena, NULL, 0);
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
