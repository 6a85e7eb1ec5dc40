/* SPDX-License-Identifier: MIT */
/* tests/abi/bad_name.c - a name with characters that belong in no name. */
#include "config.h"

#include <rotor/module.h>

ROTOR_API extern const struct rotor_module rotor_module;
const struct rotor_module rotor_module = {
	.abi_major = ROTOR_ABI_MAJOR,
	.abi_minor = ROTOR_ABI_MINOR,
	.size = sizeof(struct rotor_module),
	.name = "../bad_name",
};
