/* SPDX-License-Identifier: MIT */
/*
 * loop/watchdog.c - a thread that tells when a loop does not come round.
 *
 * It reads two atomics of each worker ten times a second, and never waits for one.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include <rotor/log.h>

#include "base/obj.h"
#include "loop/stall.h"
#include "loop/worker.h"
#include "node/server.h"

#define LOOK_MS		100

struct watchdog {
	uint32_t		magic;
#define WATCHDOG_MAGIC		0x51f7a26cu
	uint32_t		limit_ms;
	struct rotor_server	*srv;
	pthread_t		thread;
	pthread_mutex_t		lock;
	pthread_cond_t		wake;
	int			stop;		/* under lock */
	uint32_t		n;
	struct stall		stalls[];	/* of each worker; the control thread's last */
};

static struct rotor_worker *
worker_at(const struct watchdog *wd, uint32_t i)
{
	return rotor_server_worker(wd->srv, i < wd->n - 1 ? i : ROTOR_CONTROL);
}

static void
report(const struct watchdog *wd, uint32_t i, enum stall_news news)
{
	static const struct {
		uint32_t	level;
		const char	*text;
	} texts[] = {
		[STALL_BEGAN] = { ROTOR_LOG_WARN, "loop stalled" },
		[STALL_ENDED] = { ROTOR_LOG_INFO, "loop recovered" },
		[STALL_PASSED] = { ROTOR_LOG_WARN, "loop stalled, and has recovered" },
	};
	const struct stall *st = &wd->stalls[i];
	struct rotor_log *log = server_log(wd->srv);
	char name[16] = "control";

	if (i < wd->n - 1)
		(void)snprintf(name, sizeof name, "w%" PRIu32, i);
	ROTOR_LOG(log, texts[news].level, "loop", texts[news].text, ROTOR_F_STR("worker", name),
	    ROTOR_F_STR("module", st->name.module), ROTOR_F_STR("callback", st->name.callback),
	    ROTOR_F_INT("ms", st->ms));
}

static void
look_at_all(struct watchdog *wd)
{
	const struct rotor_worker *w;
	enum stall_news news;
	struct timespec ts;
	uint64_t now_ms;
	uint32_t i;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	now_ms = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
	for (i = 0; i < wd->n; i++) {
		w = worker_at(wd, i);
		while (w != NULL &&
		    (news = stall_check(&wd->stalls[i], w, now_ms, wd->limit_ms)) != STALL_NOTHING)
			report(wd, i, news);
	}
}

/* Waits for the next look.  1 when it is time to stop instead. */
static int
wait_for_next(struct watchdog *wd)
{
	struct timespec until;
	int stop;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LOOK_MS * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	pthread_mutex_lock(&wd->lock);
	while (!wd->stop && pthread_cond_timedwait(&wd->wake, &wd->lock, &until) == 0)
		;
	stop = wd->stop;
	pthread_mutex_unlock(&wd->lock);
	return stop;
}

static void *
watchdog_main(void *priv)
{
	struct watchdog *wd;

	OBJ_CAST(wd, priv, WATCHDOG_MAGIC);
	(void)pthread_setname_np(pthread_self(), "rotor-watchdog");
	while (!wait_for_next(wd))
		look_at_all(wd);
	return NULL;
}

static int
init_sync(struct watchdog *wd)
{
	pthread_condattr_t attr;
	int err;

	if (pthread_condattr_init(&attr) != 0)
		return -1;
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	err = pthread_cond_init(&wd->wake, &attr);
	(void)pthread_condattr_destroy(&attr);
	if (err != 0)
		return -1;
	return pthread_mutex_init(&wd->lock, NULL);	/* cannot fail on Linux */
}

static struct watchdog *
watchdog_alloc(uint32_t n)
{
	struct watchdog *wd = calloc(1, sizeof *wd + n * sizeof wd->stalls[0]);

	if (wd == NULL)
		return NULL;
	wd->magic = WATCHDOG_MAGIC;
	wd->n = n;
	if (init_sync(wd) != 0)
		OBJ_FREE(wd);
	return wd;
}

static void
watchdog_release(struct watchdog **wdp)
{
	pthread_cond_destroy(&(*wdp)->wake);
	pthread_mutex_destroy(&(*wdp)->lock);
	OBJ_FREE(*wdp);
}

struct watchdog *
watchdog_start(struct rotor_server *srv, uint32_t limit_ms)
{
	struct watchdog *wd = watchdog_alloc(rotor_server_workers(srv) + 1);

	if (wd == NULL)
		return NULL;
	wd->srv = srv;
	wd->limit_ms = limit_ms;
	if (pthread_create(&wd->thread, NULL, watchdog_main, wd) != 0)
		watchdog_release(&wd);
	return wd;
}

void
watchdog_stop(struct watchdog **wdp)
{
	struct watchdog *wd;

	if (*wdp == NULL)
		return;
	OBJ_TAKE(wd, wdp, WATCHDOG_MAGIC);
	pthread_mutex_lock(&wd->lock);
	wd->stop = 1;
	pthread_cond_signal(&wd->wake);
	pthread_mutex_unlock(&wd->lock);
	(void)pthread_join(wd->thread, NULL);
	watchdog_release(&wd);
}
