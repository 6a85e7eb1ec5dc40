/* SPDX-License-Identifier: MIT */
/*
 * fuzz_deflate.c - permessage-deflate: a line with what a client offers, then bytes.
 *
 * Beyond not crashing: an offer gets one of the windows there are; the bytes, compressed
 * with whatever time there is, inflate to themselves; and as a compressed message they
 * inflate to no more than is allowed, to the same each time.
 */
#include "config.h"

#include "fuzz.h"

#include <string.h>

#include "base/obj.h"
#include "http_deflate.h"
#include "http_offer.h"

#define INFLATED_MAX	4096u

static uint64_t now_us, tick_us;

static uint64_t
read_clock(void)
{
	return now_us += tick_us;
}

static uint32_t
choose(struct rotor_str offer)
{
	int say = 0;
	uint32_t bits = offer_choose(offer, &say);

	ASSERT(bits == 0 || bits == OFFER_BITS_LARGE || bits == OFFER_BITS_SMALL);
	ASSERT(bits != OFFER_BITS_SMALL || say);	/* the client has asked for it */
	ASSERT(bits != 0 || !say);
	return bits;
}

static void
round_trip(struct deflater *d, struct rotor_str s, uint32_t level, uint32_t bits)
{
	struct rotor_buf *from = rotor_buf_new(s.p, s.len), *to;
	struct rotor_str got;

	ASSERT(from != NULL);
	if ((to = deflater_deflate(d, from, level, bits)) != NULL) {
		ASSERT(deflater_inflate(d, rotor_buf_data(to), rotor_buf_len(to), s.len, &got) == 0);
		ASSERT(got.len == s.len && (s.len == 0 || memcmp(got.p, s.p, s.len) == 0));
	}
	rotor_buf_unref(&to);
	rotor_buf_unref(&from);
}

static void
inflate_twice(struct deflater *d, struct rotor_str s)
{
	struct rotor_str one, two;
	size_t len;
	int err = deflater_inflate(d, s.p, s.len, INFLATED_MAX, &one);

	ASSERT(err == 0 || err == -EINVAL || err == -EMSGSIZE);
	if (err != 0)
		return;
	ASSERT((len = one.len) <= INFLATED_MAX);
	ASSERT(deflater_inflate(d, s.p, s.len, len, &two) == 0 && two.len == len);
	ASSERT(len == 0 || deflater_inflate(d, s.p, s.len, len - 1, &two) == -EMSGSIZE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *p = (const char *)data, *eol = len > 0 ? memchr(p, '\n', len) : NULL;
	struct rotor_str offer = { p, eol != NULL ? (size_t)(eol - p) : len };
	struct rotor_str rest = { p + offer.len, len - offer.len };
	uint32_t level = 1 + (uint32_t)(len % 9), bits;
	static struct deflater *d;	/* as on a worker: for all */

	if (d == NULL)
		d = deflater_new(read_clock);
	ASSERT(d != NULL);
	bits = choose(offer);
	now_us += DEFLATER_WINDOW_US;
	tick_us = len % 7 * 200;
	inflate_twice(d, rest);
	round_trip(d, rest, level, bits != 0 ? bits : OFFER_BITS_LARGE);
	round_trip(d, rest, level, OFFER_BITS_SMALL);
	deflater_forget(d);
	return 0;
}
