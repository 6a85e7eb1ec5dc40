/* SPDX-License-Identifier: MIT */
/*
 * client_rig.h - a server of several workers whose transport, engine and auth are the
 * test's own, and may each answer later.
 *
 * No thread runs: the test drains the inboxes, flushes, and moves the clock itself.
 */
#ifndef CLIENT_RIG_H
#define CLIENT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <rotor/auth.h>
#include <rotor/codes.h>
#include <rotor/engine.h>
#include <rotor/transport.h>

#include "base/str.h"
#include "client/client.h"
#include "node/server.h"

#define PEER_FRAMES	2048
#define RIG_CALLS	128
#define RIG_STREAM	32
#define RIG_EPOCH	"rig-epoch"

/* A connection, as its transport sees it. */
struct peer {
	struct rotor_client	*client;	/* NULL after detach */
	struct rotor_buf	*frames[PEER_FRAMES];	/* written and not yet taken */
	size_t			n_frames;
	size_t			n_offered;	/* calls of write(), whatever it answered */
	size_t			n_pings;	/* native ones */
	int			write_result;	/* ROTOR_OK, ROTOR_AGAIN or an error */
	int			detach_in_close;
	size_t			n_resumed;	/* calls of resume() */
	size_t			n_closed;
	uint32_t		code;		/* of close() */
	char			reason[64];
};

/* What may be asked of engine and auth. */
enum rig_call {
	CALL_SUBSCRIBE, CALL_PUBLISH, CALL_HISTORY, CALL_ADD, CALL_REMOVE,
	CALL_PRESENCE, CALL_STATS, CALL_TOKEN, CALL_SUB_TOKEN
};
#define BIT(call)	(1u << (call))

/* A call that waits for its answer. */
struct rig_waiting {
	enum rig_call		call;
	void			(*done)(void);	/* cast back by `call` */
	void			*token;
	char			text[64];	/* channel, or token */
};

struct client_rig {
	struct rotor_server	*srv;
	uint32_t		later;		/* BIT() of what does not answer at once */
	struct rig_waiting	waiting[RIG_CALLS];
	size_t			n_waiting;
	char			log[8192];	/* calls that change something: "+x presence+x join+x -x " */
	size_t			n_history;	/* history calls */
	int			silent;		/* nothing goes into the log */
	int			rests;		/* peers opened from now on can rest */
	int			slow;		/* whatever is asked uses up the turn of all workers */
	/* The one stream, of every channel.  A test may move `top` ahead of it. */
	uint64_t		top;
	const char		*epoch;
	struct rotor_publication	*stream[RIG_STREAM];
	size_t			n_stream;
	/* What tokens say; a connection token is the user's name, a subscription token the
	 * channel's.  "bad" is invalid, "old" expired, "down" cannot be checked. */
	int64_t			expire_at;
	const struct rotor_sub_grant	*grants;
	size_t			n_grants;
	const char		*sub_user;
};

/* Channels for everyone: plain, with a position, recovered, with presence, with joins,
 * with deltas and filters. */
#define RIG_ACCESS \
    "allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true, " \
    "allow_publish_for_client: true, allow_publish_for_anonymous: true, " \
    "allow_history_for_client: true, allow_history_for_anonymous: true, " \
    "allow_presence_for_client: true, allow_presence_for_anonymous: true"
#define RIG_CHANNELS \
    "channel:\n" \
    "  without_namespace: {" RIG_ACCESS "}\n" \
    "  namespaces:\n" \
    "    - {name: pos, history_size: 10, history_ttl: 60s, force_positioning: true, " RIG_ACCESS "}\n" \
    "    - {name: rec, history_size: 10, history_ttl: 60s, force_recovery: true, " RIG_ACCESS "}\n" \
    "    - {name: pres, presence: true, " RIG_ACCESS "}\n" \
    "    - {name: jl, join_leave: true, force_push_join_leave: true, " RIG_ACCESS "}\n" \
    "    - {name: fos, history_size: 10, history_ttl: 60s, force_recovery: true, " \
    "allowed_delta_types: [fossil], allow_tags_filter: true, " RIG_ACCESS "}\n"

/* `yaml` is the configuration; the first worker's clock becomes everyone's. */
void crig_init(struct client_rig *r, const char *yaml);
/* The engine is asked about no first and last subscriber, as on a single node; to be called
 * before there is one. */
void crig_one_node(struct client_rig *r);
/* Checks that nothing is left over: no client, channel, waiting call. */
void crig_fini(struct client_rig *r);
/* The same as cmocka's fixtures: *state is the configuration first, the rig then. */
int crig_setup(void **state);
int crig_teardown(void **state);
#define RIG_TEST(fn, yaml) \
    { #fn, fn, crig_setup, crig_teardown, (void *)(uintptr_t)(yaml) }
/* One turn of every loop, first to last, until all inboxes are empty; then the flushes. */
void crig_turn(struct client_rig *r);
/* Calls the jobs of all workers once, then the inboxes and the flushes as well; 0: there was
 * no job. */
int crig_jobs(struct client_rig *r);
/* From now on, and until a job or a message runs, what may take turns has had its turn. */
void crig_turn_over(struct client_rig *r);
/* Flushes without looking at the inboxes. */
void crig_flush(struct client_rig *r);
/* Moves all clocks on and fires what is due; then a turn. */
void crig_wait(struct client_rig *r, uint64_t ms);
/* How many calls of this kind wait. */
size_t crig_waiting(const struct client_rig *r, enum rig_call call);
/* Answers the oldest of this kind with this code (of a token: ROTOR_TOKEN_*). */
void crig_answer(struct client_rig *r, enum rig_call call, uint32_t code);
/* The same for the call with this channel or token. */
void crig_answer_for(struct client_rig *r, enum rig_call call, const char *text, uint32_t code);
/* Delivers, as an engine does; offset 0: not in a stream.  With it goes the one before it
 * in the stream, as for a delta.  The number of workers. */
int crig_publish(struct client_rig *r, const char *channel, const char *data, uint64_t offset);

void peer_open(struct client_rig *r, struct peer *p, uint32_t worker, uint32_t protocol, uint32_t flags);
/* Opens a JSON connection and connects it; `user` NULL: anonymous.  The reply is taken. */
void peer_connect(struct client_rig *r, struct peer *p, uint32_t worker, const char *user);
/* The same with Protobuf, anonymous. */
void peer_connect_pb(struct client_rig *r, struct peer *p, uint32_t worker);
/* Detaches, when that is still to do, and forgets the frames. */
void peer_close(struct peer *p);
void peer_send(struct peer *p, const char *frame);
/* Sends, turns, and expects the answer. */
void peer_ask(struct client_rig *r, struct peer *p, const char *frame, const char *answer);
/* What was written since the last call, frames parted by '|', is `text`. */
void peer_expect(struct peer *p, const char *text);
/* It is one frame that begins with `text`; it stays. */
void peer_expect_start(const struct peer *p, const char *text);
void peer_forget(struct peer *p);
/* It was closed, once, with this code and its text. */
void peer_expect_closed(const struct peer *p, uint32_t code);

#endif
