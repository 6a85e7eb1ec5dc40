/* SPDX-License-Identifier: MIT */
/* tests/abi/fail_load.c - registers something, then fails to load. */
#include "config.h"

#include "trace.h"

static void
fail_load_handle(void *ctx, struct rotor_http_request *r)
{
	(void)ctx;
	(void)r;
}

static int
fail_load_load(struct rotor_instance *inst, void **ret_ctx)
{
	const struct rotor_http_route route = {
		.size = sizeof route,
		.path = "/fail",
		.flags = ROTOR_HTTP_EXTERNAL,
		.handle = fail_load_handle,
	};

	(void)ret_ctx;
	rotor_http_route_add(inst, &route, NULL);
	return -EIO;
}

ROTOR_MODULE_DEFINE(fail_load, .load = fail_load_load);
