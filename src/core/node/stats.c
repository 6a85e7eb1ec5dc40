/* SPDX-License-Identifier: MIT */
/* node/stats.c - see node/stats.h. */
#include "config.h"

#include "node/stats.h"

#include <errno.h>
#include <stdio.h>

#include "api/api.h"
#include "base/obj.h"
#include "client/op.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "node/server.h"

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

int
stats_init(struct stats *st, struct rotor_server *srv)
{
	static const char *const kinds[3] = { "publication", "join", "leave" };
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
	st->disconnects = family(srv, "client", "num_server_disconnects",
	    "Disconnects by the server.", "code");
	st->unsubscribes = family(srv, "client", "num_server_unsubscribes",
	    "Unsubscribes by the server.", "code");
	st->reply_errors = family(srv, "client", "num_reply_errors",
	    "Errors in replies.", "code");
	st->api_errors = family(srv, "api", "command_errors_total", "Server API errors.", "error");
	st->recoveries = family(srv, "client", "recover", "Recovery attempts.", "recovered");
	for (size_t i = 0; i < COMMAND_N; i++)
		st->command[i] = child(commands, command_table[i].name);
	for (size_t i = 0; i < api_n_methods; i++)
		st->api_command[i] = child(api_commands, api_methods[i].pub.name);
	if (metrics_register_read(srv->metrics, ROTOR_COUNTER, "log", "lines_lost_total",
	    "Lines of the log that nobody took in time.", log_lines_lost, srv->log) != 0)
		return -ENOMEM;
	if (st->recoveries == NULL || st->api_errors == NULL || api_commands == NULL ||
	    commands == NULL || st->reply_errors == NULL || st->unsubscribes == NULL ||
	    st->disconnects == NULL || st->num_clients == 0)
		return -ENOMEM;
	return 0;
}

void
stats_count_code(struct rotor_worker *w, struct rotor_metric *m, uint32_t code)
{
	char text[16];
	const char *value = text;

	snprintf(text, sizeof text, "%u", code);
	rotor_metric_add(w, rotor_metric_child(m, &value), 1);
}
