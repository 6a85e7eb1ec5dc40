/* SPDX-License-Identifier: MIT */
/* api/map.c - what works on map and shared poll channels.  This server does not have
 * them: a namespace may be declared as such, and then nothing is available in it. */
#include "config.h"

#include <rotor/codes.h>

#include "api/api.h"
#include "base/str.h"
#include "channel/name.h"
#include "loop/worker.h"
#include "node/server.h"

static int
is_map(const struct chan_options *o)
{
	return o->type == CHAN_TYPE_MAP || o->type == CHAN_TYPE_MAP_CLIENTS || o->type == CHAN_TYPE_MAP_USERS;
}

static int
is_shared_poll(const struct chan_options *o)
{
	return o->type == CHAN_TYPE_SHARED_POLL;
}

/* Ends the call with what is wrong: the request, the channel, its type, or this server. */
static void
refuse(struct api_call *call, const char *channel_text, int complete,
    int (*is_of_type)(const struct chan_options *o))
{
	struct rotor_str channel = rotor_str_of(channel_text);
	struct chan_name name;
	uint32_t code = channel.len == 0 || !complete ? ROTOR_ERR_BAD_REQUEST
	    : chan_name_parse(&call->w->srv->cc.channel, channel, &name);

	if (code == 0)
		code = is_of_type(name.opts) ? ROTOR_ERR_NOT_AVAILABLE : ROTOR_ERR_BAD_REQUEST;
	api_fail(call, code);
}

static int
given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

void
api_map_publish(struct api_call *call)
{
	const Ap__MapPublishRequest *r = (const Ap__MapPublishRequest *)call->req;

	refuse(call, r->channel, given(r->key), is_map);
}

void
api_map_remove(struct api_call *call)
{
	const Ap__MapRemoveRequest *r = (const Ap__MapRemoveRequest *)call->req;

	refuse(call, r->channel, given(r->key), is_map);
}

void
api_map_read_state(struct api_call *call)
{
	refuse(call, ((const Ap__MapReadStateRequest *)call->req)->channel, 1, is_map);
}

void
api_map_read_stream(struct api_call *call)
{
	refuse(call, ((const Ap__MapReadStreamRequest *)call->req)->channel, 1, is_map);
}

void
api_map_stats(struct api_call *call)
{
	refuse(call, ((const Ap__MapStatsRequest *)call->req)->channel, 1, is_map);
}

void
api_map_clear(struct api_call *call)
{
	refuse(call, ((const Ap__MapClearRequest *)call->req)->channel, 1, is_map);
}

void
api_shared_poll_publish(struct api_call *call)
{
	const Ap__SharedPollPublishRequest *r = (const Ap__SharedPollPublishRequest *)call->req;

	refuse(call, r->channel, given(r->key) && r->version > 0, is_shared_poll);
}
