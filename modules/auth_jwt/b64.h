/* SPDX-License-Identifier: MIT */
/*
 * b64.h - base64, in the two forms that tokens hold.
 *
 * Both decoders want canonical input: no foreign characters, unused bits zero.
 */
#ifndef AUTH_JWT_B64_H
#define AUTH_JWT_B64_H

#include <rotor/abi.h>

struct scratch;

/* The parts of a token: base64url without padding.  0, or -1: malformed, or no
 * memory.  The result is in `s`. */
int b64_decode_url(struct rotor_str src, struct scratch *s, struct rotor_str *ret);
/* Claims such as b64info: the standard alphabet with padding; line ends inside
 * are skipped, as encoders for mail put them there. */
int b64_decode_std(struct rotor_str src, struct scratch *s, struct rotor_str *ret);

#endif
