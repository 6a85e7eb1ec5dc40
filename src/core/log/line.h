/* SPDX-License-Identifier: MIT */
/*
 * log/line.h - one line of the log, being built.
 *
 * A line lives on its writer's stack and allocates nothing, so that logging works
 * when there is no memory, and needs no lock.
 */
#ifndef ROTOR_LOG_LINE_H
#define ROTOR_LOG_LINE_H

#include <rotor/log.h>

#define LINE_MAX_BYTES	16384u
#define LINE_FIELD_MAX	1024u		/* bytes of a string that are logged */

struct line {
	size_t	len;
	int	full;			/* something did not fit and was left out */
	char	buf[LINE_MAX_BYTES];
};

/* The formats: a whole line with its newline.  `unix_ms` is the time of the message.
 * Fields that do not fit are left out, the rest of the line is always valid. */
typedef void line_format_f(struct line *l, uint32_t level, int64_t unix_ms, const char *area,
    const char *msg, const struct rotor_field *fields, size_t n_fields);

line_format_f line_text, line_json;

#endif
