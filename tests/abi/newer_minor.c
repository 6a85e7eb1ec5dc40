/* SPDX-License-Identifier: MIT */
/* tests/abi/newer_minor.c - needs what a later minor version added. */
#include "config.h"

#include <rotor/abi.h>

ROTOR_API extern const uint32_t rotor_module[2];
const uint32_t rotor_module[2] = { ROTOR_ABI_MAJOR, ROTOR_ABI_MINOR + 1 };
