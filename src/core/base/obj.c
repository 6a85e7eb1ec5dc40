/* SPDX-License-Identifier: MIT */
/* base/obj.c - the end of a server that met an impossible state. */
#include "config.h"

#include "base/obj.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define PATIENCE_MS	300

static char failure[512];
static atomic_flag failed = ATOMIC_FLAG_INIT;

const char *
obj_failure(void)
{
	return failure;
}

void
obj_fail(const char *file, int line, const char *func, const char *what)
{
	struct pollfd pf = { .fd = STDERR_FILENO, .events = POLLOUT };
	char text[sizeof failure + 16];
	int n;

	/* Of threads that fail at once the first one counts. */
	if (!atomic_flag_test_and_set(&failed))
		(void)snprintf(failure, sizeof failure, "%s:%d: %s(): %s", file, line, func, what);
	/* One write, and no stdio stream: its lock may be part of the trouble.  And none to a
	 * pipe that nobody reads. */
	n = snprintf(text, sizeof text, "rotor: %s:%d: %s(): assertion failed: %s\n",
	    file, line, func, what);
	if (n > (int)sizeof text - 1)
		n = (int)sizeof text - 1;
	if (n > 0 && poll(&pf, 1, PATIENCE_MS) == 1 && write(STDERR_FILENO, text, (size_t)n) < 0)
		abort();
	abort();
}
