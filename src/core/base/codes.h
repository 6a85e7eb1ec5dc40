/* SPDX-License-Identifier: MIT */
/* base/codes.h - what the core knows of the protocol's codes beside <rotor/codes.h>. */
#ifndef ROTOR_BASE_CODES_H
#define ROTOR_BASE_CODES_H

#include <stdint.h>

/* The `temporary` flag of a reply's error: 1 when the client should try again. */
int error_is_temporary(uint32_t code);

#endif
