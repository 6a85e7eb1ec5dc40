/* SPDX-License-Identifier: MIT */
/* base/obj.c - the end of a server that met an impossible state. */
#include "config.h"

#include "base/obj.h"

#include <stdio.h>
#include <unistd.h>

void
obj_fail(const char *file, int line, const char *func, const char *what)
{
	char text[512];
	int n;

	/* One write, and no stdio stream: its lock may be part of the trouble. */
	n = snprintf(text, sizeof text, "rotor: %s:%d: %s(): assertion failed: %s\n",
	    file, line, func, what);
	if (n > (int)sizeof text - 1)
		n = (int)sizeof text - 1;
	if (n > 0 && write(STDERR_FILENO, text, (size_t)n) < 0)
		abort();
	abort();
}
