/* SPDX-License-Identifier: MIT */
/* proto/fossil.h - deltas between publications, in Fossil's format. */
#ifndef ROTOR_PROTO_FOSSIL_H
#define ROTOR_PROTO_FOSSIL_H

#include <rotor/abi.h>

struct out;

/* Appends to `o` the fossil delta that makes `to` of `from`.  1; 0, with `o` as it
 * was, when the delta would not be shorter than `to`, or no memory (then the caller
 * sends `to` itself).  The delta of a UTF-8 `to` is UTF-8.  Neither slice may lie in
 * `o`.  Any thread. */
int fossil_delta(struct out *o, struct rotor_str from, struct rotor_str to);

#endif
