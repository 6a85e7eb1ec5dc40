/* SPDX-License-Identifier: MIT */
/*
 * rotor/metrics.h - counters, gauges and histograms with labels.
 *
 * A family is registered once, before the workers start; each combination of
 * label values that occurs is a child with a slot of its own in every worker's
 * shard, so that adding is one unlocked store.  Reading sums the shards.
 */
#ifndef ROTOR_METRICS_H
#define ROTOR_METRICS_H

#include <rotor/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rotor_server;
struct rotor_worker;
struct rotor_metric;		/* a family */

#define ROTOR_COUNTER	0u
#define ROTOR_GAUGE	1u
#define ROTOR_HISTOGRAM	2u

typedef uint32_t rotor_metric_id;	/* a child; 0 is a sink that nobody reads */

/* Registers a family.  `subsystem` and `name` as in "node" + "num_clients";
 * `labels` are comma-separated names ("" for none); `bounds` ascending upper
 * bounds (histograms).  Strings are copied.  Registering it again returns the
 * same family.  NULL: no memory, registered before with another shape, or names or
 * bounds that no exporter could print; at most 8 labels and 256 bounds. */
ROTOR_API struct rotor_metric *rotor_metric_register(struct rotor_server *srv, uint32_t type,
    const char *subsystem, const char *name, const char *help, const char *labels,
    const double *bounds, size_t n_bounds);
/* The child for these label values (one a label, in order; cut at 255 bytes).  Any
 * thread; takes a lock, so keep the id.  0 when there is no memory or m is NULL. */
ROTOR_API rotor_metric_id rotor_metric_child(struct rotor_metric *m, const char *const *values);

/* Adds to a counter or gauge (negative: gauge only).  w's thread. */
ROTOR_API void rotor_metric_add(struct rotor_worker *w, rotor_metric_id id, int64_t n);
/* Counts one observation of a histogram.  w's thread. */
ROTOR_API void rotor_metric_observe(struct rotor_worker *w, rotor_metric_id id, double v);

struct rotor_metric_sample {
	size_t			size;
	uint32_t		type;
	uint32_t		n_labels;
	const char		*subsystem, *name, *help;
	const char *const	*labels;
	const char *const	*values;
	int64_t			value;		/* counter, gauge */
	uint64_t		count;		/* histogram */
	double			sum;
	const double		*bounds;
	const uint64_t		*buckets;	/* n_bounds + 1, not cumulative */
	size_t			n_bounds;
};

/* Calls fn for every child, family by family.  Any thread; no lock is held.  The
 * sample is borrowed for the callback. */
typedef void rotor_metric_f(void *priv, const struct rotor_metric_sample *s);
ROTOR_API void rotor_metric_foreach(struct rotor_server *srv, rotor_metric_f *fn, void *priv);

#ifdef __cplusplus
}
#endif

#endif
