/* SPDX-License-Identifier: MIT */
/*
 * node/run.c - a server from its first thread to its last.
 *
 *	start	threads; worker_start() of the modules on each; start() of the
 *		modules (listeners open)
 *	serve	until SIGTERM or SIGINT; SIGHUP reopens the log file
 *	stop	listeners close; clients get 3001, spread over shutdown.spread;
 *		worker_stop() of the modules on each worker; threads end
 *
 * All of it is driven by the control thread's loop.  A SIGINT while stopping, or
 * shutdown.timeout, ends the process at once with status 1.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <rotor/codes.h>
#include <rotor/log.h>
#include <rotor/module.h>

#include "base/obj.h"
#include "client/client.h"
#include "log/log.h"
#include "loop/aside.h"
#include "loop/worker.h"
#include "module/loader.h"
#include "node/crash.h"
#include "node/gather.h"
#include "node/process.h"
#include "node/server.h"
#include "node/snapshot.h"

#define POLL_MS			50u
#define RESERVE_MS		1000u	/* of shutdown.timeout, for what comes after the clients */
#define LAST_WORDS_MS		500u	/* for the log to be taken when we leave in a hurry */
#define GONE_MS			5500u	/* a peer's time to answer our Close, and a bit */

/* A worker's clients on their way out: a share of them each tick. */
struct farewell {
	struct rotor_timer	*timer;
	struct rotor_job	job;
	uint32_t		batch;		/* a tick */
	uint64_t		due;		/* and not closed yet */
};

struct run {
	struct rotor_server	*srv;
	struct event		*sigterm, *sigint, *sighup;
	struct watchdog		*watchdog;
	struct crash_watch	*crash;
	struct rotor_timer	*poll;		/* waits for the clients to be gone */
	struct rotor_timer	*limit;		/* shutdown.timeout */
	uint64_t		gone_by_ms;
	uint32_t		threads;	/* running */
	_Atomic int		worker_error;	/* of a module's worker_start() */
	int			modules_started;
	int			workers_ready;
	int			status;
	struct farewell		farewells[SERVER_MAX_WORKERS];	/* each its worker's */
};

static void
pid_file_write(struct rotor_server *srv)
{
	const char *path = srv->cc.pid_file;
	int fd;

	if (path[0] == '\0')
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0)
		ROTOR_LOG(srv->log, ROTOR_LOG_ERROR, "server", "cannot write pid_file",
		    ROTOR_F_STR("file", path), ROTOR_F_STR("error", strerror(errno)));
	if (fd >= 0)
		close(fd);
}

static void
pid_file_remove(struct rotor_server *srv)
{
	if (srv->cc.pid_file[0] != '\0')
		unlink(srv->cc.pid_file);
}

/*
 * Stop.
 */

/* At once, whatever is under way. */
_Noreturn static void
leave(struct rotor_server *srv)
{
	pid_file_remove(srv);
	log_flush(srv->log, LAST_WORDS_MS);
	_exit(1);
}

static void
modules_down(struct rotor_worker *control, void *priv)
{
	(void)priv;
	worker_stop(control);
}

static void
modules_down_visit(struct rotor_worker *w, void *priv)
{
	struct run *run = priv;

	loader_worker_stop(run->srv->loader, w);
}

/* The clients are gone, or have had their time. */
static void
stop_workers(struct run *run)
{
	rotor_timer_free(&run->poll);
	if (!run->workers_ready || gather(run->srv->control, modules_down_visit, modules_down, run) != 0)
		worker_stop(run->srv->control);
}

static void
poll_gone(struct rotor_worker *control, void *priv)
{
	struct run *run = priv;

	struct rotor_server *srv = run->srv;
	int is_gone = atomic_load(&srv->n_attached) == 0 && atomic_load(&srv->n_holds) == 0;

	if (is_gone || control->now_ms >= run->gone_by_ms)
		stop_workers(run);
	else
		rotor_timer_set(run->poll, POLL_MS);
}

void
rotor_server_hold(struct rotor_server *srv)
{
	OBJ_CHECK(srv, SERVER_MAGIC);
	atomic_fetch_add(&srv->n_holds, 1);
}

void
rotor_server_release(struct rotor_server *srv)
{
	OBJ_CHECK(srv, SERVER_MAGIC);
	atomic_fetch_sub(&srv->n_holds, 1);
}

/* Those whose time has come, in turns. */
static int
farewell_step(struct rotor_worker *w, void *priv)
{
	struct farewell *f = priv;
	struct rotor_client *c;

	for (; f->due > 0 && (c = w->hub->open) != NULL; f->due--) {
		if (rotor_turn_over(w))
			return ROTOR_AGAIN;
		client_ref(c);
		client_close(c, ROTOR_DISCONNECT_SHUTDOWN, NULL);
		client_unref(&c);
	}
	f->due = 0;
	return ROTOR_OK;
}

static void
farewell_tick(struct rotor_worker *w, void *priv)
{
	struct farewell *f = priv;

	f->due += f->batch;
	rotor_job_start(w, &f->job);
	if (w->hub->open != NULL)
		rotor_timer_set(f->timer, POLL_MS);
}

static void
farewell_begin(struct rotor_worker *w, void *priv)
{
	uint64_t ticks = (uint64_t)w->srv->cc.shutdown_spread_ms / POLL_MS + 1;
	struct run *run = priv;
	struct farewell *f = &run->farewells[w->index];

	f->timer = rotor_timer_new(w, farewell_tick, f);
	if (f->timer == NULL)
		return;		/* they will see the connection break */
	rotor_job_init(&f->job, "farewell", farewell_step, f);
	f->batch = (uint32_t)(w->hub->n_attached / ticks) + 1;
	farewell_tick(w, f);
}

static void
limit_passed(struct rotor_worker *control, void *priv)
{
	struct run *run = priv;

	(void)control;
	ROTOR_LOG(run->srv->log, ROTOR_LOG_FATAL, "server", "shutdown.timeout has passed, giving up",
	    ROTOR_F_INT("clients", atomic_load(&run->srv->n_attached)));
	leave(run->srv);
}

/* How long clients are waited for.  shutdown.timeout is for what hangs: peers that do not say
 * goodbye are dropped before it. */
static uint64_t
patience_ms(const struct conf_core *cc)
{
	uint64_t ms = (uint64_t)cc->shutdown_spread_ms + GONE_MS, limit = (uint64_t)cc->shutdown_timeout_ms;
	uint64_t most = limit > 2 * RESERVE_MS ? limit - RESERVE_MS : limit / 2;

	return ms < most ? ms : most;
}

static void
stop_begin(struct run *run)
{
	struct rotor_server *srv = run->srv;

	atomic_store(&srv->stopping, 1);
	run->limit = rotor_timer_new(srv->control, limit_passed, run);
	run->poll = rotor_timer_new(srv->control, poll_gone, run);
	if (run->limit != NULL)
		rotor_timer_set(run->limit, (uint64_t)srv->cc.shutdown_timeout_ms);
	if (run->modules_started)
		loader_stop(srv->loader);
	run->modules_started = 0;
	run->gone_by_ms = srv->control->now_ms + patience_ms(&srv->cc);
	for (uint32_t i = 0; i < run->threads; i++)
		rotor_worker_post(srv->workers[i], farewell_begin, run);
	if (run->poll != NULL)
		rotor_timer_set(run->poll, POLL_MS);
	else
		stop_workers(run);
}

static void
on_stop_signal(evutil_socket_t sig, short events, void *priv)
{
	struct run *run = priv;
	struct rotor_server *srv = run->srv;

	(void)events;
	worker_busy(srv->control, "signal", NULL);
	if (atomic_load(&srv->stopping) && sig != SIGINT) {
		worker_idle(srv->control);
		return;		/* it is being done */
	}
	if (atomic_load(&srv->stopping)) {
		ROTOR_LOG(srv->log, ROTOR_LOG_WARN, "server", "interrupted again, leaving at once");
		leave(srv);
	}
	ROTOR_LOG(srv->log, ROTOR_LOG_INFO, "server", "stopping",
	    ROTOR_F_STR("signal", strsignal((int)sig)),
	    ROTOR_F_INT("clients", atomic_load(&srv->n_attached)));
	stop_begin(run);
	worker_idle(srv->control);
}

static void
on_sighup(evutil_socket_t sig, short events, void *priv)
{
	struct run *run = priv;
	int r = log_reopen(run->srv->log);

	(void)sig;
	(void)events;
	if (r != 0)
		ROTOR_LOG(run->srv->log, ROTOR_LOG_ERROR, "server", "cannot reopen the log file",
		    ROTOR_F_STR("error", strerror(-r)));
}

/*
 * Start.
 */

static void
give_up(struct run *run)
{
	run->status = 1;
	stop_begin(run);
}

static void
modules_up(struct rotor_worker *control, void *priv)
{
	struct run *run = priv;
	struct rotor_server *srv = run->srv;

	(void)control;
	if (run->worker_error != 0) {
		ROTOR_LOG(srv->log, ROTOR_LOG_FATAL, "server", "a module cannot start on a worker",
		    ROTOR_F_STR("error", strerror(-run->worker_error)));
		give_up(run);
		return;
	}
	run->workers_ready = 1;
	if (atomic_load(&srv->stopping))
		return;		/* a signal was faster */
	if (loader_start(srv->loader) != 0) {
		give_up(run);
		return;
	}
	run->modules_started = 1;
	pid_file_write(srv);
	ROTOR_LOG(srv->log, ROTOR_LOG_INFO, "server", "started", ROTOR_F_STR("version", PACKAGE_VERSION),
	    ROTOR_F_STR("node", srv->name), ROTOR_F_INT("workers", srv->n_workers),
	    ROTOR_F_STR("engine", srv->cc.engine_type), ROTOR_F_INT("pid", getpid()));
}

static void
modules_up_visit(struct rotor_worker *w, void *priv)
{
	struct run *run = priv;
	int r;

	crash_watch_thread(run->crash, w->index);
	r = loader_worker_start(run->srv->loader, w);
	if (r != 0)
		run->worker_error = r;
}

static int
start_threads(struct run *run)
{
	struct rotor_server *srv = run->srv;

	for (; run->threads < srv->n_workers; run->threads++) {
		int r = worker_start(srv->workers[run->threads]);

		if (r != 0) {
			ROTOR_LOG(srv->log, ROTOR_LOG_FATAL, "server", "cannot start a worker thread",
			    ROTOR_F_STR("error", strerror(-r)));
			return r;
		}
	}
	return gather(srv->control, modules_up_visit, modules_up, run);
}

static struct event *
on_signal(struct run *run, int sig, event_callback_fn fn)
{
	struct event *ev = evsignal_new(run->srv->control->base, sig, fn, run);

	if (ev != NULL)
		event_add(ev, NULL);
	return ev;
}

static void
warn_insecure(struct rotor_server *srv)
{
	const struct conf_client *cl = &srv->cc.client;

	if (cl->insecure)
		ROTOR_LOG(srv->log, ROTOR_LOG_WARN, "server", "INSECURE client mode: no authentication");
	for (size_t i = 0; i < cl->allowed_origins.n; i++)
		if (strcmp(cl->allowed_origins.v[i], "*") == 0)
			ROTOR_LOG(srv->log, ROTOR_LOG_INFO, "server", "client.allowed_origins admits any origin");
}

static void
run_fini(struct run *run)
{
	struct rotor_server *srv = run->srv;
	struct event *events[] = { run->sigterm, run->sigint, run->sighup };

	for (uint32_t i = 0; i < run->threads; i++)
		worker_stop(srv->workers[i]);
	for (uint32_t i = 0; i < run->threads; i++)
		worker_join(srv->workers[i]);
	/* What it had in hand comes home while the modules it is for are still there. */
	aside_stop(srv->aside);
	for (uint32_t i = 0; i < run->threads; i++)
		worker_join(srv->workers[i]);
	for (uint32_t i = 0; i < run->threads; i++)
		rotor_timer_free(&run->farewells[i].timer);
	watchdog_stop(&run->watchdog);
	snapshots_free(&srv->snapshots);
	rotor_timer_free(&run->poll);
	rotor_timer_free(&run->limit);
	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
		if (events[i] != NULL)
			event_free(events[i]);
	pid_file_remove(srv);
	crash_watch_free(&run->crash);
}

int
server_run(struct rotor_server *srv)
{
	struct run run = { .srv = srv };
	int r;

	OBJ_CHECK(srv, SERVER_MAGIC);
	srv->started_ms = srv->control->now_ms;
	if ((r = log_start(srv->log)) != 0) {
		ROTOR_LOG(srv->log, ROTOR_LOG_FATAL, "server", "cannot start the log's thread",
		    ROTOR_F_STR("error", strerror(-r)));
		return 1;
	}
	process_lift_limits(srv->log);
	warn_insecure(srv);
	run.crash = crash_watch_new(srv);
	crash_watch_thread(run.crash, ROTOR_CONTROL);
	srv->snapshots = snapshots_new(srv, (uint64_t)srv->cc.node_info_metrics_aggregate_interval_ms);
	if (start_threads(&run) == 0)
		run.watchdog = watchdog_start(srv, STALL_LONG_MS);
	else
		give_up(&run);
	run.sigterm = on_signal(&run, SIGTERM, on_stop_signal);
	run.sigint = on_signal(&run, SIGINT, on_stop_signal);
	run.sighup = on_signal(&run, SIGHUP, on_sighup);
	process_mask_signals(SIG_UNBLOCK);	/* workers took over that they wait */
	worker_loop(srv->control);
	run_fini(&run);
	if (run.status == 0)
		ROTOR_LOG(srv->log, ROTOR_LOG_INFO, "server", "stopped");
	return run.status;
}
