/* SPDX-License-Identifier: MIT */
/* tests/abi/bad_options.c - an option table too small for this ABI. */
#include "config.h"

#include <rotor/module.h>

static const struct rotor_option_table bad_options_table = {
	.size = sizeof(size_t),
	.root = "bad_options",
};

ROTOR_MODULE_DEFINE(bad_options, .options = &bad_options_table);
