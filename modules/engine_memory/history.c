/* SPDX-License-Identifier: MIT */
/* history.c - see history.h. */
#include "config.h"

#include "history.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/codes.h>

#include "hash.h"
#include "lru.h"
#include "results.h"
#include "slice.h"
#include "stream.h"

#define N_SHARDS	64u	/* a power of two */
#define SWEEP_BATCH	128u	/* objects freed under one hold of a mutex */
#define FEW_PUBS	32u	/* a reader's references that need no allocation */
#define EVICT_MAX	8u	/* objects evicted for one that comes: more than it is worth */
#define EVICT_LOOKS	8u	/* streams looked at for one that nobody subscribes to */
#define REPORT_MAX	16384	/* bytes a shard keeps to itself, so that all are not counted as one */

struct shard {
	_Alignas(64) pthread_mutex_t	mutex;
	struct table			streams;
	struct due_heap			streams_due;
	struct results			results;
	struct lru			empty, full;	/* streams without publications, and with */
	size_t				n_pubs;
	size_t				results_counted;	/* of results.bytes */
	int64_t				unreported;	/* bytes, not yet in history.bytes */
	uint64_t			evicted;
};

struct history {
	struct shard		shards[N_SHARDS];
	struct history_env	env;
	struct hash_key		hash_key;
	uint32_t		sweep_at;	/* shard to go on with */
	uint32_t		evict_at;	/* likewise */
	int64_t			report;		/* unreported bytes that are too many */
	_Atomic int64_t		bytes;		/* what all shards have reported */
};

/* A publish on its way through its shard. */
struct publishing {
	const struct rotor_publish	*req;
	uint64_t			hash;		/* of the channel */
	int64_t				now_ms;
	uint32_t			suppressed;
	uint64_t			offset;
	char				epoch[EPOCH_LEN];
	size_t				epoch_len;
	struct stream			*stream;	/* that was used; NULL: none */
};

static struct shard *
shard_of(struct history *h, uint64_t hash)
{
	/* The low bits choose the bucket inside the shard. */
	return (&h->shards[(hash >> 32) % N_SHARDS]);
}

static void
shard_report(struct history *h, struct shard *sh, int64_t bytes)
{
	sh->unreported += bytes;
	if (sh->unreported < h->report && sh->unreported > -h->report)
		return;
	atomic_fetch_add_explicit(&h->bytes, sh->unreported, memory_order_relaxed);
	sh->unreported = 0;
}

static void
shard_free_stream(struct history *h, struct shard *sh, struct stream **sp)
{
	shard_report(h, sh, -(int64_t)(*sp)->counted);
	sh->n_pubs -= (*sp)->counted_n;
	lru_remove(&(*sp)->lru);
	table_remove(&sh->streams, &(*sp)->node);
	due_remove(&sh->streams_due, &(*sp)->due);
	stream_free(sp);
}

static struct stream *
shard_add_stream(struct shard *sh, struct rotor_str channel, uint64_t hash)
{
	struct stream *s = stream_new(channel, hash);

	if (s == NULL)
		return (NULL);
	if (due_add(&sh->streams_due, &s->due, DUE_NEVER) != 0)
		goto fail;
	if (table_insert(&sh->streams, &s->node) != 0) {
		due_remove(&sh->streams_due, &s->due);
		goto fail;
	}
	return (s);
fail:
	stream_free(&s);
	return (NULL);
}

static int
too_much(const struct history *h)
{
	return (h->env.max_bytes > 0 &&
	    atomic_load_explicit(&h->bytes, memory_order_relaxed) > h->env.max_bytes);
}

/* Notes what has become of the stream. */
static void
shard_count(struct history *h, struct shard *sh, struct stream *s)
{
	int64_t more = (int64_t)s->bytes - (int64_t)s->counted;

	sh->n_pubs += s->n;
	sh->n_pubs -= s->counted_n;
	s->counted = s->bytes;
	s->counted_n = s->n;
	shard_report(h, sh, more);
}

/* The oldest of the list that nobody subscribes to, among the first few; the others are
 * put back to the end.  NULL: none. */
static struct stream *
unwanted(const struct history *h, struct lru *list, const struct stream *spare)
{
	struct lru *l;
	struct stream *s;
	size_t i;

	for (i = 0; i < EVICT_LOOKS && (l = lru_oldest(list)) != NULL; i++) {
		s = CONTAINER(l, struct stream, lru);
		if (s != spare && !h->env.wanted(h->env.srv, s->name))
			return (s);
		lru_use(list, l);
	}
	return (NULL);
}

/* Drops the publications of the oldest stream that has any.  0: there is none. */
static int
evict_publications(struct history *h, struct shard *sh, const struct stream *spare)
{
	struct lru *l = lru_oldest(&sh->full);
	struct stream *s;

	if (l == NULL || (s = CONTAINER(l, struct stream, lru)) == spare)
		return (0);
	stream_clear(s);
	shard_count(h, sh, s);
	lru_use(&sh->empty, l);
	return (1);
}

/* Makes room: for `spare`, which is in use.  0: there is nothing that could go. */
static int
evict_one(struct history *h, struct shard *sh, const struct stream *spare)
{
	struct stream *s = unwanted(h, &sh->empty, spare);

	if (s == NULL)
		s = unwanted(h, &sh->full, spare);
	if (s != NULL)
		shard_free_stream(h, sh, &s);
	else if (!results_evict(&sh->results) && !evict_publications(h, sh, spare))
		return (0);
	sh->evicted++;
	return (1);
}

static size_t
evict(struct history *h, struct shard *sh, const struct stream *spare)
{
	size_t n = 0;

	while (n < EVICT_MAX && too_much(h) && evict_one(h, sh, spare))
		n++;
	return (n);
}

/* The stream, or what is remembered of answers, has been used; both may have grown. */
static void
shard_used(struct history *h, struct shard *sh, struct stream *s)
{
	if (s != NULL) {
		shard_count(h, sh, s);
		lru_use(s->n > 0 ? &sh->full : &sh->empty, &s->lru);
	}
	shard_report(h, sh, (int64_t)sh->results.bytes - (int64_t)sh->results_counted);
	sh->results_counted = sh->results.bytes;
	evict(h, sh, s);
}

/* The stream of `channel`, without what has expired; NULL when there is none. */
static struct stream *
shard_find_stream(struct history *h, struct shard *sh, struct rotor_str channel, uint64_t hash, int64_t now_ms)
{
	struct table_node *node = table_find(&sh->streams, hash, stream_match, &channel);
	struct stream *s;

	if (node == NULL)
		return (NULL);
	s = CONTAINER(node, struct stream, node);
	if (stream_expire(s, now_ms))
		shard_free_stream(h, sh, &s);
	return (s);
}

/* As before, but creates it, and restarts its clock.  NULL: no memory. */
static struct stream *
shard_use_stream(struct history *h, struct shard *sh, struct rotor_str channel, uint64_t hash,
    int64_t now_ms, int64_t meta_ttl_ms)
{
	struct stream *s = shard_find_stream(h, sh, channel, hash, now_ms);

	if (s == NULL)
		s = shard_add_stream(sh, channel, hash);
	if (s == NULL)
		return (NULL);
	stream_touch(s, now_ms, meta_ttl_ms);
	due_hasten(&sh->streams_due, &s->due, stream_next_due(s));
	return (s);
}

static int
keeps_history(const struct rotor_publish *req)
{
	return (req->history_size > 0 && req->history_ttl_ms > 0 &&
	    !(req->flags & ROTOR_SKIP_HISTORY));
}

/* The publication as it is stored and delivered; `s` is NULL without history. */
static struct rotor_publication *
publication_make(const struct history *h, const struct rotor_publish *req, const struct stream *s)
{
	struct rotor_publication pub = *req->pub;

	pub.size = sizeof pub;
	if (pub.time_ms == 0)
		pub.time_ms = h->env.unix_ms();
	pub.offset = s != NULL ? s->top + 1 : 0;
	pub.epoch = s != NULL ? stream_epoch(s) : (struct rotor_str){ NULL, 0 };
	return (rotor_publication_new(&pub));
}

static void
position_set(struct publishing *p, uint64_t offset, const char *epoch, size_t epoch_len)
{
	p->offset = offset;
	p->epoch_len = epoch_len;
	memcpy(p->epoch, epoch, epoch_len);
}

static void
result_fill(struct result *r, const struct publishing *p)
{
	r->offset = p->offset;
	r->epoch_len = (uint32_t)p->epoch_len;
	memcpy(r->epoch, p->epoch, p->epoch_len);
}

/* Stores (unless `s` is NULL) and delivers.  0 or an error code. */
static uint32_t
publish_new(struct history *h, struct shard *sh, struct stream *s, struct publishing *p)
{
	struct rotor_publication *pub = publication_make(h, p->req, s), *prev = NULL;
	int n;

	if (pub == NULL)
		return (ROTOR_ERR_INTERNAL);
	if (s != NULL) {
		if (pub->flags & ROTOR_PUB_DELTA)
			prev = stream_newest(s);
		if (stream_append(s, p->req, pub, p->now_ms) != 0) {
			rotor_publication_unref(&prev);
			rotor_publication_unref(&pub);
			return (ROTOR_ERR_INTERNAL);
		}
		rotor_publication_ref(pub);
		due_hasten(&sh->streams_due, &s->due, stream_next_due(s));
		position_set(p, s->top, s->epoch, EPOCH_LEN);
	}
	n = h->env.deliver(h->env.srv, pub, prev);
	rotor_publication_unref(&prev);
	rotor_publication_unref(&pub);
	return (n < 0 ? ROTOR_ERR_INTERNAL : 0);
}

/* Publishes into the stream, if the channel has one and the version is new. */
static uint32_t
publish_versioned(struct history *h, struct shard *sh, struct publishing *p)
{
	const struct rotor_publish *req = p->req;
	struct stream *s;

	if (!keeps_history(req))
		return (publish_new(h, sh, NULL, p));
	s = shard_use_stream(h, sh, req->pub->channel, p->hash, p->now_ms, req->history_meta_ttl_ms);
	if (s == NULL)
		return (ROTOR_ERR_INTERNAL);
	p->stream = s;
	if (stream_has_version(s, req)) {
		p->suppressed = ROTOR_SUPPRESSED_VERSION;
		position_set(p, s->top, s->epoch, EPOCH_LEN);
		return (0);
	}
	return (publish_new(h, sh, s, p));
}

/* Answers a key seen before with the first answer. */
static uint32_t
publish_once(struct history *h, struct shard *sh, struct publishing *p)
{
	const struct rotor_publish *req = p->req;
	struct result_name name = result_name_make(&h->hash_key, p->hash, req->pub->channel,
	    req->idempotency_key);
	const struct result *known = results_find(&sh->results, &name, p->now_ms);
	struct result *r;
	uint32_t code;

	if (known != NULL) {
		p->suppressed = ROTOR_SUPPRESSED_KEY;
		position_set(p, known->offset, known->epoch, known->epoch_len);
		return (0);
	}
	/* Made before there is anything to remember: afterwards it must not fail. */
	r = results_add(&sh->results, &name, due_in(p->now_ms, req->idempotency_ttl_ms));
	if (r == NULL)
		return (ROTOR_ERR_INTERNAL);
	code = publish_versioned(h, sh, p);
	/* What was stored is remembered even if it could not be delivered. */
	if ((code != 0 && p->epoch_len == 0) || p->suppressed)
		results_drop(&sh->results, &r);
	else
		result_fill(r, p);
	return (code);
}

static uint32_t
publish_ordered(struct history *h, struct publishing *p)
{
	struct shard *sh;
	uint32_t code;

	p->hash = hash_str(&h->hash_key, 0, p->req->pub->channel);
	sh = shard_of(h, p->hash);
	pthread_mutex_lock(&sh->mutex);
	if (p->req->idempotency_key.len > 0)
		code = publish_once(h, sh, p);
	else
		code = publish_versioned(h, sh, p);
	shard_used(h, sh, p->stream);
	pthread_mutex_unlock(&sh->mutex);
	return (code);
}

/* Joins, leaves, and what is neither stored nor remembered need no order of ours. */
static int
is_plain(const struct rotor_publish *req)
{
	return (req->pub->kind != ROTOR_PUBLICATION ||
	    (!keeps_history(req) && req->idempotency_key.len == 0));
}

static void
history_publish(void *ctx, struct rotor_worker *w, const struct rotor_publish *req,
    rotor_publish_done_f *done, void *token)
{
	struct history *h = ctx;
	struct publishing p = { .req = req, .now_ms = h->env.now_ms() };
	struct rotor_publish_result res = { .size = sizeof res };
	uint32_t code;

	(void)w;
	code = is_plain(req) ? publish_new(h, NULL, NULL, &p) : publish_ordered(h, &p);
	res.position = (struct rotor_position){ p.offset, { p.epoch, p.epoch_len } };
	res.suppressed = p.suppressed;
	done(token, code, &res);
}

/* What a reader takes along when it leaves the shard. */
struct reading {
	struct rotor_history		res;
	char				epoch[EPOCH_LEN];
	struct rotor_publication	*few[FEW_PUBS];
	struct rotor_publication	**pubs;		/* `few` or allocated */
};

static uint32_t
read_range(const struct stream *s, const struct stream_range *range, struct reading *rd)
{
	rd->pubs = rd->few;
	if (range->n > FEW_PUBS) {
		rd->pubs = reallocarray(NULL, range->n, sizeof *rd->pubs);
		if (rd->pubs == NULL)
			return (ROTOR_ERR_INTERNAL);
	}
	stream_collect(s, range, rd->pubs);
	rd->res.pubs = rd->pubs;
	rd->res.n_pubs = range->n;
	return (0);
}

static uint32_t
read_stream(const struct stream *s, const struct rotor_history_query *q, struct reading *rd)
{
	struct rotor_str want = q->since.epoch;
	struct stream_range range;

	memcpy(rd->epoch, s->epoch, EPOCH_LEN);
	rd->res.top = (struct rotor_position){ s->top, { rd->epoch, EPOCH_LEN } };
	if (q->has_since && want.len > 0 && !rotor_str_eq(want, stream_epoch(s)))
		return (ROTOR_ERR_UNRECOVERABLE);
	range = stream_select(s, q);
	return (read_range(s, &range, rd));
}

static void
reading_fini(struct reading *rd)
{
	size_t i;

	for (i = 0; i < rd->res.n_pubs; i++)
		rotor_publication_unref(&rd->pubs[i]);
	if (rd->pubs != rd->few)
		free(rd->pubs);
}

static void
history_read(void *ctx, struct rotor_worker *w, struct rotor_str channel,
    const struct rotor_history_query *q, rotor_history_done_f *done, void *token)
{
	struct history *h = ctx;
	uint64_t hash = hash_str(&h->hash_key, 0, channel);
	struct shard *sh = shard_of(h, hash);
	struct reading rd = { .res.size = sizeof rd.res };
	uint32_t code = ROTOR_ERR_INTERNAL;
	struct stream *s;

	(void)w;
	pthread_mutex_lock(&sh->mutex);
	s = shard_use_stream(h, sh, channel, hash, h->env.now_ms(), q->history_meta_ttl_ms);
	if (s != NULL)
		code = read_stream(s, q, &rd);
	shard_used(h, sh, s);
	pthread_mutex_unlock(&sh->mutex);
	done(token, code, &rd.res);
	reading_fini(&rd);
}

static void
history_remove(void *ctx, struct rotor_worker *w, struct rotor_str channel, rotor_done_f *done,
    void *token)
{
	struct history *h = ctx;
	uint64_t hash = hash_str(&h->hash_key, 0, channel);
	struct shard *sh = shard_of(h, hash);
	struct stream *s;

	(void)w;
	pthread_mutex_lock(&sh->mutex);
	s = shard_find_stream(h, sh, channel, hash, h->env.now_ms());
	if (s != NULL) {
		stream_clear(s);
		shard_used(h, sh, s);
	}
	pthread_mutex_unlock(&sh->mutex);
	done(token, 0);
}

/* Without subscribe(): on one node every publication is delivered where it is made. */
const struct rotor_broker history_broker = {
	.size = sizeof history_broker,
	.publish = history_publish,
	.history = history_read,
	.history_remove = history_remove,
};

/* Looks at no more than `max` streams that may have expired; returns how many. */
static size_t
sweep_streams(struct history *h, struct shard *sh, int64_t now_ms, size_t max)
{
	struct stream *s;
	struct due *d;
	size_t n;

	for (n = 0; n < max && (d = due_first(&sh->streams_due, now_ms)) != NULL; n++) {
		s = CONTAINER(d, struct stream, due);
		if (stream_expire(s, now_ms)) {
			shard_free_stream(h, sh, &s);
			continue;
		}
		due_move(&sh->streams_due, d, stream_next_due(s));
		shard_count(h, sh, s);
		if (s->n == 0)
			lru_use(&sh->empty, &s->lru);
	}
	return (n);
}

/* One hold of the mutex. */
static size_t
sweep_batch(struct history *h, struct shard *sh, int64_t now_ms)
{
	size_t n;

	pthread_mutex_lock(&sh->mutex);
	n = sweep_streams(h, sh, now_ms, SWEEP_BATCH);
	n += results_sweep(&sh->results, now_ms, SWEEP_BATCH - n);
	shard_used(h, sh, NULL);
	pthread_mutex_unlock(&sh->mutex);
	return (n);
}

/* What is too much may be in other shards than those that are written to.  1: it still is
 * too much, and there was something that could go. */
static int
sweep_excess(struct history *h)
{
	struct shard *sh;
	size_t n = 0, i;

	for (i = 0; i < N_SHARDS && too_much(h); i++) {
		sh = &h->shards[h->evict_at];
		h->evict_at = (h->evict_at + 1) % N_SHARDS;
		pthread_mutex_lock(&sh->mutex);
		n += evict(h, sh, NULL);
		pthread_mutex_unlock(&sh->mutex);
	}
	return (n > 0 && too_much(h));
}

int
history_sweep(struct history *h, size_t max)
{
	int64_t now_ms = h->env.now_ms();
	size_t n, total = 0;
	uint32_t clean = 0;

	while (clean < N_SHARDS && total < max) {
		n = sweep_batch(h, &h->shards[h->sweep_at], now_ms);
		total += n;
		if (n == SWEEP_BATCH)
			continue;
		clean++;
		h->sweep_at = (h->sweep_at + 1) % N_SHARDS;
	}
	return (sweep_excess(h) || clean < N_SHARDS);
}

struct history *
history_new(const struct history_env *env)
{
	struct history *h = aligned_alloc(_Alignof(struct history), sizeof *h);
	size_t i;

	if (h == NULL)
		return (NULL);
	memset(h, 0, sizeof *h);
	if (hash_key_init(&h->hash_key) != 0) {
		free(h);
		return (NULL);
	}
	h->env = *env;
	/* All that is unreported is a small part of what is allowed. */
	h->report = env->max_bytes / N_SHARDS / 64;
	if (env->max_bytes == 0 || h->report > REPORT_MAX)
		h->report = REPORT_MAX;
	for (i = 0; i < N_SHARDS; i++) {
		pthread_mutex_init(&h->shards[i].mutex, NULL);
		lru_init(&h->shards[i].empty);
		lru_init(&h->shards[i].full);
	}
	return (h);
}

static void
free_stream_node(struct table_node *node)
{
	struct stream *s = CONTAINER(node, struct stream, node);

	stream_free(&s);
}

void
history_free(struct history **hp)
{
	struct history *h = *hp;
	size_t i;

	if (h == NULL)
		return;
	*hp = NULL;
	for (i = 0; i < N_SHARDS; i++) {
		table_fini(&h->shards[i].streams, free_stream_node);
		due_fini(&h->shards[i].streams_due);
		results_fini(&h->shards[i].results);
		pthread_mutex_destroy(&h->shards[i].mutex);
	}
	free(h);
}

void
history_count(struct history *h, struct history_totals *ret)
{
	struct shard *sh;

	*ret = (struct history_totals){ .bytes = atomic_load_explicit(&h->bytes, memory_order_relaxed) };
	for (sh = h->shards; sh < h->shards + N_SHARDS; sh++) {
		pthread_mutex_lock(&sh->mutex);
		ret->streams += sh->streams.n;
		ret->publications += sh->n_pubs;
		ret->results += sh->results.table.n;
		ret->bytes += sh->unreported;
		ret->evicted += sh->evicted;
		pthread_mutex_unlock(&sh->mutex);
	}
}
