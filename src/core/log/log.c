/* SPDX-License-Identifier: MIT */
/*
 * log/log.c - the log: a threshold, a format, a file descriptor.
 *
 * Each line is one write() to a descriptor in append mode, so that threads, and
 * processes that share the file, do not mix their lines.
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
#include "log/line.h"

struct rotor_log {
	uint32_t		magic;
#define LOG_MAGIC		0x4ac3107eu
	_Atomic uint32_t	level;
	line_format_f		*format;
	int			fd;		/* the same number through every reopen */
	char			*file;		/* NULL: stderr */
};

static int
open_file(const char *file)
{
	return open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
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

int
log_reopen(struct rotor_log *log)
{
	int fd, err = 0;

	OBJ_CHECK(log, LOG_MAGIC);
	if (log->file == NULL)
		return 0;
	fd = open_file(log->file);
	if (fd < 0)
		return -errno;
	/* Under writers' feet, but atomically: each line goes to the one or the other. */
	if (dup3(fd, log->fd, O_CLOEXEC) < 0)
		err = -errno;
	(void)close(fd);
	return err;
}

void
log_free(struct rotor_log **logp)
{
	struct rotor_log *log;

	if (*logp == NULL)
		return;
	OBJ_TAKE(log, logp, LOG_MAGIC);
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

/* What cannot be written is lost: there is nobody to tell. */
static void
write_line(int fd, const struct line *l)
{
	size_t at = 0;
	ssize_t n;

	while (at < l->len) {
		n = write(fd, l->buf + at, l->len - at);
		if (n > 0)
			at += (size_t)n;
		else if (n == 0 || errno != EINTR)
			return;
	}
}

void
rotor_log_write(struct rotor_log *log, uint32_t level, const char *area, const char *msg,
    const struct rotor_field *fields, size_t n_fields)
{
	int err = errno;	/* logging is not to disturb its caller */
	struct timespec ts;
	struct line l;

	if (level < rotor_log_level(log) || level >= ROTOR_LOG_NONE)
		return;
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	log->format(&l, level, (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000, area, msg,
	    fields, n_fields);
	write_line(log->fd, &l);
	errno = err;
}
