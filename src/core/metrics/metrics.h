/* SPDX-License-Identifier: MIT */
/* metrics/metrics.h - the registry behind <rotor/metrics.h>. */
#ifndef ROTOR_METRICS_METRICS_H
#define ROTOR_METRICS_METRICS_H

#include <rotor/metrics.h>

struct metrics;
struct metrics_shard;

/* A registry with `n_shards` shards (workers + control).  NULL: no memory. */
struct metrics *metrics_new(uint32_t n_shards);
void metrics_free(struct metrics **mp);
/* Shard `i`; lives as long as the registry. */
struct metrics_shard *metrics_shard_get(struct metrics *m, uint32_t i);

/* The same as rotor_metric_register() and _foreach(), on a bare registry. */
struct rotor_metric *metrics_register(struct metrics *m, uint32_t type, const char *subsystem,
    const char *name, const char *help, const char *labels, const double *bounds, size_t n_bounds);
/* A metric without labels that others keep: fn is asked for the value by whoever reads it,
 * on any thread, for as long as the registry lives.  0 or -ENOMEM (or bad names). */
typedef int64_t metrics_read_f(void *priv);
int metrics_register_read(struct metrics *m, uint32_t type, const char *subsystem, const char *name,
    const char *help, metrics_read_f *fn, void *priv);
void metrics_foreach(struct metrics *m, rotor_metric_f *fn, void *priv);
/* The same as rotor_metric_add() and _observe(), on a bare shard (its thread). */
void metrics_add(struct metrics_shard *s, rotor_metric_id id, int64_t n);
void metrics_observe(struct metrics_shard *s, rotor_metric_id id, double v);

#endif
