/* SPDX-License-Identifier: MIT */
/*
 * log/log.c - the log: a threshold, a format, a file descriptor.
 *
 * A line is made on the stack of whoever logs.  Until log_start(), in commands and while the
 * server starts, it is written there and then; from then on by a thread (log/writer.c).
 * Either way the descriptor is in append mode and lines are written whole, so that processes
 * that share the file do not mix them.
 */
#include "config.h"

#include "log/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/obj.h"
#include "log/limit.h"
#include "log/line.h"
#include "log/out.h"
#include "log/writer.h"

#define AREA		"log"
#define PATIENCE_MS	1000u	/* with a descriptor that takes nothing, where we must wait */
#define LAST_MS		2000u	/* for the lines that are left at the end */
#define CRASH_MS	300u	/* for those that were before the last one */

struct rotor_log {
	uint32_t		magic;
#define LOG_MAGIC		0x4ac3107eu
	_Atomic uint32_t	level;
	line_format_f		*format;
	int			fd;		/* the same number through every reopen */
	char			*file;		/* NULL: stderr */
	struct writer		*_Atomic writer;	/* NULL: lines are written at once */
	_Atomic uint64_t	lost;		/* of those */
	struct limits		limits;
};

/* Not even a FIFO that nobody reads makes us wait. */
static int
open_file(const char *file)
{
	return open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
}

static int
open_log(struct rotor_log *log, const char *file)
{
	log->fd = STDERR_FILENO;
	if (file == NULL || *file == '\0')
		return 0;
	log->file = strdup(file);
	if (log->file == NULL)
		return -1;
	log->fd = open_file(file);
	return log->fd < 0 ? -1 : 0;
}

struct rotor_log *
log_new(const char *file, uint32_t level, uint32_t format)
{
	struct rotor_log *log;
	int err;

	OBJ_ALLOC(log, LOG_MAGIC);
	if (log == NULL)
		return NULL;
	if (open_log(log, file) != 0) {
		err = errno;
		log_free(&log);
		errno = err;
		return NULL;
	}
	if (format == LOG_AUTO)
		format = isatty(log->fd) ? LOG_TEXT : LOG_JSON;
	log->format = format == LOG_TEXT ? line_text : line_json;
	atomic_init(&log->level, level);
	return log;
}

static void
make_line(const struct rotor_log *log, struct line *l, uint32_t level, const char *area, const char *msg,
    const struct rotor_field *fields, size_t n_fields)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	log->format(l, level, (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000, area, msg, fields,
	    n_fields);
}

/*
 * The thread's part
 */

static void
lost_line(void *priv, struct line *ret, uint64_t n)
{
	const struct rotor_field f[] = { ROTOR_F_INT("lines", n) };

	make_line(priv, ret, ROTOR_LOG_WARN, AREA, "log lines lost", f, 1);
}

static void
tell_left_out(void *priv, const struct limit_row *row, uint64_t left_out)
{
	ROTOR_LOG((struct rotor_log *)priv, row->level, row->area, "lines of this message left out",
	    ROTOR_F_STR("of", row->message), ROTOR_F_INT("lines", left_out));
}

static uint64_t
tell(void *priv, int all)
{
	struct rotor_log *log = priv;

	return limits_tell(&log->limits, out_clock_ms(), all, tell_left_out, log);
}

int
log_start(struct rotor_log *log)
{
	static const struct writer_ops ops = { lost_line, tell };
	struct writer *w;

	OBJ_CHECK(log, LOG_MAGIC);
	w = writer_start(log->fd, &ops, log);
	if (w == NULL)
		return -errno;
	atomic_store_explicit(&log->writer, w, memory_order_release);
	return 0;
}

static struct writer *
writer_of(const struct rotor_log *log)
{
	return atomic_load_explicit(&log->writer, memory_order_acquire);
}

void
log_flush(struct rotor_log *log, uint32_t ms)
{
	struct writer *w;

	OBJ_CHECK(log, LOG_MAGIC);
	if ((w = writer_of(log)) != NULL)
		(void)writer_flush(w, ms);
}

uint64_t
log_lost(const struct rotor_log *log)
{
	struct writer *w;

	OBJ_CHECK(log, LOG_MAGIC);
	w = writer_of(log);
	return atomic_load_explicit(&log->lost, memory_order_relaxed) + (w != NULL ? writer_lost(w) : 0);
}

int
log_reopen(struct rotor_log *log)
{
	int fd, err = 0;
	struct writer *w;

	OBJ_CHECK(log, LOG_MAGIC);
	if (log->file == NULL)
		return 0;
	fd = open_file(log->file);
	if (fd < 0)
		return -errno;
	/* Under the writer's feet, but atomically: each line goes to the one or the other. */
	if (dup3(fd, log->fd, O_CLOEXEC) < 0)
		err = -errno;
	(void)close(fd);
	if ((w = writer_of(log)) != NULL)
		writer_wake(w);		/* it may wait for the old one */
	return err;
}

void
log_free(struct rotor_log **logp)
{
	struct rotor_log *log;
	struct writer *w;

	if (*logp == NULL)
		return;
	OBJ_TAKE(log, logp, LOG_MAGIC);
	w = writer_of(log);
	if (w != NULL && writer_stop(&w, LAST_MS) != 0)
		return;
	if (log->file != NULL && log->fd >= 0)
		(void)close(log->fd);
	free(log->file);
	OBJ_FREE(log);
}

void
log_set_level(struct rotor_log *log, uint32_t level)
{
	OBJ_CHECK(log, LOG_MAGIC);
	atomic_store_explicit(&log->level, level, memory_order_relaxed);
}

uint32_t
rotor_log_level(const struct rotor_log *log)
{
	OBJ_CHECK(log, LOG_MAGIC);
	return atomic_load_explicit(&log->level, memory_order_relaxed);
}

/* At once.  Where nobody reads we wait for the first line only. */
static void
write_now(struct rotor_log *log, const struct line *l)
{
	uint64_t patience = atomic_load_explicit(&log->lost, memory_order_relaxed) == 0 ? PATIENCE_MS : 0;

	if (out_all(log->fd, l->buf, l->len, out_clock_ms() + patience) != 0)
		atomic_fetch_add_explicit(&log->lost, 1, memory_order_relaxed);
}

void
rotor_log_write(struct rotor_log *log, uint32_t level, const char *area, const char *msg,
    const struct rotor_field *fields, size_t n_fields)
{
	int err = errno;	/* logging is not to disturb its caller */
	struct writer *w;
	struct line l;

	if (level < rotor_log_level(log) || level >= ROTOR_LOG_NONE)
		return;
	make_line(log, &l, level, area, msg, fields, n_fields);
	if ((w = writer_of(log)) != NULL)
		writer_put(w, l.buf, l.len);
	else
		write_now(log, &l);
	errno = err;
}

int
rotor_log_admit(struct rotor_log *log, uint32_t level, const char *area, const char *msg)
{
	struct writer *w;

	OBJ_CHECK(log, LOG_MAGIC);
	switch (limits_ask(&log->limits, out_clock_ms(), level, area, msg)) {
	case LIMIT_ADMIT:
		return 1;
	case LIMIT_TELL:
		limits_tell_of(&log->limits, level, area, msg, tell_left_out, log);
		return 1;
	case LIMIT_BEGINS:
		if ((w = writer_of(log)) != NULL)
			writer_wake(w);
		return 0;
	default:
		return 0;
	}
}

int
log_crash_line(struct rotor_log *log, const char *area, const char *msg,
    const struct rotor_field *fields, size_t n_fields)
{
	static const struct timespec nap = { 0, 5000000 };
	uint64_t end_ms = out_clock_ms() + CRASH_MS;
	struct writer *w = writer_of(log);
	struct line l;

	/* Its thread still runs, unless it is the one that crashed. */
	while (w != NULL && !writer_is_idle(w) && out_clock_ms() < end_ms)
		(void)nanosleep(&nap, NULL);
	make_line(log, &l, ROTOR_LOG_FATAL, area, msg, fields, n_fields);
	return out_all(log->fd, l.buf, l.len, out_clock_ms() + CRASH_MS) == 0 ? log->fd : -1;
}
