/* SPDX-License-Identifier: MIT */
/* tests/abi/wrong_major.c - from another major version, whose struct is unknown beyond that. */
#include "config.h"

#include <rotor/abi.h>

ROTOR_API extern const uint32_t rotor_module;
/* Four bytes: a sanitizer would see a loader that reads on. */
const uint32_t rotor_module = ROTOR_ABI_MAJOR + 1;
