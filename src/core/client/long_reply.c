/* SPDX-License-Identifier: MIT */
/* client/long_reply.c - see client/long_reply.h. */
#include "config.h"

#include "client/long_reply.h"

#include <errno.h>

#include <rotor/codes.h>

#include "base/arena.h"
#include "client/client.h"
#include "client/op.h"
#include "client/reply.h"
#include "node/server.h"

struct long_reply *
long_reply_new(struct op *op, long_reply_fill_f *fill, long_reply_over_f *over, void *priv)
{
	struct long_reply *lr = arena_zalloc(&op->arena, sizeof *lr);
	struct rotor_client *c = op->client;

	if (lr == NULL) {
		client_close(c, ROTOR_DISCONNECT_INTERNAL, NULL);
		return NULL;
	}
	cp__reply__init(&lr->reply);
	lr->reply.id = op->id;
	lr->op = op;
	lr->fill = fill;
	lr->over = over;
	lr->priv = priv;
	lr->protocol = c->protocol;
	lr->limit = (size_t)c->w->srv->cc.client.queue_max_size;
	return lr;
}

static void
make(struct aside_work *k)
{
	struct long_reply *lr = (struct long_reply *)((char *)k - offsetof(struct long_reply, work));

	lr->result = lr->fill(lr);
	if (lr->result == 0)
		lr->result = reply_encode(&lr->reply, lr->protocol, lr->limit, &lr->frame);
}

static void
made(struct rotor_worker *w, struct aside_work *k)
{
	struct long_reply *lr = (struct long_reply *)((char *)k - offsetof(struct long_reply, work));
	struct rotor_client *c = lr->op->client;

	(void)w;
	if (lr->result == 0)
		client_enqueue(c, lr->frame);
	else
		reply_failed(c, lr->result);
	rotor_buf_unref(&lr->frame);
	lr->over(lr);
}

void
long_reply_send(struct long_reply *lr, size_t bytes)
{
	struct rotor_worker *w = lr->op->client->w;

	if (bytes >= LONG_REPLY_BYTES) {
		aside_give(w->srv->aside, w, &lr->work, make, made);
		return;
	}
	make(&lr->work);
	made(w, &lr->work);
}
