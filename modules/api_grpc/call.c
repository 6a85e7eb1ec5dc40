/* SPDX-License-Identifier: MIT */
/* modules/api_grpc/call.c - see call.h. */
#include "config.h"

#include "call.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <grpc/byte_buffer_reader.h>

static void came(struct call *c, int ok);

static struct call *
call_new(const struct method *m)
{
	struct call *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->magic = CALL_MAGIC;
	c->method = m;
	m->g->n_calls++;
	return c;
}

/* Has the library fill it with the next call of its method. */
static void
request(struct call *c)
{
	const struct method *m = c->method;
	struct api_grpc *g = m->g;
	grpc_call_error e;

	grpc_metadata_array_init(&c->metadata);
	grpc_call_details_init(&c->details);
	c->flat = grpc_empty_slice();
	c->tag = (struct tag){ c, came };
	if (m->path == NULL)
		e = grpc_server_request_call(g->server, &c->call, &c->details, &c->metadata, g->queue,
		    g->queue, &c->tag);
	else
		e = grpc_server_request_registered_call(g->server, m->registered, &c->call, &c->deadline,
		    &c->metadata, m->ops->payload == GRPC_SRM_PAYLOAD_NONE ? NULL : &c->message,
		    g->queue, g->queue, &c->tag);
	assert(e == GRPC_CALL_OK);
	(void)e;
}

int
call_await(const struct method *m)
{
	struct call *c = call_new(m);

	if (c == NULL)
		return -ENOMEM;
	request(c);
	return 0;
}

/* Gives back what the library has put in. */
static void
empty(struct call *c)
{
	call_message_drop(c);
	grpc_metadata_array_destroy(&c->metadata);
	grpc_call_details_destroy(&c->details);
	if (c->call != NULL)
		grpc_call_unref(c->call);
	c->call = NULL;
}

void
call_free(struct call *c)
{
	struct api_grpc *g = c->method->g;

	assert(c->magic == CALL_MAGIC);
	if (c->call != NULL)
		g->n_running--;
	empty(c);
	c->magic = 0;
	free(c);
	g->n_calls--;
}

/* A call is there, or (not ok) the server stops. */
static void
came(struct call *c, int ok)
{
	struct api_grpc *g = c->method->g;
	struct call *next;

	if (!ok) {
		call_free(c);
		return;
	}
	next = call_new(c->method);
	if (next == NULL) {	/* cannot serve it; the method has to be served on */
		empty(c);
		request(c);
		return;
	}
	request(next);
	g->n_running++;
	if (atomic_load(&g->stopping) && !c->method->ops->while_stopping)
		call_refuse(c, GRPC_STATUS_UNAVAILABLE, "the server stops");
	else if (g->n_running > (uint64_t)g->conf->max_concurrent_calls)
		call_refuse(c, GRPC_STATUS_RESOURCE_EXHAUSTED, "too many concurrent calls");
	else
		c->method->ops->begin(c);
}

static void
batch(struct call *c, const grpc_op *ops, size_t n, struct tag *tag, call_step_f *step)
{
	grpc_call *call = c->call;
	grpc_call_error e;

	assert(c->magic == CALL_MAGIC);
	*tag = (struct tag){ c, step };
	TAG_HAND_OVER(tag);	/* from here on it may be another thread's */
	e = grpc_call_start_batch(call, ops, n, tag, NULL);
	assert(e == GRPC_CALL_OK);	/* it fails for misuse only */
	(void)e;
}

void
call_batch(struct call *c, const grpc_op *ops, size_t n, call_step_f *step)
{
	batch(c, ops, n, &c->tag, step);
}

void
call_batch_beside(struct call *c, const grpc_op *op, call_step_f *step)
{
	batch(c, op, 1, &c->beside, step);
}

struct rotor_str
call_message(struct call *c)
{
	grpc_byte_buffer_reader r;
	grpc_slice *s;

	if (c->message == NULL || grpc_byte_buffer_length(c->message) == 0 ||
	    !grpc_byte_buffer_reader_init(&r, c->message))
		return (struct rotor_str){ NULL, 0 };
	if (c->message->data.raw.slice_buffer.count == 1 && grpc_byte_buffer_reader_peek(&r, &s)) {
		grpc_byte_buffer_reader_destroy(&r);
		return (struct rotor_str){ (char *)GRPC_SLICE_START_PTR(*s), GRPC_SLICE_LENGTH(*s) };
	}
	grpc_slice_unref(c->flat);
	c->flat = grpc_byte_buffer_reader_readall(&r);
	grpc_byte_buffer_reader_destroy(&r);
	return (struct rotor_str){ (char *)GRPC_SLICE_START_PTR(c->flat), GRPC_SLICE_LENGTH(c->flat) };
}

void
call_message_drop(struct call *c)
{
	grpc_byte_buffer_destroy(c->message);
	c->message = NULL;
	grpc_slice_unref(c->flat);
	c->flat = grpc_empty_slice();
}

static void
ended(struct call *c, int ok)
{
	(void)ok;
	call_free(c);
}

/* The close is awaited in the same batch: whether the peer has gone meanwhile makes no
 * difference to what is to be done. */
void
call_answer(struct call *c, grpc_slice message)
{
	grpc_byte_buffer *b = grpc_raw_byte_buffer_create(&message, 1);
	const grpc_op ops[] = {
		{ .op = GRPC_OP_SEND_INITIAL_METADATA },
		{ .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = b },
		{ .op = GRPC_OP_SEND_STATUS_FROM_SERVER },
		{ .op = GRPC_OP_RECV_CLOSE_ON_SERVER,
		    .data.recv_close_on_server.cancelled = &c->cancelled },
	};

	call_batch(c, ops, sizeof ops / sizeof ops[0], ended);
	grpc_byte_buffer_destroy(b);
	grpc_slice_unref(message);
}

void
call_refuse_with(struct call *c, grpc_status_code code, const char *text, grpc_slice details)
{
	grpc_slice message = grpc_slice_from_copied_string(text);
	grpc_metadata md = { .key = grpc_slice_from_static_string("grpc-status-details-bin"),
	    .value = details };
	const grpc_op ops[] = {
		{ .op = GRPC_OP_SEND_INITIAL_METADATA },
		{ .op = GRPC_OP_SEND_STATUS_FROM_SERVER, .data.send_status_from_server = {
		    .status = code, .status_details = &message, .trailing_metadata = &md,
		    .trailing_metadata_count = !GRPC_SLICE_IS_EMPTY(details) } },
		{ .op = GRPC_OP_RECV_CLOSE_ON_SERVER,
		    .data.recv_close_on_server.cancelled = &c->cancelled },
	};

	call_batch(c, ops, sizeof ops / sizeof ops[0], ended);
	grpc_slice_unref(message);
	grpc_slice_unref(details);
}

void
call_refuse(struct call *c, grpc_status_code code, const char *text)
{
	call_refuse_with(c, code, text, grpc_empty_slice());
}

void
stream_open(struct call *c)
{
	struct call **head = &c->method->g->streams;

	c->next = *head;
	c->link = head;
	if (c->next != NULL)
		c->next->link = &c->next;
	*head = c;
}

void
stream_close(struct call *c)
{
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
}
