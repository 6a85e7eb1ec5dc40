/* SPDX-License-Identifier: MIT */
/* conf/core_rows.c - the options of the server, its clients and its channels. */
#include "config.h"

#include "conf/core_conf_priv.h"

#include <stddef.h>
#include <stdint.h>

#define AT(member)	.offset = offsetof(struct conf_api_key, member)

static const struct rotor_option api_key_rows[] = {
	{ .path = "name", .kind = ROTOR_OPT_STR, AT(name),
	  .doc = "Name of the key, for the log and the metrics." },
	{ .path = "key", .kind = ROTOR_OPT_SECRET, AT(key),
	  .doc = "The key itself." },
	{ .path = "methods", .kind = ROTOR_OPT_STRLIST, AT(methods),
	  .doc = "Methods it may call; empty: all. Commands in a batch are checked one by one." },
	{ .path = "namespaces", .kind = ROTOR_OPT_STRLIST, AT(namespaces),
	  .doc = "Namespaces whose channels it may name, \"\" for channels without one; empty: all." },
};
static const struct rotor_option_table api_key_table =
    ROTOR_OPTION_TABLE("", api_key_rows, struct conf_api_key);

#undef AT
#define AT(member)	.offset = offsetof(struct conf_core, member)

static const struct rotor_option server_rows[] = {
	{ .path = "modules", .kind = ROTOR_OPT_STRLIST, AT(modules),
	  .doc = "Modules to load, by name or by path; an item may be a mapping of the name to "
	    "the module's options. Without this list the sections in use decide." },
	{ .path = "module_dir", .kind = ROTOR_OPT_STR, AT(module_dir),
	  .doc = "Directory in which modules given by name are looked for; empty: the one built in." },
	{ .path = "workers", .kind = ROTOR_OPT_INT, AT(workers), .min = 0, .max = 64,
	  .doc = "Threads that serve clients; 0: one for each CPU that affinity and the quota of cgroups leave "
	    "to the server." },
	{ .path = "api.keys", .kind = ROTOR_OPT_OBJLIST, AT(api_keys), .sub = &api_key_table,
	  .doc = "Keys to the server API, over HTTP and gRPC alike, next to the single key of each; "
	    "they can be limited." },
	{ .path = "api.max_denied", .kind = ROTOR_OPT_INT, AT(api_max_denied), .def = "100000",
	  .flags = ROTOR_OPT_F_ZERO_OK, .min = 0, .max = INT32_MAX,
	  .doc = "Blocked users and revoked tokens that are kept in mind, about 150 bytes each; "
	    "with so many the server API refuses to add one." },
	{ .path = "log.level", .kind = ROTOR_OPT_STR, AT(log_level), .def = "info",
	  .doc = "Least important messages to log: none, trace, debug, info, warn, error or fatal." },
	{ .path = "log.file", .kind = ROTOR_OPT_STR, AT(log_file),
	  .doc = "File to append the log to instead of standard error." },
	{ .path = "log.format", .kind = ROTOR_OPT_CHOICE, AT(log_format), .def = "auto",
	  .choices = "auto text json",
	  .doc = "text is for people, json has one object a line; auto: text on a terminal, json "
	    "otherwise." },
	{ .path = "engine.type", .kind = ROTOR_OPT_STR, AT(engine_type), .def = "memory",
	  .doc = "Engine that keeps history and presence and carries publications." },
	{ .path = "node.name", .kind = ROTOR_OPT_STR, AT(node_name),
	  .doc = "Name of this node; empty: host name and port." },
	{ .path = "node.info_metrics_aggregate_interval", .kind = ROTOR_OPT_DURATION,
	  AT(node_info_metrics_aggregate_interval_ms), .def = "60s",
	  .doc = "Time over which the metrics in the answer to info are gathered." },
	{ .path = "shutdown.timeout", .kind = ROTOR_OPT_DURATION, AT(shutdown_timeout_ms),
	  .def = "30s", .doc = "Time after which a stop is no longer graceful." },
	{ .path = "shutdown.spread", .kind = ROTOR_OPT_DURATION, AT(shutdown_spread_ms),
	  .flags = ROTOR_OPT_F_ZERO_OK, .def = "1s",
	  .doc = "Time over which clients are closed during a stop, so that they do not all "
	    "reconnect at once; 0: at once." },
	{ .path = "pid_file", .kind = ROTOR_OPT_STR, AT(pid_file),
	  .doc = "File to hold the process id while the server runs." },
	{ .path = "rpc.ping.enabled", .kind = ROTOR_OPT_BOOL, AT(rpc_ping_enabled),
	  .doc = "Answer one RPC method with empty data, for measuring round trips." },
	{ .path = "rpc.ping.method", .kind = ROTOR_OPT_STR, AT(rpc_ping_method), .def = "ping",
	  .doc = "Name of that method." },
};

#undef AT
#define AT(member)	.offset = offsetof(struct conf_client, member)

static const struct rotor_option client_rows[] = {
	{ .path = "allowed_origins", .kind = ROTOR_OPT_STRLIST, AT(allowed_origins),
	  .doc = "Glob patterns for the Origin header of browsers, \"*\" for any; empty: only "
	    "requests without that header." },
	{ .path = "allow_anonymous_connect_without_token", .kind = ROTOR_OPT_BOOL,
	  AT(allow_anonymous_connect_without_token),
	  .doc = "Let clients without a token in, with an empty user id." },
	{ .path = "disallow_anonymous_connection_tokens", .kind = ROTOR_OPT_BOOL,
	  AT(disallow_anonymous_connection_tokens),
	  .doc = "Refuse connection tokens whose user id is empty." },
	{ .path = "ping_interval", .kind = ROTOR_OPT_DURATION, AT(ping_interval_ms), .def = "25s",
	  .doc = "Time between pings to a client; longer than pong_timeout." },
	{ .path = "pong_timeout", .kind = ROTOR_OPT_DURATION, AT(pong_timeout_ms), .def = "8s",
	  .doc = "Time a client has to answer a ping." },
	{ .path = "expired_close_delay", .kind = ROTOR_OPT_DURATION, AT(expired_close_delay_ms),
	  .def = "25s", .doc = "Grace for a connection whose token has expired." },
	{ .path = "expired_sub_close_delay", .kind = ROTOR_OPT_DURATION,
	  AT(expired_sub_close_delay_ms), .def = "25s",
	  .doc = "Grace for a subscription whose token has expired." },
	{ .path = "stale_close_delay", .kind = ROTOR_OPT_DURATION, AT(stale_close_delay_ms),
	  .def = "10s", .doc = "Time a client has for its connect command." },
	{ .path = "channel_limit", .kind = ROTOR_OPT_INT, AT(channel_limit), .def = "128",
	  .min = 0, .max = INT32_MAX, .doc = "Subscriptions a connection may have." },
	{ .path = "queue_max_size", .kind = ROTOR_OPT_INT, AT(queue_max_size), .def = "1048576",
	  .min = 1, .max = INT64_C(1) << 40,
	  .doc = "Bytes that may wait for a client before it is closed as too slow." },
	{ .path = "presence_update_interval", .kind = ROTOR_OPT_DURATION,
	  AT(presence_update_interval_ms), .def = "27s",
	  .doc = "Time between renewals of a client's presence." },
	{ .path = "concurrency", .kind = ROTOR_OPT_INT, AT(concurrency), .min = 0, .max = 1024,
	  .doc = "Commands of one connection that may be in work at once; 0 or 1: one by one." },
	{ .path = "channel_position_check_delay", .kind = ROTOR_OPT_DURATION,
	  AT(channel_position_check_delay_ms), .def = "40s",
	  .doc = "Time between checks of a positioned subscription against its stream." },
	{ .path = "channel_position_max_time_lag", .kind = ROTOR_OPT_DURATION,
	  AT(channel_position_max_time_lag_ms),
	  .doc = "Age at which a publication arrives too late to be trusted; 0: never." },
	{ .path = "connection_limit", .kind = ROTOR_OPT_INT, AT(connection_limit), .min = 0,
	  .max = INT32_MAX, .doc = "Connections this node takes; 0: no limit." },
	{ .path = "user_connection_limit", .kind = ROTOR_OPT_INT, AT(user_connection_limit),
	  .min = 0, .max = INT32_MAX, .doc = "Connections of one user on this node; 0: no limit." },
	{ .path = "connection_rate_limit", .kind = ROTOR_OPT_INT, AT(connection_rate_limit),
	  .min = 0, .max = INT32_MAX, .doc = "New connections a second on this node; 0: no limit." },
	{ .path = "connect_include_server_time", .kind = ROTOR_OPT_BOOL,
	  AT(connect_include_server_time),
	  .doc = "Tell the server's time, in milliseconds, in the answer to connect." },
	{ .path = "history_max_publication_limit", .kind = ROTOR_OPT_INT,
	  AT(history_max_publication_limit), .def = "300", .min = 0, .max = INT32_MAX,
	  .doc = "Publications a client gets from one history call." },
	{ .path = "recovery_max_publication_limit", .kind = ROTOR_OPT_INT,
	  AT(recovery_max_publication_limit), .def = "300", .min = 0, .max = INT32_MAX,
	  .doc = "Publications a client may recover at once." },
	{ .path = "user_id_http_header", .kind = ROTOR_OPT_STR, AT(user_id_http_header),
	  .doc = "Request header, set by a proxy that is trusted, that gives the user id without "
	    "a token." },
	{ .path = "insecure", .kind = ROTOR_OPT_BOOL, AT(insecure),
	  .doc = "Let everyone do everything; for development only." },
	{ .path = "insecure_skip_token_signature_verify", .kind = ROTOR_OPT_BOOL,
	  AT(insecure_skip_token_signature_verify),
	  .doc = "Trust tokens without looking at their signatures; for development only." },
	{ .path = "subscribe_to_user_personal_channel.enabled", .kind = ROTOR_OPT_BOOL,
	  AT(personal_enabled), .doc = "Subscribe each user to a channel of his own on connect." },
	{ .path = "subscribe_to_user_personal_channel.personal_channel_namespace",
	  .kind = ROTOR_OPT_STR, AT(personal_namespace),
	  .doc = "Namespace of that channel; empty: none." },
	{ .path = "subscribe_to_user_personal_channel.single_connection", .kind = ROTOR_OPT_BOOL,
	  AT(personal_single_connection),
	  .doc = "Close a user's older connections when a new one comes; needs presence in that "
	    "namespace." },
};

#undef AT
#define AT(member)	.offset = offsetof(struct conf_channel, member)

static const struct rotor_option channel_rows[] = {
	{ .path = "namespaces", .kind = ROTOR_OPT_OBJLIST, AT(namespaces),
	  .sub = &chan_namespace_table,
	  .doc = "Options by the first part of a channel's name." },
	{ .path = "history_meta_ttl", .kind = ROTOR_OPT_DURATION, AT(history_meta_ttl_ms),
	  .flags = ROTOR_OPT_F_SECONDS, .def = "720h",
	  .doc = "Time for which a stream's offset and epoch outlive its last use." },
	{ .path = "publication_data_format", .kind = ROTOR_OPT_CHOICE, AT(publication_data_format),
	  .choices = "json json_object binary",
	  .doc = "What data may be published: json, json_object, binary (even nothing), or, when "
	    "empty, any bytes." },
	{ .path = "max_length", .kind = ROTOR_OPT_INT, AT(max_length), .def = "255", .min = 1,
	  .max = 65535, .doc = "Bytes a channel's name may have." },
	{ .path = "private_prefix", .kind = ROTOR_OPT_STR, AT(private_prefix), .def = "$",
	  .doc = "Channels that start with this need a subscription token." },
	{ .path = "namespace_boundary", .kind = ROTOR_OPT_STR, AT(namespace_boundary), .def = ":",
	  .doc = "Ends the namespace at the start of a channel's name." },
	{ .path = "user_boundary", .kind = ROTOR_OPT_STR, AT(user_boundary), .def = "#",
	  .doc = "Starts the list of users a channel is limited to." },
	{ .path = "user_separator", .kind = ROTOR_OPT_STR, AT(user_separator), .def = ",",
	  .doc = "Stands between user ids in that list." },
};

const struct rotor_option_table core_server_table =
    ROTOR_OPTION_TABLE("", server_rows, struct conf_core);
const struct rotor_option_table core_client_table =
    ROTOR_OPTION_TABLE("client", client_rows, struct conf_client);
const struct rotor_option_table core_channel_table =
    ROTOR_OPTION_TABLE("channel", channel_rows, struct conf_channel);
