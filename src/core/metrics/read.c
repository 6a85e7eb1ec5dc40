/* SPDX-License-Identifier: MIT */
/* metrics/read.c - the sums of the shards, for exporters. */
#include "config.h"

#include "metrics/metrics_priv.h"

#include <string.h>

#include "base/obj.h"

static uint64_t
sum_slot(const struct metrics *m, uint32_t slot)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < m->n_shards; i++)
		sum += slot_get(shard_slot(&m->shards[i], slot));
	return sum;
}

static double
sum_double(const struct metrics *m, uint32_t slot)
{
	double sum = 0, v;
	uint64_t bits;
	uint32_t i;

	for (i = 0; i < m->n_shards; i++) {
		bits = slot_get(shard_slot(&m->shards[i], slot));
		memcpy(&v, &bits, sizeof v);
		sum += v;
	}
	return sum;
}

/* The count is that of the buckets as they were read, so that the two always agree. */
static void
read_histogram(const struct rotor_metric *f, const struct child *c, uint64_t *buckets,
    struct rotor_metric_sample *s)
{
	size_t i;

	s->count = 0;
	for (i = 0; i <= f->bounds->n; i++) {
		buckets[i] = sum_slot(f->registry, c->slot + HISTOGRAM_BUCKETS + (uint32_t)i);
		s->count += buckets[i];
	}
	s->sum = sum_double(f->registry, c->slot + HISTOGRAM_SUM(f->bounds->n));
	s->bounds = f->bounds->v;
	s->n_bounds = f->bounds->n;
	s->buckets = buckets;
}

static void
read_family(const struct rotor_metric *f, rotor_metric_f *fn, void *priv)
{
	struct rotor_metric_sample s = {
		.size = sizeof s, .type = f->type, .n_labels = (uint32_t)f->n_labels,
		.subsystem = f->subsystem, .name = f->name, .help = f->help, .labels = f->labels,
	};
	uint64_t buckets[BOUNDS_MAX + 1];
	const struct child *c = atomic_load_explicit(&f->children, memory_order_acquire);

	for (; c != NULL; c = atomic_load_explicit(&c->next, memory_order_acquire)) {
		s.values = c->values;
		if (f->type == ROTOR_HISTOGRAM)
			read_histogram(f, c, buckets, &s);
		else if (f->read != NULL)
			s.value = f->read(f->read_priv);
		else
			s.value = (int64_t)sum_slot(f->registry, c->slot);
		fn(priv, &s);
	}
}

void
metrics_foreach(struct metrics *m, rotor_metric_f *fn, void *priv)
{
	const struct rotor_metric *f;

	OBJ_CHECK(m, METRICS_MAGIC);
	f = atomic_load_explicit(&m->families, memory_order_acquire);
	for (; f != NULL; f = atomic_load_explicit(&f->next, memory_order_acquire))
		read_family(f, fn, priv);
}
