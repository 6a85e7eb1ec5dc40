/* SPDX-License-Identifier: MIT */
/* base/version.c - which librotor this is. */
#include "config.h"

#include <rotor/abi.h>

const char *
rotor_version(void)
{
	return PACKAGE_VERSION;
}
