/* SPDX-License-Identifier: MIT */
/*
 * http_deflate.h - permessage-deflate (RFC 7692) without context takeover.
 *
 * Because no message refers to an earlier one, a connection has no compression
 * state: one set of streams serves all connections of a worker, and a message that
 * goes to many subscribers is compressed once for each window in use (http_offer.h).
 *
 * Compressing is the longest thing a loop does with the bytes of a stranger, so it gets a
 * share of the loop's time and no more: a message whose time runs out is compressed in
 * front and stored behind, and what comes after it, for some milliseconds, goes out as it
 * is.
 */
#ifndef HTTP_DEFLATE_H
#define HTTP_DEFLATE_H

#include <rotor/buf.h>

#include "bytes.h"

struct deflater;	/* of one worker */

/* Microseconds of a monotonic clock. */
typedef uint64_t deflater_clock_f(void);

/* Of each DEFLATER_WINDOW_US, so much may be spent on compressing. */
#define DEFLATER_WINDOW_US	10000u
#define DEFLATER_SHARE_US	3000u

/* NULL: no memory. */
struct deflater *deflater_new(deflater_clock_f *clock);
void deflater_free(struct deflater **dp);

/* Inflates one message into memory of the deflater, which holds until its next
 * call; `max` limits the result.  0; -EMSGSIZE; -EINVAL: not deflate data; -ENOMEM. */
int deflater_inflate(struct deflater *d, const void *p, size_t len, size_t max,
    struct rotor_str *ret);
/* Compresses one message for a window of OFFER_BITS_LARGE or _SMALL; the result is a buffer
 * with a reference for the caller, or NULL: no memory, or no time.  It is remembered. */
struct rotor_buf *deflater_deflate(struct deflater *d, struct rotor_buf *from, uint32_t level,
    uint32_t window_bits);
/* Forgets the messages it remembers: a fan-out is over. */
void deflater_forget(struct deflater *d);

#endif
