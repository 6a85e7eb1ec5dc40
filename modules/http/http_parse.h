/* SPDX-License-Identifier: MIT */
/*
 * http_parse.h - HTTP/1.x request heads and chunked bodies, without any I/O.
 *
 * Strict where leniency lets two servers read one request differently: no folded
 * lines, no white space before a colon, one way to give a length.
 */
#ifndef HTTP_PARSE_H
#define HTTP_PARSE_H

#include <string.h>
#include <strings.h>

#include <rotor/http.h>

#include "bytes.h"

#define HTTP_HEAD_MAX	8192u		/* bytes of request line and headers */

struct http_head {
	uint32_t		method;		/* ROTOR_HTTP_* */
	uint32_t		minor;		/* of the version: HTTP/1.minor */
	struct rotor_str	path;		/* as sent, without the query */
	struct rotor_str	query;		/* without the '?' */
	struct rotor_str	fields;		/* the header lines */
	uint64_t		content_length;
	uint8_t			chunked;
	uint8_t			keep_alive;
	uint8_t			expect_continue;
};

/* Equal but for case.  Most differ in length, or in the first letter already. */
static inline int
http_same(struct rotor_str a, struct rotor_str b)
{
	return a.len == b.len && (a.len == 0 ||
	    (((a.p[0] ^ b.p[0]) & ~0x20) == 0 && strncasecmp(a.p, b.p, a.len) == 0));
}

static inline int
http_str_is(struct rotor_str s, const char *lit)
{
	return http_same(s, (struct rotor_str){ lit, strlen(lit) });
}

/* Length of the head at `p` with its blank line, 0 while it is incomplete. */
size_t http_head_end(const char *p, size_t len);
/* Parses a complete head; the slices of `ret` point into it.  0, or the HTTP
 * status to refuse the request with. */
int http_head_parse(const char *p, size_t len, struct http_head *ret);
/* Value of the first header called `name` (any case), or an empty slice. */
struct rotor_str http_field(struct rotor_str fields, const char *name);
/* Walks the headers: *pos starts as 0; 1, or 0 at the end. */
int http_field_next(struct rotor_str fields, size_t *pos, struct rotor_str *ret_name,
    struct rotor_str *ret_value);
/* The next element of a comma-separated list, trimmed: *list loses it.  1, or 0 at
 * the end. */
int http_list_next(struct rotor_str *list, char separator, struct rotor_str *ret);
/* 1 when `list` has the element `token` (any case). */
int http_list_has(struct rotor_str list, const char *token);
/* The same over all headers called `name`. */
int http_fields_have(struct rotor_str fields, const char *name, const char *token);
/* Undoes %XX into `dst` (src.len bytes), but for %2F.  The length, or -1: malformed, or a
 * NUL. */
long http_path_decode(char *dst, struct rotor_str src);

/*
 * A chunked body on its way in.  All zeros is the start.
 */
struct http_chunked {
	uint64_t	left;		/* of the present chunk */
	uint32_t	line;		/* bytes of the present line */
	uint32_t	overhead;	/* bytes of trailers */
	uint8_t		state;
	uint8_t		done;
};

/* Appends the data found in `p` to `out`.  Returns the bytes consumed, or minus the
 * HTTP status to refuse the request with (413: `out` would pass `max`). */
long http_chunked_feed(struct http_chunked *d, const char *p, size_t len, struct bytes *out,
    size_t max);

#endif
