/* SPDX-License-Identifier: MIT */
/* client/cmd_publish.c - the publish command. */
#include "config.h"

#include <rotor/codes.h>
#include <rotor/engine.h>
#include <rotor/metrics.h>

#include "base/str.h"
#include "channel/name.h"
#include "client/client.h"
#include "client/op.h"
#include "client/permit.h"
#include "client/reply.h"
#include "node/server.h"
#include "proto/codec.h"
#include "proto/hot.h"

static void
published(void *token, uint32_t code, const struct rotor_publish_result *res)
{
	struct op *op = token;

	(void)res;
	if (code != 0) {
		op_error(op, code);
		return;
	}
	/* The publisher's own push comes before the reply: what the engine has put into
	 * our inbox goes to the queue first.  This may end the client. */
	worker_drain(op->client->w);
	op_reply_empty(op, REPLY_PUBLISH);
}

/* 0, an error or a disconnect code; fills `name` and the JSON mark. */
static uint32_t
check(struct op *op, struct chan_name *name, int *ret_json)
{
	const Cp__PublishRequest *req = op->msg->publish;
	uint32_t code = permit_name(op->client, req->channel, name);

	if (code != 0)
		return code;
	if (req->type == CHAN_TYPE_MAP)
		return ROTOR_ERR_PERMISSION_DENIED;	/* nobody can write to maps yet */
	if (!chan_data_valid(name->opts, codec_str(req->data), ret_json))
		return ROTOR_ERR_BAD_REQUEST;
	return permit_access(op->client, name, CHAN_PUBLISH);
}

void
cmd_publish(struct op *op)
{
	struct rotor_client *c = op->client;
	struct rotor_server *srv = c->w->srv;
	struct rotor_publication pub = { .size = sizeof pub, .time_ms = c->w->now_unix_ms,
	    .data = codec_str(op->msg->publish->data) };
	struct rotor_publish req = { .size = sizeof req, .pub = &pub };
	struct rotor_client_info info;
	struct chan_name name;
	int json = c->protocol == ROTOR_JSON;	/* the codec has proved it */
	uint32_t code = check(op, &name, &json);
	char id[36];

	if (code != 0) {
		op_refuse(op, code);
		return;
	}
	info = sub_info(c, client_sub_get(c, name.full), id);
	pub.channel = name.full;
	pub.info = &info;
	pub.flags = (json ? ROTOR_PUB_JSON : 0) | (name.opts->delta_publish ? ROTOR_PUB_DELTA : 0);
	req.history_size = (uint32_t)name.opts->history_size;
	req.history_ttl_ms = name.opts->history_ttl_ms;
	req.history_meta_ttl_ms = name.opts->history_meta_ttl_ms;
	rotor_metric_add(c->w, srv->stats.messages_sent[ROTOR_PUBLICATION], 1);
	srv->broker->publish(srv->broker_ctx, c->w, &req, published, op);
}
