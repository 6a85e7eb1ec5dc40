/* SPDX-License-Identifier: MIT */
/*
 * client/refusal.h - the log's word about a client that was refused something: what
 * operators look for first when "it does not connect".  At info, and limited, for it is
 * strangers who cause it.
 */
#ifndef ROTOR_CLIENT_REFUSAL_H
#define ROTOR_CLIENT_REFUSAL_H

#include <stdint.h>

#include <rotor/abi.h>

struct rotor_client;

struct refusal {
	const char		*what;		/* the message; constant, the limit is by it */
	uint32_t		code;		/* error or disconnect */
	struct rotor_str	user;		/* who it claims to be, where the client is nobody yet */
	struct rotor_str	channel;	/* empty: it is about none */
	const char		*why;		/* NULL: what the code says */
};

/* Nothing for a client that has gone. */
void refusal_log(const struct rotor_client *c, const struct refusal *r);

#endif
