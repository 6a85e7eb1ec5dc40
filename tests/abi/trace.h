/* SPDX-License-Identifier: MIT */
/*
 * tests/abi/trace.h - a module whose steps show in the log, for the loader's tests:
 * each line has the module's name as area and the step as message.
 */
#ifndef TESTS_ABI_TRACE_H
#define TESTS_ABI_TRACE_H

#include <errno.h>
#include <stdlib.h>

#include <rotor/rotor.h>

struct trace {
	const char		*name;
	struct rotor_log	*log;
	struct rotor_instance	*inst;
};

static inline void
trace_step(const struct trace *t, const char *step)
{
	ROTOR_LOG(t->log, ROTOR_LOG_INFO, t->name, step);
}

static inline int
trace_load(struct rotor_instance *inst, const char *name, void **ret_ctx)
{
	struct trace *t = calloc(1, sizeof *t);

	if (t == NULL)
		return -ENOMEM;
	t->name = name;
	t->log = rotor_instance_log(inst);
	t->inst = inst;
	trace_step(t, "load");
	*ret_ctx = t;
	return ROTOR_OK;
}

static inline int
trace_start(void *ctx)
{
	trace_step(ctx, "start");
	return ROTOR_OK;
}

static inline void
trace_stop(void *ctx)
{
	trace_step(ctx, "stop");
}

static inline void
trace_unload(void *ctx)
{
	trace_step(ctx, "unload");
	free(ctx);
}

#endif
