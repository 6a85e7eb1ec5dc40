/* SPDX-License-Identifier: MIT */
/*
 * node/admission.c - who may open a connection: origin, number, rate.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rotor/log.h>
#include <rotor/transport.h>

#include "base/obj.h"
#include "base/str.h"
#include "node/server.h"

#define ORIGIN_MAX	512u
#define ALLOWED_MAX	512u	/* of the list, in the log */

int
rotor_origin_allowed(struct rotor_server *srv, struct rotor_str origin)
{
	const struct rotor_strlist *allowed = &srv->cc.client.allowed_origins;
	char lower[ORIGIN_MAX];

	if (origin.len == 0)
		return 1;
	if (origin.len > sizeof lower)
		return 0;
	for (size_t i = 0; i < origin.len; i++)
		lower[i] = (char)tolower((unsigned char)origin.p[i]);
	for (size_t i = 0; i < allowed->n; i++)
		if (glob_match(rotor_str_of(allowed->v[i]), (struct rotor_str){ lower, origin.len }) == 1)
			return 1;
	return 0;
}

/* "a, b, ..." as far as it fits. */
static void
join(const struct rotor_strlist *list, char *buf, size_t size)
{
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < list->n && at < size; i++)
		at += (size_t)snprintf(buf + at, size - at, "%s%s", i > 0 ? ", " : "", list->v[i]);
}

int
rotor_origin_admit(struct rotor_server *srv, struct rotor_str origin, struct rotor_str remote_addr)
{
	char allowed[ALLOWED_MAX];

	if (rotor_origin_allowed(srv, origin))
		return 1;
	join(&srv->cc.client.allowed_origins, allowed, sizeof allowed);
	ROTOR_LOG_LIMITED(srv->log, ROTOR_LOG_INFO, "client", "origin refused",
	    ROTOR_F_SLICE("origin", origin), ROTOR_F_STR("client.allowed_origins", allowed),
	    ROTOR_F_SLICE("address", remote_addr));
	return 0;
}

/* A bucket of `limit` tokens that gets one a second, as the reference has it. */
static int
rate_take(struct rotor_server *srv, int limit)
{
	struct timespec ts;
	int64_t now_ms, last = atomic_load(&srv->rate_refilled_ms);
	int tokens;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now_ms = ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
	if (now_ms - last >= 1000) {
		int64_t gained = (now_ms - last) / 1000;

		/* Whoever moves the clock on fills the bucket. */
		if (atomic_compare_exchange_strong(&srv->rate_refilled_ms, &last, last + gained * 1000)) {
			tokens = atomic_load(&srv->rate_tokens);
			while (tokens < limit && !atomic_compare_exchange_weak(&srv->rate_tokens, &tokens,
			    gained > limit - tokens ? limit : tokens + (int)gained))
				;
		}
	}
	tokens = atomic_load(&srv->rate_tokens);
	while (tokens > 0)
		if (atomic_compare_exchange_weak(&srv->rate_tokens, &tokens, tokens - 1))
			return 1;
	return 0;
}

int
rotor_connection_admit(struct rotor_server *srv)
{
	const struct conf_client *cl = &srv->cc.client;
	const char *limit = NULL;

	if (cl->connection_limit > 0 && atomic_load(&srv->n_clients) >= cl->connection_limit)
		limit = "client.connection_limit";
	else if (cl->connection_rate_limit > 0 && !rate_take(srv, (int)cl->connection_rate_limit))
		limit = "client.connection_rate_limit";
	if (limit != NULL)
		ROTOR_LOG_LIMITED(srv->log, ROTOR_LOG_WARN, "client", "connection refused: too many",
		    ROTOR_F_STR("limit", limit), ROTOR_F_INT("clients", atomic_load(&srv->n_clients)));
	return limit == NULL;
}

const char *
rotor_user_id_header(const struct rotor_server *srv)
{
	return srv->cc.client.user_id_http_header;
}
