/* SPDX-License-Identifier: MIT */
/* tests/abi/wrong_name.c - calls itself otherwise than its file. */
#include "config.h"

#include <rotor/module.h>

ROTOR_MODULE_DEFINE(other_name, .summary = "never loaded");
