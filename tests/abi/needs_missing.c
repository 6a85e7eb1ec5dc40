/* SPDX-License-Identifier: MIT */
/* tests/abi/needs_missing.c - needs a module that is not installed. */
#include "config.h"

#include <rotor/module.h>

ROTOR_MODULE_DEFINE(needs_missing, .needs = "not_there");
