/* SPDX-License-Identifier: MIT */
/* api/caller.c - see api/caller.h. */
#include "config.h"

#include "api/caller.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <protobuf-c/protobuf-c.h>
#include <rotor/log.h>
#include <rotor/metrics.h>

#include "api/api.h"
#include "base/obj.h"
#include "base/str.h"
#include "channel/name.h"
#include "conf/core_conf.h"
#include "loop/worker.h"
#include "node/server.h"

struct rotor_api_caller {
	const char		*name;
	const char		*key;
	struct rotor_strlist	namespaces;
	uint64_t		methods;	/* bit i: api_methods[i] */
	rotor_metric_id		calls, denials;
};

struct api_callers {
	uint32_t		magic;
#define API_CALLERS_MAGIC	0x4be90c17u
	struct rotor_api_caller	anyone;
	size_t			n;
	struct rotor_api_caller	v[];
};

#define EVERY_METHOD	UINT64_MAX

/* An empty list names all.  batch need not be named: its commands are checked one by one. */
static uint64_t
method_bits(const struct rotor_strlist *names)
{
	uint64_t bits = names->n == 0 ? EVERY_METHOD : 0;

	for (size_t i = 0; i < api_n_methods; i++) {
		if (api_methods[i].command_offset == API_NOT_IN_BATCH)
			bits |= UINT64_C(1) << i;
		for (size_t k = 0; k < names->n; k++)
			if (strcmp(api_methods[i].pub.name, names->v[k]) == 0)
				bits |= UINT64_C(1) << i;
	}
	return bits;
}

struct api_callers *
callers_new(struct rotor_server *srv)
{
	const struct rotor_objlist *keys = &srv->cc.api_keys;
	const struct conf_api_key *key = keys->v;
	struct rotor_metric *calls = rotor_metric_register(srv, ROTOR_COUNTER, "api", "key_commands_count",
	    "Server API calls by named key.", "key", NULL, 0);
	struct rotor_metric *denials = rotor_metric_register(srv, ROTOR_COUNTER, "api", "key_denials_count",
	    "Server API calls refused because the key may not make them.", "key", NULL, 0);
	struct api_callers *c = calloc(1, sizeof *c + keys->n * sizeof c->v[0]);

	_Static_assert(sizeof c->v[0].methods * 8 >= API_MAX_METHODS, "a bit a method");
	if (c == NULL)
		return NULL;
	c->magic = API_CALLERS_MAGIC;
	c->anyone = (struct rotor_api_caller){ .name = "", .key = "", .methods = EVERY_METHOD };
	c->n = keys->n;
	for (size_t i = 0; i < c->n; i++, key++)
		c->v[i] = (struct rotor_api_caller){ .name = key->name, .key = key->key,
		    .namespaces = key->namespaces, .methods = method_bits(&key->methods),
		    .calls = rotor_metric_child(calls, &key->name),
		    .denials = rotor_metric_child(denials, &key->name) };
	return c;
}

void
callers_free(struct api_callers **cp)
{
	struct api_callers *c;

	if (*cp == NULL)
		return;
	OBJ_TAKE(c, cp, API_CALLERS_MAGIC);
	OBJ_FREE(c);
}

static int
key_equals(const char *key, struct rotor_str given)
{
	size_t len = strlen(key);

	return len > 0 && given.len == len && CRYPTO_memcmp(key, given.p, len) == 0;
}

/* Goes through all keys, so that the time does not tell which one it was. */
const struct rotor_api_caller *
rotor_api_authenticate(const struct rotor_server *srv, const char *own, struct rotor_str key)
{
	const struct api_callers *c = srv->api_callers;
	const struct rotor_api_caller *found = key_equals(own, key) ? &c->anyone : NULL;

	for (size_t i = 0; i < c->n; i++)
		if (key_equals(c->v[i].key, key) && found == NULL)
			found = &c->v[i];
	return found;
}

const struct rotor_api_caller *
rotor_api_anyone(const struct rotor_server *srv)
{
	return &srv->api_callers->anyone;
}

int
rotor_api_has_keys(const struct rotor_server *srv)
{
	return srv->api_callers->n > 0;
}

static int
namespace_permitted(const struct rotor_api_caller *who, const struct rotor_server *srv,
    struct rotor_str channel)
{
	struct chan_name name;

	if (channel.len == 0 || chan_name_parse(&srv->cc.channel, channel, &name) != 0)
		return 0;
	for (size_t i = 0; i < who->namespaces.n; i++)
		if (strcmp(who->namespaces.v[i], name.opts->name) == 0)
			return 1;
	return 0;
}

/* The first channel of the request that is out of bounds, or NULL. */
static const char *
foreign_channel(const struct rotor_api_caller *who, const struct rotor_server *srv,
    const ProtobufCMessage *req)
{
	const ProtobufCFieldDescriptor *one, *many;
	const char *base = (const char *)req, *channel;

	one = protobuf_c_message_descriptor_get_field_by_name(req->descriptor, "channel");
	if (one != NULL) {
		memcpy(&channel, base + one->offset, sizeof channel);
		if (!namespace_permitted(who, srv, rotor_str_of(channel)))
			return channel != NULL ? channel : "";
	}
	many = protobuf_c_message_descriptor_get_field_by_name(req->descriptor, "channels");
	if (many != NULL) {
		const char *const *v = *(const char *const *const *)(const void *)(base + many->offset);
		size_t n = *(const size_t *)(const void *)(base + many->quantifier_offset);

		for (size_t i = 0; i < n; i++)
			if (!namespace_permitted(who, srv, rotor_str_of(v[i])))
				return v[i];
	}
	return NULL;
}

const char *
caller_refusal(const struct api_call *call)
{
	const struct rotor_api_caller *who = call->caller;

	if (who == NULL || !(who->methods >> (call->method - api_methods) & 1))
		return "";
	return who->namespaces.n > 0 ? foreign_channel(who, call->w->srv, call->req) : NULL;
}

int
caller_admits(const struct api_call *call, const char *refusal)
{
	const struct rotor_api_caller *who = call->caller;
	struct rotor_worker *w = call->w;

	if (who != NULL)
		rotor_metric_add(w, who->calls, 1);
	if (who == NULL || refusal == NULL)
		return refusal == NULL;
	rotor_metric_add(w, who->denials, 1);
	ROTOR_LOG(w->srv->log, ROTOR_LOG_DEBUG, "api", "key may not do this",
	    ROTOR_F_STR("key", who->name), ROTOR_F_STR("method", call->method->pub.name),
	    ROTOR_F_STR("channel", refusal));
	return 0;
}

int
caller_permits_channel(const struct api_call *call, struct rotor_str channel)
{
	const struct rotor_api_caller *who = call->caller;

	return who != NULL && (who->namespaces.n == 0 || namespace_permitted(who, call->w->srv, channel));
}
