/* SPDX-License-Identifier: MIT */
/* tests/abi/no_symbol.c - a shared library, but no module. */
#include "config.h"

#include <rotor/abi.h>

ROTOR_API extern const int something_else;
const int something_else = 1;
