/* SPDX-License-Identifier: MIT */
/* client/cmd_rpc.c - the rpc command. */
#include "config.h"

#include <string.h>

#include <rotor/codes.h>

#include "client/client.h"
#include "client/op.h"
#include "node/server.h"
#include "proto/hot.h"

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
