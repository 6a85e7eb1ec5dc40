/* SPDX-License-Identifier: MIT */
/*
 * modules/api_grpc/server.c - the library's server, its queue, and the thread that
 * empties it.
 *
 * The stop has three steps.  For REFUSE_MS new calls are answered that the server stops:
 * the library itself can only cut them off.  Then the library closes listener and
 * connections, but waits for the calls there are.  After GRACE_MS those are cut off.
 * Meanwhile the workers are held, for they have to answer.  The thread ends with the
 * last call.
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
#include <grpc/support/log.h>
#include <rotor/api.h>
#include <rotor/log.h>
#include <rotor/loop.h>
#include <rotor/module.h>

#include "call.h"

#define REFUSE_MS		150
#define GRACE_MS		5000
#define LAST_WAIT_SECS		2
#define STREAMS_PER_CONN	1000
#define MAX_ARGS		16
#define ADDRESS_LEN		(NI_MAXHOST + 16)

/*
 * The thread.
 */

enum phase { SERVING, REFUSING, CLOSING, CUT };

struct queue_loop {
	struct api_grpc	*g;
	enum phase	phase;
	gpr_timespec	deadline;	/* of the phase */
	int		down, closed;
};

/* Tags that are no calls'. */
static struct tag bell_tag, down_tag;

/* Wakes the thread.  Any thread. */
static void
ring(struct api_grpc *g)
{
	/* A batch without an operation is done at once. */
	(void)grpc_call_start_batch(g->bell, NULL, 0, &bell_tag, NULL);
}

static void
phase_set(struct queue_loop *l, enum phase phase, int64_t ms)
{
	l->phase = phase;
	l->deadline = ms < 0 ? gpr_inf_future(GPR_CLOCK_MONOTONIC)
	    : gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(ms, GPR_TIMESPAN));
}

static void
refuse_begin(struct queue_loop *l)
{
	struct call *c, *next;

	for (c = l->g->streams; c != NULL; c = next) {
		next = c->next;
		c->method->ops->stop(c);
	}
	phase_set(l, REFUSING, REFUSE_MS);
}

/* The phase's time is over. */
static void
phase_next(struct queue_loop *l)
{
	if (l->phase == REFUSING) {
		grpc_server_shutdown_and_notify(l->g->server, l->g->queue, &down_tag);
		phase_set(l, CLOSING, GRACE_MS);
	} else {
		grpc_server_cancel_all_calls(l->g->server);
		phase_set(l, CUT, -1);
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
	TAG_TAKE_OVER(tag);
	if (ev.type == GRPC_QUEUE_TIMEOUT)
		phase_next(l);
	else if (tag == &down_tag)
		l->down = 1;
	else if (tag != &bell_tag)
		tag->step(tag->call, ev.success);
	if (l->phase == SERVING && atomic_load(&l->g->stopping))
		refuse_begin(l);
	if (l->down && l->g->n_calls == 0 && !l->closed) {
		l->closed = 1;
		grpc_completion_queue_shutdown(l->g->queue);
	}
	return 1;
}

static void
queue_run(struct api_grpc *g)
{
	struct queue_loop l = { .g = g };

	phase_set(&l, SERVING, -1);
	while (next_event(&l))
		;
}

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

/* What the library has to say of its peers would go to stderr as it is. */
static void
no_log(gpr_log_func_args *args)
{
	(void)args;
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
	char address[ADDRESS_LEN];
	sigset_t all, before;
	int r = address_resolve(g, address, sizeof address);

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
	ring(g);
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
		ring(g);
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
	for (size_t i = 0; i < g->n_methods; i++)
		free(g->methods[i].path);
	free(g->methods);
	free(g->lanes);
	g->server = NULL;
	grpc_shutdown_blocking();
}
