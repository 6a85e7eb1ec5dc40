/* SPDX-License-Identifier: MIT */
/* tests/abi/circle_b.c - needs one that needs it. */
#include "config.h"

#include <rotor/module.h>

ROTOR_MODULE_DEFINE(circle_b, .needs = "circle_a");
