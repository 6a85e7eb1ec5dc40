/* SPDX-License-Identifier: MIT */
/* client/client.c - the life of a session.  See client/client.h. */
#include "config.h"

#include "client/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/codes.h>
#include <rotor/log.h>
#include <rotor/metrics.h>

#include "base/obj.h"
#include "base/str.h"
#include "base/utf8.h"
#include "client/refusal.h"
#include "client/reply.h"
#include "node/server.h"

#define APP_MAX	64u	/* bytes of a client's name or version that are kept */

/* Whoever has a NUL in his name is nobody, and never the one whose name ends there. */
static char *
header_user_copy(struct rotor_str s)
{
	char *copy = s.len > 0 && memchr(s.p, '\0', s.len) == NULL ? malloc(s.len + 1) : NULL;

	if (copy != NULL) {
		memcpy(copy, s.p, s.len);
		copy[s.len] = '\0';
	}
	return copy;
}

struct rotor_client *
rotor_client_attach(struct rotor_worker *w, const struct rotor_transport *transport, void *conn,
    const struct rotor_client_args *args, uint32_t *ret_code)
{
	struct rotor_server *srv = w->srv;
	struct rotor_client *c = NULL;
	uint32_t code = ROTOR_DISCONNECT_SHUTDOWN;

	if (!atomic_load(&srv->stopping)) {
		code = ROTOR_DISCONNECT_INTERNAL;
		OBJ_ALLOC(c, CLIENT_MAGIC);
	}
	if (c == NULL) {
		if (ret_code != NULL)
			*ret_code = code;
		return NULL;
	}
	c->refs = 1;
	c->w = w;
	c->transport = transport;
	c->conn = conn;
	c->protocol = (uint8_t)args->protocol;
	c->flags = (uint8_t)args->flags;
	c->header_user = header_user_copy(args->user_id);
	c->subs = &c->sub_one;
	c->cap_subs = 1;
	c->queue = &c->queue_one;
	c->cap_queue = 1;
	uuid_make(c->id);
	hub_attach(w->hub, c);
	atomic_fetch_add(&srv->n_clients, 1);
	atomic_fetch_add(&srv->n_attached, 1);
	rotor_metric_add(w, srv->stats.connections_accepted[c->protocol], 1);
	client_due(c, DUE_STALE, (uint64_t)srv->cc.client.stale_close_delay_ms);
	return c;
}

void
client_ref(struct rotor_client *c)
{
	OBJ_CHECK(c, CLIENT_MAGIC);
	c->refs++;
}

void
client_unref(struct rotor_client **cp)
{
	struct rotor_client *c;

	OBJ_TAKE(c, cp, CLIENT_MAGIC);
	if (--c->refs > 0)
		return;
	ASSERT(c->state == CLIENT_CLOSED && c->n_subs == 0 && c->n_queue == 0 && c->subscribing == NULL);
	free(c->header_user);
	OBJ_FREE(c);
}

struct rotor_str
client_user(const struct rotor_client *c)
{
	return c->user != NULL ? c->user->name : (struct rotor_str){ "", 0 };
}

int
client_app_set(struct rotor_client *c, struct rotor_str name, struct rotor_str version)
{
	size_t n = utf8_cut(name.p, name.len, APP_MAX), v = utf8_cut(version.p, version.len, APP_MAX);

	if (n + v == 0)
		return 0;
	c->app = calloc(1, n + 1 + v + 1);
	if (c->app == NULL)
		return -ENOMEM;
	memcpy(c->app, name.p, n);
	memcpy(c->app + n + 1, version.p, v);
	return 0;
}

const char *
client_app_name(const struct rotor_client *c)
{
	return c->app != NULL ? c->app : "";
}

const char *
client_app_version(const struct rotor_client *c)
{
	return c->app != NULL ? c->app + strlen(c->app) + 1 : "";
}

void
client_payload_set(struct rotor_buf **bp, struct rotor_str with)
{
	rotor_buf_unref(bp);
	if (with.len > 0)
		*bp = rotor_buf_new(with.p, with.len);
}

/* What is queued is still owed to the client, unless the connection is the problem. */
static int
owes_queue(uint32_t code)
{
	return code != 0 && code != ROTOR_DISCONNECT_SLOW && code != ROTOR_DISCONNECT_WRITE_ERROR &&
	    code != ROTOR_DISCONNECT_CLOSED;
}

void
client_close(struct rotor_client *c, uint32_t code, const char *reason)
{
	struct rotor_server *srv = c->w->srv;

	OBJ_CHECK(c, CLIENT_MAGIC);
	if (c->state == CLIENT_CLOSED)
		return;
	if (owes_queue(code) && c->conn != NULL)
		client_flush(c);
	if (c->state == CLIENT_CLOSED)
		return;		/* the flush found the connection broken */
	if (reason == NULL)
		reason = rotor_disconnect_text(code);
	if (code != ROTOR_DISCONNECT_CLOSED && code != 0) {
		stats_count_code(c->w, &srv->stats.disconnects, code);
		ROTOR_LOG(srv->log, ROTOR_LOG_DEBUG, "client", "disconnect",
		    ROTOR_F_SLICE("user", client_user(c)), ROTOR_F_INT("code", code),
		    ROTOR_F_STR("reason", reason));
	}
	client_timers_stop(c);
	client_leave_hub(c);
	hub_ending(c->w->hub, c);
	c->state = CLIENT_CLOSED;
	client_queue_drop(c);
	client_held_drop(c);
	atomic_fetch_sub(&srv->n_clients, 1);
	if (c->conn != NULL)
		c->transport->close(c->conn, code == ROTOR_DISCONNECT_CLOSED ? 0 : code, reason);
}

void
client_close_inappropriate(struct rotor_client *c, struct rotor_str channel)
{
	refusal_log(c, &(struct refusal){ .what = "disconnected: data that is no JSON, for a client that speaks it",
	    .code = ROTOR_DISCONNECT_INAPPROPRIATE, .channel = channel,
	    .why = "publication_data_format: json, of the namespace or of channel, refuses such publications" });
	client_close(c, ROTOR_DISCONNECT_INAPPROPRIATE, NULL);
}

void
rotor_client_detach(struct rotor_client **clientp)
{
	struct rotor_client *c = *clientp;

	OBJ_CHECK(c, CLIENT_MAGIC);
	*clientp = NULL;
	c->conn = NULL;
	client_close(c, ROTOR_DISCONNECT_CLOSED, NULL);
	hub_detach(c->w->hub, c);
	atomic_fetch_sub(&c->w->srv->n_attached, 1);
	client_unref(&c);
}
