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
#include <rotor/metrics.h>
#include <rotor/module.h>

#include "history.h"
#include "presence.h"

/* Expiry is exact for whoever looks, so the sweep only frees memory: a part at a time,
 * to keep the control thread free for other things. */
#define SWEEP_EVERY_MS	1000u
#define SWEEP_AGAIN_MS	50u
#define SWEEP_MAX	4096u

#define LOG_EVERY_MS	60000

struct engine_memory_conf {
	int64_t	max_bytes;
};

static const struct rotor_option rows[] = {
	{ .path = "memory.max_bytes", .kind = ROTOR_OPT_INT,
	  .offset = offsetof(struct engine_memory_conf, max_bytes), .def = "1073741824",
	  .min = 0, .max = INT64_MAX,
	  .doc = "Bytes of memory that streams, their publications and remembered answers may take; beyond, "
	      "those not used for the longest time go.  0: no limit." },
};
static const struct rotor_option_table options =
    ROTOR_OPTION_TABLE("engine", rows, struct engine_memory_conf);

/* What is held, as a gauge tells it. */
struct gauge {
	rotor_metric_id	id;
	int64_t		told;
};

enum { G_STREAMS, G_PUBLICATIONS, G_RESULTS, G_BYTES, G_PRESENCE, G_EVICTED, N_GAUGES };

static const struct {
	uint32_t	type;
	const char	*name, *help;
} gauges[N_GAUGES] = {
	[G_STREAMS] = { ROTOR_GAUGE, "num_streams", "Streams of channels, with publications or without." },
	[G_PUBLICATIONS] = { ROTOR_GAUGE, "num_publications", "Publications kept in streams." },
	[G_RESULTS] = { ROTOR_GAUGE, "num_idempotency_keys", "Answers remembered by idempotency key." },
	[G_BYTES] = { ROTOR_GAUGE, "num_bytes", "Memory that these take; see engine.memory.max_bytes." },
	[G_PRESENCE] = { ROTOR_GAUGE, "num_presence_entries", "Clients in channels with presence." },
	[G_EVICTED] = { ROTOR_COUNTER, "evicted_count",
	    "Streams, publications of streams or answers given up for engine.memory.max_bytes." },
};

struct engine_memory {
	struct rotor_server	*srv;
	struct rotor_log	*log;
	const struct engine_memory_conf	*conf;
	struct gauge		gauges[N_GAUGES];
	uint64_t		evicted;	/* as last logged */
	uint64_t		log_after_ms;
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
gauge_set(struct rotor_worker *w, struct gauge *g, int64_t value)
{
	rotor_metric_add(w, g->id, value - g->told);
	g->told = value;
}

static void
warn_evicted(struct engine_memory *em, uint64_t now_ms, const struct history_totals *t)
{
	if (t->evicted == em->evicted || now_ms < em->log_after_ms)
		return;
	ROTOR_LOG(em->log, ROTOR_LOG_WARN, "engine",
	    "engine.memory.max_bytes is reached: what was not used for the longest time goes",
	    ROTOR_F_INT("streams", (int64_t)t->streams), ROTOR_F_INT("bytes", t->bytes),
	    ROTOR_F_INT("evicted", (int64_t)(t->evicted - em->evicted)));
	em->evicted = t->evicted;
	em->log_after_ms = now_ms + LOG_EVERY_MS;
}

static void
tell(struct engine_memory *em, struct rotor_worker *w)
{
	struct history_totals t;
	size_t i;

	history_count(em->history, &t);
	const int64_t values[N_GAUGES] = {
		[G_STREAMS] = (int64_t)t.streams, [G_PUBLICATIONS] = (int64_t)t.publications,
		[G_RESULTS] = (int64_t)t.results, [G_BYTES] = t.bytes,
		[G_PRESENCE] = (int64_t)presence_entries(em->presence), [G_EVICTED] = (int64_t)t.evicted,
	};
	for (i = 0; i < N_GAUGES; i++)
		gauge_set(w, &em->gauges[i], values[i]);
	warn_evicted(em, rotor_worker_now_ms(w), &t);
}

static void
engine_sweep(struct rotor_worker *w, void *priv)
{
	struct engine_memory *em = priv;
	int more = history_sweep(em->history, SWEEP_MAX);

	tell(em, w);
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
		.wanted = rotor_wanted,
		.max_bytes = em->conf->max_bytes,
	};
	size_t i;

	for (i = 0; i < N_GAUGES; i++)
		em->gauges[i].id = rotor_metric_child(rotor_metric_register(em->srv, gauges[i].type,
		    "engine_memory", gauges[i].name, gauges[i].help, "", NULL, 0), NULL);

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
	em->conf = rotor_instance_conf(inst);
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
    .options = &options,
    .load = engine_load,
    .start = engine_start,
    .stop = engine_stop,
    .unload = engine_unload,
);
