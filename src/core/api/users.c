/* SPDX-License-Identifier: MIT */
/* api/users.c - what acts on a user's connections: subscribe, unsubscribe, disconnect,
 * refresh. */
#include "config.h"

#include <rotor/auth.h>
#include <rotor/codes.h>

#include "api/api.h"
#include "base/str.h"
#include "channel/name.h"
#include "client/reply.h"
#include "loop/worker.h"
#include "node/direct.h"
#include "node/server.h"
#include "proto/codec.h"

static void
given(struct rotor_worker *w, void *priv)
{
	(void)w;
	api_finish(priv, NULL);
}

/* A subscription that has expired already is an error, but only where there was anybody
 * to subscribe. */
struct subscribing {
	struct api_call		*call;
	_Atomic uint32_t	error;
};

static void
subscribed(struct rotor_worker *w, void *priv)
{
	struct subscribing *s = priv;
	uint32_t code = atomic_load(&s->error);

	(void)w;
	if (code != 0)
		api_fail(s->call, code);
	else
		api_finish(s->call, NULL);
}

static void
give(struct api_call *call, const struct direct_order *o)
{
	if (direct_give(call->w, o, given, call) != 0)
		api_fail(call, ROTOR_ERR_INTERNAL);
}

static uint32_t
channel_known(const struct api_call *call, struct rotor_str channel)
{
	struct chan_name name;

	return chan_name_parse(&call->w->srv->cc.channel, channel, &name);
}

static void
overrides(const Ap__SubscribeOptionOverride *ov, struct direct_order *o)
{
	const struct {
		const Ap__BoolValue	*value;
		uint32_t		bit;
	} rows[] = {
		{ ov->presence, ROTOR_OVR_PRESENCE },
		{ ov->join_leave, ROTOR_OVR_JOIN_LEAVE },
		{ ov->force_recovery, ROTOR_OVR_FORCE_RECOVERY },
		{ ov->force_positioning, ROTOR_OVR_FORCE_POSITIONING },
		{ ov->force_push_join_leave, ROTOR_OVR_FORCE_PUSH_JOIN_LEAVE },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].value != NULL) {
			o->override_set |= rows[i].bit;
			o->override_value |= rows[i].value->value ? rows[i].bit : 0;
		}
}

void
api_subscribe(struct api_call *call)
{
	const Ap__SubscribeRequest *r = (const Ap__SubscribeRequest *)call->req;
	struct direct_order o = { .kind = DIRECT_SUBSCRIBE, .user = rotor_str_of(r->user),
	    .client = rotor_str_of(r->client), .session = rotor_str_of(r->session), .channel = rotor_str_of(r->channel),
	    .expire_at = r->expire_at > 0 ? r->expire_at : 0 };
	struct subscribing *s = arena_alloc(call->arena, sizeof *s);
	uint32_t code = o.channel.len == 0 ? ROTOR_ERR_BAD_REQUEST : channel_known(call, o.channel);

	if (code == 0 && s == NULL)
		code = ROTOR_ERR_INTERNAL;
	if (code == 0)
		code = api_payload(call, r->info, r->b64info, &o.info);
	if (code == 0)
		code = api_payload(call, r->data, r->b64data, &o.data);
	if (code != 0) {
		api_fail(call, code);
		return;
	}
	if (r->override != NULL)
		overrides(r->override, &o);
	if (r->recover_since != NULL) {
		o.has_since = 1;
		o.since_offset = r->recover_since->offset;
		o.since_epoch = rotor_str_of(r->recover_since->epoch);
	}
	s->call = call;
	atomic_init(&s->error, 0);
	o.ret_error = &s->error;
	if (direct_give(call->w, &o, subscribed, s) != 0)
		api_fail(call, ROTOR_ERR_INTERNAL);
}

void
api_unsubscribe(struct api_call *call)
{
	const Ap__UnsubscribeRequest *r = (const Ap__UnsubscribeRequest *)call->req;
	struct direct_order o = { .kind = DIRECT_UNSUBSCRIBE, .user = rotor_str_of(r->user),
	    .client = rotor_str_of(r->client), .session = rotor_str_of(r->session), .channel = rotor_str_of(r->channel),
	    .code = ROTOR_UNSUB_SERVER };
	uint32_t code = o.channel.len == 0 ? 0 : channel_known(call, o.channel);

	if (code != 0)
		api_fail(call, code);
	else
		give(call, &o);
}

void
api_disconnect(struct api_call *call)
{
	const Ap__DisconnectRequest *r = (const Ap__DisconnectRequest *)call->req;
	struct rotor_str *except = arena_alloc(call->arena, (r->n_whitelist + 1) * sizeof *except);
	struct direct_order o = { .kind = DIRECT_DISCONNECT, .user = rotor_str_of(r->user),
	    .client = rotor_str_of(r->client), .session = rotor_str_of(r->session), .except = except,
	    .n_except = r->n_whitelist, .code = ROTOR_DISCONNECT_FORCE,
	    .reason = rotor_str_of(rotor_disconnect_text(ROTOR_DISCONNECT_FORCE)) };

	if (except == NULL) {
		api_fail(call, ROTOR_ERR_INTERNAL);
		return;
	}
	for (size_t i = 0; i < r->n_whitelist; i++)
		except[i] = rotor_str_of(r->whitelist[i]);
	if (r->disconnect != NULL) {
		o.code = r->disconnect->code;
		o.reason = rotor_str_of(r->disconnect->reason);
	}
	give(call, &o);
}

void
api_refresh(struct api_call *call)
{
	const Ap__RefreshRequest *r = (const Ap__RefreshRequest *)call->req;
	struct direct_order o = { .kind = DIRECT_REFRESH, .user = rotor_str_of(r->user),
	    .client = rotor_str_of(r->client), .session = rotor_str_of(r->session), .expired = r->expired,
	    .expire_at = r->expire_at > 0 ? r->expire_at : 0, .info = codec_str(r->info) };

	give(call, &o);
}
