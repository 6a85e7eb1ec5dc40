/* SPDX-License-Identifier: MIT */
/* node/stats.c - see node/stats.h. */
#include "config.h"

#include "node/stats.h"

#include <errno.h>

#include <rotor/codes.h>

#include "api/api.h"
#include "base/obj.h"
#include "client/op.h"
#include "log/log.h"
#include "loop/worker.h"
#include "metrics/metrics.h"
#include "node/server.h"
#include "tbl/codes.h"

static rotor_metric_id
one(struct rotor_server *srv, uint32_t type, const char *name, const char *help)
{
	struct rotor_metric *m = rotor_metric_register(srv, type, "node", name, help, "", NULL, 0);

	return m != NULL ? rotor_metric_child(m, NULL) : 0;
}

static rotor_metric_id
child(struct rotor_metric *m, const char *value)
{
	return m != NULL ? rotor_metric_child(m, &value) : 0;
}

static struct rotor_metric *
family(struct rotor_server *srv, const char *subsystem, const char *name, const char *help, const char *labels)
{
	return rotor_metric_register(srv, ROTOR_COUNTER, subsystem, name, help, labels, NULL, 0);
}

static int64_t
log_lines_lost(void *log)
{
	return (int64_t)log_lost(log);
}

static const uint32_t error_codes[] = {
#define CODE(code, text, ...)	code,
	ERROR_CODES(CODE)
};

static const uint32_t disconnect_codes[] = { DISCONNECT_CODES(CODE) };
static const uint32_t unsubscribe_codes[] = { UNSUBSCRIBE_CODES(CODE) };

#undef CODE

/* The families whose label is a code. */
static const struct {
	size_t		offset;		/* in struct stats */
	const char	*subsystem, *name, *help, *label;
	const uint32_t	*known;
	size_t		n_known;
} by_code[] = {
#define KNOWN(a)	(a), sizeof(a) / sizeof(a)[0]
	{ offsetof(struct stats, disconnects), "client", "num_server_disconnects",
	    "Disconnects by the server.", "code", KNOWN(disconnect_codes) },
	{ offsetof(struct stats, unsubscribes), "client", "num_server_unsubscribes",
	    "Unsubscribes by the server.", "code", KNOWN(unsubscribe_codes) },
	{ offsetof(struct stats, reply_errors), "client", "num_reply_errors",
	    "Errors in replies.", "code", KNOWN(error_codes) },
	{ offsetof(struct stats, api_errors), "api", "command_errors_total",
	    "Server API errors.", "error", KNOWN(error_codes) },
#undef KNOWN
};
#define N_BY_CODE	(sizeof by_code / sizeof by_code[0])

static struct code_counts *
counts_at(struct stats *st, size_t i)
{
	return (struct code_counts *)((char *)st + by_code[i].offset);
}

/* 0 or -ENOMEM. */
static int
by_code_init(struct stats *st, struct rotor_server *srv)
{
	for (size_t i = 0; i < N_BY_CODE; i++) {
		struct rotor_metric *m = family(srv, by_code[i].subsystem, by_code[i].name,
		    by_code[i].help, by_code[i].label);

		if (m == NULL)
			return -ENOMEM;
		code_counts_init(counts_at(st, i), m, by_code[i].known, by_code[i].n_known);
	}
	return 0;
}

void
stats_fini(struct stats *st)
{
	for (size_t i = 0; i < N_BY_CODE; i++)
		code_counts_fini(counts_at(st, i));
}

int
stats_init(struct stats *st, struct rotor_server *srv)
{
	static const char *const kinds[3] = { "publication", "join", "leave" };
	static const double stall_bounds[] = { .025, .05, .1, .25, .5, 1, 2.5, 5, 10 };
	static const char *const protocols[2] = { "json", "protobuf" };
	struct rotor_metric *sent = family(srv, "node", "messages_sent_count",
	    "Messages handed to the broker.", "type");
	struct rotor_metric *received = family(srv, "node", "messages_received_count",
	    "Messages that came from the broker.", "type");
	struct rotor_metric *accepted = family(srv, "client", "connections_accepted",
	    "Connections that were attached.", "accept_protocol");
	struct rotor_metric *commands = family(srv, "client", "commands_count",
	    "Commands received.", "method");
	struct rotor_metric *api_commands = family(srv, "api", "commands_count",
	    "Server API calls.", "method");
	struct rotor_metric *recoveries = family(srv, "client", "recover",
	    "Recovery attempts.", "recovered");

	_Static_assert(COMMAND_N <= STATS_COMMANDS, "room for all commands");
	st->num_clients = one(srv, ROTOR_GAUGE, "num_clients", "Connected clients.");
	st->num_subscriptions = one(srv, ROTOR_GAUGE, "num_subscriptions", "Subscriptions.");
	st->deliveries = one(srv, ROTOR_COUNTER, "deliveries_count", "Messages fanned out to clients.");
	for (int i = 0; i < 3; i++) {
		st->messages_sent[i] = child(sent, kinds[i]);
		st->messages_received[i] = child(received, kinds[i]);
	}
	for (int i = 0; i < 2; i++)
		st->connections_accepted[i] = child(accepted, protocols[i]);
	st->stalls = rotor_metric_register(srv, ROTOR_HISTOGRAM, "loop", "stall_seconds",
	    "Callbacks that kept a loop for more than 10 ms.", "module,callback", stall_bounds,
	    sizeof stall_bounds / sizeof stall_bounds[0]);
	st->recoveries[0] = child(recoveries, "no");
	st->recoveries[1] = child(recoveries, "yes");
	for (size_t i = 0; i < COMMAND_N; i++)
		st->command[i] = child(commands, command_table[i].name);
	for (size_t i = 0; i < api_n_methods; i++)
		st->api_command[i] = child(api_commands, api_methods[i].pub.name);
	if (metrics_register_read(srv->metrics, ROTOR_COUNTER, "log", "lines_lost_total",
	    "Lines of the log that nobody took in time.", log_lines_lost, srv->log) != 0)
		return -ENOMEM;
	if (sent == NULL || received == NULL || accepted == NULL || commands == NULL ||
	    api_commands == NULL || recoveries == NULL || st->stalls == NULL || st->num_clients == 0)
		return -ENOMEM;
	return by_code_init(st, srv);
}

/* The look-up takes a lock, by which nobody loses what he has not lost already. */
void
stats_stall(struct rotor_worker *w, const struct stall_name *name, uint64_t us)
{
	const char *values[] = { name->module, name->callback };

	rotor_metric_observe(w, rotor_metric_child(w->srv->stats.stalls, values), (double)us / 1e6);
}

void
stats_count_code(struct rotor_worker *w, struct code_counts *cc, uint32_t code)
{
	rotor_metric_add(w, code_counts_id(cc, code), 1);
}
