/* SPDX-License-Identifier: MIT */
/* client/cmd_presence.c - the presence and presence_stats commands. */
#include "config.h"

#include <errno.h>

#include <rotor/codes.h>
#include <rotor/engine.h>

#include "base/arena.h"
#include "base/str.h"
#include "channel/name.h"
#include "client/client.h"
#include "client/op.h"
#include "client/publications.h"
#include "client/reply.h"
#include "node/server.h"

/* 0, an error or a disconnect code. */
static uint32_t
check(struct op *op, const char *channel_text)
{
	struct rotor_client *c = op->client;
	const struct rotor_server *srv = c->w->srv;
	struct rotor_str channel = str_of(channel_text);
	struct chan_name name;
	uint32_t code;

	if (channel.len == 0)
		return ROTOR_DISCONNECT_BAD_REQUEST;
	code = chan_name_parse(&srv->cc.channel, channel, &name);
	if (code != 0)
		return code;
	if (!chan_name_valid(&name))
		return ROTOR_ERR_BAD_REQUEST;
	if (!name.opts->presence || srv->presence == NULL)
		return ROTOR_ERR_NOT_AVAILABLE;
	return chan_access_allowed(name.opts, CHAN_PRESENCE, client_user(c),
	    client_sub_get(c, channel) != NULL, srv->cc.client.insecure) ? 0 : ROTOR_ERR_PERMISSION_DENIED;
}

static int
refused(struct op *op, uint32_t code)
{
	if (code >= ROTOR_DISCONNECT_CLOSED)
		op_disconnect(op, code);
	else if (code != 0)
		op_error(op, code);
	return code != 0;
}

static int
entries_fill(struct arena *a, const struct rotor_presence_result *res, Cp__PresenceResult *out)
{
	out->presence = arena_alloc(a, (res->n_clients + 1) * sizeof *out->presence);
	if (out->presence == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < res->n_clients; i++) {
		Cp__PresenceResult__PresenceEntry *e = arena_alloc(a, sizeof *e);

		if (e == NULL)
			return -ENOMEM;
		cp__presence_result__presence_entry__init(e);
		e->value = client_info_fill(a, &res->clients[i]);
		if (e->value == NULL)
			return -ENOMEM;
		e->key = e->value->client;
		out->presence[i] = e;
	}
	out->n_presence = res->n_clients;
	return 0;
}

static void
presence_read(void *token, uint32_t code, const struct rotor_presence_result *res)
{
	struct op *op = token;
	Cp__PresenceResult out = CP__PRESENCE_RESULT__INIT;
	Cp__Reply reply = CP__REPLY__INIT;

	if (code == 0 && entries_fill(&op->arena, res, &out) != 0)
		code = ROTOR_ERR_INTERNAL;
	if (refused(op, code))
		return;
	reply.presence = &out;
	op_reply(op, &reply);
}

void
cmd_presence(struct op *op)
{
	struct rotor_worker *w = op->client->w;
	const struct rotor_server *srv = w->srv;
	const char *channel = op->msg->presence->channel;

	if (!refused(op, check(op, channel)))
		srv->presence->get(srv->presence_ctx, w, str_of(channel), presence_read, op);
}

static void
stats_read(void *token, uint32_t code, const struct rotor_presence_result *res)
{
	struct op *op = token;
	Cp__PresenceStatsResult out = CP__PRESENCE_STATS_RESULT__INIT;
	Cp__Reply reply = CP__REPLY__INIT;

	if (refused(op, code))
		return;
	out.num_clients = res->num_clients;
	out.num_users = res->num_users;
	reply.presence_stats = &out;
	op_reply(op, &reply);
}

void
cmd_presence_stats(struct op *op)
{
	struct rotor_worker *w = op->client->w;
	const struct rotor_server *srv = w->srv;
	const char *channel = op->msg->presence_stats->channel;

	if (!refused(op, check(op, channel)))
		srv->presence->stats(srv->presence_ctx, w, str_of(channel), stats_read, op);
}
