/* SPDX-License-Identifier: MIT */
/* client/cmd_presence_stats.c - the presence_stats command. */
#include "config.h"

#include <rotor/engine.h>

#include "base/str.h"
#include "client/client.h"
#include "client/op.h"
#include "client/permit.h"
#include "node/server.h"

static void
stats_read(void *token, uint32_t code, const struct rotor_presence_result *res)
{
	struct op *op = token;
	Cp__PresenceStatsResult out = CP__PRESENCE_STATS_RESULT__INIT;
	Cp__Reply reply = CP__REPLY__INIT;

	if (code != 0) {
		op_refuse(op, code);
		return;
	}
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
	uint32_t code = permit_presence(op->client, channel);

	if (code != 0)
		op_refuse(op, code);
	else
		srv->presence->stats(srv->presence_ctx, w, rotor_str_of(channel), stats_read, op);
}
