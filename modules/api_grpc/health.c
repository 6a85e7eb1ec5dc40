/* SPDX-License-Identifier: MIT */
/*
 * modules/api_grpc/health.c - grpc.health.v1.Health: whether the server serves, asked
 * once (Check) or told on every change (Watch).  There is one change: it stops.
 */
#include "config.h"

#include "call.h"

#include "pb.h"

#define SERVING		1u
#define NOT_SERVING	2u
#define SERVICE_UNKNOWN	3u

/* HealthCheckResponse { status = 1 }. */
static grpc_slice
response(uint32_t status)
{
	const char bytes[] = { 1 << 3 | PB_VARINT, (char)status };

	return grpc_slice_from_copied_buffer(bytes, sizeof bytes);
}

/* HealthCheckRequest { service = 1 }; no name means the server as a whole. */
static uint32_t
status_asked(struct call *c)
{
	const struct api_grpc *g = c->method->g;
	struct rotor_str service = pb_get(call_message(c), 1);

	if (service.len > 0 && !methods_have_service(g, service))
		return SERVICE_UNKNOWN;
	return atomic_load(&g->stopping) ? NOT_SERVING : SERVING;
}

static void
check(struct call *c)
{
	uint32_t status = status_asked(c);

	if (status == SERVICE_UNKNOWN)
		call_refuse(c, GRPC_STATUS_NOT_FOUND, "unknown service");
	else
		call_answer(c, response(status));
}

const struct method_ops health_check_ops = { .begin = check, .while_stopping = 1,
    .payload = GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER };

/*
 * Watch.  Two batches may be under way: what is being sent, and the wait for the peer
 * to leave.  The call ends after both.
 */

static void
watch_batch_done(struct call *c)
{
	if (--c->busy > 0)
		return;
	stream_close(c);
	call_free(c);
}

static void
watch_ended(struct call *c, int ok)
{
	(void)ok;
	watch_batch_done(c);
}

static void
watch_end(struct call *c)
{
	static const char why[] = "the server stops";
	grpc_slice text = grpc_slice_from_static_string(why), message = response(NOT_SERVING);
	grpc_byte_buffer *b = grpc_raw_byte_buffer_create(&message, 1);
	const grpc_op ops[] = {
		{ .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = b },
		{ .op = GRPC_OP_SEND_STATUS_FROM_SERVER, .data.send_status_from_server = {
		    .status = GRPC_STATUS_UNAVAILABLE, .status_details = &text } },
	};

	call_batch(c, ops, sizeof ops / sizeof ops[0], watch_ended);
	grpc_byte_buffer_destroy(b);
	grpc_slice_unref(message);
}

static void
watch_sent(struct call *c, int ok)
{
	c->sending = 0;
	if (ok && c->ending)
		watch_end(c);
	else
		watch_batch_done(c);
}

static void
watch_stop(struct call *c)
{
	c->ending = 1;
	if (c->sending || c->left)
		return;
	c->busy++;
	watch_end(c);
}

static void
watch_left(struct call *c, int ok)
{
	(void)ok;
	c->left = 1;
	watch_batch_done(c);
}

static void
watch(struct call *c)
{
	grpc_slice message = response(status_asked(c));
	grpc_byte_buffer *b = grpc_raw_byte_buffer_create(&message, 1);
	const grpc_op close = { .op = GRPC_OP_RECV_CLOSE_ON_SERVER,
	    .data.recv_close_on_server.cancelled = &c->cancelled };
	const grpc_op ops[] = {
		{ .op = GRPC_OP_SEND_INITIAL_METADATA },
		{ .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = b },
	};

	stream_open(c);
	c->busy = 2;
	c->sending = 1;
	call_batch_beside(c, &close, watch_left);
	call_batch(c, ops, sizeof ops / sizeof ops[0], watch_sent);
	grpc_byte_buffer_destroy(b);
	grpc_slice_unref(message);
}

const struct method_ops health_watch_ops = { .begin = watch, .stop = watch_stop,
    .payload = GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER };
