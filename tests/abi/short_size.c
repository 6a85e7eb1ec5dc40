/* SPDX-License-Identifier: MIT */
/* tests/abi/short_size.c - a struct that ends too early. */
#include "config.h"

#include <rotor/abi.h>

struct head {
	uint32_t	abi_major, abi_minor;
	size_t		size;
};

ROTOR_API extern const struct head rotor_module;
const struct head rotor_module = { ROTOR_ABI_MAJOR, ROTOR_ABI_MINOR, sizeof(struct head) };
