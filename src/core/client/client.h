/* SPDX-License-Identifier: MIT */
/*
 * client/client.h - a client session and its subscriptions.
 *
 * A client lives and dies on one worker; nothing here may be touched from another
 * thread.  It is held by its transport (from attach to detach) and by each command
 * that is still under way.  States:
 *
 *	NEW --connect--> CONNECTING --> CONNECTED --> CLOSED
 *	                      |error--> FAILED ------>
 */
#ifndef ROTOR_CLIENT_CLIENT_H
#define ROTOR_CLIENT_CLIENT_H

#include <stdint.h>

#include <rotor/abi.h>
#include <rotor/buf.h>
#include <rotor/publication.h>
#include <rotor/transport.h>

#include "client/token_mark.h"
#include "hub/hub.h"
#include "loop/wheel.h"
#include "loop/worker.h"

struct held_input;
struct rotor_publication;
struct rotor_sub_grant;
struct sub_request;
struct tags_filter;
struct wire;

enum client_state { CLIENT_NEW, CLIENT_CONNECTING, CLIENT_CONNECTED, CLIENT_FAILED, CLIENT_CLOSED };

/* What a client's one timer waits for; 0 in due[] means not at all. */
enum client_due {
	DUE_STALE,		/* no connect in time, or dead after a failed one */
	DUE_PONG,		/* the pong is late; before the ping, which would forgive it */
	DUE_PING,		/* send the next ping */
	DUE_EXPIRE,		/* credentials have run out */
	DUE_PRESENCE,		/* refresh presence, check expiry and position of subs */
	DUE_DROP,		/* the end of a connection whose connect was refused */
	DUE_N
};

struct rotor_client {
	uint32_t		magic;
#define CLIENT_MAGIC		0x8f20a7e1u
	uint32_t		refs;
	uint8_t			state;		/* enum client_state */
	uint8_t			protocol;	/* ROTOR_JSON, ROTOR_PROTOBUF */
	uint8_t			flags;		/* ROTOR_CLIENT_* of attach */
	uint8_t			choked;		/* the transport said AGAIN */
	uint8_t			is_dirty;
	uint8_t			counted;	/* in user_counts */
	uint8_t			in_input;	/* inside consume() */
	uint16_t		busy;		/* commands under way that block the next */
	struct rotor_worker	*w;
	const struct rotor_transport	*transport;
	void			*conn;		/* NULL after detach */
	unsigned char		id[16];

	struct hub_user		*user;		/* NULL until connected */
	struct rotor_client	*user_next, **user_prevp;
	struct rotor_client	*all_next, **all_prevp;
	struct rotor_client	*dirty_next;
	struct rotor_buf	*conn_info;	/* raw payload, or NULL */
	struct rotor_buf	*meta;		/* raw payload for proxies, or NULL */
	uint64_t		joined;		/* srv->n_joined when it joined the hub; 0: not yet */
	char			*header_user;	/* from user_id_http_header, or NULL */
	char			*app;		/* what it is: name, NUL, version, NUL; or NULL */
	struct token_mark	*token;		/* of the connection token, or NULL */

	struct sub		**subs;		/* &sub_one while there is one at most */
	struct sub		*sub_one;
	uint32_t		n_subs, cap_subs;
	struct sub_request	*subscribing;	/* subscriptions that are being made, see subscribe.h */

	uint32_t		n_queue, cap_queue;
	uint64_t		queue_bytes;
	struct rotor_buf	*queue_one;
	struct rotor_buf	**queue;	/* &queue_one while there is one at most */
	struct rotor_buf	*stuck;		/* the frame that was answered AGAIN */

	struct held_input	*held;		/* what waits for its turn, or for busy to end */
	uint32_t		connected_s;	/* Unix time of the connect, and a part in ms */
	uint16_t		connected_ms : 10;
	uint16_t		by_token : 1;	/* it showed a connection token */
	uint16_t		leaving : 1;	/* a job ends its subscriptions */
	uint16_t		latency_ms;	/* of the last pong, plus 1; 0: there was none */

	struct wheel_timer	timer;		/* for the earliest of due[] */
	uint64_t		due[DUE_N];	/* worker milliseconds */
	uint64_t		ping_sent_ms;	/* 0: no pong is awaited */
	int64_t			expire_at;	/* Unix seconds; 0: never */
};

/* Bits of sub->flags */
#define SUB_POSITIONED		1u	/* offset and epoch are tracked */
#define SUB_RECOVERABLE		2u
#define SUB_SERVER_SIDE		4u
#define SUB_PUSH_JOIN_LEAVE	8u	/* gets joins and leaves of others */
#define SUB_EMIT_JOIN_LEAVE	16u	/* others get ours */
#define SUB_PRESENCE		32u	/* is in the channel's presence */
#define SUB_CLIENT_REFRESH	64u	/* expires unless the client refreshes it */
#define SUB_LIVE		128u	/* subscribed; before that, publications are buffered */
#define SUB_JOINED		256u	/* presence added or join emitted: to be undone */
#define SUB_DELTA		512u	/* takes deltas */
#define SUB_NAMED		2048u	/* by the token that is looked at now */
#define SUB_DELTA_READY		1024u	/* has the publication that the next delta is from */

/* Why it is subscribed; values of the server API's `source`. */
enum sub_source {
	SUB_BY_UNKNOWN = 0,
	SUB_BY_CONNECTION_TOKEN = 1,
	SUB_BY_TOKEN = 3,		/* a subscription token */
	SUB_BY_USER_LIMIT = 5,		/* the channel's name lists the user */
	SUB_BY_NAMESPACE = 6,		/* it is open to clients */
	SUB_BY_INSECURE = 7,
	SUB_BY_PERSONAL = 9,		/* the user's own channel */
	SUB_BY_API = 10,
};

struct sub {
	uint32_t		magic;
#define SUB_MAGIC		0x2be6904du
	uint32_t		flags : 24;
	uint32_t		source : 8;	/* enum sub_source */
	struct rotor_client	*client;
	struct hub_chan		*chan;
	uint32_t		index;		/* in chan->subs */
	uint32_t		checked_s;	/* worker seconds of the last publication or check */
	uint64_t		offset;		/* the client has everything up to here */
	struct rotor_buf	*epoch;
	struct rotor_buf	*chan_info;	/* raw payload, or NULL */
	int64_t			expire_at;	/* Unix seconds; 0: never */
	struct sub_request	*pending;	/* until SUB_LIVE: what is being done, with the backlog; or NULL when that has ended */
	struct tags_filter	*filter;	/* what it wants to see, or NULL: all */
	struct token_mark	*token;		/* of SUB_BY_TOKEN, or NULL */
};

/* client.c: life */
void client_ref(struct rotor_client *c);
void client_unref(struct rotor_client **cp);
/* Ends the session: leaves all channels, flushes (unless slow or broken) and has
 * the transport close with `code`.  reason NULL: the code's own.  A no-op when
 * closed already. */
void client_close(struct rotor_client *c, uint32_t code, const char *reason);
/* The same with 3506: data that is no JSON cannot be sent to a client that speaks it.  The
 * log says what prevents that.  `channel` is the one it came through, or empty. */
void client_close_inappropriate(struct rotor_client *c, struct rotor_str channel);
/* leaving.c: gives up what the connect had brought: user, subscriptions.  Very many of those
 * take turns, and the client is referenced until they have ended; it must not get further
 * ones.  A no-op when there is nothing. */
void client_leave_hub(struct rotor_client *c);
struct rotor_str client_user(const struct rotor_client *c);
/* Remembers what the client says it is, cut to what is worth it.  0 or -ENOMEM. */
int client_app_set(struct rotor_client *c, struct rotor_str name, struct rotor_str version);
/* That; "" when it said nothing. */
const char *client_app_name(const struct rotor_client *c);
const char *client_app_version(const struct rotor_client *c);
/* Replaces a payload (conn_info, chan_info, meta); an empty one, or one there is no memory
 * for, is NULL. */
void client_payload_set(struct rotor_buf **bp, struct rotor_str with);

/* queue.c: outgoing */
/* Appends one encoded message (takes its own reference).  May close the client. */
void client_enqueue(struct rotor_client *c, struct rotor_buf *msg);
void client_flush(struct rotor_client *c);
void client_queue_drop(struct rotor_client *c);

/* input.c: incoming */
/* A command that was under way has ended: goes on with held input. */
void client_resume(struct rotor_client *c);
void client_held_drop(struct rotor_client *c);

/* timers.c */
/* (Re)sets one deadline, `ms` from now; 0 cancels it. */
void client_due(struct rotor_client *c, enum client_due what, uint64_t ms);
void client_timers_stop(struct rotor_client *c);
/* Starts pings and expiry after a successful connect. */
void client_timers_start(struct rotor_client *c);
/* Starts the presence tick for a sub that is live, if it needs one: most do not. */
void client_tick_arm(struct rotor_client *c, const struct sub *s);
/* A pong (native or `{}`) has come.  May close the client. */
void client_on_pong(struct rotor_client *c);
/* Applies client->expire_at to DUE_EXPIRE. */
void client_expiry_arm(struct rotor_client *c);
/* Seconds until `expire_at`, at least 1, at most a year. */
uint32_t client_ttl(const struct rotor_client *c, int64_t expire_at);

/* sublist.c: c->subs, by place and by channel */
struct sub *client_sub_get(const struct rotor_client *c, struct rotor_str channel);
/* Makes room for one more.  0 or -ENOMEM. */
int sublist_grow(struct rotor_client *c);
/* Puts a sub of some channel behind the others, after sublist_grow(). */
void sublist_add(struct rotor_client *c, struct sub *s);
/* Takes it out, before it leaves its channel; the last one moves to its place. */
void sublist_remove(struct rotor_client *c, struct sub *s);
/* Gives the memory of an empty list back. */
void sublist_rest(struct rotor_client *c);

/* sub.c */
/* A sub of `channel`, in its channel's fan-out from now on (buffering until it is
 * live).  *ret_new: the channel is new on this worker.  NULL: no memory. */
struct sub *sub_new(struct rotor_client *c, struct rotor_str channel, const struct chan_options *opts,
    int *ret_new);
/* Ends it: leaves the channel, its presence, and tells others.  Sets *sp to NULL. */
void sub_free(struct sub **sp);
/* What presence, joins and publications of the client show; borrowed. `s` NULL: without
 * chan_info.  `id_text` (36 bytes) backs the client id. */
struct rotor_client_info sub_info(const struct rotor_client *c, const struct sub *s, char id_text[36]);
/* Emits a join (or leave) of the client. */
void sub_emit(struct sub *s, uint32_t kind);
/* 1 when the presence tick has something to do for it. */
int sub_ticks(const struct sub *s);
/* The presence tick of one sub.  May end the sub or the client. */
void sub_tick(struct sub *s);
/* A publication, join or leave for one subscription. */
void sub_deliver(struct sub *s, struct wire *wi);
/* Ends one subscription with an unsubscribe push.  A no-op when the client is closed. */
void client_unsubscribe_push(struct sub *s, uint32_t code);
/* Position lost: resubscribe (client-side) or reconnect (server-side). */
void sub_insufficient(struct sub *s);

#endif
