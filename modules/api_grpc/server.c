/* SPDX-License-Identifier: MIT */
/*
 * modules/api_grpc/server.c - the library's server, its queue, and the thread that
 * empties it.
 *
 * Stop: no more calls are taken; those under way get their answer, streams are told;
 * what is there after GRACE_MS is cut off.  Meanwhile the server is held, so that the
 * workers are there to answer.  The thread ends with the last call.
 */
#include "config.h"

#include "api_grpc.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <grpc/grpc_security.h>
#include <rotor/api.h>
#include <rotor/log.h>
#include <rotor/loop.h>
#include <rotor/module.h>

#include "call.h"

#define GRACE_MS		5000
#define LAST_WAIT_SECS		2
#define STREAMS_PER_CONN	1000
#define MAX_ARGS		16
#define ADDRESS_LEN		(NI_MAXHOST + 16)

/*
 * The thread.
 */

struct queue_loop {
	struct api_grpc	*g;
	gpr_timespec	deadline;	/* of the calls under way, once stopping */
	int		stopping, down, closed;
};

static void
streams_stop(struct api_grpc *g)
{
	struct call *c, *next;

	for (c = g->streams; c != NULL; c = next) {
		next = c->next;
		c->method->ops->stop(c);
	}
}

/* After each event: how far is the end? */
static void
wind_down(struct queue_loop *l)
{
	struct api_grpc *g = l->g;

	if (!l->stopping) {
		l->stopping = 1;
		l->deadline = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
		    gpr_time_from_millis(GRACE_MS, GPR_TIMESPAN));
		streams_stop(g);
	}
	if (l->down && g->n_calls == 0 && !l->closed) {
		l->closed = 1;
		grpc_completion_queue_shutdown(g->queue);
	}
}

/* 0 at the queue's end. */
static int
next_event(struct queue_loop *l)
{
	grpc_event ev = grpc_completion_queue_next(l->g->queue, l->deadline, NULL);
	struct tag *tag = ev.tag;

	if (ev.type == GRPC_QUEUE_SHUTDOWN)
		return 0;
	if (ev.type == GRPC_QUEUE_TIMEOUT) {
		grpc_server_cancel_all_calls(l->g->server);
		l->deadline = gpr_inf_future(GPR_CLOCK_MONOTONIC);
	} else if (tag != NULL) {
		tag->step(tag->call, ev.success);
	} else {
		l->down = 1;	/* what server_stop() asked for */
	}
	return 1;
}

static void *
thread_main(void *priv)
{
	struct queue_loop l = { .g = priv, .deadline = gpr_inf_future(GPR_CLOCK_MONOTONIC) };

	(void)pthread_setname_np(pthread_self(), "rotor-grpc");
	while (next_event(&l))
		if (atomic_load(&l.g->stopping))
			wind_down(&l);
	rotor_server_release(l.g->srv);
	return NULL;
}

/* Signals are the control thread's; new threads inherit the mask. */
static int
thread_start(struct api_grpc *g)
{
	int err = pthread_create(&g->thread, NULL, thread_main, g);

	g->has_thread = err == 0;
	return -err;
}

/*
 * The methods.
 */

static int
method_add(struct api_grpc *g, const struct method_ops *ops, const char *service, const char *name,
    const struct rotor_api_method *api)
{
	struct method *m = &g->methods[g->n_methods];

	*m = (struct method){ .g = g, .ops = ops, .api = api };
	if (service != NULL && asprintf(&m->path, "/%s/%s", service, name) < 0) {
		m->path = NULL;
		return -ENOMEM;
	}
	g->n_methods++;
	return 0;
}

static int
methods_make(struct api_grpc *g)
{
	static const struct {
		const struct method_ops	*ops;
		const char		*service, *name;	/* NULL: all others */
		int			reflection;
	} others[] = {
		{ &health_check_ops, "grpc.health.v1.Health", "Check", 0 },
		{ &health_watch_ops, "grpc.health.v1.Health", "Watch", 0 },
		{ &reflection_ops, "grpc.reflection.v1.ServerReflection", "ServerReflectionInfo", 1 },
		{ &reflection_ops, "grpc.reflection.v1alpha.ServerReflection", "ServerReflectionInfo", 1 },
		{ &unknown_ops, NULL, NULL, 0 },
	};
	const size_t n_others = sizeof others / sizeof others[0];
	size_t n_api = 0, i;
	int r = 0;

	while (rotor_api_method_get(n_api) != NULL)
		n_api++;
	g->methods = calloc(n_api + n_others, sizeof *g->methods);
	if (g->methods == NULL)
		return -ENOMEM;
	for (i = 0; r == 0 && i < n_api; i++)
		r = method_add(g, &unary_ops, ROTOR_API_SERVICE, rotor_api_method_get(i)->rpc_name,
		    rotor_api_method_get(i));
	for (i = 0; r == 0 && i < n_others; i++)
		if (!others[i].reflection || g->conf->reflection)
			r = method_add(g, others[i].ops, others[i].service, others[i].name, NULL);
	return r;
}

static int
methods_register(struct api_grpc *g)
{
	for (size_t i = 0; i < g->n_methods; i++) {
		struct method *m = &g->methods[i];

		if (m->path == NULL)
			continue;
		m->registered = grpc_server_register_method(g->server, m->path, NULL, m->ops->payload, 0);
		if (m->registered == NULL)
			return -EINVAL;
	}
	return 0;
}

static int
methods_await(struct api_grpc *g)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < g->n_methods; i++)
		r = call_await(&g->methods[i]);
	return r;
}

int
server_has_service(const struct api_grpc *g, struct rotor_str service)
{
	for (size_t i = 0; i < g->n_methods; i++) {
		const char *path = g->methods[i].path;

		if (path != NULL && strlen(path) > service.len + 1 && path[service.len + 1] == '/' &&
		    memcmp(path + 1, service.p, service.len) == 0)
			return 1;
	}
	return 0;
}

static int
lanes_make(struct api_grpc *g)
{
	g->n_lanes = rotor_server_workers(g->srv);
	g->lanes = calloc(g->n_lanes, sizeof *g->lanes);
	if (g->lanes == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->n_lanes; i++)
		g->lanes[i].worker = rotor_server_worker(g->srv, i);
	return 0;
}

/*
 * The listener.
 */

static int
fail(struct api_grpc *g, const char *what, const char *address, const char *why)
{
	ROTOR_LOG(g->log, ROTOR_LOG_ERROR, "api_grpc", what, ROTOR_F_STR("address", address),
	    ROTOR_F_STR("error", why));
	return -EADDRNOTAVAIL;
}

/* The library does not say why it cannot listen; a socket of our own does. */
static int
try_bind(const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, err = 0;

	if (fd < 0)
		return errno == EAFNOSUPPORT ? 0 : errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) != 0 || listen(fd, 1) != 0)
		err = errno;
	(void)close(fd);
	return err;
}

/* The address in numbers, as the library takes it.  0 or -errno, logged. */
static int
address_resolve(struct api_grpc *g, char *buf, size_t cap)
{
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
	const char *host = g->conf->address[0] != '\0' ? g->conf->address : "::";
	char port[16], numbers[NI_MAXHOST];
	struct addrinfo *ai;
	int err;

	(void)snprintf(port, sizeof port, "%u", (unsigned)g->conf->port);
	err = getaddrinfo(host, port, &hints, &ai);
	if (err != 0)
		return fail(g, "cannot resolve grpc_api.address", host, gai_strerror(err));
	err = getnameinfo(ai->ai_addr, ai->ai_addrlen, numbers, sizeof numbers, NULL, 0, NI_NUMERICHOST);
	(void)snprintf(buf, cap, strchr(numbers, ':') != NULL ? "[%s]:%s" : "%s:%s", numbers, port);
	if (err != 0)
		err = fail(g, "cannot use grpc_api.address", host, gai_strerror(err));
	else if ((err = try_bind(ai)) != 0)
		err = fail(g, "cannot listen", buf, strerror(err));
	freeaddrinfo(ai);
	return err;
}

static int
listen_on(struct api_grpc *g, const char *address)
{
	grpc_server_credentials *creds = tls_credentials(&g->conf->tls);
	char text[ADDRESS_LEN + 64];
	int port = 0;

	if (creds != NULL)
		port = grpc_server_add_http2_port(g->server, address, creds);
	grpc_server_credentials_release(creds);
	if (port == 0)
		return fail(g, "cannot listen", address, creds != NULL ? "refused by the grpc library"
		    : "certificate or key refused by the grpc library");
	(void)snprintf(text, sizeof text, "serving gRPC API on %.*s:%d%s",
	    (int)(strrchr(address, ':') - address), address, port,
	    g->conf->tls.enabled ? " with TLS" : "");
	ROTOR_LOG(g->log, ROTOR_LOG_INFO, "api_grpc", text);
	return 0;
}

/*
 * The server.
 */

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
	arg_put(&args, GRPC_ARG_KEEPALIVE_TIME_MS, conf->keepalive_time_ms);
	arg_put(&args, GRPC_ARG_KEEPALIVE_TIMEOUT_MS, conf->keepalive_timeout_ms);
	arg_put(&args, GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, conf->keepalive_min_time_ms);
	arg_put(&args, GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, conf->keepalive_without_calls);
	arg_put(&args, GRPC_ARG_ALLOW_REUSEPORT, 0);	/* a taken port is an error */
	arg_put(&args, GRPC_ARG_ENABLE_CHANNELZ, 0);
	g->server = grpc_server_create(&args, NULL);
	grpc_resource_quota_unref(q);
	g->queue = grpc_completion_queue_create_for_next(NULL);
	grpc_server_register_completion_queue(g->server, g->queue, NULL);
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
	char address[ADDRESS_LEN];
	sigset_t all, before;
	int r = address_resolve(g, address, sizeof address);

	if (r != 0)
		return r;
	sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
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
	grpc_server_shutdown_and_notify(g->server, g->queue, NULL);
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

/* For a server that no thread serves: takes back what was awaited. */
static void
drain(struct api_grpc *g)
{
	struct queue_loop l = { .g = g, .deadline = gpr_inf_future(GPR_CLOCK_MONOTONIC) };

	atomic_store(&g->stopping, 1);
	grpc_server_shutdown_and_notify(g->server, g->queue, NULL);
	while (next_event(&l))
		wind_down(&l);
}

void
server_free(struct api_grpc *g)
{
	if (g->server == NULL)
		return;
	if (!g->has_thread) {
		drain(g);
	} else if (thread_join(g) != 0) {
		ROTOR_LOG(g->log, ROTOR_LOG_ERROR, "api_grpc", "calls that were never answered are left",
		    ROTOR_F_INT("calls", g->n_calls));
		return;
	}
	grpc_server_destroy(g->server);
	grpc_completion_queue_destroy(g->queue);
	for (size_t i = 0; i < g->n_methods; i++)
		free(g->methods[i].path);
	free(g->methods);
	free(g->lanes);
	g->server = NULL;
	grpc_shutdown_blocking();
}
