/* SPDX-License-Identifier: MIT */
/*
 * tests/abi/misuse.c - registers what must be refused, and logs what it was told.
 *
 * Needs provides_all, whose names it tries to take.
 */
#include "config.h"

#include <stdio.h>

#include "trace.h"

static void
told(const struct trace *t, const char *what, int rc)
{
	char text[80];

	snprintf(text, sizeof text, "%s %s", what, rc == 0 ? "ok" : rc == -EEXIST ? "exists" :
	    rc == -EPERM ? "not now" : rc == -EINVAL ? "invalid" : "other");
	trace_step(t, text);
}

static void
connection(void *ctx, struct rotor_worker *w, struct rotor_str jwt,
    rotor_connection_token_done_f *done, void *token)
{
	(void)ctx;
	(void)w;
	(void)jwt;
	done(token, ROTOR_TOKEN_ERROR, "test", NULL);
}

static void
subscription(void *ctx, struct rotor_worker *w, struct rotor_str jwt,
    rotor_subscription_token_done_f *done, void *token)
{
	(void)ctx;
	(void)w;
	(void)jwt;
	done(token, ROTOR_TOKEN_ERROR, "test", NULL);
}

static int
run(void *ctx, int argc, char **argv)
{
	(void)ctx;
	(void)argc;
	(void)argv;
	return 0;
}

static void
handle(void *ctx, struct rotor_http_request *r)
{
	(void)ctx;
	(void)r;
}

static void
try_tables(struct trace *t)
{
	const struct rotor_auth auth = { sizeof auth, connection, subscription };
	const struct rotor_auth hole = { sizeof hole, connection, NULL };
	const struct rotor_broker small = { .size = sizeof small - 1 };
	const struct rotor_command show = { .size = sizeof show, .name = "show", .run = run };
	const struct rotor_command nameless = { .size = sizeof nameless, .run = run };

	told(t, "second auth", rotor_provide_auth(t->inst, &auth, NULL));
	told(t, "auth with a hole", rotor_provide_auth(t->inst, &hole, NULL));
	told(t, "small broker", rotor_provide_broker(t->inst, "small", &small, NULL));
	told(t, "no broker", rotor_provide_broker(t->inst, "none", NULL, NULL));
	told(t, "second command", rotor_provide_command(t->inst, &show, NULL));
	told(t, "nameless command", rotor_provide_command(t->inst, &nameless, NULL));
}

static void
try_routes(struct trace *t)
{
	static const struct rotor_ws_handler empty = { .size = sizeof empty };
	struct rotor_http_route r = { .size = sizeof r, .path = "/all", .handle = handle };

	told(t, "route on no listener", rotor_http_route_add(t->inst, &r, NULL));
	r.flags = ROTOR_HTTP_EXTERNAL | ROTOR_HTTP_INTERNAL;
	told(t, "route taken outside", rotor_http_route_add(t->inst, &r, NULL));
	r.flags = ROTOR_HTTP_INTERNAL;
	told(t, "same route inside", rotor_http_route_add(t->inst, &r, NULL));
	r.path = "all";
	told(t, "route without slash", rotor_http_route_add(t->inst, &r, NULL));
	r.path = "/ws";
	r.ws = &empty;
	told(t, "route with empty ws", rotor_http_route_add(t->inst, &r, NULL));
	r.ws = NULL;
	r.handle = NULL;
	told(t, "route to nowhere", rotor_http_route_add(t->inst, &r, NULL));
}

static int
misuse_load(struct rotor_instance *inst, void **ret_ctx)
{
	int rc = trace_load(inst, "misuse", ret_ctx);

	if (rc != 0)
		return rc;
	try_tables(*ret_ctx);
	try_routes(*ret_ctx);
	return ROTOR_OK;
}

static int
misuse_start(void *ctx)
{
	struct trace *t = ctx;
	const struct rotor_command late = { .size = sizeof late, .name = "late", .run = run };

	told(t, "late command", rotor_provide_command(t->inst, &late, NULL));
	return ROTOR_OK;
}

ROTOR_MODULE_DEFINE(misuse, .needs = "provides_all", .load = misuse_load, .start = misuse_start,
    .unload = trace_unload);
