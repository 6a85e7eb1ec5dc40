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
#include "proto/messages.h"

struct arena;
struct rotor_client;
struct rotor_sub_grant;
struct sub;
struct sub_backlog;

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
/* Holds back one publication for a sub that is not live yet. */
void subscribe_hold_back(struct sub_request *rq, struct rotor_publication *pub);

/* SUB_* flags that the namespace forces on everyone. */
uint32_t subscribe_forced(const struct chan_options *o);
/* Applies a grant's overrides; what is recoverable is positioned too. */
uint32_t subscribe_override(uint32_t flags, uint32_t set, uint32_t value);

/*
 * recover.c: position and missed publications, one function a mode.
 */
/* Reads the stream for rq->sub and sets its position and rq->res; then
 * next(rq, code). */
void recover_start(struct sub_request *rq, void (*next)(struct sub_request *, uint32_t));

/* Publications as protobuf-c structs in the arena, which point into `pubs`. */
int publications_fill(struct arena *a, struct rotor_publication *const *pubs, size_t n,
    Cp__Publication ***ret);
/* A client info likewise; NULL: no memory. */
Cp__ClientInfo *client_info_fill(struct arena *a, const struct rotor_client_info *info);

#endif
