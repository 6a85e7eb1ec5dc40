/* SPDX-License-Identifier: MIT */
/* client/cmd_presence.c - the presence command. */
#include "config.h"

#include <errno.h>

#include <rotor/codes.h>
#include <rotor/engine.h>

#include "base/arena.h"
#include "base/str.h"
#include "client/client.h"
#include "client/op.h"
#include "client/permit.h"
#include "client/publications.h"
#include "client/reply.h"
#include "node/server.h"

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
	if (code != 0) {
		op_refuse(op, code);
		return;
	}
	reply.presence = &out;
	op_reply(op, &reply);
}

void
cmd_presence(struct op *op)
{
	struct rotor_worker *w = op->client->w;
	const struct rotor_server *srv = w->srv;
	const char *channel = op->msg->presence->channel;
	uint32_t code = permit_presence(op->client, channel);

	if (code != 0)
		op_refuse(op, code);
	else
		srv->presence->get(srv->presence_ctx, w, rotor_str_of(channel), presence_read, op);
}
