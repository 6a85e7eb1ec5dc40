/* SPDX-License-Identifier: MIT */
/* channel/data.c - what may be published into a channel. */
#include "config.h"

#include "channel/name.h"
#include "proto/json.h"

/* Looks only if nobody has before. */
static int
is_json(struct rotor_str data, int *json)
{
	if (*json == 0)
		*json = json_valid(data) ? 1 : -1;
	return (*json > 0 && data.len > 0);
}

static int
is_object(struct rotor_str data)
{
	struct json_reader r;

	json_reader_init(&r, data.p, data.len);
	return (json_peek(&r) == JSON_OBJECT);
}

int
chan_data_valid(const struct chan_options *o, struct rotor_str data, int *json)
{
	switch (o->data_format) {
	case CHAN_DATA_BINARY:
		return (1);
	case CHAN_DATA_JSON:
		return (is_json(data, json));
	case CHAN_DATA_JSON_OBJECT:
		return (is_object(data) && is_json(data, json));
	default:
		return (data.len > 0);
	}
}
