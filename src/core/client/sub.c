/* SPDX-License-Identifier: MIT */
/* client/sub.c - a subscription: its place in the fan-out, its position, its end. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/codes.h>
#include <rotor/engine.h>
#include <rotor/metrics.h>

#include "base/obj.h"
#include "base/str.h"
#include "channel/tags_filter.h"
#include "client/client.h"
#include "client/reply.h"
#include "client/subscribe.h"
#include "hub/wire.h"
#include "node/server.h"

struct sub *
sub_new(struct rotor_client *c, struct rotor_str channel, const struct chan_options *opts, int *ret_new)
{
	struct hub *hub = c->w->hub;
	struct hub_chan *ch;
	struct sub *s;

	if (sublist_grow(c) != 0)
		return NULL;
	ch = hub_chan_make(hub, channel, opts, ret_new);
	if (ch == NULL)
		return NULL;
	OBJ_ALLOC(s, SUB_MAGIC);
	if (s == NULL || hub_sub_add(ch, s) != 0) {
		free(s);
		hub_chan_drop_empty(hub, ch);
		return NULL;
	}
	s->client = c;
	sublist_add(c, s);
	rotor_metric_add(c->w, c->w->srv->stats.num_subscriptions, 1);
	return s;
}

struct rotor_client_info
sub_info(const struct rotor_client *c, const struct sub *s, char id_text[36])
{
	struct rotor_client_info info = { .user = client_user(c), .client = { id_text, 36 } };

	uuid_text(c->id, id_text);
	if (c->conn_info != NULL)
		info.conn_info = (struct rotor_str){ (const char *)rotor_buf_data(c->conn_info),
		    rotor_buf_len(c->conn_info) };
	if (s != NULL && s->chan_info != NULL)
		info.chan_info = (struct rotor_str){ (const char *)rotor_buf_data(s->chan_info),
		    rotor_buf_len(s->chan_info) };
	return info;
}

/* Joins, leaves and presence refreshes are at-most-once: nobody waits for them. */
static void
nobody_waits(void *token, uint32_t code)
{
	(void)token;
	(void)code;
}

static void
nobody_waits_publish(void *token, uint32_t code, const struct rotor_publish_result *res)
{
	(void)token;
	(void)code;
	(void)res;
}

void
sub_emit(struct sub *s, uint32_t kind)
{
	struct rotor_client *c = s->client;
	struct rotor_server *srv = c->w->srv;
	char id[36];
	struct rotor_client_info info = sub_info(c, s, id);
	struct rotor_publication pub = { .size = sizeof pub, .kind = kind, .channel = s->chan->name,
	    .info = &info, .time_ms = c->w->now_unix_ms };
	struct rotor_publish req = { .size = sizeof req, .pub = &pub };

	rotor_metric_add(c->w, srv->stats.messages_sent[kind], 1);
	srv->broker->publish(srv->broker_ctx, c->w, &req, nobody_waits_publish, NULL);
}

static void
presence_refresh(struct sub *s)
{
	struct rotor_server *srv = s->client->w->srv;
	char id[36];
	struct rotor_client_info info = sub_info(s->client, s, id);

	srv->presence->add(srv->presence_ctx, s->client->w, s->chan->name, &info, nobody_waits, NULL);
}

static void
presence_remove(struct sub *s)
{
	struct rotor_server *srv = s->client->w->srv;
	char id[36];
	struct rotor_client_info info = sub_info(s->client, s, id);

	srv->presence->remove(srv->presence_ctx, s->client->w, s->chan->name, &info, nobody_waits, NULL);
}

void
sub_free(struct sub **sp)
{
	struct rotor_client *c;
	struct sub *s;

	OBJ_TAKE(s, sp, SUB_MAGIC);
	c = s->client;
	if (s->pending != NULL)
		s->pending->sub = NULL;
	if (s->flags & SUB_PRESENCE)
		presence_remove(s);
	if ((s->flags & (SUB_LIVE | SUB_EMIT_JOIN_LEAVE)) == (SUB_LIVE | SUB_EMIT_JOIN_LEAVE))
		sub_emit(s, ROTOR_LEAVE);
	sublist_remove(c, s);
	hub_sub_remove(c->w->hub, s);
	rotor_metric_add(c->w, c->w->srv->stats.num_subscriptions, -1);
	rotor_buf_unref(&s->epoch);
	rotor_buf_unref(&s->chan_info);
	tags_filter_free(&s->filter);
	free(s->token);
	OBJ_FREE(s);
}

void
client_unsubscribe_push(struct sub *s, uint32_t code)
{
	Cp__Unsubscribe unsub = CP__UNSUBSCRIBE__INIT;
	Cp__Push push = CP__PUSH__INIT;
	struct rotor_client *c = s->client;

	if (c->state == CLIENT_CLOSED)
		return;		/* it is about to go */
	stats_count_code(c->w, &c->w->srv->stats.unsubscribes, code);
	unsub.code = code;
	unsub.reason = rotor_unsubscribe_text(code);
	push.channel = s->chan->text;
	push.unsubscribe = &unsub;
	client_ref(c);
	client_send_push(c, &push);
	if (c->state != CLIENT_CLOSED)		/* else the sub is gone already */
		sub_free(&s);
	client_unref(&c);
}

void
sub_insufficient(struct sub *s)
{
	if (s->flags & SUB_SERVER_SIDE)
		client_close(s->client, ROTOR_DISCONNECT_INSUFFICIENT, NULL);
	else
		client_unsubscribe_push(s, ROTOR_UNSUB_INSUFFICIENT);
}

/* 1: deliver; 0: the client has it; -1: there is a gap. */
static int
position_advance(struct sub *s, const struct rotor_publication *pub)
{
	int64_t max_lag = s->client->w->srv->cc.client.channel_position_max_time_lag_ms;

	if (s->epoch == NULL && s->chan->epoch != NULL)
		s->epoch = rotor_buf_ref(s->chan->epoch);	/* there was no stream yet */
	if (s->epoch != s->chan->epoch)
		return -1;
	if (pub->offset <= s->offset)
		return 0;
	if (pub->offset > s->offset + 1)
		return -1;
	if (max_lag > 0 && pub->time_ms > 0 && s->client->w->now_unix_ms - pub->time_ms > max_lag)
		return -1;
	s->offset = pub->offset;
	s->checked_s = (uint32_t)(s->client->w->now_ms / 1000);
	return 1;
}

/* What the client is sent of a publication: a delta only from what it has, which a
 * publication outside the stream takes from it. */
static enum wire_form
form_next(struct sub *s, const struct rotor_publication *pub)
{
	uint32_t was_ready = s->flags & SUB_DELTA_READY;

	if (!(s->flags & SUB_DELTA))
		return WIRE_PLAIN;
	if (!(s->flags & SUB_POSITIONED) || pub->offset == 0)
		s->flags &= ~SUB_DELTA_READY;
	else
		s->flags |= SUB_DELTA_READY;
	return was_ready && pub->offset > 0 ? WIRE_DELTA : WIRE_FULL;
}

static int
filtered_out(const struct sub *s, const struct rotor_publication *pub)
{
	return s->filter != NULL && !tags_filter_match(s->filter, pub->tags, pub->n_tags);
}

static void
deliver_encoded(struct sub *s, struct wire *wi, enum wire_form form)
{
	struct rotor_client *c = s->client;
	struct rotor_buf *msg = wire_get(wi, c->protocol, form);

	if (msg != NULL)
		client_enqueue(c, msg);
	else
		client_close_inappropriate(c, s->chan->name);
}

void
sub_deliver(struct sub *s, struct wire *wi)
{
	const struct rotor_publication *pub = wi->pub;

	if (!(s->flags & SUB_LIVE)) {
		if (pub->kind == ROTOR_PUBLICATION && s->pending != NULL)
			subscribe_hold_back(s->pending, wi->pub, wi->prev);
		return;
	}
	if (pub->kind != ROTOR_PUBLICATION) {
		if (s->flags & SUB_PUSH_JOIN_LEAVE)
			deliver_encoded(s, wi, WIRE_PLAIN);
		return;
	}
	if ((s->flags & SUB_POSITIONED) && pub->offset > 0) {
		int r = position_advance(s, pub);

		if (r < 0)
			sub_insufficient(s);
		if (r <= 0)
			return;
	}
	if (!filtered_out(s, pub))
		deliver_encoded(s, wi, form_next(s, pub));
}

/* A position check under way; the sub may go meanwhile, so it is found by name. */
struct check {
	struct rotor_client	*client;
	uint64_t		offset;		/* of the sub when it asked */
	size_t			len;
	char			channel[];
};

static int
epoch_differs(struct rotor_buf *have, struct rotor_str top)
{
	return have != NULL && (rotor_buf_len(have) != top.len ||
	    memcmp(rotor_buf_data(have), top.p, top.len) != 0);
}

static void
check_done(void *token, uint32_t code, const struct rotor_history *h)
{
	struct check *ck = token;
	struct rotor_client *c = ck->client;
	uint64_t top = code == 0 ? h->top.offset : 0;
	struct sub *s;

	/* What the engine had delivered before it answered may still be in our own
	 * inbox; it is not lost. */
	if (code == 0 && worker_drain(c->w) && c->state != CLIENT_CLOSED &&
	    (s = client_sub_get(c, (struct rotor_str){ ck->channel, ck->len })) != NULL &&
	    (s->flags & (SUB_LIVE | SUB_POSITIONED)) == (SUB_LIVE | SUB_POSITIONED)) {
		s->checked_s = (uint32_t)(c->w->now_ms / 1000);
		/* A stream that is behind us has lost something, and would count what comes
		 * next as known. */
		if (epoch_differs(s->epoch, h->top.epoch) || s->offset < top || top < ck->offset)
			sub_insufficient(s);
	}
	client_unref(&c);
	free(ck);
}

static void
position_check(struct sub *s)
{
	struct rotor_client *c = s->client;
	struct rotor_server *srv = c->w->srv;
	struct rotor_str channel = s->chan->name;
	struct rotor_history_query q = { .size = sizeof q,
	    .history_meta_ttl_ms = s->chan->opts->history_meta_ttl_ms };
	struct check *ck = malloc(sizeof *ck + channel.len);

	if (ck == NULL)
		return;		/* the next tick checks again */
	client_ref(c);
	ck->client = c;
	ck->offset = s->offset;
	ck->len = channel.len;
	memcpy(ck->channel, channel.p, channel.len);
	srv->broker->history(srv->broker_ctx, c->w, channel, &q, check_done, ck);
}

static int
expired(struct sub *s)
{
	const struct conf_client *cl = &s->client->w->srv->cc.client;

	/* In whole seconds, as the client was told: expire_at may lie any number of years ahead. */
	return s->expire_at != 0 &&
	    s->client->w->now_unix_ms / 1000 - cl->expired_sub_close_delay_ms / 1000 > s->expire_at;
}

int
sub_ticks(const struct sub *s)
{
	return s->expire_at != 0 || (s->flags & (SUB_PRESENCE | SUB_POSITIONED)) != 0;
}

void
sub_tick(struct sub *s)
{
	const struct conf_client *cl = &s->client->w->srv->cc.client;
	uint32_t now_s = (uint32_t)(s->client->w->now_ms / 1000);

	if (!(s->flags & SUB_LIVE))
		return;
	if (expired(s)) {
		if (s->flags & SUB_SERVER_SIDE)
			client_close(s->client, ROTOR_DISCONNECT_SUB_EXPIRED, NULL);
		else
			client_unsubscribe_push(s, ROTOR_UNSUB_EXPIRED);
		return;
	}
	if (s->flags & SUB_PRESENCE)
		presence_refresh(s);
	if ((s->flags & SUB_POSITIONED) &&
	    now_s - s->checked_s > cl->channel_position_check_delay_ms / 1000)
		position_check(s);
}
