/* SPDX-License-Identifier: MIT */
/*
 * node/snapshot.h - the metrics of the last whole interval, as the API's `info`
 * shows them: flat names, counters as the interval's growth, gauges as they are.
 *
 * Taken on the control thread every node.info_metrics_aggregate_interval; read from
 * any thread through references.
 */
#ifndef ROTOR_NODE_SNAPSHOT_H
#define ROTOR_NODE_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

struct rotor_server;
struct snapshots;

struct snapshot_item {
	const char	*name;		/* "centrifugo.node.messages_sent_count.type.join" */
	double		value;
};

struct snapshot {
	double			interval_s;
	const struct snapshot_item	*items;
	size_t			n_items;
};

/* Starts taking them.  NULL: no memory.  Control thread. */
struct snapshots *snapshots_new(struct rotor_server *srv, uint64_t interval_ms);
/* Control thread, when no reader is left.  NULL in *sp is a no-op. */
void snapshots_free(struct snapshots **sp);
/* The last one, with a reference, or NULL before the first.  Any thread. */
const struct snapshot *snapshot_get(struct snapshots *s);
/* Gives it back.  Any thread. */
void snapshot_put(const struct snapshot **snapp);

#endif
