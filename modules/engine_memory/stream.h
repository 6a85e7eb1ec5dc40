/* SPDX-License-Identifier: MIT */
/*
 * stream.h - one channel's history: the newest publications, numbered from 1.
 *
 * A stream has a name for its life (the epoch).  What it keeps is always the run of
 * offsets that ends at `top`; dropping publications changes neither.  Two clocks
 * run: when the publications expire, and when the stream itself does.  The caller's
 * lock; times are monotonic milliseconds.
 */
#ifndef ENGINE_MEMORY_STREAM_H
#define ENGINE_MEMORY_STREAM_H

#include <rotor/engine.h>

#include "due.h"
#include "lru.h"
#include "table.h"

#define EPOCH_LEN	8u

struct stream {
	struct table_node	node;
	struct due		due;
	struct lru		lru;		/* the owner's */
	size_t			bytes;		/* of memory that it takes, publications included */
	size_t			counted;	/* the owner's: of these; and of n */
	uint32_t		counted_n;
	uint64_t		top;		/* offset of the newest publication ever; 0: none */
	int64_t			items_until_ms;
	int64_t			meta_until_ms;
	struct rotor_publication	**ring;
	uint32_t		cap, head, n;	/* of the ring; `head` is the oldest */
	uint64_t		version;	/* of the newest publication; 0: it had none */
	struct rotor_str	version_epoch;	/* allocated */
	char			epoch[EPOCH_LEN];
	struct rotor_str	name;		/* in text[] */
	char			text[];
};

/* A run of publications: `n` of them from `offset`, upwards or (reverse) downwards. */
struct stream_range {
	uint64_t	offset;
	size_t		n;
	int		reverse;
};

/* An empty stream with a new epoch.  NULL: no memory, or no random bytes. */
struct stream *stream_new(struct rotor_str channel, uint64_t hash);
/* Gives back the publications too.  It must be in no table or heap. */
void stream_free(struct stream **sp);
/* table_match_f; the key is a struct rotor_str. */
int stream_match(struct table_node *node, const void *channel);

struct rotor_str stream_epoch(const struct stream *s);
/* Appends `pub`, whose offset is top + 1, taking over the reference; the oldest beyond
 * req->history_size (not 0) are dropped, and the clock of all is restarted.  0 or
 * -ENOMEM, then nothing has changed and the reference is still the caller's. */
int stream_append(struct stream *s, const struct rotor_publish *req, struct rotor_publication *pub,
    int64_t now_ms);
/* A reference to the newest publication, or NULL when none is kept. */
struct rotor_publication *stream_newest(const struct stream *s);
/* Drops all publications. */
void stream_clear(struct stream *s);
/* 1 when the stream already has this version, or a newer one. */
int stream_has_version(const struct stream *s, const struct rotor_publish *req);
/* Restarts the clock of the stream itself; ttl_ms <= 0: it never ends. */
void stream_touch(struct stream *s, int64_t now_ms, int64_t ttl_ms);
/* When something in it expires next. */
int64_t stream_next_due(const struct stream *s);
/* Drops what has expired.  1 when that is the stream itself, which the caller has to
 * free, else 0. */
int stream_expire(struct stream *s, int64_t now_ms);
/* The publications a query asks for. */
struct stream_range stream_select(const struct stream *s, const struct rotor_history_query *q);
/* Takes references of a whole range into `ret` (room for r->n). */
void stream_collect(const struct stream *s, const struct stream_range *r,
    struct rotor_publication **ret);

#endif
