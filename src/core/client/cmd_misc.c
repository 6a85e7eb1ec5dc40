/* SPDX-License-Identifier: MIT */
/* client/cmd_misc.c - the commands that have little to do: ping, send, rpc. */
#include "config.h"

#include <string.h>

#include <rotor/codes.h>

#include "base/str.h"
#include "client/client.h"
#include "client/op.h"
#include "node/server.h"
#include "proto/hot.h"

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

/* Nobody takes messages: clients find out at once. */
void
cmd_send(struct op *op)
{
	op_disconnect(op, ROTOR_DISCONNECT_NOT_AVAILABLE);
}

void
cmd_rpc(struct op *op)
{
	const struct conf_core *cc = &op->client->w->srv->cc;
	const char *method = op->msg->rpc->method;

	if (!cc->rpc_ping_enabled)
		op_error(op, ROTOR_ERR_NOT_AVAILABLE);
	else if (strcmp(method != NULL ? method : "", cc->rpc_ping_method) != 0)
		op_error(op, ROTOR_ERR_METHOD_NOT_FOUND);
	else
		op_reply_empty(op, REPLY_RPC);
}
