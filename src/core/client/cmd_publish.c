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
#include "client/reply.h"
#include "node/server.h"
#include "proto/codec.h"
#include "proto/hot.h"

#define TYPE_MAP	1	/* PublishRequest.type; what is not known counts as a stream */

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
check(struct op *op, struct chan_name *name, struct sub **ret_sub, int *ret_json)
{
	const Cp__PublishRequest *req = op->msg->publish;
	struct rotor_client *c = op->client;
	const struct conf_core *cc = &c->w->srv->cc;
	struct rotor_str channel = str_of(req->channel);
	uint32_t code;

	if (channel.len == 0)
		return ROTOR_DISCONNECT_BAD_REQUEST;
	code = chan_name_parse(&cc->channel, channel, name);
	if (code != 0)
		return code;
	if (!chan_name_valid(name))
		return ROTOR_ERR_BAD_REQUEST;
	if (req->type == TYPE_MAP)
		return ROTOR_ERR_PERMISSION_DENIED;	/* no namespace has that type */
	if (!chan_data_valid(name->opts, codec_str(req->data), ret_json))
		return ROTOR_ERR_BAD_REQUEST;
	*ret_sub = client_sub_get(c, channel);
	if (!chan_access_allowed(name->opts, CHAN_PUBLISH, client_user(c), *ret_sub != NULL, cc->client.insecure))
		return ROTOR_ERR_PERMISSION_DENIED;
	return 0;
}

void
cmd_publish(struct op *op)
{
	struct rotor_client *c = op->client;
	struct rotor_server *srv = c->w->srv;
	struct sub *sub = NULL;
	struct chan_name name;
	int json = c->protocol == ROTOR_JSON;	/* the codec has proved it */
	uint32_t code = check(op, &name, &sub, &json);
	char id[36];
	struct rotor_client_info info = sub_info(c, sub, id);
	struct rotor_publication pub = { .size = sizeof pub, .channel = name.full,
	    .data = codec_str(op->msg->publish->data), .info = &info, .time_ms = c->w->now_unix_ms };
	struct rotor_publish req = { .size = sizeof req, .pub = &pub };

	if (code >= ROTOR_DISCONNECT_CLOSED) {
		op_disconnect(op, code);
		return;
	}
	if (code != 0) {
		op_error(op, code);
		return;
	}
	pub.flags = (json ? ROTOR_PUB_JSON : 0) | (name.opts->delta_publish ? ROTOR_PUB_DELTA : 0);
	req.history_size = (uint32_t)name.opts->history_size;
	req.history_ttl_ms = name.opts->history_ttl_ms;
	req.history_meta_ttl_ms = name.opts->history_meta_ttl_ms;
	rotor_metric_add(c->w, srv->stats.messages_sent[ROTOR_PUBLICATION], 1);
	srv->broker->publish(srv->broker_ctx, c->w, &req, published, op);
}
