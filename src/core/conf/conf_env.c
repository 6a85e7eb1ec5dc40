/* SPDX-License-Identifier: MIT */
/*
 * conf/conf_env.c - ROTOR_* and CENTRIFUGO_* variables as a source of options.
 *
 * The way is from an option's path to the name of its variable, never back: a name
 * alone does not say where '_' was a dot.
 */
#include "config.h"

#include "conf/conf_priv.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <rotor/str.h>

static const char where_env[] = "environment";

/* The first one wins when both are set. */
static const char *const prefixes[] = { "ROTOR_", "CENTRIFUGO_" };
#define N_PREFIXES	(sizeof prefixes / sizeof prefixes[0])

static int
starts_with(const char *s, const char *prefix)
{
	return (rotor_str_begins(rotor_str_of(s), prefix));
}

static int
is_ours(const char *name)
{
	size_t i;

	for (i = 0; i < N_PREFIXES; i++)
		if (starts_with(name, prefixes[i]))
			return (1);
	return (0);
}

static int
ends_with(const char *s, const char *tail)
{
	size_t len = strlen(s), n = strlen(tail);

	return (len >= n && strcmp(s + len - n, tail) == 0);
}

/* ROTOR_PORT_8000_TCP and what may follow it. */
static int
names_port_of_service(const char *name)
{
	const char *p = name, *proto;

	while ((p = strstr(p, "_PORT_")) != NULL) {
		p += strlen("_PORT_");
		proto = p + strspn(p, "0123456789");
		if (proto > p && (starts_with(proto, "_TCP") || starts_with(proto, "_UDP") ||
		    starts_with(proto, "_SCTP")))
			return (1);
	}
	return (0);
}

/* Kubernetes tells every container about every service: one called "rotor-http-server"
 * is ROTOR_HTTP_SERVER_PORT=tcp://10.0.0.5:8000, which is no port. */
static int
is_link(const char *name, const char *value)
{
	static const char *const schemes[] = { "tcp://", "udp://", "sctp://" };
	size_t i;

	if (names_port_of_service(name))
		return (1);
	if (!ends_with(name, "_PORT"))
		return (0);
	for (i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (starts_with(value, schemes[i]))
			return (1);
	return (0);
}

int
conf_env_init(struct conf *c, char **env)
{
	struct conf_env *e;
	const char *eq;
	size_t i, n = 0;

	for (i = 0; env != NULL && env[i] != NULL; i++)
		n += (size_t)is_ours(env[i]);
	c->env = conf_alloc(c, n, sizeof *c->env);
	if (c->env == NULL)
		return (-1);
	for (i = 0; c->n_env < n; i++) {
		eq = strchr(env[i], '=');
		if (!is_ours(env[i]) || eq == NULL) {
			n -= (size_t)is_ours(env[i]);
			continue;
		}
		e = &c->env[c->n_env];
		e->name = conf_strndup(c, env[i], (size_t)(eq - env[i]));
		e->value = conf_strndup(c, eq + 1, strlen(eq + 1));
		if (e->name == NULL || e->value == NULL)
			return (-1);
		e->link = is_link(e->name, e->value);
		c->n_env++;
	}
	return (0);
}

void
conf_env_name(char *buf, const char *path, size_t len)
{
	size_t i, at = strlen(buf);

	if (at > 0 && at + 1 < CONF_MAX_PATH)
		buf[at++] = '_';
	for (i = 0; i < len && at + 1 < CONF_MAX_PATH; i++)
		buf[at++] = path[i] == '.' || path[i] == '-' ? '_' :
		    (char)toupper((unsigned char)path[i]);
	buf[at] = '\0';
}

/* Both prefixes are looked at, so that the one that loses is not reported as unknown. */
struct conf_env *
conf_env_find(const struct conf *c, const char *name)
{
	struct conf_env *found = NULL;
	size_t i, k;

	for (k = 0; k < N_PREFIXES; k++) {
		for (i = 0; i < c->n_env; i++) {
			if (c->env[i].link || !starts_with(c->env[i].name, prefixes[k]) ||
			    strcmp(c->env[i].name + strlen(prefixes[k]), name) != 0)
				continue;
			c->env[i].used = 1;
			if (found == NULL && c->env[i].value[0] != '\0')
				found = &c->env[i];
		}
	}
	return (found);
}

int
conf_env_has_below(const struct conf *c, const char *name)
{
	const char *rest;
	size_t i, k, len = strlen(name);

	for (i = 0; i < c->n_env; i++) {
		for (k = 0; k < N_PREFIXES; k++) {
			if (c->env[i].link || !starts_with(c->env[i].name, prefixes[k]))
				continue;
			rest = c->env[i].name + strlen(prefixes[k]);
			if (starts_with(rest, name) && rest[len] == '_' &&
			    c->env[i].value[0] != '\0')
				return (1);
		}
	}
	return (0);
}

const char *
conf_env_value(const struct conf *c, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < c->n_env; i++)
		if (rotor_str_is((struct rotor_str){ name, len }, c->env[i].name))
			return (c->env[i].value);
	return (NULL);
}

static struct conf_node *
scalar_node(struct conf *c, const struct conf_env *e, const char *text, size_t len)
{
	struct conf_node *n = conf_node_new(c, NODE_SCALAR, where_env, 0);

	if (n == NULL)
		return (NULL);
	n->var = e->name;
	n->text = conf_strndup(c, text, len);
	return (n->text != NULL ? n : NULL);
}

static struct conf_node *
split_node(struct conf *c, const struct conf_env *e)
{
	struct conf_node *item, *list = conf_node_new(c, NODE_LIST, where_env, 0);
	const char *p = e->value;
	size_t len;

	if (list == NULL)
		return (NULL);
	list->var = e->name;
	for (p += strspn(p, " "); *p != '\0'; p += strspn(p, " ")) {
		len = strcspn(p, " ");
		item = scalar_node(c, e, p, len);
		if (item == NULL)
			return (NULL);
		conf_node_append(list, item);
		p += len;
	}
	return (list);
}

/*
 * Lists of objects: a JSON list in place of the file's, or names to be added to it.
 */

/* {name: WORD} */
static struct conf_node *
named_node(struct conf *c, const struct conf_env *e, const char *word, size_t len)
{
	struct conf_node *item = conf_node_new(c, NODE_MAP, where_env, 0);
	struct conf_node *name = scalar_node(c, e, word, len);

	if (item == NULL || name == NULL)
		return (NULL);
	item->var = e->name;
	name->key = "name";
	conf_node_append(item, name);
	return (item);
}

static int
has_named(const struct conf_node *list, const char *name)
{
	const struct conf_node *item;
	const char *have;

	for (item = list->first; item != NULL; item = item->next) {
		have = conf_node_text(item, "name");
		if (have != NULL && strcmp(have, name) == 0)
			return (1);
	}
	return (0);
}

static void
append_names(struct conf *c, const struct conf_env *e, struct conf_node *list)
{
	const struct conf_node at = { .where = where_env, .var = e->name };
	struct conf_node *item;
	const char *p, *word;
	size_t len;

	for (p = e->value;; p += len + 1) {
		len = strcspn(p, " ");
		item = named_node(c, e, p, len);
		if (item == NULL)
			return;
		word = item->first->text;
		if (len == 0)
			conf_problem_at(c, 1, &at, NULL, "expected names with one space between them, "
			    "got an empty one");
		else if (has_named(list, word))
			conf_problem_at(c, 1, &at, NULL, "\"%.64s\" is in the list already", word);
		else
			conf_node_append(list, item);
		if (p[len] == '\0')
			return;
	}
}

struct conf_node *
conf_env_objects(struct conf *c, const char *name, struct conf_node *file)
{
	struct conf_env *e = conf_env_find(c, name);

	if (e == NULL || e->node != NULL || e->appended)
		return (e != NULL ? e->node : NULL);
	if (strchr("[{", e->value[0]) != NULL) {
		e->node = conf_parse(c, e->value, strlen(e->value), where_env, e->name);
		return (e->node);
	}
	e->appended = 1;
	if (file == NULL || (file->kind != NODE_LIST && file->kind != NODE_MAP))
		file = e->node = conf_node_new(c, NODE_LIST, where_env, 0);
	if (file == NULL || conf_node_make_list(c, file) != 0)
		return (NULL);
	append_names(c, e, file);
	return (e->node);
}

struct conf_node *
conf_env_node(struct conf *c, const char *name, uint32_t kind)
{
	struct conf_env *e = conf_env_find(c, name);
	size_t len;

	if (e == NULL || e->node != NULL)
		return (e != NULL ? e->node : NULL);
	len = strlen(e->value);
	if (kind == ROTOR_OPT_STRLIST)
		e->node = split_node(c, e);
	else if (kind == ROTOR_OPT_PAIRS)
		e->node = conf_parse(c, e->value, len, where_env, e->name);
	else
		e->node = scalar_node(c, e, e->value, len);
	return (e->node);
}

/* ${CENTRIFUGO_VAR_X} is for use inside values. */
static int
is_for_values(const char *name)
{
	size_t i;

	for (i = 0; i < N_PREFIXES; i++)
		if (starts_with(name, prefixes[i]) &&
		    starts_with(name + strlen(prefixes[i]), "VAR_"))
			return (1);
	return (0);
}

/* What else there is of a service: ROTOR_SERVICE_HOST, ROTOR_PORT_8000_TCP_ADDR. */
static int
may_be_link(const char *name)
{
	if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != strlen(name))
		return (0);
	return (strstr(name, "_PORT") != NULL || strstr(name, "_SERVICE_") != NULL);
}

static void
warn_links(struct conf *c, const char *names, size_t n)
{
	const struct conf_node at = { .where = where_env };

	if (n > 0)
		conf_problem_at(c, 0, &at, NULL, "passed over as service links of Kubernetes "
		    "(enableServiceLinks: false ends them): %s", names);
}

static void
unknown(struct conf *c, const struct conf_env *e)
{
	char hint[CONF_MAX_PATH + 64] = "";
	size_t i;

	for (i = 0; i < N_PREFIXES; i++)
		if (starts_with(e->name, prefixes[i]))
			conf_hint_variable(c, prefixes[i], e->name + strlen(prefixes[i]), hint, sizeof hint);
	conf_problem_unknown(c, where_env, 0, e->name, hint);
}

void
conf_env_check_unknown(struct conf *c)
{
	char names[CONF_MAX_PATH] = "";
	struct conf_env *e;
	size_t i, n = 0, len = 0;

	for (i = 0; i < c->n_env; i++) {
		e = &c->env[i];
		if (e->used || is_for_values(e->name))
			continue;
		if (!e->link && !may_be_link(e->name)) {
			unknown(c, e);
			continue;
		}
		n++;
		if (len < sizeof names)
			len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", len > 0 ? ", " : "",
			    e->name);
	}
	warn_links(c, names, n);
}
