/* SPDX-License-Identifier: MIT */
/* tests/abi/circle_a.c - needs one that needs it. */
#include "config.h"

#include <rotor/module.h>

ROTOR_MODULE_DEFINE(circle_a, .needs = "circle_b");
