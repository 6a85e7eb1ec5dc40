/* SPDX-License-Identifier: MIT */
/*
 * modules/api_grpc/server.c - the library's server and the module's thread, made and
 * taken down.
 *
 * While they stop the workers are held, for they have to answer the calls under way.
 * The thread ends with the last call.
 */
#include "config.h"

#include "api_grpc.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include <grpc/support/log.h>
#include <rotor/log.h>
#include <rotor/loop.h>
#include <rotor/module.h>

#define LAST_WAIT_SECS		2
#define STREAMS_PER_CONN	1000
#define MAX_ARGS		16

static void *
thread_main(void *priv)
{
	struct api_grpc *g = priv;

	(void)pthread_setname_np(pthread_self(), "rotor-grpc");
	queue_run(g);
	rotor_server_release(g->srv);
	return NULL;
}

static int
thread_start(struct api_grpc *g)
{
	int err = pthread_create(&g->thread, NULL, thread_main, g);

	g->has_thread = err == 0;
	return -err;
}

/* What the library has to say of its peers would go to stderr as it is. */
static void
no_log(gpr_log_func_args *args)
{
	(void)args;
}

static void
arg_put(grpc_channel_args *args, const char *key, int64_t value)
{
	assert(args->num_args < MAX_ARGS);
	args->args[args->num_args++] = (grpc_arg){ .type = GRPC_ARG_INTEGER, .key = (char *)(uintptr_t)key,
	    .value.integer = value > INT32_MAX ? INT32_MAX : (int)value };
}

/* The memory that all connections share. */
static grpc_resource_quota *
quota_put(grpc_channel_args *args, int64_t bytes)
{
	grpc_resource_quota *q = grpc_resource_quota_create("api_grpc");

	grpc_resource_quota_resize(q, (size_t)bytes);
	args->args[args->num_args++] = (grpc_arg){ .type = GRPC_ARG_POINTER,
	    .key = (char *)(uintptr_t)GRPC_ARG_RESOURCE_QUOTA,
	    .value.pointer = { q, grpc_resource_quota_arg_vtable() } };
	return q;
}

static void
server_create(struct api_grpc *g)
{
	const struct api_grpc_conf *conf = g->conf;
	grpc_arg v[MAX_ARGS];
	grpc_channel_args args = { 0, v };
	grpc_resource_quota *q = quota_put(&args, conf->max_buffered);

	if (conf->max_receive_message_size > 0)
		arg_put(&args, GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, conf->max_receive_message_size);
	arg_put(&args, GRPC_ARG_MAX_CONCURRENT_STREAMS, STREAMS_PER_CONN);
	arg_put(&args, GRPC_ARG_KEEPALIVE_TIME_MS,
	    conf->keepalive_time_ms > 0 ? conf->keepalive_time_ms : INT32_MAX);
	arg_put(&args, GRPC_ARG_KEEPALIVE_TIMEOUT_MS, conf->keepalive_timeout_ms);
	arg_put(&args, GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, conf->keepalive_min_time_ms);
	arg_put(&args, GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);	/* ours as well */
	arg_put(&args, GRPC_ARG_ALLOW_REUSEPORT, 0);	/* a taken port is an error */
	arg_put(&args, GRPC_ARG_ENABLE_CHANNELZ, 0);
	g->server = grpc_server_create(&args, NULL);
	grpc_resource_quota_unref(q);
	g->queue = grpc_completion_queue_create_for_next(NULL);
	grpc_server_register_completion_queue(g->server, g->queue, NULL);
	g->bell_channel = grpc_lame_client_channel_create(NULL, GRPC_STATUS_UNAVAILABLE, "");
	g->bell = grpc_channel_create_call(g->bell_channel, NULL, GRPC_PROPAGATE_DEFAULTS, g->queue,
	    grpc_slice_from_static_string("/"), NULL, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
}

static int
open_all(struct api_grpc *g, const char *address)
{
	int r = methods_make(g);

	if (r == 0)
		r = lanes_make(g);
	if (r == 0)
		r = methods_register(g);
	if (r == 0)
		r = listen_on(g, address);
	if (r != 0)
		return r;
	grpc_server_start(g->server);
	r = methods_await(g);
	return r == 0 ? thread_start(g) : r;
}

int
server_start(struct api_grpc *g)
{
	char address[LISTEN_ADDRESS_LEN];
	sigset_t all, before;
	int r = listen_address(g, address, sizeof address);

	if (r != 0)
		return r;
	/* Signals are the control thread's; new threads, the library's too, inherit the mask. */
	sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	if (getenv("GRPC_VERBOSITY") == NULL && getenv("GRPC_TRACE") == NULL)
		gpr_set_log_function(no_log);
	grpc_init();
	server_create(g);
	r = open_all(g, address);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

void
server_stop(struct api_grpc *g)
{
	rotor_server_hold(g->srv);	/* the thread releases it */
	atomic_store(&g->stopping, 1);
	queue_wake(g);
}

/* The thread has ended or does so soon, unless the API never ended a call: then there is
 * nobody left to do it. */
static int
thread_join(struct api_grpc *g)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LAST_WAIT_SECS;
	return pthread_timedjoin_np(g->thread, NULL, &until);
}

void
server_free(struct api_grpc *g)
{
	if (g->server == NULL)
		return;
	if (!g->has_thread) {	/* it could not be started */
		atomic_store(&g->stopping, 1);
		queue_wake(g);
		queue_run(g);
	} else if (thread_join(g) != 0) {
		ROTOR_LOG(g->log, ROTOR_LOG_ERROR, "api_grpc", "calls that were never answered are left",
		    ROTOR_F_INT("calls", g->n_calls));
		return;
	}
	grpc_call_unref(g->bell);
	grpc_channel_destroy(g->bell_channel);
	grpc_server_destroy(g->server);
	grpc_completion_queue_destroy(g->queue);
	methods_free(g);
	lanes_free(g);
	g->server = NULL;
	grpc_shutdown_blocking();
}
