/* SPDX-License-Identifier: MIT */
/*
 * http_offer.h - which offer of permessage-deflate is taken (RFC 7692 7.1).
 *
 * A client names the window that we may use, but what it names must not decide what a
 * publication costs: we answer with one of two windows, so that nothing is compressed more
 * than twice, whatever is negotiated.
 */
#ifndef HTTP_OFFER_H
#define HTTP_OFFER_H

#include <rotor/abi.h>

#define OFFER_BITS_LARGE	15u
#define OFFER_BITS_SMALL	9u	/* for all who want less; zlib has no raw deflate with 8 */

/* Reads one Sec-WebSocket-Extensions header.  The window bits for our side of the first
 * offer that can be taken, or 0: there is none.  *ret_say is set when the answer must
 * name them. */
uint32_t offer_choose(struct rotor_str offers, int *ret_say);

#endif
