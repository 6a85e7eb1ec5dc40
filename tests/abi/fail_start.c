/* SPDX-License-Identifier: MIT */
/* tests/abi/fail_start.c - loads, but starts neither in the server nor on a worker. */
#include "config.h"

#include "trace.h"

static int
fail_start_load(struct rotor_instance *inst, void **ret_ctx)
{
	return trace_load(inst, "fail_start", ret_ctx);
}

static int
fail_start_start(void *ctx)
{
	(void)ctx;
	return -EADDRINUSE;
}

static int
fail_start_worker_start(void *ctx, struct rotor_worker *w)
{
	(void)ctx;
	(void)w;
	return ROTOR_DECLINED;	/* means nothing here, hence a failure */
}

ROTOR_MODULE_DEFINE(fail_start, .load = fail_start_load, .start = fail_start_start,
    .stop = trace_stop, .unload = trace_unload, .worker_start = fail_start_worker_start);
