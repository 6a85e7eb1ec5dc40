/* SPDX-License-Identifier: MIT */
/* tests/abi/needs_ok.c - needs one that is. */
#include "config.h"

#include "trace.h"

static int
needs_ok_load(struct rotor_instance *inst, void **ret_ctx)
{
	return trace_load(inst, "needs_ok", ret_ctx);
}

ROTOR_MODULE_DEFINE(needs_ok, .needs = " provides_all", .load = needs_ok_load,
    .start = trace_start, .stop = trace_stop, .unload = trace_unload);
