/* SPDX-License-Identifier: MIT */
/* client/cmd_unsubscribe.c - the unsubscribe command. */
#include "config.h"

#include <rotor/codes.h>

#include "base/arena.h"
#include "base/str.h"
#include "client/client.h"
#include "client/op.h"
#include "client/subscribe.h"
#include "proto/hot.h"

/* An unsubscribe that waits for the subscribe beside it. */
struct unsubscribing {
	struct sub_waiter	wt;
	struct op		*op;
};

static void
leave(struct op *op)
{
	struct sub *s = client_sub_get(op->client, rotor_str_of(op->msg->unsubscribe->channel));

	if (s != NULL) {
		int leaves = s->flags & SUB_EMIT_JOIN_LEAVE;

		sub_free(&s);
		/* The leave is not for us, should we subscribe again at once. */
		if (leaves)
			worker_drain(op->client->w);
	}
	op_reply_empty(op, REPLY_UNSUBSCRIBE);
}

static void
resume(struct sub_waiter *wt)
{
	leave(((struct unsubscribing *)wt)->op);
}

void
cmd_unsubscribe(struct op *op)
{
	struct rotor_str channel = rotor_str_of(op->msg->unsubscribe->channel);
	struct sub_request *rq = channel.len > 0 ? subscribe_under_way(op->client, channel) : NULL;
	struct unsubscribing *u;

	if (channel.len == 0) {
		op_disconnect(op, ROTOR_DISCONNECT_BAD_REQUEST);
		return;
	}
	if (rq == NULL) {
		leave(op);
		return;
	}
	u = arena_alloc(&op->arena, sizeof *u);
	if (u == NULL) {
		op_disconnect(op, ROTOR_DISCONNECT_INTERNAL);
		return;
	}
	*u = (struct unsubscribing){ .wt.run = resume, .op = op };
	subscribe_await(rq, &u->wt);
}
