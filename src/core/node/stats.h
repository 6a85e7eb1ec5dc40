/* SPDX-License-Identifier: MIT */
/* node/stats.h - the metrics the core counts. */
#ifndef ROTOR_NODE_STATS_H
#define ROTOR_NODE_STATS_H

#include <rotor/metrics.h>

#include "node/code_counts.h"

struct rotor_server;

#define STATS_COMMANDS		12u
#define STATS_API_METHODS	64u

struct stats {
	rotor_metric_id	num_clients;		/* gauges: the sum over the workers */
	rotor_metric_id	num_subscriptions;
	rotor_metric_id	messages_sent[3];	/* by ROTOR_PUBLICATION, _JOIN, _LEAVE */
	rotor_metric_id	messages_received[3];
	rotor_metric_id	deliveries;		/* messages put on client queues by fan-out */
	rotor_metric_id	connections_accepted[2];	/* by ROTOR_JSON, ROTOR_PROTOBUF */
	struct code_counts	disconnects, unsubscribes, reply_errors;
	rotor_metric_id	command[STATS_COMMANDS];	/* by index in command_table */
	rotor_metric_id	api_command[STATS_API_METHODS];	/* by index in api_methods */
	struct code_counts	api_errors;
	rotor_metric_id	recoveries[2];		/* by whether it recovered */
	struct rotor_metric	*stalls;	/* by module and callback */
};

/* Registers them all.  0 or -ENOMEM. */
int stats_init(struct stats *st, struct rotor_server *srv);
/* Also when it was never initialised. */
void stats_fini(struct stats *st);
/* Of rotor_worker.on_stall. */
struct stall_name;
void stats_stall(struct rotor_worker *w, const struct stall_name *name, uint64_t us);
void stats_count_code(struct rotor_worker *w, struct code_counts *cc, uint32_t code);

#endif
