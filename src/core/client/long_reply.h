/* SPDX-License-Identifier: MIT */
/*
 * client/long_reply.h - replies that may be long: presence, history, what was missed.
 *
 * A reply is filled and encoded at once when it is short, and on the thread for long
 * computations (loop/aside.h) when it is not.  So what it is made of has to be kept, and
 * filling it must touch nothing that belongs to the worker.  What comes out longer than
 * client.queue_max_size is not finished: it would end the client as slow.
 */
#ifndef ROTOR_CLIENT_LONG_REPLY_H
#define ROTOR_CLIENT_LONG_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "loop/aside.h"
#include "proto/messages.h"

struct arena;
struct op;
struct rotor_buf;

#define LONG_REPLY_BYTES	131072u	/* expected, from which on it is made aside */

struct long_reply;

/* Makes `reply` complete, with memory of the op's arena.  0, or -ENOMEM.  Any thread. */
typedef int long_reply_fill_f(struct long_reply *lr);
/* The reply is on its way to the client, or the client is closed; ends the op.  The op's
 * worker. */
typedef void long_reply_over_f(struct long_reply *lr);

/* In the op's arena; the caller sets the first five, the reply's id included. */
struct long_reply {
	struct op		*op;
	Cp__Reply		reply;
	long_reply_fill_f	*fill;
	long_reply_over_f	*over;
	void			*priv;

	struct aside_work	work;
	uint32_t		protocol;
	size_t			limit;
	struct rotor_buf	*frame;
	int			result;
};

/* The caller's, empty but for the op and its id; NULL: no memory, and the client has been
 * closed. */
struct long_reply *long_reply_new(struct op *op, long_reply_fill_f *fill, long_reply_over_f *over,
    void *priv);
/* `bytes`: about how long it will be.  over() may be called before this returns. */
void long_reply_send(struct long_reply *lr, size_t bytes);

#endif
