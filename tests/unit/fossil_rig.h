/* SPDX-License-Identifier: MIT */
/* fossil_rig.h - a decoder of fossil deltas, strict about all that the format says. */
#ifndef ROTOR_FOSSIL_RIG_H
#define ROTOR_FOSSIL_RIG_H

#include <rotor/abi.h>

/* What `delta` makes of `from`, for the caller to free(); NULL when it is malformed,
 * reaches out of `from`, or its size or checksum are not those of the result. */
char *fossil_apply(struct rotor_str from, struct rotor_str delta, size_t *ret_len);

#endif
