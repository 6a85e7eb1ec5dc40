/* SPDX-License-Identifier: MIT */
/*
 * log/writer.c - see log/writer.h.
 *
 * One mutex, held to copy a line into the ring or to move its pointers, never to write.
 * The thread waits in poll() for the descriptor, for its bell (an eventfd, rung only when it
 * has said that it will wait for lines), or for both.
 *
 * What cannot be written is kept and tried again, so that there is one way to lose a line:
 * the ring is full.  How many were lost is told between two lines as soon as something has
 * been written again, and once a second if it goes on.
 */
#include "config.h"

#include "log/writer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/obj.h"
#include "log/out.h"
#include "log/ring.h"

#define RETRY_MS	1000u		/* after a write that failed */
#define NOTICE_MS	1000u		/* from one word about lost lines to the next */

struct writer {
	uint32_t		magic;
#define WRITER_MAGIC		0x90b7e2d4u
	int			fd;
	int			bell;
	const struct writer_ops	*ops;
	void			*log;
	pthread_t		thread;
	pthread_mutex_t		lock;		/* over all that follows, but the atomics */
	pthread_cond_t		written;	/* `waiting` lines are, or cannot be */
	struct ring		ring;
	uint64_t		lost;		/* lines */
	uint64_t		end_ms;		/* not 0: the thread ends, then at the latest */
	int			is_asleep;	/* until the bell rings */
	int			is_failing;	/* the descriptor refused the last write */
	_Atomic int		is_idle;
	/* The thread's own: */
	uint64_t		told;		/* of `lost` */
	uint64_t		told_ms;
	struct line		notice;		/* about them */
	size_t			notice_at;	/* what has been written of it */
	int			within_line;	/* the last write ended there */
};

static void
ring_bell(struct writer *w)
{
	uint64_t one = 1;

	(void)!write(w->bell, &one, sizeof one);
}

/* 1 when the bell is to be rung. */
static int
put_locked(struct writer *w, const char *line, size_t len)
{
	int was_asleep = w->is_asleep;

	if (!ring_put(&w->ring, line, len)) {
		w->lost++;
		return 0;
	}
	atomic_store_explicit(&w->is_idle, 0, memory_order_relaxed);
	w->is_asleep = 0;
	return was_asleep;
}

void
writer_put(struct writer *w, const char *line, size_t len)
{
	int wake;

	OBJ_CHECK(w, WRITER_MAGIC);
	pthread_mutex_lock(&w->lock);
	wake = put_locked(w, line, len);
	pthread_mutex_unlock(&w->lock);
	if (wake)
		ring_bell(w);
}

void
writer_wake(struct writer *w)
{
	OBJ_CHECK(w, WRITER_MAGIC);
	ring_bell(w);
}

uint64_t
writer_lost(struct writer *w)
{
	uint64_t n;

	OBJ_CHECK(w, WRITER_MAGIC);
	pthread_mutex_lock(&w->lock);
	n = w->lost;
	pthread_mutex_unlock(&w->lock);
	return n;
}

int
writer_is_idle(const struct writer *w)
{
	return atomic_load_explicit(&w->is_idle, memory_order_relaxed);
}

/*
 * The thread
 */

/* Has lines that were lost told, if it is time.  Under the lock. */
static void
notice_make(struct writer *w)
{
	uint64_t now_ms = out_clock_ms();
	const char *p;

	if (w->lost == w->told || w->within_line ||
	    (now_ms - w->told_ms < NOTICE_MS && ring_peek(&w->ring, &p) > 0))
		return;
	w->ops->lost_line(w->log, &w->notice, w->lost - w->told);
	w->notice_at = 0;
	w->told = w->lost;
	w->told_ms = now_ms;
}

/* What is to be written next; its length.  0: nothing, the thread will be asleep. */
static size_t
next_lines(struct writer *w, const char **ret)
{
	size_t len;

	pthread_mutex_lock(&w->lock);
	if (w->notice_at == w->notice.len && !w->is_failing)
		notice_make(w);
	*ret = w->notice.buf + w->notice_at;
	len = w->notice.len - w->notice_at;
	if (len == 0)
		len = ring_peek(&w->ring, ret);
	w->is_asleep = len == 0;
	if (len == 0) {
		atomic_store_explicit(&w->is_idle, 1, memory_order_relaxed);
		(void)pthread_cond_broadcast(&w->written);
	}
	pthread_mutex_unlock(&w->lock);
	return len;
}

static void
lines_written(struct writer *w, const char *p, size_t len)
{
	pthread_mutex_lock(&w->lock);
	if (w->notice_at < w->notice.len)
		w->notice_at += len;
	else
		ring_drop(&w->ring, len);
	w->within_line = p[len - 1] != '\n';
	w->is_failing = 0;
	pthread_mutex_unlock(&w->lock);
}

static void
set_failing(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	w->is_failing = 1;
	(void)pthread_cond_broadcast(&w->written);
	pthread_mutex_unlock(&w->lock);
}

/* The time to end, or 0. */
static uint64_t
end_of(struct writer *w)
{
	uint64_t end_ms;

	pthread_mutex_lock(&w->lock);
	end_ms = w->end_ms;
	pthread_mutex_unlock(&w->lock);
	return end_ms;
}

/* Waits for the bell, or for the descriptor to be writable (`for_fd`), or `ms`; 0: for ever.
 * 1 when it is writable. */
static int
wait_for(struct writer *w, int for_fd, uint64_t ms)
{
	struct pollfd pf[2] = { { w->bell, POLLIN, 0 }, { w->fd, POLLOUT, 0 } };
	uint64_t n;

	if (poll(pf, for_fd ? 2 : 1, ms != 0 && ms < INT32_MAX ? (int)ms : -1) < 0)
		return 0;
	if (pf[0].revents != 0)
		(void)!read(w->bell, &n, sizeof n);
	return for_fd && pf[1].revents != 0;
}

/* Milliseconds that may be waited, of `ms` (0: any number); at least 1. */
static uint64_t
within(uint64_t ms, uint64_t end_ms)
{
	uint64_t now_ms = out_clock_ms(), left = end_ms > now_ms ? end_ms - now_ms : 1;

	return end_ms == 0 || (ms != 0 && ms < left) ? ms : left;
}

/* 0: go on; -1: there is no sense in it, and the thread is to end. */
static int
write_lines(struct writer *w, const char *p, size_t len, uint64_t end_ms)
{
	ssize_t n;

	if (end_ms != 0 && out_clock_ms() >= end_ms)
		return -1;
	if (!wait_for(w, 1, within(0, end_ms)))
		return 0;
	n = out_some(w->fd, p, len);
	if (n > 0)
		lines_written(w, p, (size_t)n);
	else if (n != -EAGAIN) {
		set_failing(w);
		if (end_ms != 0)
			return -1;
		(void)wait_for(w, 0, RETRY_MS);
	}
	return 0;
}

static void *
writer_main(void *priv)
{
	struct writer *w;
	const char *p;
	uint64_t end_ms, wait_ms;
	size_t len;

	OBJ_CAST(w, priv, WRITER_MAGIC);
	(void)pthread_setname_np(pthread_self(), "rotor-log");
	for (;;) {
		end_ms = end_of(w);
		wait_ms = w->ops->tell(w->log, end_ms != 0);
		len = next_lines(w, &p);
		if (len > 0 && write_lines(w, p, len, end_ms) != 0)
			return NULL;
		if (len == 0 && end_ms != 0)
			return NULL;
		if (len == 0)
			(void)wait_for(w, 0, wait_ms);
	}
}

/*
 * Its life
 */

/* The thread takes no signals. */
static int
start_thread(struct writer *w)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&w->thread, NULL, writer_main, w);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

static void
writer_release(struct writer **wp)
{
	struct writer *w = *wp;

	pthread_cond_destroy(&w->written);
	pthread_mutex_destroy(&w->lock);
	ring_fini(&w->ring);
	if (w->bell >= 0)
		(void)close(w->bell);
	OBJ_FREE(*wp);
}

/* None of these can fail on Linux. */
static void
init_sync(struct writer *w)
{
	pthread_condattr_t attr;

	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&w->written, &attr);
	(void)pthread_condattr_destroy(&attr);
}

/* 0 or an errno. */
static int
begin(struct writer *w)
{
	if (w->bell < 0)
		return errno;
	return ring_init(&w->ring, WRITER_BYTES) == 0 ? start_thread(w) : ENOMEM;
}

struct writer *
writer_start(int fd, const struct writer_ops *ops, void *log)
{
	struct writer *w;
	int err;

	OBJ_ALLOC(w, WRITER_MAGIC);
	if (w == NULL)
		return NULL;
	w->fd = fd;
	w->ops = ops;
	w->log = log;
	atomic_init(&w->is_idle, 1);
	init_sync(w);
	w->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = begin(w);
	if (err != 0)
		writer_release(&w);
	errno = err;
	return w;
}

static struct timespec
until(uint64_t ms)
{
	return (struct timespec){ (time_t)(ms / 1000), (long)(ms % 1000) * 1000000L };
}

int
writer_flush(struct writer *w, uint32_t ms)
{
	struct timespec end = until(out_clock_ms() + ms);
	int err = 0, done;

	OBJ_CHECK(w, WRITER_MAGIC);
	ring_bell(w);		/* what is told without a line being put */
	pthread_mutex_lock(&w->lock);
	while (!writer_is_idle(w) && !w->is_failing && err == 0)
		err = pthread_cond_timedwait(&w->written, &w->lock, &end);
	done = writer_is_idle(w);
	pthread_mutex_unlock(&w->lock);
	return done ? 0 : -ETIMEDOUT;
}

int
writer_stop(struct writer **wp, uint32_t ms)
{
	uint64_t end_ms = out_clock_ms() + ms;
	struct timespec last;
	struct writer *w;

	OBJ_TAKE(w, wp, WRITER_MAGIC);
	pthread_mutex_lock(&w->lock);
	w->end_ms = end_ms;
	pthread_mutex_unlock(&w->lock);
	ring_bell(w);
	(void)clock_gettime(CLOCK_REALTIME, &last);
	last.tv_sec += ms / 1000 + 1;	/* it ends by itself before, but for a write that hangs */
	if (pthread_timedjoin_np(w->thread, NULL, &last) != 0)
		return -EBUSY;
	writer_release(&w);
	return 0;
}
