/* SPDX-License-Identifier: MIT */
/* client/cmd_ping.c - the ping command, which nobody needs: pings are the server's. */
#include "config.h"

#include <rotor/codes.h>

#include "client/op.h"

/* A ping alone is a protocol error; with another request it is an unknown service. */
void
cmd_ping(struct op *op)
{
	for (uint32_t i = 0; i < COMMAND_N; i++)
		if (command_table[i].run != cmd_ping &&
		    *(void *const *)((const char *)op->msg + command_table[i].offset) != NULL) {
			op_error(op, ROTOR_ERR_NOT_AVAILABLE);
			return;
		}
	op_disconnect(op, ROTOR_DISCONNECT_BAD_REQUEST);
}
