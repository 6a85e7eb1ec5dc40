/* SPDX-License-Identifier: MIT */
/* client/op.c - see client/op.h. */
#include "config.h"

#include "client/op.h"

#include <stdlib.h>

#include <rotor/codes.h>

#include "base/obj.h"
#include "client/client.h"
#include "client/reply.h"
#include "proto/codec.h"

/* Small elements of arrays grow when decoded, about 30 times at worst. */
#define DECODED_FACTOR	64u

const struct command command_table[COMMAND_N] = {
	{ "connect", offsetof(Cp__Command, connect), cmd_connect },
	{ "ping", offsetof(Cp__Command, ping), cmd_ping },
	{ "subscribe", offsetof(Cp__Command, subscribe), cmd_subscribe },
	{ "unsubscribe", offsetof(Cp__Command, unsubscribe), cmd_unsubscribe },
	{ "publish", offsetof(Cp__Command, publish), cmd_publish },
	{ "presence", offsetof(Cp__Command, presence), cmd_presence },
	{ "presence_stats", offsetof(Cp__Command, presence_stats), cmd_presence_stats },
	{ "history", offsetof(Cp__Command, history), cmd_history },
	{ "rpc", offsetof(Cp__Command, rpc), cmd_rpc },
	{ "send", offsetof(Cp__Command, send), cmd_send },
	{ "refresh", offsetof(Cp__Command, refresh), cmd_refresh },
	{ "sub_refresh", offsetof(Cp__Command, sub_refresh), cmd_sub_refresh },
};

static ProtobufCMessage *
decode(struct rotor_client *c, struct arena *a, struct rotor_str bytes)
{
	struct json_reader r;

	if (c->protocol == ROTOR_PROTOBUF)
		return codec_decode_pb(&cp__command__descriptor, a, bytes);
	json_reader_init(&r, bytes.p, bytes.len);
	return codec_decode_json(&cp__command__descriptor, a, &r);
}

struct op *
op_new(struct rotor_client *c, struct rotor_str bytes, uint32_t *ret_code)
{
	struct op *op = malloc(sizeof *op);
	struct rotor_str copy;

	*ret_code = ROTOR_DISCONNECT_INTERNAL;
	if (op == NULL)
		return NULL;
	op->magic = OP_MAGIC;
	arena_init(&op->arena, op->first, sizeof op->first);
	/* What is decoded points into the bytes, and may have to wait. */
	copy = arena_str(&op->arena, bytes);
	op->arena.limit = bytes.len * DECODED_FACTOR + OP_FIRST_BYTES;
	if (copy.p != NULL || bytes.len == 0) {
		*ret_code = ROTOR_DISCONNECT_BAD_REQUEST;
		op->msg = (Cp__Command *)decode(c, &op->arena, copy);
		op->arena.limit = 0;
		if (op->msg != NULL) {
			op->id = op->msg->id;
			op->client = c;
			client_ref(c);
			c->busy++;
			return op;
		}
	}
	arena_reset(&op->arena);
	free(op);
	return NULL;
}

int
op_is_late(const struct op *op)
{
	return op->client->state == CLIENT_CLOSED;
}

void
op_end(struct op *op)
{
	struct rotor_client *c = op->client;

	OBJ_CHECK(op, OP_MAGIC);
	arena_reset(&op->arena);
	OBJ_FREE(op);
	c->busy--;
	client_resume(c);
	client_unref(&c);
}

void
op_reply(struct op *op, Cp__Reply *reply)
{
	reply->id = op->id;
	client_send(op->client, reply);
	op_end(op);
}

void
op_reply_empty(struct op *op, uint32_t result)
{
	client_send_empty(op->client, op->id, result);
	op_end(op);
}

void
op_error(struct op *op, uint32_t code)
{
	client_send_error(op->client, op->id, code);
	op_end(op);
}

void
op_disconnect(struct op *op, uint32_t code)
{
	client_close(op->client, code, NULL);
	op_end(op);
}

void
op_refuse(struct op *op, uint32_t code)
{
	if (code >= ROTOR_DISCONNECT_CLOSED)
		op_disconnect(op, code);
	else
		op_error(op, code);
}
