/* SPDX-License-Identifier: MIT */
/* client/cmd_send.c - the send command: a message without an answer. */
#include "config.h"

#include <rotor/codes.h>

#include "client/op.h"

/* Nobody takes messages: clients find out at once. */
void
cmd_send(struct op *op)
{
	op_disconnect(op, ROTOR_DISCONNECT_NOT_AVAILABLE);
}
