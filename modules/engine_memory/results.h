/* SPDX-License-Identifier: MIT */
/*
 * results.h - what was answered to publications with an idempotency key.
 *
 * Kept per channel and key, for a time that starts with the publication.  The
 * caller's lock; times are monotonic milliseconds.
 */
#ifndef ENGINE_MEMORY_RESULTS_H
#define ENGINE_MEMORY_RESULTS_H

#include <rotor/engine.h>

#include "due.h"
#include "hash.h"
#include "stream.h"
#include "table.h"

struct results {
	struct table	table;
	struct due_heap	due;
	size_t		bytes;		/* of memory */
};

struct result {
	struct table_node	node;
	struct due		due;
	uint64_t		offset;
	uint32_t		epoch_len;	/* 0: published without history */
	char			epoch[EPOCH_LEN];
	struct rotor_str	channel, key;	/* in bytes[] */
	char			bytes[];
};

struct result_name {
	struct rotor_str	channel, key;
	uint64_t		hash;		/* set by result_name_make() */
};

struct result_name result_name_make(const struct hash_key *hk, uint64_t channel_hash,
    struct rotor_str channel, struct rotor_str key);
/* The answer given before, or NULL when there is none that still holds. */
const struct result *results_find(struct results *rs, const struct result_name *name, int64_t now_ms);
/* A new answer (not known yet: offset 0, no epoch), which replaces nothing: the name
 * must not be there.  Owned by `rs`.  NULL: no memory. */
struct result *results_add(struct results *rs, const struct result_name *name, int64_t until_ms);
/* Takes back *rp, and sets it to NULL.  NULL in *rp is a no-op. */
void results_drop(struct results *rs, struct result **rp);
/* Frees at most `max` that have expired; returns how many. */
size_t results_sweep(struct results *rs, int64_t now_ms, size_t max);
/* Frees the one that would expire next.  1, or 0: there is none. */
int results_evict(struct results *rs);
void results_fini(struct results *rs);

#endif
