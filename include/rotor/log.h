/* SPDX-License-Identifier: MIT */
/*
 * rotor/log.h - the structured log: a message and named fields.
 *
 *	ROTOR_LOG(log, ROTOR_LOG_INFO, "http", "listening",
 *	    ROTOR_F_STR("address", addr), ROTOR_F_INT("port", port));
 *
 * Fields are read before the call returns.  Any thread.  Never log a secret.
 *
 * The call does not wait for the line to be written, so it may be made on a loop.  When
 * nobody reads the log lines are lost in the end; their number is logged, and counted.
 *
 * What strangers can cause at will is logged with ROTOR_LOG_LIMITED(): a refused request, a
 * bad token.  At most 20 such lines a second are written of one message (its area and text,
 * which must be constant: what differs belongs into fields); a line a second tells how many
 * more there were.
 */
#ifndef ROTOR_LOG_H
#define ROTOR_LOG_H

#include <rotor/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROTOR_LOG_TRACE	0u
#define ROTOR_LOG_DEBUG	1u
#define ROTOR_LOG_INFO	2u
#define ROTOR_LOG_WARN	3u
#define ROTOR_LOG_ERROR	4u
#define ROTOR_LOG_FATAL	5u	/* logs; does not exit */
#define ROTOR_LOG_NONE	6u	/* threshold only */

struct rotor_log;

struct rotor_field {
	const char	*key;
	const char	*str;		/* NULL: the field is the number */
	size_t		len;		/* of str; need not be NUL-terminated */
	int64_t		num;
};

#define ROTOR_F_STR(k, v)	{ (k), (v), __builtin_strlen(v), 0 }
#define ROTOR_F_SLICE(k, s)	{ (k), (s).p != NULL ? (s).p : "", (s).len, 0 }
#define ROTOR_F_INT(k, v)	{ (k), NULL, 0, (int64_t)(v) }

/* The threshold: messages below it are dropped. */
ROTOR_API uint32_t rotor_log_level(const struct rotor_log *log);
/* Writes one line.  `area` names the part of the server ("http", "client"). */
ROTOR_API void rotor_log_write(struct rotor_log *log, uint32_t level,
    const char *area, const char *msg, const struct rotor_field *fields, size_t n_fields);

/* 1 when a line with this area and message may be written now; 0: it is one too many, and has
 * been counted.  For ROTOR_LOG_LIMITED(). */
ROTOR_API int rotor_log_admit(struct rotor_log *log, uint32_t level, const char *area,
    const char *msg);

#define ROTOR_LOG(log, lvl, area, ...)					\
	do {								\
		if ((lvl) >= rotor_log_level(log))			\
			ROTOR_LOG_(log, lvl, area, __VA_ARGS__,);	\
	} while (0)
#define ROTOR_LOG_LIMITED(log, lvl, area, ...)				\
	do {								\
		if ((lvl) >= rotor_log_level(log) &&			\
		    rotor_log_admit(log, lvl, area, ROTOR_LOG_MSG_(__VA_ARGS__,))) \
			ROTOR_LOG_(log, lvl, area, __VA_ARGS__,);	\
	} while (0)
#define ROTOR_LOG_MSG_(msg, ...)	msg
#define ROTOR_LOG_(log, lvl, area, msg, ...)				\
	do {								\
		const struct rotor_field f_[] = { __VA_ARGS__ { NULL, NULL, 0, 0 } }; \
		rotor_log_write(log, lvl, area, msg, f_, sizeof f_ / sizeof f_[0] - 1); \
	} while (0)

#ifdef __cplusplus
}
#endif

#endif
