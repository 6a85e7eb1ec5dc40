/* SPDX-License-Identifier: MIT */
/*
 * grpcload.c - a load generator for the gRPC API of servers that speak the Centrifugo
 * API: a number of unary publishes is kept in flight over a few connections.
 *
 *	grpcload --port 10000 --pid SERVER_PID [--conns 4] [--inflight 64] [--secs 5]
 *	    [--payload 128] [--key KEY]
 *
 * The server's cost is read from /proc/PID, so that a figure is the server's own.
 * Prints "name value" lines.
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

#define METHOD		"/centrifugal.centrifugo.api.CentrifugoApi/Publish"
#define MAX_CONNS	64
#define WARM_UP_SECS	0.5

static struct {
	int	port, pid, conns, inflight, payload;
	double	secs;
	const char	*key;
} opt = { .port = 10000, .conns = 4, .inflight = 64, .payload = 128, .secs = 5 };

static struct {
	grpc_completion_queue	*queue;
	grpc_channel		*channels[MAX_CONNS];
	void			*methods[MAX_CONNS];
	grpc_slice		request;
	grpc_metadata		metadata;
	long long		done, failed;
} load;

/* One place in flight: its call, again and again. */
struct flight {
	int			conn;
	grpc_call		*call;
	grpc_metadata_array	initial, trailing;
	grpc_byte_buffer	*sent, *received;
	grpc_status_code	status;
	grpc_slice		details;
};

static void
fail(const char *what)
{
	fprintf(stderr, "grpcload: %s\n", what);
	exit(1);
}

static double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Seconds of user and system time that the server has used. */
static double
server_cpu(void)
{
	char path[64], line[1024], *p;
	unsigned long user, system;
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof path, "/proc/%d/stat", opt.pid);
	f = fopen(path, "r");
	if (f == NULL)
		fail("no such server process");
	n = fread(line, 1, sizeof line - 1, f);
	fclose(f);
	line[n] = '\0';
	p = strrchr(line, ')');
	if (p == NULL || sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
	    &user, &system) != 2)
		fail("cannot read the server's times");
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* PublishRequest: channel = 1, data = 2 (a JSON string of the payload's size). */
static grpc_slice
request_make(void)
{
	static const char channel[] = "bench";
	size_t n = 0, len = (size_t)opt.payload;
	unsigned char *p;
	grpc_slice s;

	if (len < 2 || len > 16383)
		fail("--payload is 2 to 16383");
	s = grpc_slice_malloc(2 + sizeof channel - 1 + 3 + len);
	p = GRPC_SLICE_START_PTR(s);
	p[n++] = 1 << 3 | 2;
	p[n++] = sizeof channel - 1;
	memcpy(p + n, channel, sizeof channel - 1);
	n += sizeof channel - 1;
	p[n++] = 2 << 3 | 2;
	p[n++] = (unsigned char)(len | 0x80);
	p[n++] = (unsigned char)(len >> 7);
	memset(p + n, 'x', len);
	p[n] = p[n + len - 1] = '"';
	return s;
}

static void
start(struct flight *f)
{
	grpc_op ops[] = {
		{ .op = GRPC_OP_SEND_INITIAL_METADATA },
		{ .op = GRPC_OP_SEND_MESSAGE },
		{ .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT },
		{ .op = GRPC_OP_RECV_INITIAL_METADATA },
		{ .op = GRPC_OP_RECV_MESSAGE },
		{ .op = GRPC_OP_RECV_STATUS_ON_CLIENT },
	};

	f->sent = grpc_raw_byte_buffer_create(&load.request, 1);
	f->received = NULL;
	grpc_metadata_array_init(&f->initial);
	grpc_metadata_array_init(&f->trailing);
	f->call = grpc_channel_create_registered_call(load.channels[f->conn], NULL,
	    GRPC_PROPAGATE_DEFAULTS, load.queue, load.methods[f->conn],
	    gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
	ops[0].data.send_initial_metadata.count = opt.key != NULL;
	ops[0].data.send_initial_metadata.metadata = &load.metadata;
	ops[1].data.send_message.send_message = f->sent;
	ops[3].data.recv_initial_metadata.recv_initial_metadata = &f->initial;
	ops[4].data.recv_message.recv_message = &f->received;
	ops[5].data.recv_status_on_client.trailing_metadata = &f->trailing;
	ops[5].data.recv_status_on_client.status = &f->status;
	ops[5].data.recv_status_on_client.status_details = &f->details;
	if (grpc_call_start_batch(f->call, ops, sizeof ops / sizeof ops[0], f, NULL) != GRPC_CALL_OK)
		fail("cannot call");
}

static void
end(struct flight *f)
{
	load.done++;
	if (f->status != GRPC_STATUS_OK || f->received == NULL)
		load.failed++;
	grpc_slice_unref(f->details);
	grpc_byte_buffer_destroy(f->sent);
	grpc_byte_buffer_destroy(f->received);
	grpc_metadata_array_destroy(&f->initial);
	grpc_metadata_array_destroy(&f->trailing);
	grpc_call_unref(f->call);
}

/* Goes on for so long; no new calls at the end when `last`. */
static void
run_for(double secs, int last)
{
	double until = now() + secs;
	long long left = opt.inflight;

	for (;;) {
		grpc_event ev = grpc_completion_queue_next(load.queue,
		    gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
		struct flight *f = ev.tag;
		int over = now() >= until;

		end(f);
		if (!over || !last)
			start(f);
		if (over && (!last || --left == 0))
			return;
	}
}

static void
options(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "port", required_argument, NULL, 'p' }, { "pid", required_argument, NULL, 'P' },
		{ "conns", required_argument, NULL, 'c' }, { "inflight", required_argument, NULL, 'i' },
		{ "payload", required_argument, NULL, 'l' }, { "secs", required_argument, NULL, 's' },
		{ "key", required_argument, NULL, 'k' }, { NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		switch (c) {
		case 'p': opt.port = atoi(optarg); break;
		case 'P': opt.pid = atoi(optarg); break;
		case 'c': opt.conns = atoi(optarg); break;
		case 'i': opt.inflight = atoi(optarg); break;
		case 'l': opt.payload = atoi(optarg); break;
		case 's': opt.secs = atof(optarg); break;
		case 'k': opt.key = optarg; break;
		default: exit(2);
		}
	if (opt.conns < 1 || opt.conns > MAX_CONNS || opt.inflight < 1)
		fail("--conns is 1 to 64, --inflight at least 1");
}

static void
connect_all(void)
{
	grpc_arg own = { .type = GRPC_ARG_INTEGER, .key = (char []){ GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL },
	    .value.integer = 1 };
	grpc_channel_args args = { 1, &own };
	grpc_channel_credentials *creds = grpc_insecure_credentials_create();
	char target[64], value[256];

	(void)snprintf(target, sizeof target, "127.0.0.1:%d", opt.port);
	for (int i = 0; i < opt.conns; i++) {
		load.channels[i] = grpc_channel_create(target, creds, &args);
		load.methods[i] = grpc_channel_register_call(load.channels[i], METHOD, NULL, NULL);
	}
	grpc_channel_credentials_release(creds);
	if (opt.key != NULL) {
		(void)snprintf(value, sizeof value, "apikey %s", opt.key);
		load.metadata.key = grpc_slice_from_static_string("authorization");
		load.metadata.value = grpc_slice_from_copied_string(value);
	}
}

int
main(int argc, char **argv)
{
	struct flight *flights;
	double cpu, begun;
	long long done;

	options(argc, argv);
	grpc_init();
	load.queue = grpc_completion_queue_create_for_next(NULL);
	load.request = request_make();
	connect_all();
	flights = calloc((size_t)opt.inflight, sizeof *flights);
	if (flights == NULL)
		fail("out of memory");
	for (int i = 0; i < opt.inflight; i++) {
		flights[i].conn = i % opt.conns;
		start(&flights[i]);
	}
	run_for(WARM_UP_SECS, 0);
	cpu = server_cpu();
	begun = now();
	done = load.done;
	run_for(opt.secs, 0);
	done = load.done - done;
	printf("server_cpu_us_per_call %.2f\n", (server_cpu() - cpu) * 1e6 / (double)done);
	printf("calls_per_sec %.0f\n", (double)done / (now() - begun));
	run_for(0, 1);
	printf("failed %lld\n", load.failed);
	return load.failed != 0;
}
