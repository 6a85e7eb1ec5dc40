/* SPDX-License-Identifier: MIT */
/* channel/data.c - what may be published into a channel. */
#include "config.h"

#include "channel/name.h"
#include "proto/json.h"

int
chan_data_valid(const struct chan_options *o, struct rotor_str data, int *ret_json)
{
	int ok;

	switch (o->data_format) {
	case CHAN_DATA_BINARY:
		return (1);
	case CHAN_DATA_JSON:
		ok = json_valid(data);
		break;
	case CHAN_DATA_JSON_OBJECT:
		ok = json_valid_object(data);
		break;
	default:
		return (data.len > 0);
	}
	if (ok)
		*ret_json = 1;
	return (ok);
}
