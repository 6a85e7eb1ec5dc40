/* SPDX-License-Identifier: MIT */
/*
 * http_chunked.h - a chunked body on its way in (RFC 9112 7.1), byte for byte as the
 * grammar has it: no blanks around a size, no line that ends otherwise than in CRLF.
 */
#ifndef HTTP_CHUNKED_H
#define HTTP_CHUNKED_H

#include <stddef.h>
#include <stdint.h>

struct bytes;

/* All zeros is the start. */
struct http_chunked {
	uint64_t	left;		/* of the present chunk */
	uint32_t	extras;		/* bytes of extensions and trailers so far */
	uint16_t	trailers;	/* trailer lines so far */
	uint8_t		digits;		/* of the present size */
	uint8_t		state;
	uint8_t		done;
};

/* Appends the data found in `p` to `out`; extensions and trailers are checked and dropped.
 * Returns the bytes consumed, or minus the HTTP status to refuse the request with (413:
 * `out` would pass `max`; 431: too many trailers). */
long http_chunked_feed(struct http_chunked *d, const char *p, size_t len, struct bytes *out,
    size_t max);

#endif
