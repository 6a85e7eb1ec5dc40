/* SPDX-License-Identifier: MIT */
/*
 * api/connections.c - connections: who is connected, a page at a time.
 *
 * A page is filled on a tour of the workers (node/tour.h).  The cursor says where the
 * tour goes on, "<node><worker><position>" in hex: a position is one in map_scan(), so a
 * connection that lasts is on exactly one page, whatever comes and goes meanwhile.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <rotor/codes.h>

#include "api/api.h"
#include "base/map.h"
#include "base/str.h"
#include "client/client.h"
#include "hub/hub.h"
#include "loop/worker.h"
#include "node/server.h"
#include "node/tour.h"
#include "proto/codec.h"

#define LIMIT_DEFAULT	1000
#define LIMIT_MAX	10000
#define PAGE_BYTES	((size_t)4 << 20)	/* of memory; a page that has so many ends early */
#define NODE_CHARS	8			/* of the node's uid, in a cursor */
#define CURSOR_CHARS	(NODE_CHARS + 2 + 16)

struct listing {
	struct tour		tour;		/* first */
	struct api_call		*call;
	struct rotor_str	user;		/* empty: all */
	struct arena		arena;		/* of the page, until it is home */
	Ap__ConnectionsResult	*res;
	size_t			limit;
	int			failed;
};

static void *
make(struct arena *a, const ProtobufCMessageDescriptor *d)
{
	ProtobufCMessage *m = arena_alloc(a, d->sizeof_message);

	if (m != NULL)
		protobuf_c_message_init(d, m);
	return m;
}

static const char *
copy(struct arena *a, struct rotor_str s)
{
	return arena_strndup(a, s.p, s.len);
}

static Ap__ConnectionState__ChannelsEntry *
channel_new(struct arena *a, const struct sub *s)
{
	Ap__ConnectionState__ChannelsEntry *e = make(a, &ap__connection_state__channels_entry__descriptor);

	if (e == NULL || (e->key = copy(a, s->chan->name)) == NULL ||
	    (e->value = make(a, &ap__channel_context__descriptor)) == NULL)
		return NULL;
	e->value->source = s->source;
	return e;
}

static Ap__ConnectionState__SubscriptionTokensEntry *
sub_token_new(struct arena *a, const struct sub *s, const char *channel)
{
	Ap__ConnectionState__SubscriptionTokensEntry *e =
	    make(a, &ap__connection_state__subscription_tokens_entry__descriptor);

	if (e == NULL || (e->value = make(a, &ap__subscription_token_info__descriptor)) == NULL ||
	    (e->value->uid = copy(a, token_mark_id(s->token))) == NULL)
		return NULL;
	e->key = channel;
	e->value->issued_at = token_mark_issued_at(s->token);
	return e;
}

/* 0 or -ENOMEM. */
static int
channels_fill(struct arena *a, const struct rotor_client *c, Ap__ConnectionState *st)
{
	st->channels = arena_alloc(a, (c->n_subs + 1) * sizeof *st->channels);
	st->subscription_tokens = arena_alloc(a, (c->n_subs + 1) * sizeof *st->subscription_tokens);
	if (st->channels == NULL || st->subscription_tokens == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->n_subs; i++) {
		const struct sub *s = c->subs[i];
		Ap__ConnectionState__ChannelsEntry *e;

		if (!(s->flags & SUB_LIVE))
			continue;
		e = channel_new(a, s);
		if (e == NULL)
			return -ENOMEM;
		st->channels[st->n_channels++] = e;
		if (s->token == NULL)
			continue;
		st->subscription_tokens[st->n_subscription_tokens] = sub_token_new(a, s, e->key);
		if (st->subscription_tokens[st->n_subscription_tokens++] == NULL)
			return -ENOMEM;
	}
	return 0;
}

static Ap__ConnectionState *
state_new(struct arena *a, const struct rotor_client *c)
{
	Ap__ConnectionState *st = make(a, &ap__connection_state__descriptor);
	struct rotor_str meta;

	if (st == NULL || channels_fill(a, c, st) != 0)
		return NULL;
	if (c->token != NULL) {
		st->connection_token = make(a, &ap__connection_token_info__descriptor);
		if (st->connection_token == NULL ||
		    (st->connection_token->uid = copy(a, token_mark_id(c->token))) == NULL)
			return NULL;
		st->connection_token->issued_at = token_mark_issued_at(c->token);
	}
	if (c->meta != NULL) {
		meta = arena_str(a, (struct rotor_str){ (const char *)rotor_buf_data(c->meta),
		    rotor_buf_len(c->meta) });
		if (meta.p == NULL)
			return NULL;
		st->meta = codec_bytes(meta);
	}
	return st;
}

static Ap__ConnectionInfo *
info_new(struct arena *a, const struct rotor_client *c)
{
	Ap__ConnectionInfo *info = make(a, &ap__connection_info__descriptor);

	if (info == NULL || (info->user = copy(a, client_user(c))) == NULL ||
	    (info->app_name = copy(a, rotor_str_of(client_app_name(c)))) == NULL ||
	    (info->app_version = copy(a, rotor_str_of(client_app_version(c)))) == NULL ||
	    (info->state = state_new(a, c)) == NULL)
		return NULL;
	info->transport = c->transport->name;
	info->protocol = c->protocol == ROTOR_PROTOBUF ? "protobuf" : "json";
	info->connected_at_ms = (int64_t)c->connected_s * 1000 + c->connected_ms;
	info->ping_pong_latency_ms = (int64_t)c->latency_ms - 1;
	return info;
}

/* 0 or -ENOMEM. */
static int
page_add(struct listing *l, const struct rotor_client *c)
{
	Ap__ConnectionsResult__ConnectionsEntry *e =
	    make(&l->arena, &ap__connections_result__connections_entry__descriptor);
	char id[36];

	uuid_text(c->id, id);
	if (e == NULL || (e->key = arena_strndup(&l->arena, id, sizeof id)) == NULL ||
	    (e->value = info_new(&l->arena, c)) == NULL)
		return -ENOMEM;
	l->res->connections[l->res->n_connections++] = e;
	return 0;
}

static int
page_full(const struct listing *l)
{
	return l->res->n_connections == l->limit || l->arena.total >= PAGE_BYTES;
}

static int
listing_visit(struct rotor_worker *w, struct tour *t)
{
	struct listing *l = (struct listing *)t;
	uint32_t work = TOUR_TURN;
	const struct rotor_client *c;
	uint64_t before = t->pos;

	while ((c = hub_client_next(w->hub, l->user.len > 0 ? &l->user : NULL, &t->pos, &work)) != NULL) {
		if (c->state == CLIENT_CONNECTED && (page_full(l) || page_add(l, c) != 0)) {
			/* The next page begins here; there is none when this could not begin. */
			t->pos = before;
			l->failed = l->res->n_connections == 0;
			return 1;
		}
		before = t->pos;
		work -= c->n_subs < work ? c->n_subs : work;
		if (rotor_turn_over(w))
			break;
	}
	return 0;
}

/* Where the tour stopped, or "" when it has seen all.  NULL: no memory. */
static const char *
cursor_new(struct api_call *call, const struct tour *t)
{
	const struct rotor_server *srv = call->w->srv;
	char text[64] = "";

	if (t->at < srv->n_workers)
		snprintf(text, sizeof text, "%.*s%02" PRIx32 "%016" PRIx64, NODE_CHARS, srv->uid, t->at, t->pos);
	return arena_strndup(call->arena, text, strlen(text));
}

/* 0 or an error code. */
static uint32_t
cursor_read(const struct rotor_server *srv, const char *text, struct tour *t)
{
	if (text == NULL || text[0] == '\0')
		return 0;
	if (strlen(text) != CURSOR_CHARS || strspn(text, "0123456789abcdef") != CURSOR_CHARS)
		return ROTOR_ERR_BAD_REQUEST;
	/* Positions mean nothing to another node, or after a restart. */
	if (memcmp(text, srv->uid, NODE_CHARS) != 0)
		return ROTOR_ERR_UNRECOVERABLE;
	if (sscanf(text + NODE_CHARS, "%2" SCNx32 "%16" SCNx64, &t->at, &t->pos) != 2 ||
	    t->at >= srv->n_workers || t->pos > MAP_SCAN_END)
		return ROTOR_ERR_BAD_REQUEST;
	return 0;
}

static void
listing_done(struct rotor_worker *w, struct tour *t)
{
	struct listing *l = (struct listing *)t;
	struct api_call *call = l->call;

	(void)w;
	arena_adopt(call->arena, &l->arena);
	l->res->cursor = cursor_new(call, t);
	if (l->failed || l->res->cursor == NULL)
		api_fail(call, ROTOR_ERR_INTERNAL);
	else
		api_finish(call, l->res);
}

/* A page is to fit into the longest response, of whose size the call has several times
 * in memory; as text it is shorter than in memory. */
static size_t
memory_limit(const struct arena *a)
{
	return a->limit == 0 ? 0 : a->limit > a->total ? (a->limit - a->total) / 16 + 1 : 1;
}

static struct listing *
listing_new(struct api_call *call, const Ap__ConnectionsRequest *r)
{
	struct listing *l = arena_zalloc(call->arena, sizeof *l);

	if (l == NULL)
		return NULL;
	l->call = call;
	l->user = rotor_str_of(r->user);
	l->limit = r->limit > 0 ? (size_t)r->limit : LIMIT_DEFAULT;
	l->tour.visit = listing_visit;
	l->tour.done = listing_done;
	l->res = api_new(call, &ap__connections_result__descriptor);
	if (l->res == NULL ||
	    (l->res->connections = arena_alloc(call->arena, l->limit * sizeof *l->res->connections)) == NULL)
		return NULL;
	arena_init(&l->arena, NULL, 0);
	l->arena.limit = memory_limit(call->arena);
	return l;
}

void
api_connections(struct api_call *call)
{
	const Ap__ConnectionsRequest *r = (const Ap__ConnectionsRequest *)call->req;
	struct listing *l = NULL;
	uint32_t code = 0;

	if (r->limit < 0 || r->limit > LIMIT_MAX)
		code = ROTOR_ERR_BAD_REQUEST;
	else if (rotor_str_of(r->expression).len > 0 || r->label_filter != NULL)
		code = ROTOR_ERR_NOT_AVAILABLE;
	else if ((l = listing_new(call, r)) == NULL)
		code = ROTOR_ERR_INTERNAL;
	else
		code = cursor_read(call->w->srv, r->cursor, &l->tour);
	if (code != 0)
		api_fail(call, code);
	else
		tour_start(&l->tour, call->w);
}
