/* SPDX-License-Identifier: MIT */
/* client/permit.c - see client/permit.h. */
#include "config.h"

#include "client/permit.h"

#include <rotor/codes.h>

#include "base/str.h"
#include "client/client.h"
#include "client/subscribe.h"
#include "node/server.h"

typedef enum permit rule_f(const struct sub_request *rq, int has_token);

static const struct conf_core *
conf_of(const struct sub_request *rq)
{
	return &rq->client->w->srv->cc;
}

static enum permit
rule_private(const struct sub_request *rq, int has_token)
{
	return rq->name.is_private && !has_token ? PERMIT_DENY : PERMIT_PASS;
}

static enum permit
rule_token(const struct sub_request *rq, int has_token)
{
	(void)rq;
	return has_token ? PERMIT_ALLOW : PERMIT_PASS;
}

static enum permit
rule_user_limited(const struct sub_request *rq, int has_token)
{
	(void)has_token;
	return rq->name.is_user_limited &&
	    chan_name_lists_user(&conf_of(rq)->channel, &rq->name, client_user(rq->client))
	    ? PERMIT_ALLOW : PERMIT_PASS;
}

static enum permit
rule_for_client(const struct sub_request *rq, int has_token)
{
	const struct chan_options *o = rq->name.opts;

	(void)has_token;
	return o->allow_subscribe_for_client && !rq->name.is_user_limited &&
	    (client_user(rq->client).len > 0 || o->allow_subscribe_for_anonymous)
	    ? PERMIT_ALLOW : PERMIT_PASS;
}

static enum permit
rule_insecure(const struct sub_request *rq, int has_token)
{
	(void)has_token;
	return conf_of(rq)->client.insecure ? PERMIT_ALLOW : PERMIT_PASS;
}

/* The first that does not pass decides; all passing denies. */
static const struct {
	rule_f		*rule;
	enum sub_source	source;
} rules[] = {
	{ rule_private, SUB_BY_UNKNOWN },
	{ rule_token, SUB_BY_TOKEN },
	{ rule_user_limited, SUB_BY_USER_LIMIT },
	{ rule_for_client, SUB_BY_NAMESPACE },
	{ rule_insecure, SUB_BY_INSECURE },
};

uint32_t
permit_subscribe(struct sub_request *rq, int has_token)
{
	enum permit p = PERMIT_PASS;

	for (size_t i = 0; i < sizeof rules / sizeof rules[0] && p == PERMIT_PASS; i++) {
		p = rules[i].rule(rq, has_token);
		rq->source = rules[i].source;
	}
	return p == PERMIT_ALLOW ? 0 : ROTOR_ERR_PERMISSION_DENIED;
}

const char *
permit_subscribe_why(const struct sub_request *rq)
{
	if (rq->name.is_private)
		return "a private channel needs a subscription token";
	if (rq->name.is_user_limited)
		return "the channel's name does not list the user";
	if (client_user(rq->client).len == 0)
		return "anonymous clients may not subscribe in its namespace (allow_subscribe_for_anonymous)";
	return "clients may not subscribe in its namespace without a token (allow_subscribe_for_client)";
}

uint32_t
permit_name(const struct rotor_client *c, const char *channel, struct chan_name *ret)
{
	struct rotor_str name = rotor_str_of(channel);
	uint32_t code;

	if (name.len == 0)
		return ROTOR_DISCONNECT_BAD_REQUEST;
	code = chan_name_parse(&c->w->srv->cc.channel, name, ret);
	if (code == 0 && !chan_name_valid(ret))
		code = ROTOR_ERR_BAD_REQUEST;
	return code;
}

uint32_t
permit_access(const struct rotor_client *c, const struct chan_name *name, enum chan_access what)
{
	return chan_access_allowed(name->opts, what, client_user(c), client_sub_get(c, name->full) != NULL,
	    c->w->srv->cc.client.insecure) ? 0 : ROTOR_ERR_PERMISSION_DENIED;
}

uint32_t
permit_presence(const struct rotor_client *c, const char *channel)
{
	struct chan_name name;
	uint32_t code = permit_name(c, channel, &name);

	if (code == 0 && (!name.opts->presence || c->w->srv->presence == NULL))
		code = ROTOR_ERR_NOT_AVAILABLE;
	return code != 0 ? code : permit_access(c, &name, CHAN_PRESENCE);
}
