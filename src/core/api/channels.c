/* SPDX-License-Identifier: MIT */
/*
 * api/channels.c - channels: which ones have subscribers, and how many.
 *
 * A tour of the workers makes the whole answer, in an arena of its own.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include <rotor/codes.h>

#include "api/api.h"
#include "base/map.h"
#include "base/str.h"
#include "hub/hub.h"
#include "loop/worker.h"
#include "node/tour.h"

struct roster {
	struct tour		tour;		/* first */
	struct api_call		*call;
	struct rotor_str	pattern;	/* empty: all */
	struct arena		arena;		/* of the entries, until they are home */
	struct map		seen;		/* Ap__ChannelInfo by name, each once */
	Ap__ChannelsResult	*res;
	size_t			cap;		/* of res->channels */
	int			failed;
};

static void *
make(struct roster *r, const ProtobufCMessageDescriptor *d)
{
	ProtobufCMessage *m = arena_alloc(&r->arena, d->sizeof_message);

	if (m != NULL)
		protobuf_c_message_init(d, m);
	return m;
}

/* Room for one more entry.  0 or -ENOMEM. */
static int
reserve(struct roster *r)
{
	Ap__ChannelsResult *res = r->res;
	size_t cap = r->cap == 0 ? 64 : 2 * r->cap;
	Ap__ChannelsResult__ChannelsEntry **v;

	if (res->n_channels < r->cap)
		return 0;
	v = arena_alloc(&r->arena, cap * sizeof *v);
	if (v == NULL)
		return -ENOMEM;
	if (r->cap > 0)
		memcpy(v, res->channels, r->cap * sizeof *v);
	res->channels = v;
	r->cap = cap;
	return 0;
}

/* A new entry's count; NULL: no memory. */
static Ap__ChannelInfo *
entry_new(struct roster *r, const struct hub_chan *ch)
{
	Ap__ChannelsResult__ChannelsEntry *e = make(r, &ap__channels_result__channels_entry__descriptor);

	if (e == NULL || (e->value = make(r, &ap__channel_info__descriptor)) == NULL ||
	    (e->key = arena_strndup(&r->arena, ch->name.p, ch->name.len)) == NULL || reserve(r) != 0 ||
	    map_put(&r->seen, ch->hash, (struct rotor_str){ e->key, ch->name.len }, e->value) != 0)
		return NULL;
	r->res->channels[r->res->n_channels++] = e;
	return e->value;
}

static int
roster_visit(struct rotor_worker *w, struct tour *t)
{
	struct roster *r = (struct roster *)t;
	const struct hub_chan *ch;
	Ap__ChannelInfo *info;

	for (uint32_t i = 0; tour_goes_on(w, i) && (ch = map_scan(&w->hub->chans, &t->pos)) != NULL; i++) {
		if (r->pattern.len > 0 && glob_match(r->pattern, ch->name) != 1)
			continue;
		info = map_get(&r->seen, ch->hash, ch->name);
		if (info == NULL)
			info = entry_new(r, ch);
		r->failed = info == NULL;
		if (r->failed)
			return 1;
		info->num_clients += ch->n_subs;
	}
	return 0;
}

static void
roster_done(struct rotor_worker *w, struct tour *t)
{
	struct roster *r = (struct roster *)t;

	(void)w;
	map_fini(&r->seen);
	arena_adopt(r->call->arena, &r->arena);
	if (r->failed)
		api_fail(r->call, ROTOR_ERR_INTERNAL);
	else
		api_finish(r->call, r->res);
}

static struct roster *
roster_new(struct api_call *call)
{
	const struct arena *a = call->arena;
	struct roster *r = arena_zalloc(call->arena, sizeof *r);

	if (r == NULL || (r->res = api_new(call, &ap__channels_result__descriptor)) == NULL)
		return NULL;
	r->call = call;
	r->tour.visit = roster_visit;
	r->tour.done = roster_done;
	map_init(&r->seen);
	arena_init(&r->arena, NULL, 0);
	if (a->limit != 0)
		r->arena.limit = a->limit > a->total ? a->limit - a->total : 1;
	return r;
}

void
api_channels(struct api_call *call)
{
	const Ap__ChannelsRequest *req = (const Ap__ChannelsRequest *)call->req;
	struct rotor_str pattern = rotor_str_of(req->pattern);
	struct roster *r = NULL;

	if (pattern.len == 0 || glob_match(pattern, STR_LIT("")) >= 0)
		r = roster_new(call);
	if (r == NULL) {
		api_fail(call, ROTOR_ERR_INTERNAL);
		return;
	}
	r->pattern = pattern;
	tour_start(&r->tour, call->w);
}
