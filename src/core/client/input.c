/* SPDX-License-Identifier: MIT */
/*
 * client/input.c - from an incoming frame to its commands.
 *
 * Commands run one after the other.  While one waits for an answer from elsewhere
 * (and client.concurrency allows no more), the rest of the input is held, up to
 * client.queue_max_size bytes.
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

struct held_frame {
	struct held_frame	*next;
	int			any;		/* the frame's first commands have run */
	size_t			len;
	char			data[];
};

void
client_held_drop(struct rotor_client *c)
{
	struct held_frame *h;

	while ((h = c->held) != NULL) {
		c->held = h->next;
		free(h);
	}
	c->held_bytes = 0;
}

/* Keeps input back: a whole frame behind what is held (`any` 0), or the rest of one
 * that has been begun in front of it. */
static void
hold(struct rotor_client *c, const char *p, size_t len, int any)
{
	struct held_frame **at = &c->held, *h;

	if (c->held_bytes + len > (uint64_t)c->w->srv->cc.client.queue_max_size) {
		client_close(c, ROTOR_DISCONNECT_TOO_MANY_REQUESTS, NULL);
		return;
	}
	h = malloc(sizeof *h + len);
	if (h == NULL) {
		client_close(c, ROTOR_DISCONNECT_INTERNAL, NULL);
		return;
	}
	h->any = any;
	h->len = len;
	memcpy(h->data, p, len);
	while (*at != NULL && !any)
		at = &(*at)->next;
	h->next = *at;
	*at = h;
	c->held_bytes += (uint32_t)len;
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

static int
may_run(const struct rotor_client *c)
{
	int64_t max = c->state == CLIENT_CONNECTED ? c->w->srv->cc.client.concurrency : 1;

	return c->busy < (max > 1 ? (max < UINT8_MAX ? max : UINT8_MAX) : 1);
}

/* Runs the commands of a frame; what must wait is held. */
static void
consume(struct rotor_client *c, const char *p, size_t len, int any)
{
	struct frame_reader f;
	struct rotor_str cmd;
	int r = 0;

	frame_reader_init(&f, c->protocol, p, len);
	f.any = any;
	c->in_input++;
	while (c->state < CLIENT_FAILED && may_run(c) && (r = frame_next(&f, &cmd)) == 1)
		command_run(c, cmd);
	c->in_input--;
	if (c->state >= CLIENT_FAILED)
		return;
	if (r < 0)
		client_close(c, ROTOR_DISCONNECT_BAD_REQUEST, NULL);
	else if (r > 0 && f.p < f.end)
		hold(c, f.p, (size_t)(f.end - f.p), f.any);
}

void
rotor_client_input(struct rotor_client *c, const void *data, size_t len)
{
	OBJ_CHECK(c, CLIENT_MAGIC);
	if (c->state >= CLIENT_FAILED)
		return;
	if (c->held != NULL || !may_run(c)) {
		hold(c, data, len, 0);
		return;
	}
	client_ref(c);
	consume(c, data, len, 0);
	client_unref(&c);
}

void
client_resume(struct rotor_client *c)
{
	struct held_frame *h;

	/* Inside consume() the loop there goes on by itself. */
	while (c->in_input == 0 && c->state < CLIENT_FAILED && may_run(c) && (h = c->held) != NULL) {
		c->held = h->next;
		c->held_bytes -= (uint32_t)h->len;
		consume(c, h->data, h->len, h->any);
		free(h);
	}
}
