/* SPDX-License-Identifier: MIT */
/*
 * greet.c - a whole module for Rotor: GET /greet answers a configured text.
 *
 * Read it from top to bottom: context, options, handler, load and unload, and the
 * one symbol that the server looks for.  Nothing is static but constants: all state
 * hangs from the context, so that two servers in one process can each have a greet.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/http.h>
#include <rotor/log.h>
#include <rotor/module.h>

/* What the option table fills; read-only, and the server's memory. */
struct greet_conf {
	const char	*text;
	int32_t		internal;
};

struct greet {
	const struct greet_conf	*conf;
};

/* One row a key of the section `greet` in rotor.yaml. */
static const struct rotor_option greet_rows[] = {
	{ .path = "text", .kind = ROTOR_OPT_STR, .offset = offsetof(struct greet_conf, text),
	    .def = "Hello", .doc = "What GET /greet answers." },
	{ .path = "internal", .kind = ROTOR_OPT_BOOL, .offset = offsetof(struct greet_conf, internal),
	    .def = "false", .doc = "Serve /greet on the internal port instead of the external one." },
};

static const struct rotor_option_table greet_options =
    ROTOR_OPTION_TABLE("greet", greet_rows, struct greet_conf);

/* Runs on the thread of the worker that accepted the connection. */
static void
greet_handle(void *ctx, struct rotor_http_request *r)
{
	static const char not_allowed[] = "only GET\n";
	const struct greet *g = ctx;
	struct rotor_http_response res = {
		.size = sizeof res,
		.status = 200,
		.content_type = "text/plain; charset=utf-8",
		.body = { g->conf->text, strlen(g->conf->text) },
	};

	if (r->method != ROTOR_HTTP_GET && r->method != ROTOR_HTTP_HEAD) {
		res.status = 405;
		res.body.p = not_allowed;
		res.body.len = sizeof not_allowed - 1;
	}
	rotor_http_respond(r, &res);
}

static int
greet_load(struct rotor_instance *inst, void **ret_ctx)
{
	struct rotor_http_route route = {
		.size = sizeof route,
		.path = "/greet",
		.flags = ROTOR_HTTP_EXTERNAL,
		.handle = greet_handle,
		.label = "greet",
	};
	struct greet *g = calloc(1, sizeof *g);
	int rc;

	if (g == NULL)
		return -ENOMEM;
	g->conf = rotor_instance_conf(inst);
	if (g->conf->internal)
		route.flags = ROTOR_HTTP_INTERNAL;
	rc = rotor_http_route_add(inst, &route, g);
	if (rc != ROTOR_OK) {
		ROTOR_LOG(rotor_instance_log(inst), ROTOR_LOG_ERROR, "greet", "cannot add the route",
		    ROTOR_F_STR("path", route.path), ROTOR_F_STR("error", strerror(-rc)));
		free(g);
		return rc;
	}
	*ret_ctx = g;
	return ROTOR_OK;
}

/* The server has dropped the route already. */
static void
greet_unload(void *ctx)
{
	free(ctx);
}

ROTOR_MODULE_DEFINE(greet,
    .summary = "Answers GET /greet with a text",
    .provides = "http:/greet",
    .needs = "http",
    .options = &greet_options,
    .load = greet_load,
    .unload = greet_unload);
