/* SPDX-License-Identifier: MIT */
/*
 * client/subscribe.h - making a subscription, whoever asks for it: the client, its
 * token, or the server API.
 *
 *	subscribe_begin(rq)	takes the channel: orders about it wait
 *	subscribe_start(rq)	joins the channel's fan-out (publications are held
 *				back), adds presence, reads position and history
 *	  rq->done(rq, code)	the caller queues its reply or push, made of rq->res
 *	subscribe_live(rq)	what was held back follows, then joins
 *	subscribe_end(rq)	releases what the request holds, and those who wait
 *
 * A connect needs no subscribe_begin(): nobody else can reach the client yet.
 */
#ifndef ROTOR_CLIENT_SUBSCRIBE_H
#define ROTOR_CLIENT_SUBSCRIBE_H

#include <stdint.h>

#include <rotor/engine.h>

#include "channel/name.h"
#include "client/claims.h"
#include "client/client.h"
#include "proto/messages.h"

struct arena;
struct rotor_client;
struct rotor_sub_grant;
struct sub;
struct sub_backlog;
struct tags_filter;

#define RECOVER_REJECT	2u	/* SubscribeRequest.flag: error 112 when not recovered */

/* Who waits for the end of a subscribe. */
struct sub_waiter {
	struct sub_waiter	*next;
	void			(*run)(struct sub_waiter *wt);
};

struct sub_request {
	/* set by the caller */
	struct rotor_client	*client;	/* the caller's reference */
	struct arena		*arena;		/* for the result */
	struct chan_name	name;		/* its bytes live as long as the request */
	uint32_t		flags;		/* SUB_* wanted */
	int			recover;
	int			reject_unrecovered;
	int			stream_only;	/* whatever force_recovery_mode says */
	uint64_t		offset;		/* recover from here */
	struct rotor_str	epoch;
	struct rotor_str	chan_info;
	struct rotor_str	data;		/* for the result */
	int64_t			expire_at;	/* Unix seconds; 0: never */
	struct tags_filter	*filter;	/* goes over to the sub, or with the request */
	enum sub_source		source;
	struct claims_token	token;		/* of SUB_BY_TOKEN */
	void			(*done)(struct sub_request *rq, uint32_t code);
	void			*priv;
	const char		*why;		/* it is refused, for the log; or NULL */

	/* the outcome */
	struct sub		*sub;		/* NULL when it failed or has gone meanwhile */
	Cp__SubscribeResult	res;

	/* inner */
	struct rotor_publication	**pubs;	/* what was missed; a reference each */
	size_t			n_pubs;
	struct sub_backlog	*backlog;
	struct sub_backlog	**backlog_tail;
	uint64_t		backlog_bytes;
	struct sub_request	*next;		/* of client->subscribing */
	struct sub_waiter	*waiters;
};

/* The caller zeroes the struct and sets its part. */
void subscribe_begin(struct sub_request *rq);
/* done() runs exactly once, possibly before this returns. */
void subscribe_start(struct sub_request *rq);
void subscribe_live(struct sub_request *rq);
/* May run commands and orders that waited: the last that is done with the request. */
void subscribe_end(struct sub_request *rq);
/* The subscription of `channel` that is being made, or NULL; of any channel when it is empty. */
struct sub_request *subscribe_under_way(const struct rotor_client *c, struct rotor_str channel);
/* wt->run() comes from subscribe_end(), whatever came of the subscription. */
void subscribe_await(struct sub_request *rq, struct sub_waiter *wt);
/* Subscriptions the client has and will have. */
uint32_t subscribe_count(const struct rotor_client *c);
/* Holds back one publication, and the one before it (or NULL), for a sub that is not
 * live yet.  Closes the client as slow when there is too much of them. */
void subscribe_hold_back(struct sub_request *rq, struct rotor_publication *pub,
    struct rotor_publication *prev);

/* SUB_* flags that the namespace forces on everyone. */
uint32_t subscribe_forced(const struct chan_options *o);
/* 1 when a client may ask for deltas of this type ("": none). */
int subscribe_delta_known(struct rotor_str type);
/* SUB_DELTA when it is one, and the namespace has it; else 0. */
uint32_t subscribe_delta(const struct chan_options *o, struct rotor_str type);
/* Applies a grant's overrides; what is recoverable is positioned too. */
uint32_t subscribe_override(uint32_t flags, uint32_t set, uint32_t value);

/*
 * recover.c: position and missed publications, one function a mode.
 */
/* Reads the stream for rq->sub and sets its position and rq->res; then
 * next(rq, code). */
void recover_start(struct sub_request *rq, void (*next)(struct sub_request *, uint32_t));
/* Puts what was missed into rq->res, for its reply.  0 or -ENOMEM.  Any thread, as it looks
 * at the request alone. */
int recover_fill(struct sub_request *rq, uint32_t protocol);

#endif
