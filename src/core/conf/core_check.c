/* SPDX-License-Identifier: MIT */
/* conf/core_check.c - rules of the core's configuration that span several keys. */
#include "config.h"

#include "conf/core_conf_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <rotor/api.h>
#include <rotor/regex.h>

#include "base/str.h"
#include "conf/conf.h"

#define MAX_KEY	128u

static const char name_chars[] =
    "-_.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* What is checked now, for messages. */
struct check {
	struct conf		*c;
	struct conf_channel	*ch;
	struct chan_options	*o;
	const char		*key;	/* of the options: "channel.namespaces[0]" */
};

static void
wrong(const struct check *k, const char *member, const char *text)
{
	char key[MAX_KEY];

	snprintf(key, sizeof key, "%s.%s", k->key, member);
	if (k->o->name[0] != '\0')
		conf_problem_add(k->c, 1, key, "namespace \"%.64s\": %s", k->o->name, text);
	else
		conf_problem_add(k->c, 1, key, "%s", text);
}

static void
check_history(const struct check *k)
{
	struct chan_options *o = k->o;
	int history = o->history_size > 0 && o->history_ttl_ms > 0;

	if (o->history_meta_ttl_ms == 0)
		o->history_meta_ttl_ms = k->ch->history_meta_ttl_ms;
	if (o->history_size > 0 && !history)
		wrong(k, "history_size", "history needs both history_size and history_ttl");
	if (o->history_ttl_ms > 0 && !history)
		wrong(k, "history_ttl", "history needs both history_size and history_ttl");
	if (o->history_ttl_ms > o->history_meta_ttl_ms)
		wrong(k, "history_ttl", "history_ttl is longer than history_meta_ttl");
	if (o->force_recovery && !history)
		wrong(k, "force_recovery", "force_recovery needs history_size and history_ttl");
	o->cache_mode = strcmp(o->force_recovery_mode, "cache") == 0;
	if (o->auto_cache_recover && !(o->force_recovery && o->cache_mode))
		wrong(k, "auto_cache_recover",
		    "auto_cache_recover needs force_recovery, with force_recovery_mode \"cache\"");
}

static void
check_format(const struct check *k)
{
	static const struct {
		const char	*name;
		uint32_t	format;
	} formats[] = {
		{ "", CHAN_DATA_ANY_NONEMPTY },
		{ "json", CHAN_DATA_JSON },
		{ "json_object", CHAN_DATA_JSON_OBJECT },
		{ "binary", CHAN_DATA_BINARY },
	};
	size_t i;

	if (k->o->publication_data_format[0] == '\0')
		k->o->publication_data_format = k->ch->publication_data_format;
	for (i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (strcmp(k->o->publication_data_format, formats[i].name) == 0)
			k->o->data_format = formats[i].format;
}

static void
check_type(const struct check *k)
{
	static const struct {
		const char	*name;
		int32_t		type;
	} types[] = {
		{ "", CHAN_TYPE_STREAM },
		{ "stream", CHAN_TYPE_STREAM },
		{ "map", CHAN_TYPE_MAP },
		{ "map_clients", CHAN_TYPE_MAP_CLIENTS },
		{ "map_users", CHAN_TYPE_MAP_USERS },
		{ "shared_poll", CHAN_TYPE_SHARED_POLL },
	};
	char key[MAX_KEY];
	size_t i;

	for (i = 0; i < sizeof types / sizeof types[0]; i++)
		if (strcmp(k->o->subscription_type, types[i].name) == 0)
			k->o->type = types[i].type;
	snprintf(key, sizeof key, "%s.subscription_type", k->key);
	if (k->o->type != CHAN_TYPE_STREAM)
		conf_problem_add(k->c, 0, key, "\"%s\" has no effect in this version of Rotor: "
		    "nobody can subscribe to these channels", k->o->subscription_type);
}

static void
check_regex(const struct check *k)
{
	char text[256], why[128];

	if (k->o->channel_regex[0] == '\0' ||
	    rotor_regex_new(k->o->channel_regex, &k->o->regex, why, sizeof why) == 0)
		return;
	snprintf(text, sizeof text, "expected a regular expression (RE2): %s", why);
	wrong(k, "channel_regex", text);
}

static void
check_deltas(const struct check *k)
{
	const struct rotor_strlist *types = &k->o->allowed_delta_types;

	for (size_t i = 0; i < types->n; i++)
		if (strcmp(types->v[i], "fossil") == 0)
			k->o->allow_fossil = 1;
		else
			wrong(k, "allowed_delta_types", "expected a list of: fossil");
}

static void
check_options(const struct check *k)
{
	check_history(k);
	check_deltas(k);
	check_format(k);
	check_type(k);
	check_regex(k);
}

/*
 * Namespaces.
 */

/* Both orders at once: which comes first in the file says which is the double. */
struct by_name {
	const char	*name;
	size_t		i;
};

static int
by_name_cmp(const void *va, const void *vb)
{
	const struct by_name *a = va, *b = vb;
	int r = strcmp(a->name, b->name);

	return (r != 0 ? r : (a->i > b->i) - (a->i < b->i));
}

static int
options_cmp(const void *va, const void *vb)
{
	const struct chan_options *a = va, *b = vb;

	return (strcmp(a->name, b->name));
}

static void
check_unique(struct conf *c, const struct chan_options *v, size_t n)
{
	struct by_name *names = calloc(n + 1, sizeof *names);
	char key[MAX_KEY];
	size_t i;

	if (names == NULL) {
		conf_problem_add(c, 1, "channel.namespaces", "out of memory");
		return;
	}
	for (i = 0; i < n; i++)
		names[i] = (struct by_name){ v[i].name, i };
	qsort(names, n, sizeof *names, by_name_cmp);
	for (i = 1; i < n; i++) {
		if (names[i].name[0] == '\0' || strcmp(names[i - 1].name, names[i].name) != 0)
			continue;
		snprintf(key, sizeof key, "channel.namespaces[%zu].name", names[i].i);
		conf_problem_add(c, 1, key, "namespace \"%.64s\" is given twice", names[i].name);
	}
	free(names);
}

static void
check_namespaces(struct conf *c, struct conf_channel *ch)
{
	struct chan_options *v = ch->namespaces.v;
	struct check k = { c, ch, NULL, NULL };
	char key[MAX_KEY];
	size_t i;

	for (i = 0; i < ch->namespaces.n; i++) {
		snprintf(key, sizeof key, "channel.namespaces[%zu]", i);
		k.o = &v[i];
		k.key = key;
		if (strlen(v[i].name) < 2 || v[i].name[strspn(v[i].name, name_chars)] != '\0')
			wrong(&k, "name", "expected a name of at least two letters, digits, "
			    "'-', '_' or '.'");
		check_options(&k);
	}
	check_unique(c, v, ch->namespaces.n);
	/* Last, since keys in messages count in the file's order. */
	if (ch->namespaces.n > 0)
		qsort(v, ch->namespaces.n, sizeof *v, options_cmp);
	ch->namespaces_sorted = 1;
}

/*
 * The rest.
 */

#define PERSONAL	"client.subscribe_to_user_personal_channel."

static const struct chan_options *
namespace_find(const struct conf_channel *ch, const char *name)
{
	const struct chan_options want = { .name = name };

	if (name[0] == '\0')
		return (&ch->without_namespace);
	if (ch->namespaces.n == 0)
		return (NULL);
	return (bsearch(&want, ch->namespaces.v, ch->namespaces.n, sizeof want, options_cmp));
}

static void
check_personal(struct conf *c, const struct conf_core *cc)
{
	const char *name = cc->client.personal_namespace;
	const struct chan_options *o;

	if (!cc->client.personal_enabled)
		return;
	o = namespace_find(&cc->channel, name);
	if (o == NULL)
		conf_problem_add(c, 1, PERSONAL "personal_channel_namespace",
		    "expected the name of a namespace, got \"%.64s\"", name);
	else if (cc->client.personal_single_connection && !o->presence)
		conf_problem_add(c, 1, PERSONAL "single_connection", "needs presence in %s%.64s",
		    name[0] != '\0' ? "the namespace " : "channel.without_namespace", name);
}

/*
 * Keys of the server API.
 */

struct check_key {
	struct conf			*c;
	const struct conf_core		*cc;
	const struct conf_api_key	*key;
	size_t				i;
};

/* `value` may be NULL; never the key itself. */
static void
wrong_key(const struct check_key *k, const char *member, const char *text, const char *value)
{
	char path[MAX_KEY];

	snprintf(path, sizeof path, "api.keys[%zu].%s", k->i, member);
	if (value != NULL)
		conf_problem_add(k->c, 1, path, "%s \"%.64s\"", text, value);
	else
		conf_problem_add(k->c, 1, path, "%s", text);
}

static void
check_scope(const struct check_key *k)
{
	const struct rotor_strlist *methods = &k->key->methods, *namespaces = &k->key->namespaces;

	for (size_t i = 0; i < methods->n; i++)
		if (rotor_api_method_find(rotor_str_of(methods->v[i])) == NULL)
			wrong_key(k, "methods", "the server API has no method", methods->v[i]);
	for (size_t i = 0; i < namespaces->n; i++)
		if (namespace_find(&k->cc->channel, namespaces->v[i]) == NULL)
			wrong_key(k, "namespaces", "there is no namespace", namespaces->v[i]);
}

static void
check_api_keys(struct conf *c, const struct conf_core *cc)
{
	const struct conf_api_key *v = cc->api_keys.v;

	for (size_t i = 0; i < cc->api_keys.n; i++) {
		struct check_key k = { c, cc, &v[i], i };

		if (v[i].name[0] == '\0')
			wrong_key(&k, "name", "expected a name", NULL);
		if (v[i].key[0] == '\0')
			wrong_key(&k, "key", "expected a key", NULL);
		for (size_t j = 0; j < i; j++) {
			if (strcmp(v[i].name, v[j].name) == 0)
				wrong_key(&k, "name", "there is another key", v[i].name);
			if (strcmp(v[i].key, v[j].key) == 0)
				wrong_key(&k, "key", "the same key as that of", v[j].name);
		}
		check_scope(&k);
	}
}

static void
check_log(struct conf *c, struct conf_core *cc)
{
	static const char *const levels[] = { "none", "trace", "debug", "info", "warn", "error",
	    "fatal" };
	size_t i;

	for (i = 0; i < sizeof levels / sizeof levels[0]; i++)
		if (strcasecmp(cc->log_level, levels[i]) == 0)
			return;
	conf_problem_add(c, 0, "log.level", "expected one of: none trace debug info warn error "
	    "fatal, got \"%.40s\"; using info", cc->log_level);
	cc->log_level = "info";
}

void
core_check(struct conf *c, struct conf_core *cc)
{
	struct check k = { c, &cc->channel, &cc->channel.without_namespace,
	    "channel.without_namespace" };

	check_options(&k);
	check_namespaces(c, &cc->channel);
	check_personal(c, cc);
	check_api_keys(c, cc);
	check_log(c, cc);
	if (cc->client.ping_interval_ms <= cc->client.pong_timeout_ms)
		conf_problem_add(c, 1, "client.ping_interval",
		    "must be longer than client.pong_timeout");
}
