/* SPDX-License-Identifier: MIT */
/*
 * client/timers.c - everything a client waits for, on one timer.
 *
 * due[] holds the deadlines; the wheel timer is armed for the earliest.  When it
 * fires, each deadline that has passed runs its row of the table.
 */
#include "config.h"

#include <string.h>

#include <rotor/codes.h>

#include "base/obj.h"
#include "base/str.h"
#include "client/client.h"
#include "node/server.h"

#define YEAR_S		INT64_C(31536000)

static void
rearm(struct rotor_client *c)
{
	uint64_t first = UINT64_MAX, now = c->w->now_ms;

	for (int i = 0; i < DUE_N; i++)
		if (c->due[i] != 0 && c->due[i] < first)
			first = c->due[i];
	if (first == UINT64_MAX)
		wheel_cancel(&c->timer);
	else if (!wheel_armed(&c->timer) || c->timer.due_ms != first)
		worker_timer_set(c->w, &c->timer, first > now ? first - now : 0);
}

static void on_stale(struct rotor_client *c);
static void on_ping(struct rotor_client *c);
static void on_no_pong(struct rotor_client *c);
static void on_expire(struct rotor_client *c);
static void on_presence(struct rotor_client *c);
static void on_drop(struct rotor_client *c);

static void (*const due_run[DUE_N])(struct rotor_client *) = {
	[DUE_STALE] = on_stale,
	[DUE_PONG] = on_no_pong,
	[DUE_PING] = on_ping,
	[DUE_EXPIRE] = on_expire,
	[DUE_PRESENCE] = on_presence,
	[DUE_DROP] = on_drop,
};

static void
fire(struct wheel_timer *t)
{
	struct rotor_client *c = (struct rotor_client *)((char *)t - offsetof(struct rotor_client, timer));

	OBJ_CHECK(c, CLIENT_MAGIC);
	worker_doing(c->w, "client timer", NULL);
	client_ref(c);
	for (int i = 0; i < DUE_N && c->state != CLIENT_CLOSED; i++)
		if (c->due[i] != 0 && c->due[i] <= c->w->now_ms) {
			c->due[i] = 0;
			due_run[i](c);
		}
	if (c->state != CLIENT_CLOSED)
		rearm(c);
	client_unref(&c);
}

void
client_due(struct rotor_client *c, enum client_due what, uint64_t ms)
{
	c->timer.fire = fire;
	c->due[what] = ms > 0 ? c->w->now_ms + ms : 0;
	rearm(c);
}

void
client_timers_stop(struct rotor_client *c)
{
	wheel_cancel(&c->timer);
	memset(c->due, 0, sizeof c->due);
}

/* A random part of [ms/2, ms): spreads what all clients do at one pace. */
static uint64_t
spread(int64_t ms)
{
	uint64_t half = (uint64_t)ms / 2;

	return half > 0 ? half + random_jitter() % half : 1;
}

void
client_timers_start(struct rotor_client *c)
{
	const struct conf_client *cl = &c->w->srv->cc.client;

	client_due(c, DUE_STALE, 0);
	if (cl->ping_interval_ms > 0)
		client_due(c, DUE_PING, spread(cl->ping_interval_ms));
	client_expiry_arm(c);
}

static int
any_ticks(const struct rotor_client *c)
{
	for (uint32_t i = 0; i < c->n_subs; i++)
		if (sub_ticks(c->subs[i]))
			return 1;
	return 0;
}

void
client_tick_arm(struct rotor_client *c, const struct sub *s)
{
	if (c->due[DUE_PRESENCE] == 0 && sub_ticks(s))
		client_due(c, DUE_PRESENCE, spread(c->w->srv->cc.client.presence_update_interval_ms));
}

static void
on_stale(struct rotor_client *c)
{
	client_close(c, ROTOR_DISCONNECT_STALE, NULL);
}

/* The reference drops such a connection without a word. */
static void
on_drop(struct rotor_client *c)
{
	client_close(c, 0, "");
}

static void
on_ping(struct rotor_client *c)
{
	const struct conf_client *cl = &c->w->srv->cc.client;

	c->ping_sent_ms = c->w->now_ms;
	/* The earlier one first: the timer is set once. */
	if (cl->pong_timeout_ms > 0 && !(c->flags & ROTOR_CLIENT_UNIDIRECTIONAL))
		client_due(c, DUE_PONG, (uint64_t)cl->pong_timeout_ms);
	client_due(c, DUE_PING, (uint64_t)cl->ping_interval_ms);
	if (c->flags & ROTOR_CLIENT_NATIVE_PING)
		c->transport->ping(c->conn);
	else
		client_enqueue(c, c->w->hub->ping[c->protocol]);
}

static void
on_no_pong(struct rotor_client *c)
{
	if (c->flags & ROTOR_CLIENT_NATIVE_PING)
		client_close(c, 0, "");
	else
		client_close(c, ROTOR_DISCONNECT_NO_PONG, NULL);
}

static void
pong_take(struct rotor_client *c)
{
	uint64_t ms = c->w->now_ms - c->ping_sent_ms;

	if (c->ping_sent_ms != 0)
		c->latency_ms = (uint16_t)(ms < UINT16_MAX ? ms + 1 : UINT16_MAX);
	c->ping_sent_ms = 0;
	client_due(c, DUE_PONG, 0);
}

void
client_on_pong(struct rotor_client *c)
{
	if (c->ping_sent_ms == 0 || (c->flags & ROTOR_CLIENT_NATIVE_PING)) {
		client_close(c, ROTOR_DISCONNECT_BAD_REQUEST, NULL);
		return;
	}
	pong_take(c);
}

void
rotor_client_pong(struct rotor_client *c)
{
	OBJ_CHECK(c, CLIENT_MAGIC);
	if (c->state == CLIENT_CLOSED || !(c->flags & ROTOR_CLIENT_NATIVE_PING))
		return;
	pong_take(c);
}

uint32_t
client_ttl(const struct rotor_client *c, int64_t expire_at)
{
	int64_t ttl = expire_at - c->w->now_unix_ms / 1000;

	return ttl < 1 ? 1 : (uint32_t)(ttl > YEAR_S ? YEAR_S : ttl);
}

void
client_expiry_arm(struct rotor_client *c)
{
	int64_t left_ms;

	if (c->expire_at == 0) {
		client_due(c, DUE_EXPIRE, 0);
		return;
	}
	/* In whole seconds, as the client was told: it may lie any number of years ahead. */
	left_ms = c->expire_at - c->w->now_unix_ms / 1000;
	left_ms = (left_ms > YEAR_S ? YEAR_S : left_ms) * 1000;
	left_ms += c->w->srv->cc.client.expired_close_delay_ms;
	client_due(c, DUE_EXPIRE, left_ms > 0 ? (uint64_t)left_ms : 1);
}

static void
on_expire(struct rotor_client *c)
{
	client_close(c, ROTOR_DISCONNECT_EXPIRED, NULL);
}

static void
on_presence(struct rotor_client *c)
{
	if (!any_ticks(c))
		return;		/* until one comes that does */
	client_due(c, DUE_PRESENCE, (uint64_t)c->w->srv->cc.client.presence_update_interval_ms);
	/* Backwards: a tick may end its own sub; and any number of others, when a check
	 * of the position empties the inbox. */
	for (uint32_t i = c->n_subs; i-- > 0 && c->state != CLIENT_CLOSED;)
		if (i < c->n_subs)
			sub_tick(c->subs[i]);
}
