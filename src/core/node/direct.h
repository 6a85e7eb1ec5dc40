/* SPDX-License-Identifier: MIT */
/*
 * node/direct.h - what the server does to a user's connections, wherever they are:
 * subscribe, unsubscribe, disconnect, refresh.
 *
 * An order is copied and carried out on every worker; then done() runs on the worker
 * that gave it.
 */
#ifndef ROTOR_NODE_DIRECT_H
#define ROTOR_NODE_DIRECT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <rotor/abi.h>

struct chan_options;
struct rotor_client;
struct rotor_worker;

enum direct_kind { DIRECT_SUBSCRIBE, DIRECT_UNSUBSCRIBE, DIRECT_DISCONNECT, DIRECT_REFRESH };

struct direct_order {
	enum direct_kind	kind;
	/* whom: all connections of the user, or only this client; not those listed */
	struct rotor_str	user;
	struct rotor_str	client;
	struct rotor_str	session;
	const struct rotor_str	*except;
	size_t			n_except;
	uint64_t		joined_before;	/* 0: all that are connected; else also those on their way */
	/* what */
	struct rotor_str	channel;	/* unsubscribe: empty for all */
	struct rotor_str	info, data;	/* subscribe, refresh */
	int64_t			expire_at;
	uint32_t		override_set, override_value;
	int			has_since;	/* subscribe: recover from here */
	uint64_t		since_offset;
	struct rotor_str	since_epoch;
	uint32_t		code;		/* disconnect, unsubscribe */
	struct rotor_str	reason;		/* disconnect */
	int			expired;	/* refresh: end it */
	/* subscribe, may be NULL: set to an error code when there is a connection for
	 * which the subscription would have expired already */
	_Atomic uint32_t	*ret_error;
};

typedef void direct_done_f(struct rotor_worker *w, void *priv);

/* 0, or -ENOMEM (then done() does not run).  w's thread; done may be NULL. */
int direct_give(struct rotor_worker *w, const struct direct_order *order, direct_done_f *done, void *priv);

/* Ends the user's connections that came before the client; result and done() as above. */
int direct_disconnect_earlier(struct rotor_client *c, uint32_t code, direct_done_f *done, void *priv);

#endif
