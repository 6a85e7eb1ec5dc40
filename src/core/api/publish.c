/* SPDX-License-Identifier: MIT */
/* api/publish.c - publish and broadcast. */
#include "config.h"

#include "api/publish.h"

#include <rotor/codes.h>
#include <rotor/engine.h>
#include <rotor/metrics.h>

#include "api/series.h"
#include "base/str.h"
#include "channel/name.h"
#include "loop/worker.h"
#include "node/server.h"

#define IDEMPOTENCY_TTL_MS	INT64_C(300000)

uint32_t
publish_one(struct rotor_worker *w, struct rotor_str channel, const struct message *msg,
    rotor_publish_done_f *done, void *token)
{
	struct rotor_server *srv = w->srv;
	int json = msg->json;
	struct rotor_publication pub = { .size = sizeof pub, .channel = channel, .data = msg->data,
	    .tags = msg->tags, .n_tags = msg->n_tags, .version = msg->version, .time_ms = w->now_unix_ms };
	struct rotor_publish req = { .size = sizeof req, .pub = &pub,
	    .flags = msg->skip_history ? ROTOR_SKIP_HISTORY : 0, .idempotency_key = msg->idempotency_key,
	    .idempotency_ttl_ms = IDEMPOTENCY_TTL_MS, .version_epoch = msg->version_epoch };
	struct chan_name name;
	uint32_t code;

	if (channel.len == 0)
		return ROTOR_ERR_BAD_REQUEST;
	code = chan_name_parse(&srv->cc.channel, channel, &name);
	if (code != 0)
		return code;
	if (!msg->any_type && name.opts->type != CHAN_TYPE_STREAM)
		return ROTOR_ERR_BAD_REQUEST;
	if (!chan_data_valid(name.opts, msg->data, &json))
		return ROTOR_ERR_BAD_REQUEST;
	pub.flags = (json > 0 ? ROTOR_PUB_JSON : 0) |
	    (msg->delta || name.opts->delta_publish ? ROTOR_PUB_DELTA : 0);
	req.history_size = (uint32_t)name.opts->history_size;
	req.history_ttl_ms = name.opts->history_ttl_ms;
	req.history_meta_ttl_ms = name.opts->history_meta_ttl_ms;
	rotor_metric_add(w, srv->stats.messages_sent[ROTOR_PUBLICATION], 1);
	srv->broker->publish(srv->broker_ctx, w, &req, done, token);
	return 0;
}

static Ap__PublishResult *
result_new(struct api_call *call, const struct rotor_publish_result *from)
{
	Ap__PublishResult *res = api_new(call, &ap__publish_result__descriptor);

	if (res == NULL)
		return NULL;
	res->offset = from->position.offset;
	res->epoch = arena_strndup(call->arena, from->position.epoch.p, from->position.epoch.len);
	return res->epoch != NULL ? res : NULL;
}

static void
published(void *token, uint32_t code, const struct rotor_publish_result *res)
{
	struct api_call *call = token;
	Ap__PublishResult *result;

	if (code != 0) {
		api_fail(call, code);
		return;
	}
	result = result_new(call, res);
	if (result == NULL)
		api_fail(call, ROTOR_ERR_INTERNAL);
	else
		api_finish(call, result);
}

void
api_publish(struct api_call *call)
{
	const Ap__PublishRequest *r = (const Ap__PublishRequest *)call->req;
	struct message msg;
	uint32_t code;

	MESSAGE_FILL(call, &msg, r);
	code = api_payload(call, r->data, r->b64data, &msg.data);
	if (code == 0)
		code = publish_one(call->w, rotor_str_of(r->channel), &msg, published, call);
	if (code != 0)
		api_fail(call, code);
}

/* A broadcast under way. */
struct broadcast {
	struct series		series;		/* first; of the channels */
	struct api_call		*call;
	struct message		msg;
	const Ap__BroadcastRequest	*req;
	Ap__PublishResponse	**responses;
};

struct broadcast_part {
	struct broadcast	*bc;
	size_t			index;
};

static void
broadcast_over(struct series *s)
{
	struct broadcast *bc = (struct broadcast *)s;
	Ap__BroadcastResult *result = api_new(bc->call, &ap__broadcast_result__descriptor);

	if (s->failed || result == NULL) {
		api_fail(bc->call, ROTOR_ERR_INTERNAL);
		return;
	}
	result->n_responses = bc->req->n_channels;
	result->responses = bc->responses;
	api_finish(bc->call, result);
}

static void
part_ended(void *token, uint32_t code, const struct rotor_publish_result *from)
{
	struct broadcast_part *part = token;
	struct broadcast *bc = part->bc;
	Ap__PublishResponse *res = bc->responses[part->index];

	if (code == 0 && (res->result = result_new(bc->call, from)) == NULL)
		code = ROTOR_ERR_INTERNAL;
	if (code != 0 && (res->error = api_new(bc->call, &ap__error__descriptor)) != NULL) {
		res->error->code = code;
		res->error->message = api_error_text(code);
	}
	series_ended(&bc->series);
}

static void
part_start(struct series *s, size_t i)
{
	struct broadcast *bc = (struct broadcast *)s;
	struct broadcast_part *part = arena_alloc(bc->call->arena, sizeof *part);
	uint32_t code;

	bc->responses[i] = api_new(bc->call, &ap__publish_response__descriptor);
	if (part == NULL || bc->responses[i] == NULL) {
		series_fail(s);
		series_ended(s);
		return;
	}
	*part = (struct broadcast_part){ bc, i };
	code = publish_one(bc->call->w, rotor_str_of(bc->req->channels[i]), &bc->msg, part_ended, part);
	if (code != 0)
		part_ended(part, code, NULL);
}

static struct broadcast *
broadcast_new(struct api_call *call)
{
	const Ap__BroadcastRequest *r = (const Ap__BroadcastRequest *)call->req;
	struct broadcast *bc = arena_zalloc(call->arena, sizeof *bc);

	if (bc == NULL)
		return NULL;
	bc->call = call;
	bc->req = r;
	bc->series = (struct series){ .w = call->w, .n = r->n_channels, .start = part_start,
	    .over = broadcast_over };
	bc->responses = arena_alloc(call->arena, r->n_channels * sizeof *bc->responses);
	return bc->responses != NULL ? bc : NULL;
}

void
api_broadcast(struct api_call *call)
{
	const Ap__BroadcastRequest *r = (const Ap__BroadcastRequest *)call->req;
	struct broadcast *bc = NULL;
	uint32_t code = r->n_channels == 0 ? ROTOR_ERR_BAD_REQUEST : 0;

	if (code == 0 && (bc = broadcast_new(call)) == NULL)
		code = ROTOR_ERR_INTERNAL;
	if (code == 0) {
		MESSAGE_FILL(call, &bc->msg, r);
		bc->msg.any_type = 1;
		code = api_payload(call, r->data, r->b64data, &bc->msg.data);
	}
	if (code != 0)
		api_fail(call, code);
	else
		series_run(&bc->series);
}
