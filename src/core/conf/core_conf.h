/* SPDX-License-Identifier: MIT */
/*
 * conf/core_conf.h - the core's own configuration, as the option tables fill it.
 */
#ifndef ROTOR_CONF_CORE_CONF_H
#define ROTOR_CONF_CORE_CONF_H

#include <rotor/option.h>

#include "base/inner.h"
#include "channel/options.h"

struct conf;

struct conf_client {
	struct rotor_strlist	allowed_origins;
	int32_t		allow_anonymous_connect_without_token;
	int32_t		disallow_anonymous_connection_tokens;
	int64_t		ping_interval_ms;
	int64_t		pong_timeout_ms;
	int64_t		expired_close_delay_ms;
	int64_t		expired_sub_close_delay_ms;
	int64_t		stale_close_delay_ms;
	int64_t		channel_limit;
	int64_t		queue_max_size;
	int64_t		presence_update_interval_ms;
	int64_t		concurrency;
	int64_t		channel_position_check_delay_ms;
	int64_t		channel_position_max_time_lag_ms;
	int64_t		connection_limit;
	int64_t		user_connection_limit;
	int64_t		connection_rate_limit;
	int32_t		connect_include_server_time;
	int64_t		history_max_publication_limit;
	int64_t		recovery_max_publication_limit;
	const char	*user_id_http_header;
	int32_t		insecure;
	int32_t		insecure_skip_token_signature_verify;
	int32_t		personal_enabled;	/* subscribe_to_user_personal_channel.enabled */
	const char	*personal_namespace;	/* ….personal_channel_namespace */
	int32_t		personal_single_connection;	/* ….single_connection */
};

struct conf_channel {
	struct chan_options	without_namespace;
	struct rotor_objlist	namespaces;	/* of struct chan_options */
	int32_t		namespaces_sorted;	/* strcmp() order of names; set by validation */
	int64_t		history_meta_ttl_ms;
	const char	*publication_data_format;
	int64_t		max_length;
	const char	*private_prefix;
	const char	*namespace_boundary;
	const char	*user_boundary;
	const char	*user_separator;
};

/* A key of `api.keys`. */
struct conf_api_key {
	const char		*name;
	const char		*key;
	struct rotor_strlist	methods;	/* empty: all */
	struct rotor_strlist	namespaces;	/* empty: all; "": channels without one */
};

struct conf_core {
	struct conf_client	client;
	struct conf_channel	channel;
	struct rotor_objlist	api_keys;	/* Rotor's own; of struct conf_api_key */
	int64_t	api_max_denied;			/* Rotor's own */
	const char	*log_level;
	const char	*log_file;
	const char	*log_format;		/* "auto", "text", "json" (Rotor's own) */
	const char	*engine_type;
	const char	*node_name;
	int64_t		node_info_metrics_aggregate_interval_ms;
	int64_t		shutdown_timeout_ms;
	int64_t		shutdown_spread_ms;	/* Rotor's own: over how long clients are closed */
	const char	*pid_file;
	struct rotor_strlist	modules;	/* Rotor's own; conf_modules() has the lines */
	int64_t		workers;		/* Rotor's own: 0 = one a core */
	const char	*module_dir;		/* Rotor's own */
	int32_t		rpc_ping_enabled;
	const char	*rpc_ping_method;
};

/* All option tables of the core, for conf_apply() and conf_print(); the last
 * holds the Centrifugo keys that have no effect yet. */
ROTOR_INNER extern const struct rotor_option_table *const core_conf_tables[];
ROTOR_INNER extern const size_t core_conf_n_tables;

/* Fills and validates `cc`; problems are recorded in `c`.  0 or -EINVAL.
 * Also resolves what chan_options calls "set by validation".  Call core_conf_fini()
 * whatever the result. */
ROTOR_INNER int core_conf_apply(struct conf *c, struct conf_core *cc);
/* What only a server needs: records in `c` that its log file, or a folder of files that
 * it makes, cannot be written.  Makes none. */
ROTOR_INNER void core_check_files(struct conf *c, const struct conf_core *cc);
/* The value of an option of the core: texts and choices, or numbers, switches and
 * durations (milliseconds).  "" or 0 for any other path. */
ROTOR_INNER const char *core_conf_str(const struct conf_core *cc, const char *path);
ROTOR_INNER int64_t core_conf_int(const struct conf_core *cc, const char *path);
/* Frees what validation made (compiled expressions). */
ROTOR_INNER void core_conf_fini(struct conf_core *cc);

#endif
