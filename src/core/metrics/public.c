/* SPDX-License-Identifier: MIT */
/* metrics/public.c - <rotor/metrics.h> in terms of a server and its workers. */
#include "config.h"

#include <rotor/metrics.h>

#include "loop/worker.h"
#include "metrics/metrics.h"
#include "node/server.h"

struct rotor_metric *
rotor_metric_register(struct rotor_server *srv, uint32_t type, const char *subsystem,
    const char *name, const char *help, const char *labels, const double *bounds, size_t n_bounds)
{
	return metrics_register(server_metrics(srv), type, subsystem, name, help, labels,
	    bounds, n_bounds);
}

void
rotor_metric_foreach(struct rotor_server *srv, rotor_metric_f *fn, void *priv)
{
	metrics_foreach(server_metrics(srv), fn, priv);
}

void
rotor_metric_add(struct rotor_worker *w, rotor_metric_id id, int64_t n)
{
	metrics_add(w->metrics, id, n);
}

void
rotor_metric_observe(struct rotor_worker *w, rotor_metric_id id, double v)
{
	metrics_observe(w->metrics, id, v);
}
