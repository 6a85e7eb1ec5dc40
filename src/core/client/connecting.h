/* SPDX-License-Identifier: MIT */
/*
 * client/connecting.h - a connect whose user is known: its server-side subscriptions and
 * its reply.
 *
 *	planned (connect_plan.c) -> made, one after the other -> reply -> live, joins
 *
 * How many there are is up to a token and to the client, so all of it takes turns
 * (<rotor/loop.h>), and channel_limit ends the planning as soon as it is passed.
 */
#ifndef ROTOR_CLIENT_CONNECTING_H
#define ROTOR_CLIENT_CONNECTING_H

#include <stddef.h>
#include <stdint.h>

#include <rotor/loop.h>

#include "base/map.h"
#include "client/refusal.h"
#include "client/subscribe.h"

struct op;
struct rotor_connection_claims;

/* A server-side subscription. */
struct planned {
	struct sub_request	rq;		/* first; rq.priv is the connecting */
	struct planned		*next;
};

/* In its op's arena; the next step, and what it comes to. */
enum connecting_step { CONNECTING_GOES_ON, CONNECTING_WAITS, CONNECTING_OVER };

struct connecting {
	struct op		*op;
	struct rotor_str	user;
	struct rotor_job	job;
	enum connecting_step	(*step)(struct connecting *cn);
	int			stepping;	/* an answer that comes now needs not go on */
	int			answered;	/* the subscribe that was begun last has ended */
	uint32_t		code;		/* of the failure, or 0 */
	struct rotor_str	refused;	/* the channel it is about, or empty */

	struct planned		*planned, **planned_end;
	size_t			n_planned;
	struct map		by_channel;	/* of more than a few */
	size_t			n_requested;	/* of connect.subs that have been looked at */
	struct planned		*at;		/* the next to be made, to go live, to be undone */
};

/* Plans what the token and the personal channel bring.  0, an error or a disconnect code. */
uint32_t connect_plan_granted(struct connecting *cn, const struct rotor_connection_claims *claims);
/* Looks at the next one of connect.subs, if there is one (cn->n_requested).  Likewise. */
uint32_t connect_plan_requested(struct connecting *cn);
void connect_plan_fini(struct connecting *cn);

/* The user has joined the hub: does all the rest, at once or in turns, and ends the op. */
void connecting_begin(struct op *op, struct rotor_str user, const struct rotor_connection_claims *claims);
/* Ends the command, and after an error the use of the connection; and says so in the log. */
void connect_refuse(struct op *op, const struct refusal *r);

#endif
