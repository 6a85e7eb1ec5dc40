/* SPDX-License-Identifier: MIT */
/*
 * client/input.c - from an incoming frame to its commands.
 *
 * Commands run one after the other, for as long as the client's share of the loop lasts.
 * What is left then is held, and a job goes on with it; so it is while a command waits for
 * an answer from elsewhere and client.concurrency allows no more beside it.
 *
 * When HELD_ENOUGH is held the transport is told to rest, and the peer's own sending ends
 * where the kernel's buffers do.  A transport that cannot rest has client.queue_max_size,
 * in which a held frame counts with all it takes.  What has been begun is never refused:
 * it is one frame, and as long as the transport let it be.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <rotor/codes.h>
#include <rotor/metrics.h>
#include <rotor/str.h>

#include "base/obj.h"
#include "client/client.h"
#include "client/op.h"
#include "node/server.h"
#include "proto/codec.h"

#define HELD_ENOUGH	32768u

struct held_frame {
	struct held_frame	*next;
	int			any;		/* the frame's first commands have run */
	size_t			len;
	char			data[];
};

/* A client has one while it is needed. */
struct held_input {
	struct rotor_job	job;		/* goes on with it, and wakes the transport */
	struct held_frame	*first, **end;
	size_t			bytes;
	int			resting;	/* the transport was told to */
};

static size_t
frame_bytes(size_t len)
{
	return sizeof(struct held_frame) + len;
}

static struct held_frame *
held_first(const struct rotor_client *c)
{
	return c->held != NULL ? c->held->first : NULL;
}

static struct held_frame *
held_shift(struct held_input *hi)
{
	struct held_frame *h = hi->first;

	hi->first = h->next;
	if (hi->first == NULL)
		hi->end = &hi->first;
	hi->bytes -= frame_bytes(h->len);
	return h;
}

void
client_held_drop(struct rotor_client *c)
{
	struct held_input *hi = c->held;

	if (hi == NULL)
		return;
	while (hi->first != NULL)
		free(held_shift(hi));
	if (hi->resting && c->state != CLIENT_CLOSED) {
		rotor_job_start(c->w, &hi->job);
		return;
	}
	c->held = NULL;
	rotor_job_cancel(&hi->job);
	free(hi);
}

static int
may_run(const struct rotor_client *c)
{
	int64_t max = c->state == CLIENT_CONNECTED ? c->w->srv->cc.client.concurrency : 1;

	return c->busy < (max > 1 ? max : 1);
}

static int
held_enough(const struct rotor_client *c)
{
	return c->held != NULL && c->held->bytes >= HELD_ENOUGH;
}

static int
can_rest(const struct rotor_client *c)
{
	return ROTOR_HAS(c->transport, resume) && c->transport->resume != NULL;
}

/* One turn. */
static int
held_step(struct rotor_worker *w, void *priv)
{
	struct rotor_client *c = priv;

	(void)w;
	client_ref(c);
	client_resume(c);
	if (c->held != NULL && c->held->resting && !held_enough(c)) {
		c->held->resting = 0;
		c->transport->resume(c->conn);	/* which may bring input at once */
	}
	client_resume(c);
	client_unref(&c);
	return ROTOR_OK;	/* client_resume() has started it again, when it is to go on */
}

static struct held_input *
held_make(struct rotor_client *c)
{
	struct held_input *hi = c->held;

	if (hi != NULL || (hi = calloc(1, sizeof *hi)) == NULL)
		return hi;
	rotor_job_init(&hi->job, "client input", held_step, c);
	hi->end = &hi->first;
	c->held = hi;
	return hi;
}

/* 1: it does not fit beside what is held. */
static int
held_overflows(const struct rotor_client *c, size_t len)
{
	size_t max = (size_t)c->w->srv->cc.client.queue_max_size;

	return !can_rest(c) && held_first(c) != NULL && c->held->bytes + frame_bytes(len) > max;
}

/* Keeps input back: a whole frame behind what is held (`any` 0), or the rest of one
 * that has been begun in front of it. */
static void
hold(struct rotor_client *c, const char *p, size_t len, int any)
{
	struct held_frame *h;
	struct held_input *hi;

	if (!any && held_overflows(c, len)) {
		client_close(c, ROTOR_DISCONNECT_TOO_MANY_REQUESTS, NULL);
		return;
	}
	h = malloc(frame_bytes(len));
	hi = h != NULL ? held_make(c) : NULL;
	if (hi == NULL) {
		free(h);
		client_close(c, ROTOR_DISCONNECT_INTERNAL, NULL);
		return;
	}
	h->any = any;
	h->len = len;
	if (len > 0)
		memcpy(h->data, p, len);
	h->next = any ? hi->first : NULL;
	if (any)
		hi->first = h;
	else
		*hi->end = h;
	if (h->next == NULL)
		hi->end = &h->next;
	hi->bytes += frame_bytes(len);
	if (may_run(c))
		rotor_job_start(c->w, &hi->job);
}

static const struct command *
command_find(const Cp__Command *msg)
{
	for (uint32_t i = 0; i < COMMAND_N; i++)
		if (*(void *const *)((const char *)msg + command_table[i].offset) != NULL)
			return &command_table[i];
	return NULL;
}

static void
op_run(struct op *op)
{
	const struct command *cmd = command_find(op->msg);
	struct rotor_client *c = op->client;

	if (c->state == CLIENT_NEW && op->msg->connect == NULL) {
		op_disconnect(op, ROTOR_DISCONNECT_BAD_REQUEST);
		return;
	}
	if (op->id == 0 && op->msg->send == NULL) {
		client_on_pong(c);
		op_end(op);
		return;
	}
	if (cmd == NULL) {
		op_disconnect(op, ROTOR_DISCONNECT_BAD_REQUEST);
		return;
	}
	rotor_metric_add(c->w, c->w->srv->stats.command[cmd - command_table], 1);
	worker_doing(c->w, cmd->name, NULL);
	cmd->run(op);
}

static int
is_pong(const struct rotor_client *c, struct rotor_str cmd)
{
	return c->state == CLIENT_CONNECTED && (cmd.len == 0 ||
	    (rotor_str_is(cmd, "{}") && c->protocol == ROTOR_JSON));
}

static void
command_run(struct rotor_client *c, struct rotor_str bytes)
{
	uint32_t code;
	struct op *op;

	if (is_pong(c, bytes)) {
		client_on_pong(c);
		return;
	}
	op = op_new(c, bytes, &code);
	if (op == NULL)
		client_close(c, code, NULL);
	else
		op_run(op);
}

/* Runs the commands of a frame, the first at least; what must wait is held. */
static void
consume(struct rotor_client *c, const char *p, size_t len, int any)
{
	struct frame_reader f;
	struct rotor_str cmd;
	int r;

	frame_reader_init(&f, c->protocol, p, len);
	f.any = any;
	c->in_input++;
	do {
		r = frame_next(&f, &cmd);
		if (r == 1)
			command_run(c, cmd);
	} while (r == 1 && f.p < f.end && c->state < CLIENT_FAILED && may_run(c) && !rotor_turn_over(c->w));
	c->in_input--;
	if (c->state >= CLIENT_FAILED)
		return;
	if (r < 0)
		client_close(c, ROTOR_DISCONNECT_BAD_REQUEST, NULL);
	else if (r > 0 && f.p < f.end)
		hold(c, f.p, (size_t)(f.end - f.p), f.any);
}

/* The answer to the transport. */
static int
rest_if_enough(struct rotor_client *c)
{
	if (c->state == CLIENT_CLOSED || !held_enough(c) || !can_rest(c))
		return ROTOR_OK;
	c->held->resting = 1;
	return ROTOR_AGAIN;
}

int
rotor_client_input(struct rotor_client *c, const void *data, size_t len)
{
	int r;

	OBJ_CHECK(c, CLIENT_MAGIC);
	if (c->state >= CLIENT_FAILED)
		return ROTOR_OK;
	client_ref(c);
	/* One command is always run, whatever others have used of the loop: who sends no more
	 * than that never waits behind those who do.  Between frames the transport sees to it. */
	if (held_first(c) != NULL || !may_run(c))
		hold(c, data, len, 0);
	else
		consume(c, data, len, 0);
	r = rest_if_enough(c);
	client_unref(&c);
	return r;
}

void
client_resume(struct rotor_client *c)
{
	struct held_frame *h;

	/* Inside consume() the loop there goes on by itself. */
	while (c->in_input == 0 && c->state < CLIENT_FAILED && may_run(c) && held_first(c) != NULL) {
		if (rotor_turn_over(c->w))
			break;
		h = held_shift(c->held);
		consume(c, h->data, h->len, h->any);
		free(h);
	}
	if (c->in_input > 0 || c->held == NULL)
		return;
	if (c->held->first == NULL && !c->held->resting)
		client_held_drop(c);
	else if (may_run(c) && c->state < CLIENT_FAILED)
		rotor_job_start(c->w, &c->held->job);	/* to go on, or to wake the transport */
}
