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
			if (!starts_with(c->env[i].name, prefixes[k]) ||
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
			if (!starts_with(c->env[i].name, prefixes[k]))
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
	else if (kind == ROTOR_OPT_OBJLIST || kind == ROTOR_OPT_PAIRS)
		e->node = conf_tree_parse(c, e->value, len, where_env, e->name);
	else
		e->node = scalar_node(c, e, e->value, len);
	return (e->node);
}

/* ${CENTRIFUGO_VAR_X} is for use inside values; a Kubernetes service called
 * "centrifugo" puts CENTRIFUGO_PORT, CENTRIFUGO_SERVICE_HOST and more everywhere. */
int
conf_env_ignored(const char *name)
{
	size_t i;

	for (i = 0; i < N_PREFIXES; i++)
		if (starts_with(name, prefixes[i]) &&
		    starts_with(name + strlen(prefixes[i]), "VAR_"))
			return (1);
	if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != strlen(name))
		return (0);
	return (strstr(name, "_PORT") != NULL || strstr(name, "_SERVICE_") != NULL);
}
