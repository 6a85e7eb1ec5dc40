/* SPDX-License-Identifier: MIT */
/*
 * history.h - the broker: channels' streams and what publishing does to them.
 *
 * Channels are spread over shards, a mutex each.  A publication is numbered, stored
 * and handed to rotor_deliver() under its shard's mutex, so that subscribers get a
 * channel's publications in the order of their offsets.  `done` is called after the
 * mutex has been let go, on the calling thread.  Any thread.
 *
 * Who can name channels can have streams made, so what all of it may take is bounded.
 * Beyond that, what was not used for the longest time goes: streams without publications
 * first, then those with; but of a channel with subscribers only the publications go,
 * never its position.  A stream that is gone begins anew with another epoch, and whoever
 * comes back to it learns that there is nothing to be recovered.
 */
#ifndef ENGINE_MEMORY_HISTORY_H
#define ENGINE_MEMORY_HISTORY_H

#include <rotor/engine.h>

/* What the broker needs of the world; a test brings its own. */
struct history_env {
	int64_t	(*now_ms)(void);	/* monotonic, for expiry */
	int64_t	(*unix_ms)(void);	/* for the time of a publication */
	int	(*deliver)(struct rotor_server *srv, struct rotor_publication *pub,
		    struct rotor_publication *prev);
	struct rotor_server	*srv;	/* for deliver() and wanted() */
	/* 1: the channel has subscribers. */
	int	(*wanted)(struct rotor_server *srv, struct rotor_str channel);
	int64_t	max_bytes;		/* 0: no limit */
};

struct history_totals {
	size_t		streams, publications, results;
	int64_t		bytes;		/* of memory; what max_bytes is for */
	uint64_t	evicted;	/* streams, or their publications, or results: ever */
};

struct history;

/* For rotor_provide_broker(), with a struct history as its context. */
extern const struct rotor_broker history_broker;

/* NULL: no memory, or no random bytes. */
struct history *history_new(const struct history_env *env);
/* Nothing may be using it any more.  NULL in *hp is a no-op. */
void history_free(struct history **hp);
/* Frees what has expired or is too much, at most about `max` objects.  1 when there is
 * more. */
int history_sweep(struct history *h, size_t max);
/* All that is held.  Any thread. */
void history_count(struct history *h, struct history_totals *ret);

#endif
