/* SPDX-License-Identifier: MIT */
/*
 * client.h - one client, and what it knows of each channel.
 *
 * The server handles the commands of a connection one after the other and sends through
 * one queue, so that what a client has been told says exactly what it is subscribed to.
 */
#ifndef STRESS_CLIENT_H
#define STRESS_CLIENT_H

#include "ledger.h"
#include "wire.h"
#include "ws.h"

#define EPOCH_MAX	32u
#define TRACE_LINES	24u
#define TRACE_CHARS	400u
#define PENDING_MAX	64u	/* a power of two */

/* What a subscribe asks for. */
struct position {
	int		recover, delta;
	uint64_t	offset;
	char		epoch[EPOCH_MAX];
};

/* A client's view of a channel. */
struct view {
	uint8_t		on;		/* subscribed */
	uint8_t		server_side;
	uint8_t		was_on;		/* when the connection ended */
	uint8_t		has_position;	/* there is one to recover from */
	uint8_t		delta;		/* publications are deltas or strings */
	uint8_t		joined;		/* its own join has come */
	uint8_t		has_base;
	unsigned	restarts;	/* subscriptions so far */
	unsigned	own_seen;	/* of its own publications, the last number + 1 */
	char		epoch[EPOCH_MAX];
	uint64_t	offset;
	struct position	asked;		/* in the connect command */
	struct out	base;		/* the last payload, in channels with deltas */
	struct last {
		unsigned writer, number;
	}		*last;		/* without offsets: the last of each writer */
	unsigned	n_last;
};

enum command {
	CMD_CONNECT, CMD_SUBSCRIBE, CMD_UNSUBSCRIBE, CMD_PUBLISH, CMD_PRESENCE,
	CMD_PRESENCE_STATS, CMD_HISTORY, CMD_N
};

/* A command that waits for its reply. */
struct pending {
	unsigned		id;
	enum command		command;
	struct channel		*ch;
	struct position		asked;		/* subscribe */
	unsigned		number, restarts;	/* publish: which; view->restarts then */
};

enum life { LIFE_AWAY, LIFE_DIALING, LIFE_CONNECTING, LIFE_LIVE };

struct client {
	struct ws	ws;		/* first */
	unsigned	index;
	enum encoding	enc;
	enum life	life;
	uint8_t		witness;	/* never leaves of itself */
	uint8_t		has_paused;	/* in this connection */
	uint8_t		cut_off;	/* has had to go: a witness without it saw everything */
	char		user[24], id[40];
	unsigned	connections, writer;
	uint64_t	rng, life_rng;	/* of the script; of this connection */
	double		due, resume_at;	/* next action or dial; end of a pause */
	double		waits_since;	/* for the oldest pending */
	struct view	*views;
	struct out	out;		/* the frame being put together */
	unsigned	next_id, n_pending, first_pending;
	struct pending	pending[PENDING_MAX];
	unsigned	n_trace;
	char		(*trace)[TRACE_CHARS];
};

struct tally {
	unsigned long	connects, disconnects, slow, no_pong, forced, cut, pushes, replies,
	    recovered, unrecovered, recovered_pubs, fresh, deltas, unsubscribed, joins;
};
extern struct tally tally;

void client_init(struct client *c, unsigned index);
struct view *client_view(struct client *c, const struct channel *ch);
/* Begins a connection now, unless there is one. */
void client_dial(struct client *c);
/* Ends it; dials again after `secs`. */
void client_leave(struct client *c, enum goodbye how, double secs);
/* Commands; each joins the frame that client_send() sends.  0 when too many wait. */
int client_subscribe(struct client *c, struct channel *ch, int recover, int with_epoch);
int client_command(struct client *c, enum command command, struct channel *ch);
int client_publish(struct client *c, struct channel *ch);
void client_send(struct client *c);
/* Whether it is connected and has all replies. */
int client_quiet(const struct client *c);

/* Remembers a line for the case that something is wrong. */
void client_trace(struct client *c, const char *what, struct slice bytes);
/* Something is wrong. */
void client_fail(struct client *c, const struct channel *ch, const char *format, ...)
    __attribute__((format(printf, 3, 4), noreturn));

/* check.c: judges a reply or a push. */
void check_message(struct client *c, struct slice message);

/* token.c: a connection token for `user` with the channels of `names` (JSON strings with
 * commas between them, or empty), in `to`. */
void token_make(const char *user, const char *names, char *to, size_t size);
/* Whether the client's token names the channel. */
int client_has_by_token(const struct client *c, const struct channel *ch);

/* Fields that more than one file knows. */
extern const struct field F_ID, F_CHANNEL, F_EPOCH, F_OFFSET, F_PUBLICATIONS, F_SUBS;

#endif
