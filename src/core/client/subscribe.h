/* SPDX-License-Identifier: MIT */
/*
 * client/subscribe.h - making a subscription, whoever asks for it: the client, its
 * token, or the server API.
 *
 *	subscribe_start(rq)	joins the channel's fan-out (publications are held
 *				back), adds presence, reads position and history
 *	  rq->done(rq, code)	the caller queues its reply or push, made of rq->res
 *	subscribe_live(rq)	what was held back follows, then joins
 *	subscribe_end(rq)	releases what the request holds
 */
#ifndef ROTOR_CLIENT_SUBSCRIBE_H
#define ROTOR_CLIENT_SUBSCRIBE_H

#include <stdint.h>

#include <rotor/engine.h>

#include "channel/name.h"
#include "client/client.h"
#include "proto/messages.h"

struct arena;
struct rotor_client;
struct rotor_sub_grant;
struct sub;
struct sub_backlog;
struct tags_filter;

#define RECOVER_REJECT	2u	/* SubscribeRequest.flag: error 112 when not recovered */

struct sub_request {
	/* set by the caller */
	struct rotor_client	*client;	/* the caller's reference */
	struct arena		*arena;		/* for the result */
	struct chan_name	name;		/* its bytes live as long as the request */
	uint32_t		flags;		/* SUB_* wanted */
	int			recover;
	int			reject_unrecovered;
	int			no_auto_recover;	/* whatever auto_cache_recover says */
	uint64_t		offset;		/* recover from here */
	struct rotor_str	epoch;
	struct rotor_str	chan_info;
	struct rotor_str	data;		/* for the result */
	int64_t			expire_at;	/* Unix seconds; 0: never */
	struct tags_filter	*filter;	/* goes over to the sub, or with the request */
	enum sub_source		source;
	struct rotor_str	token_id;	/* of SUB_BY_TOKEN */
	int64_t			issued_at;	/* likewise; Unix seconds */
	void			(*done)(struct sub_request *rq, uint32_t code);
	void			*priv;

	/* the outcome */
	struct sub		*sub;		/* NULL when it failed or has gone meanwhile */
	Cp__SubscribeResult	res;

	/* inner */
	struct rotor_publication	**pubs;	/* in res.publications; a reference each */
	size_t			n_pubs;
	struct sub_backlog	*backlog;
	struct sub_backlog	**backlog_tail;
};

/* The caller zeroes the struct and sets its part.  done() runs exactly once, possibly
 * before this returns. */
void subscribe_start(struct sub_request *rq);
void subscribe_live(struct sub_request *rq);
void subscribe_end(struct sub_request *rq);
/* Holds back one publication, and the one before it (or NULL), for a sub that is not
 * live yet. */
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

#endif
