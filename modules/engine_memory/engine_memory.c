/* SPDX-License-Identifier: MIT */
/*
 * engine_memory.c - channels, history and presence in this process's memory.
 *
 * history.c is the broker, presence.c the presence manager; this file is their place
 * in the server, and the clock that makes what has expired go away.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include <rotor/engine.h>
#include <rotor/log.h>
#include <rotor/loop.h>
#include <rotor/module.h>

#include "history.h"
#include "presence.h"

/* Expiry is exact for whoever looks, so the sweep only frees memory: a part at a time,
 * to keep the control thread free for other things. */
#define SWEEP_EVERY_MS	1000u
#define SWEEP_AGAIN_MS	50u
#define SWEEP_MAX	4096u

struct engine_memory {
	struct rotor_server	*srv;
	struct rotor_log	*log;
	struct history		*history;
	struct presence		*presence;
	struct rotor_timer	*sweep_timer;	/* from start() to stop(); control thread */
};

static int64_t
clock_ms(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

static int64_t
monotonic_ms(void)
{
	return (clock_ms(CLOCK_MONOTONIC_COARSE));
}

static int64_t
unix_ms(void)
{
	return (clock_ms(CLOCK_REALTIME_COARSE));
}

static void
engine_sweep(struct rotor_worker *w, void *priv)
{
	struct engine_memory *em = priv;
	int more = history_sweep(em->history, SWEEP_MAX);

	(void)w;
	rotor_timer_set(em->sweep_timer, more ? SWEEP_AGAIN_MS : SWEEP_EVERY_MS);
}

static void
engine_unload(void *ctx)
{
	struct engine_memory *em = ctx;

	history_free(&em->history);
	presence_free(&em->presence);
	free(em);
}

static int
engine_make(struct engine_memory *em)
{
	const struct history_env env = {
		.now_ms = monotonic_ms,
		.unix_ms = unix_ms,
		.deliver = rotor_deliver,
		.srv = em->srv,
	};

	em->history = history_new(&env);
	em->presence = presence_new();
	return (em->history != NULL && em->presence != NULL ? ROTOR_OK : -ENOMEM);
}

static int
engine_provide(struct engine_memory *em, struct rotor_instance *inst)
{
	int ret = rotor_provide_broker(inst, "memory", &history_broker, em->history);

	if (ret == ROTOR_OK)
		ret = rotor_provide_presence(inst, "memory", &presence_manager, em->presence);
	return (ret);
}

static int
engine_load(struct rotor_instance *inst, void **ret_ctx)
{
	struct engine_memory *em = calloc(1, sizeof *em);
	int ret;

	if (em == NULL)
		return (-ENOMEM);
	em->srv = rotor_instance_server(inst);
	em->log = rotor_instance_log(inst);
	ret = engine_make(em);
	if (ret == ROTOR_OK)
		ret = engine_provide(em, inst);
	if (ret != ROTOR_OK) {
		ROTOR_LOG(em->log, ROTOR_LOG_ERROR, "engine", "cannot provide the memory engine",
		    ROTOR_F_INT("error", ret));
		engine_unload(em);
		return (ret);
	}
	*ret_ctx = em;
	return (ROTOR_OK);
}

static int
engine_start(void *ctx)
{
	struct engine_memory *em = ctx;

	em->sweep_timer = rotor_timer_new(rotor_server_worker(em->srv, ROTOR_CONTROL), engine_sweep, em);
	if (em->sweep_timer == NULL) {
		ROTOR_LOG(em->log, ROTOR_LOG_ERROR, "engine", "no memory for the expiry timer");
		return (-ENOMEM);
	}
	rotor_timer_set(em->sweep_timer, SWEEP_EVERY_MS);
	return (ROTOR_OK);
}

static void
engine_stop(void *ctx)
{
	struct engine_memory *em = ctx;

	rotor_timer_free(&em->sweep_timer);
}

ROTOR_MODULE_DEFINE(engine_memory,
    .summary = "Channels, history and presence in this process's memory.",
    .provides = "engine:memory",
    .load = engine_load,
    .start = engine_start,
    .stop = engine_stop,
    .unload = engine_unload,
);
