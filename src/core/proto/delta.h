/* SPDX-License-Identifier: MIT */
/*
 * proto/delta.h - how a publication looks to a subscriber that takes deltas.
 *
 * In JSON its data is a string: the payload's text, or the text of a delta.  In
 * Protobuf data is what it was, or the bytes of a delta.
 */
#ifndef ROTOR_PROTO_DELTA_H
#define ROTOR_PROTO_DELTA_H

#include <stdint.h>

#include <rotor/publication.h>

struct out;

/* A flag of such a form, for the encoders: its data is a delta. */
#define PUB_IS_DELTA	0x80000000u

/* Makes *form the form of `pub` for ROTOR_JSON or ROTOR_PROTOBUF: with `delta`
 * for its data, or, when that is NULL, with its own.  What data there is to make is
 * written to `o`, which must then outlive the form; the rest is borrowed of `pub` and
 * `delta`.  0; -EINVAL when the protocol is JSON and the data is not UTF-8; -ENOMEM. */
int delta_form(struct out *o, uint32_t protocol, const struct rotor_publication *pub,
    const struct rotor_str *delta, struct rotor_publication *form);

#endif
