/* SPDX-License-Identifier: MIT */
/*
 * channel/name.h - what a channel's name says: namespace, private, user-limited.
 */
#ifndef ROTOR_CHANNEL_NAME_H
#define ROTOR_CHANNEL_NAME_H

#include <rotor/abi.h>

#include "channel/options.h"

struct conf_channel;

struct chan_name {
	struct rotor_str		full;
	struct rotor_str		rest;		/* after the namespace boundary; full when there is none */
	const struct chan_options	*opts;		/* of its namespace; lives as long as the configuration */
	int				is_private;	/* starts with private_prefix */
	int				is_user_limited;	/* user_boundary in it, and the namespace honours that */
};

/* Splits `full` and finds its namespace.  0, or ROTOR_ERR_UNKNOWN_CHANNEL.
 * `full` is borrowed by the result. */
uint32_t chan_name_parse(const struct conf_channel *cc, struct rotor_str full, struct chan_name *ret);
/* The namespace called `name` ("": without_namespace), or NULL. */
const struct chan_options *chan_namespace_find(const struct conf_channel *cc, struct rotor_str name);
/* 1 when the characters of the name are allowed (channel_regex on the rest, or
 * ASCII only). */
int chan_name_valid(const struct chan_name *n);
/* 1 when `user` is listed behind the last user boundary; 0 when there is none. */
int chan_name_lists_user(const struct conf_channel *cc, const struct chan_name *n, struct rotor_str user);
/* 1 when `data` may be published under these options.  *json: is it valid JSON?  1: yes;
 * -1: no; 0: nobody has looked, and when this does, it tells. */
int chan_data_valid(const struct chan_options *o, struct rotor_str data, int *json);

/*
 * Permissions (spec: channels-and-subscriptions.md 3), as a table of flag families.
 */
enum chan_access { CHAN_PUBLISH, CHAN_PRESENCE, CHAN_HISTORY };
/* 1 when a client of `user` (empty: anonymous), subscribed or not, has access. */
int chan_access_allowed(const struct chan_options *o, enum chan_access what,
    struct rotor_str user, int subscribed, int insecure);

#endif
