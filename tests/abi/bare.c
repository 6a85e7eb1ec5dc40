/* SPDX-License-Identifier: MIT */
/* tests/abi/bare.c - has no more than it must. */
#include "config.h"

#include <rotor/module.h>

ROTOR_MODULE_DEFINE(bare);
