/* SPDX-License-Identifier: MIT */
/* metrics/shard.c - the slots of the shards, and counting in them. */
#include "config.h"

#include "metrics/metrics_priv.h"

#include <stdlib.h>
#include <string.h>

/* A shard's chunk shares no cache line with another shard's. */
static slot_t *
chunk_new(void)
{
	size_t size = CHUNK_SLOTS * sizeof(slot_t), i;
	slot_t *chunk = aligned_alloc(64, size);

	for (i = 0; chunk != NULL && i < CHUNK_SLOTS; i++)
		atomic_init(&chunk[i], 0);
	return chunk;
}

/* In all shards or, as far as anyone can see, in none: ids point only below
 * n_chunks, and what a failure leaves behind is used the next time. */
static int
add_chunk(struct metrics *m)
{
	slot_t *_Atomic *at, *chunk;
	uint32_t i;

	if (m->n_chunks == CHUNKS_MAX)
		return -1;
	for (i = 0; i < m->n_shards; i++) {
		at = &m->shards[i].chunks[m->n_chunks];
		if (atomic_load_explicit(at, memory_order_relaxed) != NULL)
			continue;
		chunk = chunk_new();
		if (chunk == NULL)
			return -1;
		atomic_store_explicit(at, chunk, memory_order_release);
	}
	m->n_chunks++;
	return 0;
}

uint32_t
metrics_slots_new(struct metrics *m, uint32_t n)
{
	uint32_t first = m->n_slots;

	if (first / CHUNK_SLOTS != (first + n - 1) / CHUNK_SLOTS)
		first += CHUNK_SLOTS - first % CHUNK_SLOTS;
	if (first / CHUNK_SLOTS >= m->n_chunks && add_chunk(m) != 0)
		return 0;
	m->n_slots = first + n;
	return first;
}

void
metrics_add(struct metrics_shard *s, rotor_metric_id id, int64_t n)
{
	slot_t *slot = shard_slot(s, id);

	if (slot != NULL)
		slot_put(slot, slot_get(slot) + (uint64_t)n);
}

/* The first bucket whose upper bound is not below v. */
static size_t
bucket_of(const struct bounds *b, double v)
{
	size_t lo = 0, hi = b->n, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (b->v[mid] < v)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void
add_double(slot_t *slot, double v)
{
	uint64_t bits = slot_get(slot);
	double sum;

	memcpy(&sum, &bits, sizeof sum);
	sum += v;
	memcpy(&bits, &sum, sizeof bits);
	slot_put(slot, bits);
}

void
metrics_observe(struct metrics_shard *s, rotor_metric_id id, double v)
{
	slot_t *slot = shard_slot(s, id ^ ID_HISTOGRAM), *bucket;
	const struct bounds *b;

	if (slot == NULL || v != v)	/* not a number: it would spoil the sum for good */
		return;
	b = (const struct bounds *)(uintptr_t)slot_get(slot);
	bucket = slot + HISTOGRAM_BUCKETS + bucket_of(b, v);
	slot_put(bucket, slot_get(bucket) + 1);
	add_double(slot + HISTOGRAM_SUM(b->n), v);
}
