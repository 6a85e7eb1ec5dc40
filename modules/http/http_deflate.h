/* SPDX-License-Identifier: MIT */
/*
 * http_deflate.h - permessage-deflate (RFC 7692) without context takeover.
 *
 * Because no message refers to an earlier one, a connection has no compression
 * state: one set of streams serves all connections of a worker, and a message that
 * goes to many subscribers is compressed once.
 */
#ifndef HTTP_DEFLATE_H
#define HTTP_DEFLATE_H

#include <rotor/buf.h>

#include "bytes.h"

struct deflater;	/* of one worker */

struct deflater *deflater_new(void);
void deflater_free(struct deflater **dp);

/* What the client's Sec-WebSocket-Extensions header offers.  The window bits for
 * our side (9..15), or 0 when there is nothing we can accept.  *ret_say is set when
 * the answer must name them. */
uint32_t deflate_negotiate(struct rotor_str offers, int *ret_say);

/* Inflates one message into memory of the deflater, which holds until its next
 * call; `max` limits the result.  0; -EMSGSIZE; -EINVAL: not deflate data; -ENOMEM. */
int deflater_inflate(struct deflater *d, const void *p, size_t len, size_t max,
    struct rotor_str *ret);
/* Compresses one message; the result is a buffer with a reference for the caller,
 * or NULL (no memory). */
struct rotor_buf *deflater_deflate(struct deflater *d, struct rotor_buf *from, uint32_t level,
    uint32_t window_bits);

#endif
