/* SPDX-License-Identifier: MIT */
/*
 * floor_grpc.c - what one unary gRPC call costs on this machine with the grpc C core at
 * the very least: one thread takes every call and sends an empty message back, whatever
 * was asked.  Prints the port it listens on; grpcload drives and measures it.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

#define METHOD		"/centrifugal.centrifugo.api.CentrifugoApi/Publish"

static struct floor {
	grpc_server		*server;
	grpc_completion_queue	*queue;
	void			*method;
} fl;

struct call {
	grpc_call		*call;		/* NULL: being waited for */
	grpc_metadata_array	metadata;
	grpc_byte_buffer	*request;
	gpr_timespec		deadline;
	int			answered;
	int			cancelled;
};

static void
fail(const char *what)
{
	fprintf(stderr, "floor_grpc: %s\n", what);
	exit(1);
}

static void
await(void)
{
	struct call *c = calloc(1, sizeof *c);

	if (c == NULL)
		fail("out of memory");
	grpc_metadata_array_init(&c->metadata);
	if (grpc_server_request_registered_call(fl.server, fl.method, &c->call, &c->deadline,
	    &c->metadata, &c->request, fl.queue, fl.queue, c) != GRPC_CALL_OK)
		fail("cannot ask for a call");
}

static void
answer(struct call *c)
{
	grpc_byte_buffer *empty = grpc_raw_byte_buffer_create(NULL, 0);
	grpc_op ops[] = {
		{ .op = GRPC_OP_SEND_INITIAL_METADATA },
		{ .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = empty },
		{ .op = GRPC_OP_SEND_STATUS_FROM_SERVER },
		{ .op = GRPC_OP_RECV_CLOSE_ON_SERVER,
		    .data.recv_close_on_server.cancelled = &c->cancelled },
	};

	c->answered = 1;
	if (grpc_call_start_batch(c->call, ops, sizeof ops / sizeof ops[0], c, NULL) != GRPC_CALL_OK)
		fail("cannot answer");
	grpc_byte_buffer_destroy(empty);
}

static void
end(struct call *c)
{
	grpc_byte_buffer_destroy(c->request);
	grpc_metadata_array_destroy(&c->metadata);
	grpc_call_unref(c->call);
	free(c);
}

int
main(void)
{
	int port;

	grpc_init();
	fl.server = grpc_server_create(NULL, NULL);
	fl.queue = grpc_completion_queue_create_for_next(NULL);
	grpc_server_register_completion_queue(fl.server, fl.queue, NULL);
	fl.method = grpc_server_register_method(fl.server, METHOD, NULL,
	    GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER, 0);
	port = grpc_server_add_http2_port(fl.server, "127.0.0.1:0", grpc_insecure_server_credentials_create());
	if (fl.method == NULL || port == 0)
		fail("cannot listen");
	grpc_server_start(fl.server);
	printf("%d\n", port);
	fflush(stdout);
	await();
	for (;;) {
		grpc_event ev = grpc_completion_queue_next(fl.queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
		struct call *c = ev.tag;

		if (c->answered) {
			end(c);
		} else {
			await();
			answer(c);
		}
	}
}
