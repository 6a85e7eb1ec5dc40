/* SPDX-License-Identifier: MIT */
/*
 * node/denied.h - who is not let in: blocked users and revoked tokens, each until a time.
 *
 * Workers ask when a client connects, refreshes, or subscribes with a token; while
 * nothing is denied that costs one look at a counter.  The set is in memory and as old
 * as the server.  What is denied while it is in use is ended by node/enforce.h.
 */
#ifndef ROTOR_NODE_DENIED_H
#define ROTOR_NODE_DENIED_H

#include <stdint.h>

#include <rotor/abi.h>

struct denied;
struct rotor_server;
struct rotor_worker;

enum denied_kind {
	DENIED_USER,
	DENIED_TOKEN,		/* by its id */
	DENIED_ISSUED,		/* all of a user that were issued before a time */
	DENIED_KINDS
};

struct denial {
	enum denied_kind	kind;
	struct rotor_str	name;		/* user; DENIED_TOKEN: the token's id */
	struct rotor_str	channel;	/* DENIED_ISSUED: of subscription tokens, or empty */
	int64_t			issued_before;	/* DENIED_ISSUED: Unix seconds */
	int64_t			expire_at;	/* Unix seconds; 0: never */
};

/* A token as its holder shows it. */
struct token_facts {
	struct rotor_str	user;
	struct rotor_str	channel;	/* empty: a connection token */
	struct rotor_str	id;		/* empty: it has none */
	int64_t			issued_at;	/* 0: it does not say, and so is older than all */
};

/* At most `max` entries.  The control thread, before it runs.  NULL: no memory. */
struct denied *denied_new(struct rotor_server *srv, uint32_t max);
/* Likewise, after it ran.  NULL in *dp is a no-op. */
void denied_free(struct denied **dp);

/* Adds the denial, in place of the one of the same kind, name and channel.  0; -ENOSPC:
 * the set is full; -E2BIG: the name is too long; -ENOMEM.  w's thread. */
int denied_add(struct denied *d, struct rotor_worker *w, const struct denial *what);
/* Takes it out; it need not be there.  w's thread. */
void denied_remove(struct denied *d, struct rotor_worker *w, const struct denial *what);

/* 1 when it is denied at `now` (Unix seconds).  Any thread. */
int denied_user(struct denied *d, struct rotor_str user, int64_t now);
int denied_token(struct denied *d, const struct token_facts *t, int64_t now);

#endif
