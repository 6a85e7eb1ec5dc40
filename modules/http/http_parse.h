/* SPDX-License-Identifier: MIT */
/*
 * http_parse.h - HTTP/1.x request heads, without any I/O.
 *
 * Strict, because leniency lets two servers read one request differently: lines end in
 * CRLF, none is folded, no blank before a colon, one host, one way to give a length.
 */
#ifndef HTTP_PARSE_H
#define HTTP_PARSE_H

#include <rotor/http.h>
#include <rotor/str.h>

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

/* Length of the head at `p` with its blank line, 0 while it is incomplete.  There is no
 * end in the first `seen` bytes.  Other line ends count here: http_head_parse() refuses. */
size_t http_head_end(const char *p, size_t len, size_t seen);
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

#endif
