/* SPDX-License-Identifier: MIT */
/*
 * client/queue.c - what waits to be sent to a client.
 *
 * At rest there is nothing: the first message sits in the struct, an array exists only
 * while there are more.  A message is one encoded reply, shared by all who get it.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/codes.h>

#include "base/obj.h"
#include "client/client.h"
#include "node/server.h"

/* A queue this long is flushed at once: the peer may well read as fast as we write,
 * and must not look slow only because the loop turn is long. */
#define FLUSH_BYTES	65536u
#define FRAME_BYTES	65536u	/* messages are joined up to here */
#define QUEUE_MAX	(1u << 30)	/* messages; the limit is in bytes */

static int
queue_grow(struct rotor_client *c)
{
	uint32_t cap = c->cap_queue == 1 ? 8 : c->cap_queue * 2u;
	struct rotor_buf **q;

	if (cap > QUEUE_MAX)
		return -ENOMEM;
	q = malloc((size_t)cap * sizeof *q);
	if (q == NULL)
		return -ENOMEM;
	memcpy(q, c->queue, c->n_queue * sizeof *q);
	if (c->queue != &c->queue_one)
		free(c->queue);
	c->queue = q;
	c->cap_queue = cap;
	return 0;
}

static void
queue_rest(struct rotor_client *c)
{
	if (c->queue != &c->queue_one)
		free(c->queue);
	c->queue = &c->queue_one;
	c->cap_queue = 1;
}

void
client_queue_drop(struct rotor_client *c)
{
	for (uint32_t i = 0; i < c->n_queue; i++)
		rotor_buf_unref(&c->queue[i]);
	c->n_queue = 0;
	c->queue_bytes = 0;
	rotor_buf_unref(&c->stuck);
	queue_rest(c);
}

/* Whether a message that the limit allows does not fit beside what is queued already. */
static int
overflows(const struct rotor_client *c, size_t len)
{
	size_t max = (size_t)c->w->srv->cc.client.queue_max_size;

	return len <= max && c->queue_bytes + len > max;
}

void
client_enqueue(struct rotor_client *c, struct rotor_buf *msg)
{
	if (c->state == CLIENT_CLOSED)
		return;
	/* As below, where the limit is smaller than FLUSH_BYTES. */
	if (!c->choked && overflows(c, rotor_buf_len(msg))) {
		client_flush(c);
		if (c->state == CLIENT_CLOSED)
			return;
	}
	if (c->n_queue == c->cap_queue && queue_grow(c) != 0) {
		client_close(c, ROTOR_DISCONNECT_SLOW, NULL);
		return;
	}
	c->queue[c->n_queue++] = rotor_buf_ref(msg);
	c->queue_bytes += rotor_buf_len(msg);
	if (c->queue_bytes > (uint64_t)c->w->srv->cc.client.queue_max_size) {
		client_close(c, ROTOR_DISCONNECT_SLOW, NULL);
		return;
	}
	if (c->queue_bytes > FLUSH_BYTES && !c->choked)
		client_flush(c);
	else if (!c->choked)
		hub_dirty(c->w->hub, c);
}

/* How many messages from `first` on fit one frame. */
static uint32_t
frame_count(const struct rotor_client *c, uint32_t first)
{
	size_t bytes = rotor_buf_len(c->queue[first]);
	uint32_t n = 1;

	while (first + n < c->n_queue && n < HUB_JOIN_MAX &&
	    (bytes += rotor_buf_len(c->queue[first + n])) <= FRAME_BYTES)
		n++;
	return n;
}

/* Offers one frame.  1: gone; 0: the transport is choked and keeps it as `stuck`;
 * -1: the client is closed. */
static int
frame_write(struct rotor_client *c, struct rotor_buf *frame)
{
	int r = c->transport->write(c->conn, frame);

	if (r == ROTOR_OK) {
		c->queue_bytes -= rotor_buf_len(frame) < c->queue_bytes ? rotor_buf_len(frame) : c->queue_bytes;
		return 1;
	}
	if (r == ROTOR_AGAIN) {
		c->choked = 1;
		c->stuck = rotor_buf_ref(frame);
		return 0;
	}
	client_close(c, ROTOR_DISCONNECT_WRITE_ERROR, NULL);
	return -1;
}

static int
write_next(struct rotor_client *c, uint32_t first, uint32_t n)
{
	struct rotor_buf *frame = n == 1 ? rotor_buf_ref(c->queue[first])
	    : hub_join(c->w->hub, c->protocol, c->queue + first, n);
	int r;

	if (frame == NULL) {
		client_queue_drop(c);	/* or closing would flush, and come back here */
		client_close(c, ROTOR_DISCONNECT_INTERNAL, NULL);
		return -1;
	}
	r = frame_write(c, frame);
	rotor_buf_unref(&frame);
	return r;
}

/* Forgets the first `n` messages, which have been sent or are stuck. */
static void
queue_shift(struct rotor_client *c, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		rotor_buf_unref(&c->queue[i]);
	c->n_queue -= n;
	memmove(c->queue, c->queue + n, c->n_queue * sizeof c->queue[0]);
	if (c->n_queue == 0) {
		if (c->stuck == NULL)
			c->queue_bytes = 0;	/* joining added newlines */
		queue_rest(c);
	}
}

static int
flush_stuck(struct rotor_client *c)
{
	struct rotor_buf *frame = c->stuck;
	int r;

	if (frame == NULL)
		return 1;
	c->stuck = NULL;
	r = frame_write(c, frame);
	rotor_buf_unref(&frame);
	return r;
}

void
client_flush(struct rotor_client *c)
{
	uint32_t done = 0;
	int r = 1;

	if (c->choked || c->conn == NULL || c->state == CLIENT_CLOSED)
		return;
	r = flush_stuck(c);
	while (r == 1 && done < c->n_queue) {
		uint32_t n = frame_count(c, done);

		r = write_next(c, done, n);
		if (r >= 0)
			done += n;
	}
	if (r >= 0 && done > 0)
		queue_shift(c, done);
}

void
rotor_client_writable(struct rotor_client *c)
{
	OBJ_CHECK(c, CLIENT_MAGIC);
	c->choked = 0;
	client_flush(c);
}
