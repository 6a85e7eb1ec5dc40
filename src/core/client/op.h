/* SPDX-License-Identifier: MIT */
/*
 * client/op.h - one command of a client, from its arrival to its answer.
 *
 * An op holds its client, a copy of the command's bytes and everything decoded from
 * them, so a handler may answer now or from a later callback.  It ends with exactly
 * one of op_reply*(), op_error(), op_disconnect() and op_end().
 */
#ifndef ROTOR_CLIENT_OP_H
#define ROTOR_CLIENT_OP_H

#include <stdint.h>

#include "base/arena.h"
#include "proto/messages.h"

struct rotor_client;

#define OP_FIRST_BYTES	1536	/* of arena inside the op */

struct op {
	uint32_t		magic;
#define OP_MAGIC		0x19f3c8d4u
	uint32_t		id;		/* of the command, for its reply */
	struct rotor_client	*client;	/* referenced */
	Cp__Command		*msg;
	struct arena		arena;
	char			first[OP_FIRST_BYTES];
};

/* Decodes a command.  NULL: malformed (*ret_code 3501) or no memory (3004). */
struct op *op_new(struct rotor_client *c, struct rotor_str bytes, uint32_t *ret_code);

/* 1 when the client was closed while the op was waiting; then op_end() it. */
int op_is_late(const struct op *op);

void op_reply(struct op *op, Cp__Reply *reply);		/* sets reply->id */
void op_reply_empty(struct op *op, uint32_t result);	/* REPLY_* */
void op_error(struct op *op, uint32_t code);
void op_disconnect(struct op *op, uint32_t code);
/* One of the two, by the code. */
void op_refuse(struct op *op, uint32_t code);
/* Ends it without an answer. */
void op_end(struct op *op);

/*
 * The handlers, one file each.
 */
typedef void op_run_f(struct op *op);

op_run_f cmd_connect, cmd_ping, cmd_subscribe, cmd_unsubscribe, cmd_publish, cmd_presence,
    cmd_presence_stats, cmd_history, cmd_rpc, cmd_send, cmd_refresh, cmd_sub_refresh;

#define COMMAND_N	12u

/* A row a command, in the order in which a message with several is looked through. */
struct command {
	const char	*name;
	size_t		offset;		/* of the request in Cp__Command */
	op_run_f	*run;
};
extern const struct command command_table[COMMAND_N];

#endif
