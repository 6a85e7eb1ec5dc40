/* SPDX-License-Identifier: MIT */
/* node/interest.c - see node/interest.h. */
#include "config.h"

#include "node/interest.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/codes.h>
#include <rotor/engine.h>

#include "base/map.h"
#include "base/obj.h"
#include "base/str.h"
#include "hub/hub.h"
#include "loop/worker.h"
#include "node/server.h"

#define SHARDS	64u

/* Somebody who waits for the broker to deliver a channel. */
struct waiter {
	struct inbox_msg	msg;	/* back to w */
	struct waiter		*next;
	struct rotor_worker	*w;
	interest_done_f		*done;
	void			*token;
	uint32_t		code;
};

/* A channel that some worker wants. */
struct wanted {
	uint32_t	magic;
#define WANTED_MAGIC	0x41d5c3b9u
	uint64_t	workers;	/* bit a worker */
	int		ready;		/* the broker delivers it */
	struct waiter	*waiters;
	size_t		len;
	char		name[];
};

struct shard {
	pthread_mutex_t	lock;
	struct map	wanted;
} __attribute__((aligned(64)));

struct interest {
	struct rotor_server	*srv;
	struct shard		shards[SHARDS];
};

/* One publication on its way to one worker. */
struct delivery {
	struct inbox_msg		msg;
	uint64_t			hash;
	struct rotor_publication	*pub, *prev;
};

/* A subscribe or unsubscribe on its way to the broker, in order. */
struct broker_call {
	struct inbox_msg	msg;
	struct interest		*in;
	uint64_t		hash;
	int			subscribe;
	struct rotor_str	channel;
	char			text[];
};

struct interest *
interest_new(struct rotor_server *srv)
{
	struct interest *in = aligned_alloc(64, sizeof *in);

	if (in == NULL)
		return NULL;
	in->srv = srv;
	for (unsigned i = 0; i < SHARDS; i++) {
		pthread_mutex_init(&in->shards[i].lock, NULL);
		map_init(&in->shards[i].wanted);
	}
	return in;
}

void
interest_free(struct interest **ip)
{
	if (*ip == NULL)
		return;
	for (unsigned i = 0; i < SHARDS; i++) {
		struct shard *sh = &(*ip)->shards[i];
		struct wanted *wt;

		for (size_t pos = 0; (wt = map_next(&sh->wanted, &pos)) != NULL;)
			free(wt);
		map_fini(&sh->wanted);
		pthread_mutex_destroy(&sh->lock);
	}
	free(*ip);
	*ip = NULL;
}

static struct shard *
shard_of(struct interest *in, uint64_t hash)
{
	return &in->shards[(hash >> 48) % SHARDS];
}

static struct wanted *
wanted_make(struct shard *sh, uint64_t hash, struct rotor_str channel)
{
	struct wanted *wt = calloc(1, sizeof *wt + channel.len);

	if (wt == NULL)
		return NULL;
	wt->magic = WANTED_MAGIC;
	wt->len = channel.len;
	memcpy(wt->name, channel.p, channel.len);
	if (map_put(&sh->wanted, hash, (struct rotor_str){ wt->name, wt->len }, wt) != 0) {
		free(wt);
		return NULL;
	}
	return wt;
}

static void
wanted_drop(struct shard *sh, uint64_t hash, struct wanted *wt)
{
	map_del(&sh->wanted, hash, (struct rotor_str){ wt->name, wt->len });
	free(wt);
}

/* The broker has answered.  */

static void
waiter_run(struct rotor_worker *w, struct inbox_msg *m)
{
	struct waiter *wa = (struct waiter *)m;

	(void)w;
	wa->done(wa->token, wa->code);
	free(wa);
}

static void
waiters_wake(struct waiter *wa, uint32_t code)
{
	struct waiter *next;

	for (; wa != NULL; wa = next) {
		next = wa->next;
		wa->code = code;
		wa->msg.run = waiter_run;
		worker_push(wa->w, &wa->msg);
	}
}

static void broker_call_run(struct rotor_worker *control, struct inbox_msg *m);

/* Under the shard's lock, so that the calls keep the order of the changes. */
static void
broker_call_push(struct broker_call *call, int subscribe)
{
	call->subscribe = subscribe;
	call->msg.run = broker_call_run;
	worker_push(call->in->srv->control, &call->msg);
}

static int
broker_call_post(struct interest *in, uint64_t hash, struct rotor_str channel, int subscribe)
{
	struct broker_call *call = malloc(sizeof *call + channel.len);

	if (call == NULL)
		return -ENOMEM;
	call->in = in;
	call->hash = hash;
	memcpy(call->text, channel.p, channel.len);
	call->channel = (struct rotor_str){ call->text, channel.len };
	broker_call_push(call, subscribe);
	return 0;
}

static void
broker_subscribed(void *token, uint32_t code)
{
	struct broker_call *call = token;
	struct interest *in = call->in;
	struct shard *sh = shard_of(in, call->hash);
	struct waiter *waiters = NULL;
	struct wanted *wt;

	pthread_mutex_lock(&sh->lock);
	wt = map_get(&sh->wanted, call->hash, call->channel);
	if (wt != NULL && !wt->ready) {
		int unwanted = wt->workers == 0;	/* all left while it was under way */

		waiters = wt->waiters;
		wt->waiters = NULL;
		wt->ready = code == 0;
		if (code != 0 || unwanted)
			wanted_drop(sh, call->hash, wt);
		if (code == 0 && unwanted && in->srv->broker->unsubscribe != NULL) {
			broker_call_push(call, 0);
			call = NULL;
		}
	}
	pthread_mutex_unlock(&sh->lock);
	waiters_wake(waiters, code);
	free(call);
}

/* Asks the broker, on the control thread. */
static void
broker_call_run(struct rotor_worker *control, struct inbox_msg *m)
{
	struct broker_call *call = (struct broker_call *)m;
	struct rotor_server *srv = call->in->srv;

	if (call->subscribe) {
		srv->broker->subscribe(srv->broker_ctx, control, call->channel, broker_subscribed, call);
		return;
	}
	srv->broker->unsubscribe(srv->broker_ctx, control, call->channel);
	free(call);
}

/* Adds the worker; 1 when the broker still has to answer, 0, or -ENOMEM. */
static int
wanted_join(struct interest *in, struct shard *sh, struct rotor_worker *w, uint64_t hash,
    struct rotor_str channel, interest_done_f *done, void *token)
{
	struct wanted *wt = map_get(&sh->wanted, hash, channel);
	int asks = in->srv->broker->subscribe != NULL, is_new = wt == NULL;
	struct waiter *wa;

	if (is_new && (wt = wanted_make(sh, hash, channel)) == NULL)
		return -ENOMEM;
	wt->workers |= UINT64_C(1) << w->index;
	if (!asks)
		wt->ready = 1;
	if (wt->ready)
		return 0;
	wa = malloc(sizeof *wa);
	if (wa == NULL || (is_new && broker_call_post(in, hash, channel, 1) != 0)) {
		free(wa);
		if (is_new)
			wanted_drop(sh, hash, wt);
		return -ENOMEM;
	}
	*wa = (struct waiter){ .next = wt->waiters, .w = w, .done = done, .token = token };
	wt->waiters = wa;
	return 1;
}

void
interest_add(struct rotor_worker *w, uint64_t hash, struct rotor_str channel,
    interest_done_f *done, void *token)
{
	struct interest *in = w->srv->interest;
	struct shard *sh = shard_of(in, hash);
	int r;

	pthread_mutex_lock(&sh->lock);
	r = wanted_join(in, sh, w, hash, channel, done, token);
	pthread_mutex_unlock(&sh->lock);
	if (r <= 0)
		done(token, r == 0 ? 0 : ROTOR_ERR_INTERNAL);
}

void
interest_remove(struct rotor_worker *w, uint64_t hash, struct rotor_str channel)
{
	struct interest *in = w->srv->interest;
	struct shard *sh = shard_of(in, hash);
	struct wanted *wt;

	pthread_mutex_lock(&sh->lock);
	wt = map_get(&sh->wanted, hash, channel);
	if (wt != NULL) {
		wt->workers &= ~(UINT64_C(1) << w->index);
		if (wt->workers == 0 && wt->waiters == NULL) {
			if (in->srv->broker->unsubscribe != NULL)
				broker_call_post(in, hash, channel, 0);
			wanted_drop(sh, hash, wt);
		}
	}
	pthread_mutex_unlock(&sh->lock);
}

static void
delivery_run(struct rotor_worker *w, struct inbox_msg *m)
{
	struct delivery *d = (struct delivery *)m;

	hub_deliver(w->hub, d->hash, d->pub, d->prev);
	rotor_publication_unref(&d->pub);
	rotor_publication_unref(&d->prev);
	free(d);
}

static int
delivery_push(struct rotor_worker *w, uint64_t hash, struct rotor_publication *pub,
    struct rotor_publication *prev)
{
	struct delivery *d = malloc(sizeof *d);

	if (d == NULL)
		return -ENOMEM;
	d->msg.run = delivery_run;
	d->hash = hash;
	d->pub = rotor_publication_ref(pub);
	d->prev = prev != NULL ? rotor_publication_ref(prev) : NULL;
	worker_push(w, &d->msg);
	return 0;
}

int
rotor_deliver(struct rotor_server *srv, struct rotor_publication *pub, struct rotor_publication *prev)
{
	uint64_t hash = str_hash(pub->channel);
	struct shard *sh = shard_of(srv->interest, hash);
	struct wanted *wt;
	int n = 0, r = 0;

	pthread_mutex_lock(&sh->lock);
	wt = map_get(&sh->wanted, hash, pub->channel);
	for (uint64_t set = wt != NULL ? wt->workers : 0; set != 0 && r == 0; set &= set - 1) {
		r = delivery_push(srv->workers[__builtin_ctzll(set)], hash, pub, prev);
		n++;
	}
	pthread_mutex_unlock(&sh->lock);
	return r == 0 ? n : r;
}

int
rotor_wanted(struct rotor_server *srv, struct rotor_str channel)
{
	uint64_t hash = str_hash(channel);
	struct shard *sh = shard_of(srv->interest, hash);
	const struct wanted *wt;
	int wanted;

	pthread_mutex_lock(&sh->lock);
	wt = map_get(&sh->wanted, hash, channel);
	wanted = wt != NULL && wt->workers != 0;
	pthread_mutex_unlock(&sh->lock);
	return wanted;
}
