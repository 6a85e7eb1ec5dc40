/* SPDX-License-Identifier: MIT */
/* api/map.c - what works on map and shared poll channels.  No namespace of this server is
 * of such a type, so that a request fails once it is clear what it asks for. */
#include "config.h"

#include <rotor/codes.h>

#include "api/api.h"
#include "base/str.h"
#include "channel/name.h"
#include "loop/worker.h"
#include "node/server.h"

/* Ends the call: with the channel's own error, or with that of a channel of another type. */
static void
refuse(struct api_call *call, const char *channel_text, int complete)
{
	struct rotor_str channel = str_of(channel_text);
	struct chan_name name;
	uint32_t code = channel.len == 0 || !complete ? ROTOR_ERR_BAD_REQUEST
	    : chan_name_parse(&call->w->srv->cc.channel, channel, &name);

	api_fail(call, code != 0 ? code : ROTOR_ERR_BAD_REQUEST);
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

	refuse(call, r->channel, given(r->key));
}

void
api_map_remove(struct api_call *call)
{
	const Ap__MapRemoveRequest *r = (const Ap__MapRemoveRequest *)call->req;

	refuse(call, r->channel, given(r->key));
}

void
api_map_read_state(struct api_call *call)
{
	refuse(call, ((const Ap__MapReadStateRequest *)call->req)->channel, 1);
}

void
api_map_read_stream(struct api_call *call)
{
	refuse(call, ((const Ap__MapReadStreamRequest *)call->req)->channel, 1);
}

void
api_map_stats(struct api_call *call)
{
	refuse(call, ((const Ap__MapStatsRequest *)call->req)->channel, 1);
}

void
api_map_clear(struct api_call *call)
{
	refuse(call, ((const Ap__MapClearRequest *)call->req)->channel, 1);
}

void
api_shared_poll_publish(struct api_call *call)
{
	const Ap__SharedPollPublishRequest *r = (const Ap__SharedPollPublishRequest *)call->req;

	refuse(call, r->channel, given(r->key) && r->version > 0);
}
