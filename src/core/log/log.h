/* SPDX-License-Identifier: MIT */
/* log/log.h - where the log goes.  See <rotor/log.h> for writing to it. */
#ifndef ROTOR_LOG_LOG_H
#define ROTOR_LOG_LOG_H

#include <rotor/log.h>

#define LOG_TEXT	0u	/* for people: time, level, area, message, key=value */
#define LOG_JSON	1u	/* {"level":..,"time":RFC 3339,"area":..,"message":..,fields} */
#define LOG_AUTO	2u	/* text when stderr is a terminal, JSON otherwise */

/* A log on stderr, or appended to `file` when it is not NULL or "".  NULL with
 * errno set when the file cannot be opened. */
struct rotor_log *log_new(const char *file, uint32_t level, uint32_t format);
/* Closes and opens the file again (after rotation).  0 or -errno. */
int log_reopen(struct rotor_log *log);
void log_free(struct rotor_log **logp);
void log_set_level(struct rotor_log *log, uint32_t level);
/* "debug" -> ROTOR_LOG_DEBUG, any case; -1: unknown. */
int log_level_parse(const char *name);

#endif
