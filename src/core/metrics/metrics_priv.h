/* SPDX-License-Identifier: MIT */
/*
 * metrics/metrics_priv.h - the registry's structs, for its own files.
 *
 * A slot is one number of one child (a histogram has several); it has the same index
 * in every shard.  Shards are made of chunks: a chunk never moves, and is added to
 * all shards before an id that lies in it is handed out, so that workers go on
 * counting while another thread makes a child.  Only the owner writes a shard's
 * numbers, hence without read-modify-write; anyone may read them.
 *
 * Families and children are only ever added, at the end of lists whose links are
 * published with release: reading takes no lock, and its callback may register.
 */
#ifndef ROTOR_METRICS_METRICS_PRIV_H
#define ROTOR_METRICS_METRICS_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/map.h"
#include "metrics/metrics.h"

#define CHUNK_SLOTS	1024u
#define CHUNKS_MAX	512u
#define LABELS_MAX	8u
#define VALUE_MAX	255u		/* bytes of a label value that are kept */
#define BOUNDS_MAX	256u

/* In the id of a histogram; it puts the id out of metrics_add()'s range, as its
 * absence does for metrics_observe(). */
#define ID_HISTOGRAM	0x80000000u

/* The slots of a histogram: the address of its bounds (so that counting needs no
 * look-up), its n + 1 buckets, its sum (the bits of a double). */
#define HISTOGRAM_SLOTS(n)	((uint32_t)(n) + 3)
#define HISTOGRAM_BUCKETS	1u
#define HISTOGRAM_SUM(n)	((uint32_t)(n) + 2)

struct bounds {
	size_t		n;
	double		v[];		/* ascending */
};

typedef _Atomic uint64_t slot_t;

struct metrics_shard {
	slot_t		*_Atomic chunks[CHUNKS_MAX];
};

struct child {
	struct child		*_Atomic next;
	uint32_t		slot;
	const char		*values[];
};

struct rotor_metric {
	uint32_t		magic;
#define METRIC_MAGIC		0x1f64b8d3u
	uint32_t		type;
	struct metrics		*registry;
	struct rotor_metric	*_Atomic next;
	const char		*subsystem, *name, *help, *label_list;
	size_t			n_labels;
	const char		*labels[LABELS_MAX];
	const struct bounds	*bounds;	/* n is 0 unless a histogram */
	struct map		by_values;	/* struct child; under the registry's lock */
	struct child		*_Atomic children;
	struct child		*_Atomic *last;	/* where the next child is linked; under the lock */
	metrics_read_f		*read;		/* its value, when nobody adds to it; or NULL */
	void			*read_priv;
};

struct metrics {
	uint32_t		magic;
#define METRICS_MAGIC		0x7d0e52c9u
	uint32_t		n_shards;
	pthread_mutex_t		lock;		/* over all that follows, but the atomics */
	struct arena		arena;		/* families and children live to the end */
	struct rotor_metric	*_Atomic families;
	struct rotor_metric	*_Atomic *last;
	uint32_t		n_slots;	/* given out */
	uint32_t		n_chunks;
	struct metrics_shard	shards[];
};

/* The slot in this shard, or NULL when there is none. */
static inline slot_t *
shard_slot(const struct metrics_shard *s, uint32_t slot)
{
	uint32_t i = slot / CHUNK_SLOTS;
	slot_t *chunk;

	if (i >= CHUNKS_MAX)
		return NULL;
	chunk = atomic_load_explicit(&s->chunks[i], memory_order_acquire);
	return chunk != NULL ? chunk + slot % CHUNK_SLOTS : NULL;
}

static inline uint64_t
slot_get(const slot_t *slot)
{
	return atomic_load_explicit(slot, memory_order_relaxed);
}

static inline void
slot_put(slot_t *slot, uint64_t v)
{
	atomic_store_explicit(slot, v, memory_order_relaxed);
}

/* Finds room for `n` slots side by side, in every shard.  Returns the first, or 0
 * when there is no memory.  Under the lock. */
uint32_t metrics_slots_new(struct metrics *m, uint32_t n);

#endif
