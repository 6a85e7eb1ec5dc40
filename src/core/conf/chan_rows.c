/* SPDX-License-Identifier: MIT */
/*
 * conf/chan_rows.c - the options of channels: one set of rows for the channels of
 * a namespace and for those of none.
 */
#include "config.h"

#include "conf/core_conf_priv.h"

#include <stddef.h>
#include <stdint.h>

#define FLAG(member, text)						\
	{ .path = #member, .kind = ROTOR_OPT_BOOL,			\
	  .offset = offsetof(struct chan_options, member), .doc = (text) }
#define NO_EFFECT(pt, kd, df)						\
	{ .path = (pt), .kind = ROTOR_OPT_##kd, .flags = ROTOR_OPT_F_NOEFFECT, .def = (df) },

#include "tbl/no_effect.h"

#define AT(member)	.offset = offsetof(struct chan_options, member)

static const struct rotor_option chan_options_rows[] = {
	/* First, so that without_namespace can leave it out. */
	{ .path = "name", .kind = ROTOR_OPT_STR, AT(name),
	  .doc = "Name of the namespace: at least two letters, digits, '-', '_' or '.'." },
	FLAG(presence, "Keep a list of who is in the channel."),
	FLAG(join_leave, "Make events of clients coming and going."),
	FLAG(force_push_join_leave, "Send these events to all subscribers, asked for or not."),
	{ .path = "history_size", .kind = ROTOR_OPT_INT, AT(history_size), .min = 0,
	  .max = INT32_MAX, .doc = "Publications to keep; history needs history_ttl too." },
	{ .path = "history_ttl", .kind = ROTOR_OPT_DURATION, AT(history_ttl_ms),
	  .flags = ROTOR_OPT_F_SECONDS, .doc = "Time for which they are kept." },
	{ .path = "history_meta_ttl", .kind = ROTOR_OPT_DURATION, AT(history_meta_ttl_ms),
	  .flags = ROTOR_OPT_F_SECONDS,
	  .doc = "Time for which offset and epoch are kept; 0: as channel.history_meta_ttl." },
	FLAG(force_positioning, "Track the position of all subscribers in the stream."),
	FLAG(allow_positioning, "Let clients ask for that."),
	FLAG(force_recovery, "Recover what any subscriber missed; needs history."),
	FLAG(allow_recovery, "Let clients ask for that."),
	{ .path = "force_recovery_mode", .kind = ROTOR_OPT_CHOICE, AT(force_recovery_mode),
	  .choices = "stream cache",
	  .doc = "Recover all that was missed (stream, or empty) or the newest only (cache)." },
	FLAG(auto_cache_recover, "Send the newest publication on every subscribe; needs "
	    "force_recovery in mode cache."),
	{ .path = "allowed_delta_types", .kind = ROTOR_OPT_STRLIST, AT(allowed_delta_types),
	  .doc = "Deltas that subscribers may ask for: fossil." },
	FLAG(delta_publish, "Let every publication go out as a delta to who takes deltas; needs history."),
	FLAG(allow_tags_filter, "Let subscribers filter publications by their tags."),
	FLAG(allow_subscribe_for_client, "Let users subscribe without a token."),
	FLAG(allow_subscribe_for_anonymous, "Also let those with an empty user id."),
	FLAG(allow_publish_for_client, "Let users publish."),
	FLAG(allow_publish_for_subscriber, "Let subscribers publish."),
	FLAG(allow_publish_for_anonymous, "Let those with an empty user id do it too."),
	FLAG(allow_presence_for_client, "Let users ask for presence."),
	FLAG(allow_presence_for_subscriber, "Let subscribers ask for presence."),
	FLAG(allow_presence_for_anonymous, "Let those with an empty user id do it too."),
	FLAG(allow_history_for_client, "Let users ask for history."),
	FLAG(allow_history_for_subscriber, "Let subscribers ask for history."),
	FLAG(allow_history_for_anonymous, "Let those with an empty user id do it too."),
	FLAG(allow_user_limited_channels, "Let the users listed in a channel's name subscribe."),
	{ .path = "channel_regex", .kind = ROTOR_OPT_STR, AT(channel_regex),
	  .doc = "Regular expression (RE2) that the name after the namespace must match; empty: the "
	      "name must be ASCII." },
	{ .path = "publication_data_format", .kind = ROTOR_OPT_CHOICE, AT(publication_data_format),
	  .choices = "json json_object binary",
	  .doc = "What data may be published; empty: as channel.publication_data_format." },
	{ .path = "subscription_type", .kind = ROTOR_OPT_CHOICE, AT(subscription_type),
	  .choices = "stream map map_clients map_users shared_poll",
	  .doc = "Kind of subscription the channels are for: stream, or empty; to those of the "
	    "other kinds nobody can subscribe in this version of Rotor." },
	NO_EFFECT_CHANNEL(NO_EFFECT)
};

#define N_ROWS	(sizeof chan_options_rows / sizeof chan_options_rows[0])

const struct rotor_option_table chan_namespace_table =
    ROTOR_OPTION_TABLE("", chan_options_rows, struct chan_options);
const struct rotor_option_table chan_without_namespace_table = {
	sizeof(struct rotor_option_table), sizeof(struct rotor_option),
	"channel.without_namespace", chan_options_rows + 1, N_ROWS - 1,
	sizeof(struct chan_options),
};
