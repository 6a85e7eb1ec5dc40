/* SPDX-License-Identifier: MIT */
/* client/reply.c - see client/reply.h. */
#include "config.h"

#include "client/reply.h"

#include <errno.h>
#include <string.h>

#include <rotor/codes.h>
#include <rotor/metrics.h>

#include "base/codes.h"
#include "client/client.h"
#include "node/server.h"
#include "proto/codec.h"
#include "proto/hot.h"
#include "proto/json.h"

#define FIRST_BYTES	2048	/* replies that fit are encoded without allocating */
#define VARINT_MAX	10

struct rotor_buf *
reply_finish(struct out *o, uint32_t protocol)
{
	char prefix[VARINT_MAX];
	struct rotor_buf *b;
	struct out v;

	if (o->failed)
		return NULL;
	out_init(&v, prefix, sizeof prefix);
	if (protocol == ROTOR_PROTOBUF)
		out_varint(&v, o->len);
	b = rotor_buf_alloc(v.len + o->len);
	if (b == NULL)
		return NULL;
	memcpy(rotor_buf_data(b), prefix, v.len);
	if (o->len > 0)
		memcpy(rotor_buf_data(b) + v.len, o->p, o->len);
	return b;
}

static void
enqueue_out(struct rotor_client *c, struct out *o)
{
	struct rotor_buf *b = reply_finish(o, c->protocol);

	if (b == NULL) {
		client_close(c, ROTOR_DISCONNECT_INTERNAL, NULL);
		return;
	}
	client_enqueue(c, b);
	rotor_buf_unref(&b);
}

int
reply_encode(const Cp__Reply *reply, uint32_t protocol, size_t limit, struct rotor_buf **ret)
{
	char first[FIRST_BYTES];
	struct out o;
	int r;

	out_init(&o, first, sizeof first);
	o.limit = limit;
	r = protocol == ROTOR_JSON ? codec_encode_json(&reply->base, CODEC_RAW_VERBATIM, &o)
	    : codec_encode_pb(&reply->base, &o);
	if (r == 0 && (*ret = reply_finish(&o, protocol)) == NULL)
		r = -ENOMEM;
	else if (r == -ENOMEM && o.over)
		r = -EMSGSIZE;
	out_fini(&o);
	return r;
}

void
reply_failed(struct rotor_client *c, int error)
{
	if (error == -EINVAL)
		client_close_inappropriate(c, (struct rotor_str){ "", 0 });
	else
		client_close(c, error == -EMSGSIZE ? ROTOR_DISCONNECT_SLOW : ROTOR_DISCONNECT_INTERNAL, NULL);
}

void
client_send(struct rotor_client *c, const Cp__Reply *reply)
{
	struct rotor_buf *b;
	int r;

	if (c->state == CLIENT_CLOSED)
		return;
	r = reply_encode(reply, c->protocol, 0, &b);
	if (r != 0) {
		reply_failed(c, r);
		return;
	}
	client_enqueue(c, b);
	rotor_buf_unref(&b);
}

void
client_send_push(struct rotor_client *c, Cp__Push *push)
{
	Cp__Reply reply = CP__REPLY__INIT;

	reply.push = push;
	client_send(c, &reply);
}

void
client_send_empty(struct rotor_client *c, uint32_t id, uint32_t result)
{
	char first[64];
	struct out o;

	if (c->state == CLIENT_CLOSED)
		return;
	out_init(&o, first, sizeof first);
	hot_reply_empty(&o, c->protocol, id, result);
	enqueue_out(c, &o);
	out_fini(&o);
}

void
client_send_error(struct rotor_client *c, uint32_t id, uint32_t code)
{
	Cp__Reply reply = CP__REPLY__INIT;
	Cp__Error error = CP__ERROR__INIT;

	stats_count_code(c->w, &c->w->srv->stats.reply_errors, code);
	error.code = code;
	error.message = rotor_error_text(code);
	error.temporary = error_is_temporary(code);
	reply.id = id;
	reply.error = &error;
	client_send(c, &reply);
}
