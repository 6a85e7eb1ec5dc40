/* SPDX-License-Identifier: MIT */
/* health.c - answers that the server is alive. */
#include "config.h"

#include <errno.h>
#include <rotor/check.h>
#include <rotor/http.h>
#include <rotor/module.h>
#include <stddef.h>

struct health_conf {
	int32_t		enabled;
	const char	*handler_prefix;
};

static const struct rotor_option rows[] = {
	{ "enabled", ROTOR_OPT_BOOL, 0, offsetof(struct health_conf, enabled), "false",
	    "Serve the health endpoint.", 0, 0, NULL, NULL },
	{ "handler_prefix", ROTOR_OPT_STR, 0, offsetof(struct health_conf, handler_prefix), "/health",
	    "Path of the health endpoint.", 0, 0, NULL, NULL },
};

static const struct rotor_option_table options =
    ROTOR_OPTION_TABLE("health", rows, struct health_conf);

static void
health_handle(void *ctx, struct rotor_http_request *r)
{
	static const struct rotor_http_response alive = {
		.size = sizeof alive,
		.status = 200,
		.content_type = "application/json",
		.body = { "{}", 2 },
	};

	(void)ctx;
	rotor_http_respond(r, &alive);
}

static void
health_check(struct rotor_check *chk)
{
	const struct health_conf *conf = rotor_check_conf(chk);

	if (conf->enabled)
		rotor_check_route(chk, "health.handler_prefix", conf->handler_prefix, ROTOR_HTTP_INTERNAL);
}

static int
health_load(struct rotor_instance *inst, void **ret_ctx)
{
	const struct health_conf *conf = rotor_instance_conf(inst);
	struct rotor_http_route route = {
		.size = sizeof route,
		.path = conf->handler_prefix,
		.flags = ROTOR_HTTP_INTERNAL,
		.max_body = 65536,
		.handle = health_handle,
		.label = "health",
	};

	*ret_ctx = NULL;
	return conf->enabled ? rotor_http_route_add(inst, &route, NULL) : ROTOR_OK;
}

ROTOR_MODULE_DEFINE(health,
    .summary = "health endpoint for load balancers and orchestrators",
    .provides = "endpoint:health",
    .needs = "http",
    .options = &options,
    .load = health_load,
    .check = health_check);
