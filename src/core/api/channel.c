/* SPDX-License-Identifier: MIT */
/* api/channel.c - what reads or clears one channel: presence, presence_stats, history,
 * history_remove. */
#include "config.h"

#include <errno.h>

#include <rotor/codes.h>
#include <rotor/engine.h>

#include "api/api.h"
#include "api/series.h"
#include "base/str.h"
#include "channel/name.h"
#include "client/reply.h"
#include "loop/worker.h"
#include "node/server.h"
#include "proto/codec.h"

/* Parses the channel; the caller's feature must be on.  0 or an error code. */
static uint32_t
check(const struct api_call *call, const char *channel_text, struct chan_name *ret)
{
	struct rotor_str channel = rotor_str_of(channel_text);

	return channel.len == 0 ? ROTOR_ERR_BAD_REQUEST
	    : chan_name_parse(&call->w->srv->cc.channel, channel, ret);
}

static uint32_t
check_presence(const struct api_call *call, const char *channel, struct chan_name *ret)
{
	uint32_t code = check(call, channel, ret);

	if (code == 0 && (!ret->opts->presence || call->w->srv->presence == NULL))
		code = ROTOR_ERR_NOT_AVAILABLE;
	return code;
}

static uint32_t
check_history(const struct api_call *call, const char *channel, struct chan_name *ret)
{
	uint32_t code = check(call, channel, ret);

	if (code == 0 && (ret->opts->history_size <= 0 || ret->opts->history_ttl_ms <= 0))
		code = ROTOR_ERR_NOT_AVAILABLE;
	return code;
}

/* Results outlive the engine's callback, so all is copied into the arena. */
static Ap__ClientInfo *
info_new(struct api_call *call, const struct rotor_client_info *from)
{
	Ap__ClientInfo *info = api_new(call, &ap__client_info__descriptor);

	if (info == NULL)
		return NULL;
	info->user = arena_strndup(call->arena, from->user.p, from->user.len);
	info->client = arena_strndup(call->arena, from->client.p, from->client.len);
	info->conn_info = codec_bytes(arena_str(call->arena, from->conn_info));
	info->chan_info = codec_bytes(arena_str(call->arena, from->chan_info));
	return info->user != NULL && info->client != NULL && info->conn_info.data != NULL &&
	    info->chan_info.data != NULL ? info : NULL;
}

/* An answer in the making, which may be long. */
struct reading {
	struct series		series;		/* first; of what it consists of */
	struct api_call		*call;
	ProtobufCMessage	*result;
	/* Of presence. */
	struct rotor_buf	*keep;
	const struct rotor_client_info	*clients;
	Ap__PresenceResult__PresenceEntry	**entries;
	/* Of history: each of these is given back when it has been copied. */
	struct rotor_publication	**from;
	Ap__Publication		**publications;
};

static void
reading_over(struct series *s)
{
	struct reading *rd = (struct reading *)s;

	rotor_buf_unref(&rd->keep);
	for (size_t i = s->next; i < s->n && rd->from != NULL; i++)
		rotor_publication_unref(&rd->from[i]);
	if (s->failed)
		api_fail(rd->call, ROTOR_ERR_INTERNAL);
	else
		api_finish(rd->call, rd->result);
}

/* NULL: no memory. */
static struct reading *
reading_new(struct api_call *call, void *result, size_t n, series_start_f *start)
{
	struct reading *rd = arena_zalloc(call->arena, sizeof *rd);

	if (rd == NULL || result == NULL)
		return NULL;
	rd->series = (struct series){ .w = call->w, .n = n, .start = start, .over = reading_over };
	rd->call = call;
	rd->result = result;
	return rd;
}

static void
presence_add(struct series *s, size_t i)
{
	struct reading *rd = (struct reading *)s;
	Ap__PresenceResult__PresenceEntry *e =
	    api_new(rd->call, &ap__presence_result__presence_entry__descriptor);

	if (e == NULL || (e->value = info_new(rd->call, &rd->clients[i])) == NULL) {
		series_fail(s);
	} else {
		e->key = e->value->client;
		rd->entries[i] = e;
	}
	series_ended(s);
}

/* NULL: no memory. */
static struct reading *
presence_reading(struct api_call *call, const struct rotor_presence_result *from)
{
	Ap__PresenceResult *res = api_new(call, &ap__presence_result__descriptor);
	struct reading *rd = reading_new(call, res, from->n_clients, presence_add);

	if (rd == NULL)
		return NULL;
	rd->clients = from->clients;
	rd->entries = arena_alloc(call->arena, (from->n_clients + 1) * sizeof *rd->entries);
	if (rd->entries == NULL)
		return NULL;
	if (ROTOR_HAS(from, keep) && from->keep != NULL)
		rd->keep = rotor_buf_ref(from->keep);
	else
		rd->series.w = NULL;	/* it is gone after this turn */
	res->presence = rd->entries;
	res->n_presence = from->n_clients;
	return rd;
}

static void
presence_read(void *token, uint32_t code, const struct rotor_presence_result *from)
{
	struct api_call *call = token;
	struct reading *rd = NULL;

	if (code == 0 && (rd = presence_reading(call, from)) == NULL)
		code = ROTOR_ERR_INTERNAL;
	if (code != 0)
		api_fail(call, code);
	else
		series_run(&rd->series);
}

void
api_presence(struct api_call *call)
{
	const Ap__PresenceRequest *r = (const Ap__PresenceRequest *)call->req;
	const struct rotor_server *srv = call->w->srv;
	struct chan_name name;
	uint32_t code = check_presence(call, r->channel, &name);

	if (code != 0)
		api_fail(call, code);
	else
		srv->presence->get(srv->presence_ctx, call->w, name.full, presence_read, call);
}

static void
stats_read(void *token, uint32_t code, const struct rotor_presence_result *from)
{
	struct api_call *call = token;
	Ap__PresenceStatsResult *res = api_new(call, &ap__presence_stats_result__descriptor);

	if (code == 0 && res == NULL)
		code = ROTOR_ERR_INTERNAL;
	if (code != 0) {
		api_fail(call, code);
		return;
	}
	res->num_clients = from->num_clients;
	res->num_users = from->num_users;
	api_finish(call, res);
}

void
api_presence_stats(struct api_call *call)
{
	const Ap__PresenceStatsRequest *r = (const Ap__PresenceStatsRequest *)call->req;
	const struct rotor_server *srv = call->w->srv;
	struct chan_name name;
	uint32_t code = check_presence(call, r->channel, &name);

	if (code != 0)
		api_fail(call, code);
	else
		srv->presence->stats(srv->presence_ctx, call->w, name.full, stats_read, call);
}

static int
tags_fill(struct api_call *call, const struct rotor_publication *from, Ap__Publication *p)
{
	p->tags = arena_alloc(call->arena, (from->n_tags + 1) * sizeof *p->tags);
	if (p->tags == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < from->n_tags; i++) {
		Ap__Publication__TagsEntry *e = api_new(call, &ap__publication__tags_entry__descriptor);

		if (e == NULL)
			return -ENOMEM;
		e->key = arena_strndup(call->arena, from->tags[i].key.p, from->tags[i].key.len);
		e->value = arena_strndup(call->arena, from->tags[i].value.p, from->tags[i].value.len);
		if (e->key == NULL || e->value == NULL)
			return -ENOMEM;
		p->tags[i] = e;
	}
	p->n_tags = from->n_tags;
	return 0;
}

static Ap__Publication *
publication_new(struct api_call *call, const struct rotor_publication *from)
{
	Ap__Publication *p = api_new(call, &ap__publication__descriptor);

	if (p == NULL)
		return NULL;
	p->data = codec_bytes(arena_str(call->arena, from->data));
	p->offset = from->offset;
	if (p->data.data == NULL || (from->info != NULL && (p->info = info_new(call, from->info)) == NULL))
		return NULL;
	return tags_fill(call, from, p) == 0 ? p : NULL;
}

static void
history_add(struct series *s, size_t i)
{
	struct reading *rd = (struct reading *)s;

	rd->publications[i] = publication_new(rd->call, rd->from[i]);
	rotor_publication_unref(&rd->from[i]);
	if (rd->publications[i] == NULL)
		series_fail(s);
	series_ended(s);
}

/* NULL: no memory. */
static struct reading *
history_reading(struct api_call *call, const struct rotor_history *h)
{
	Ap__HistoryResult *res = api_new(call, &ap__history_result__descriptor);
	struct reading *rd = reading_new(call, res, h->n_pubs, history_add);
	struct rotor_publication **from;

	if (rd == NULL)
		return NULL;
	rd->publications = arena_alloc(call->arena, (h->n_pubs + 1) * sizeof *rd->publications);
	from = arena_alloc(call->arena, (h->n_pubs + 1) * sizeof *from);
	res->epoch = arena_strndup(call->arena, h->top.epoch.p, h->top.epoch.len);
	if (rd->publications == NULL || from == NULL || res->epoch == NULL)
		return NULL;
	for (size_t i = 0; i < h->n_pubs; i++)
		from[i] = rotor_publication_ref(h->pubs[i]);
	rd->from = from;
	res->offset = h->top.offset;
	res->publications = rd->publications;
	res->n_publications = h->n_pubs;
	return rd;
}

static void
history_read(void *token, uint32_t code, const struct rotor_history *h)
{
	struct api_call *call = token;
	struct reading *rd = NULL;

	if (code == 0 && (rd = history_reading(call, h)) == NULL)
		code = ROTOR_ERR_INTERNAL;
	if (code != 0)
		api_fail(call, code);
	else
		series_run(&rd->series);
}

void
api_history(struct api_call *call)
{
	const Ap__HistoryRequest *r = (const Ap__HistoryRequest *)call->req;
	const struct rotor_server *srv = call->w->srv;
	struct rotor_history_query q = { .size = sizeof q, .limit = r->limit, .reverse = (uint32_t)r->reverse };
	struct chan_name name;
	uint32_t code = check_history(call, r->channel, &name);

	if (code == 0 && r->reverse && r->since != NULL && r->since->offset == 0)
		code = ROTOR_ERR_BAD_REQUEST;
	if (code != 0) {
		api_fail(call, code);
		return;
	}
	q.history_meta_ttl_ms = name.opts->history_meta_ttl_ms;
	if (r->since != NULL) {
		q.has_since = 1;
		q.since = (struct rotor_position){ r->since->offset, rotor_str_of(r->since->epoch) };
	}
	srv->broker->history(srv->broker_ctx, call->w, name.full, &q, history_read, call);
}

static void
removed(void *token, uint32_t code)
{
	if (code != 0)
		api_fail(token, code);
	else
		api_finish(token, NULL);
}

void
api_history_remove(struct api_call *call)
{
	const Ap__HistoryRemoveRequest *r = (const Ap__HistoryRemoveRequest *)call->req;
	const struct rotor_server *srv = call->w->srv;
	struct chan_name name;
	uint32_t code = check_history(call, r->channel, &name);

	if (code != 0)
		api_fail(call, code);
	else
		srv->broker->history_remove(srv->broker_ctx, call->w, name.full, removed, call);
}
