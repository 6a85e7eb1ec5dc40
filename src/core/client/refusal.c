/* SPDX-License-Identifier: MIT */
/* client/refusal.c - see client/refusal.h. */
#include "config.h"

#include "client/refusal.h"

#include <string.h>

#include <rotor/codes.h>
#include <rotor/log.h>

#include "base/str.h"
#include "client/client.h"
#include "node/server.h"

#define AREA		"client"
#define ADDRESS_MAX	64u
#define FIELDS_MAX	6u

/* It is the transport's to know; most clients are never asked for. */
static struct rotor_str
address_of(const struct rotor_client *c, char buf[ADDRESS_MAX])
{
	const struct rotor_transport *t = c->transport;
	struct rotor_str s = { buf, 0 };

	if (c->conn != NULL && ROTOR_HAS(t, remote_addr) && t->remote_addr != NULL)
		s.len = t->remote_addr(c->conn, buf, ADDRESS_MAX);
	return s;
}

static const char *
why_of(const struct refusal *r)
{
	if (r->why != NULL)
		return r->why;
	return r->code >= ROTOR_DISCONNECT_CLOSED ? rotor_disconnect_text(r->code) : rotor_error_text(r->code);
}

static struct rotor_field
field(const char *key, struct rotor_str s)
{
	return (struct rotor_field)ROTOR_F_SLICE(key, s);
}

void
refusal_log(const struct rotor_client *c, const struct refusal *r)
{
	struct rotor_log *log = c->w->srv->log;
	char id[36], address[ADDRESS_MAX];
	struct rotor_field f[FIELDS_MAX];
	size_t n = 0;

	if (c->state == CLIENT_CLOSED || rotor_log_level(log) > ROTOR_LOG_INFO ||
	    !rotor_log_admit(log, ROTOR_LOG_INFO, AREA, r->what))
		return;
	uuid_text(c->id, id);
	f[n++] = field("client", (struct rotor_str){ id, sizeof id });
	f[n++] = field("user", c->user != NULL ? client_user(c) : r->user);
	if (r->channel.len > 0)
		f[n++] = field("channel", r->channel);
	f[n++] = field("address", address_of(c, address));
	f[n++] = (struct rotor_field)ROTOR_F_INT("code", r->code);
	f[n++] = field("why", rotor_str_of(why_of(r)));
	rotor_log_write(log, ROTOR_LOG_INFO, AREA, r->what, f, n);
}
