/* SPDX-License-Identifier: MIT */
/* client/connect_plan.c - which server-side subscriptions a connect brings. */
#include "config.h"

#include <string.h>

#include <rotor/auth.h>
#include <rotor/codes.h>

#include "base/arena.h"
#include "base/str.h"
#include "client/client.h"
#include "client/connecting.h"
#include "client/op.h"
#include "client/permit.h"
#include "node/server.h"
#include "proto/json.h"

#define FEW	16u	/* are looked through; more are found by a hash */

static struct planned *
find(const struct connecting *cn, struct rotor_str channel)
{
	struct planned *p = cn->planned;

	if (cn->n_planned > FEW)
		return map_get(&cn->by_channel, str_hash(channel), channel);
	while (p != NULL && !rotor_str_eq(p->rq.name.full, channel))
		p = p->next;
	return p;
}

static int
index_one(struct connecting *cn, struct planned *p)
{
	return map_put(&cn->by_channel, str_hash(p->rq.name.full), p->rq.name.full, p);
}

/* 0 or -ENOMEM. */
static int
index_add(struct connecting *cn, struct planned *p)
{
	int r = 0;

	if (cn->n_planned <= FEW)
		return 0;
	if (cn->n_planned > FEW + 1)
		return index_one(cn, p);
	for (p = cn->planned; p != NULL && r == 0; p = p->next)
		r = index_one(cn, p);
	return r;
}

/* A place at the end for the channel `name`. */
static uint32_t
append(struct connecting *cn, const struct chan_name *name, struct planned **ret)
{
	struct planned *p;

	if (cn->n_planned >= (size_t)cn->op->client->w->srv->cc.client.channel_limit)
		return ROTOR_DISCONNECT_CHANNEL_LIMIT;
	p = arena_zalloc(&cn->op->arena, sizeof *p);
	if (p == NULL)
		return ROTOR_ERR_INTERNAL;
	p->rq.name = *name;
	*cn->planned_end = p;
	cn->planned_end = &p->next;
	cn->n_planned++;
	if (index_add(cn, p) != 0)
		return ROTOR_ERR_INTERNAL;
	*ret = p;
	return 0;
}

/* One subscription; the later definition of a channel overrides. */
static uint32_t
plan(struct connecting *cn, const struct rotor_sub_grant *g, enum sub_source source)
{
	struct op *op = cn->op;
	struct rotor_client *c = op->client;
	struct rotor_str channel = arena_str(&op->arena, g->channel);
	struct planned *p;
	struct chan_name name;
	uint32_t code;

	if (channel.len == 0)
		return 0;
	code = chan_name_parse(&c->w->srv->cc.channel, channel, &name);
	p = find(cn, channel);
	if (code == 0 && p == NULL)
		code = append(cn, &name, &p);
	if (code != 0) {
		cn->refused = channel;
		return code;
	}
	p->rq = (struct sub_request){ .client = c, .arena = &op->arena, .name = p->rq.name,
	    .source = source, .priv = cn };
	p->rq.flags = subscribe_override(subscribe_forced(name.opts), g->override_set, g->override_value) |
	    SUB_SERVER_SIDE;
	p->rq.chan_info = arena_str(&op->arena, g->info);
	p->rq.data = arena_str(&op->arena, g->data);
	return 0;
}

/* `[ns:]#user` */
static uint32_t
plan_personal(struct connecting *cn)
{
	const struct conf_core *cc = &cn->op->client->w->srv->cc;
	const char *ns = cc->client.personal_namespace;
	struct rotor_sub_grant g = { .size = sizeof g };
	struct out o;

	if (!cc->client.personal_enabled || cn->user.len == 0)
		return 0;
	out_init(&o, NULL, 0);
	if (ns[0] != '\0') {
		out_put(&o, ns, strlen(ns));
		out_put(&o, cc->channel.namespace_boundary, strlen(cc->channel.namespace_boundary));
	}
	out_put(&o, cc->channel.user_boundary, strlen(cc->channel.user_boundary));
	out_put(&o, cn->user.p, cn->user.len);
	g.channel = arena_str(&cn->op->arena, (struct rotor_str){ o.p, o.len });
	out_fini(&o);
	return plan(cn, &g, SUB_BY_PERSONAL);
}

uint32_t
connect_plan_granted(struct connecting *cn, const struct rotor_connection_claims *claims)
{
	uint32_t code = 0;

	cn->planned_end = &cn->planned;
	map_init(&cn->by_channel);
	for (size_t i = 0; claims != NULL && i < claims->n_subs && code == 0; i++)
		code = plan(cn, &claims->subs[i], SUB_BY_CONNECTION_TOKEN);
	return code == 0 ? plan_personal(cn) : code;
}

/* What connect.subs may ask for by itself: as a subscribe would, but what is not
 * allowed is passed over in silence. */
static uint32_t
plan_asked(struct connecting *cn, struct rotor_str channel)
{
	struct rotor_client *c = cn->op->client;
	struct sub_request probe = { .client = c };
	struct rotor_sub_grant g = { .size = sizeof g, .channel = channel };

	if (chan_name_parse(&c->w->srv->cc.channel, channel, &probe.name) != 0) {
		cn->refused = channel;
		return ROTOR_DISCONNECT_BAD_REQUEST;
	}
	if ((probe.name.is_user_limited && cn->user.len == 0) || probe.name.is_private ||
	    permit_subscribe(&probe, 0) != 0 || !chan_name_valid(&probe.name)) {
		refusal_log(c, &(struct refusal){ .what = "subscription in a connect passed over",
		    .code = ROTOR_ERR_PERMISSION_DENIED, .channel = channel, .why = permit_subscribe_why(&probe) });
		return 0;
	}
	return plan(cn, &g, probe.source);
}

/* The recovery position, and the type of deltas, that the client sent for a server-side
 * channel. */
static void
take_position(struct sub_request *rq, const Cp__SubscribeRequest *sr)
{
	rq->flags |= subscribe_delta(rq->name.opts, rotor_str_of(sr->delta));
	rq->recover = sr->recover;
	rq->offset = sr->offset;
	rq->epoch = rotor_str_of(sr->epoch);
}

uint32_t
connect_plan_requested(struct connecting *cn)
{
	const Cp__ConnectRequest *req = cn->op->msg->connect;
	const Cp__ConnectRequest__SubsEntry *e = req->subs[cn->n_requested++];
	struct rotor_str channel = rotor_str_of(e->key);
	struct planned *p = find(cn, channel);
	uint32_t code = 0;

	if (channel.len == 0)
		return 0;
	if (p == NULL) {
		code = plan_asked(cn, channel);
		p = find(cn, channel);
	}
	if (code == 0 && p != NULL && e->value != NULL)
		take_position(&p->rq, e->value);
	return code;
}

void
connect_plan_fini(struct connecting *cn)
{
	map_fini(&cn->by_channel);
}
