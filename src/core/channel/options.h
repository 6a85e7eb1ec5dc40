/* SPDX-License-Identifier: MIT */
/*
 * channel/options.h - the options of a channel, which its namespace gives it.
 */
#ifndef ROTOR_CHANNEL_OPTIONS_H
#define ROTOR_CHANNEL_OPTIONS_H

#include <rotor/option.h>

/* Filled by the option table chan_options_rows[]; names as in the config file. */
struct chan_options {
	const char	*name;			/* of the namespace; "" for without_namespace */
	int32_t		presence;
	int32_t		join_leave;
	int32_t		force_push_join_leave;
	int64_t		history_size;
	int64_t		history_ttl_ms;
	int64_t		history_meta_ttl_ms;	/* 0: channel.history_meta_ttl; resolved by validation */
	int32_t		force_positioning;
	int32_t		allow_positioning;
	int32_t		force_recovery;
	int32_t		allow_recovery;
	const char	*force_recovery_mode;	/* "", "stream", "cache" */
	int32_t		auto_cache_recover;
	struct rotor_strlist	allowed_delta_types;
	int32_t		delta_publish;
	int32_t		allow_tags_filter;
	int32_t		allow_subscribe_for_client;
	int32_t		allow_subscribe_for_anonymous;
	int32_t		allow_publish_for_client;
	int32_t		allow_publish_for_subscriber;
	int32_t		allow_publish_for_anonymous;
	int32_t		allow_presence_for_client;
	int32_t		allow_presence_for_subscriber;
	int32_t		allow_presence_for_anonymous;
	int32_t		allow_history_for_client;
	int32_t		allow_history_for_subscriber;
	int32_t		allow_history_for_anonymous;
	int32_t		allow_user_limited_channels;
	const char	*channel_regex;
	const char	*publication_data_format;	/* "": channel.publication_data_format; resolved by validation */
	const char	*subscription_type;	/* "": stream */
	struct rotor_regex	*regex;		/* compiled channel_regex, or NULL; set by validation */
	uint32_t	data_format;		/* CHAN_DATA_*; set by validation */
	uint32_t	allow_fossil;		/* allowed_delta_types has "fossil"; set by validation */
	uint32_t	cache_mode;		/* force_recovery_mode is "cache"; set by validation */
	int32_t		type;			/* CHAN_TYPE_*; set by validation */
};

#define CHAN_DATA_ANY_NONEMPTY	0u
#define CHAN_DATA_JSON		1u
#define CHAN_DATA_JSON_OBJECT	2u
#define CHAN_DATA_BINARY	3u

/* Kinds of subscription, as in SubscribeRequest.type. */
#define CHAN_TYPE_STREAM	0
#define CHAN_TYPE_MAP		1
#define CHAN_TYPE_MAP_CLIENTS	2
#define CHAN_TYPE_MAP_USERS	3
#define CHAN_TYPE_SHARED_POLL	4

#endif
