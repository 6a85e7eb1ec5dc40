/* SPDX-License-Identifier: MIT */
/* log/log.h - where the log goes.  See <rotor/log.h> for writing to it. */
#ifndef ROTOR_LOG_LOG_H
#define ROTOR_LOG_LOG_H

#include <rotor/log.h>

#include "base/inner.h"

#define LOG_TEXT	0u	/* for people: time, level, area, message, key=value */
#define LOG_JSON	1u	/* {"level":..,"time":RFC 3339,"area":..,"message":..,fields} */
#define LOG_AUTO	2u	/* text when stderr is a terminal, JSON otherwise */

/* A log on stderr, or appended to `file` when it is not NULL or "".  NULL with
 * errno set when the file cannot be opened. */
ROTOR_INNER struct rotor_log *log_new(const char *file, uint32_t level, uint32_t format);
/* Has a thread write the lines from now on, so that who logs never waits.  0 or -errno. */
ROTOR_INNER int log_start(struct rotor_log *log);
/* Waits until what has been logged is written, `ms` at most, and not for who reads nothing. */
ROTOR_INNER void log_flush(struct rotor_log *log, uint32_t ms);
/* Lines that nobody took in time.  Any thread. */
ROTOR_INNER uint64_t log_lost(const struct rotor_log *log);
/* The last line of a process that crashes, written here and now, after those that wait if
 * that is possible in a moment.  The descriptor, for what is to follow, or -1 when it takes
 * nothing.  In a signal handler. */
ROTOR_INNER int log_crash_line(struct rotor_log *log, const char *area, const char *msg,
    const struct rotor_field *fields, size_t n_fields);
/* Opens the file again (after rotation); lines are written to the old one until then,
 * and go on there when it fails.  0 or -errno. */
ROTOR_INNER int log_reopen(struct rotor_log *log);
/* What waits is written, if that is possible in two seconds.  NULL in *logp is a no-op. */
ROTOR_INNER void log_free(struct rotor_log **logp);
/* Any thread. */
ROTOR_INNER void log_set_level(struct rotor_log *log, uint32_t level);
/* "debug" -> ROTOR_LOG_DEBUG, any case; -1: unknown. */
ROTOR_INNER int log_level_parse(const char *name);

#endif
