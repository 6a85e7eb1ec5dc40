/* SPDX-License-Identifier: MIT */
/* conf/conf.c - a configuration as a whole: its sources, its life, look-ups by key. */
#include "config.h"

#include "conf/conf_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <rotor/str.h>

#include "base/obj.h"

#define DEFAULT_FILE	"rotor.yaml"

const char *
conf_default_file(void)
{
	static const char system_file[] = ROTOR_SYSCONF_DIR "/" DEFAULT_FILE;

	if (access(DEFAULT_FILE, F_OK) != 0 && access(system_file, F_OK) == 0)
		return (system_file);
	return (DEFAULT_FILE);
}

static void
cannot_read(struct conf *c, int optional)
{
	const struct conf_node at = { .where = c->file };

	if (errno == ENOENT || errno == ENOTDIR) {
		c->missing = 1;
		conf_problem_at(c, !optional, &at, NULL, "file not found%s%s",
		    optional ? "; going on with the environment and flags" : "",
		    strcmp(c->file, conf_default_file()) == 0 && access("config.json", F_OK) == 0 ?
		    "; config.json is read when it is named: -c config.json" : "");
	} else if (errno == EFBIG) {
		conf_problem_at(c, 1, &at, NULL, "is larger than %u bytes", CONF_MAX_FILE);
	} else {
		conf_problem_at(c, 1, &at, NULL, "cannot be read: %s", strerror(errno));
	}
}

static void
load_file(struct conf *c, int optional)
{
	struct conf_node *root;
	size_t len;
	char *text;

	text = conf_file_read(c->file, CONF_MAX_FILE, &len);
	if (text == NULL) {
		cannot_read(c, optional);
		return;
	}
	root = conf_parse_file(c, c->file, text, len);
	free(text);
	if (root == NULL || root->kind == NODE_NULL)
		return;
	if (root->kind != NODE_MAP) {
		conf_expected(c, root, NULL, 1, "a mapping of sections");
		return;
	}
	root->line = 0;		/* what is not set at all stands nowhere */
	c->root = root;
	conf_modules_merge(c);
}

static void
load_flags(struct conf *c, const struct conf_source *src)
{
	struct conf_node *n;
	size_t i;

	c->flags = conf_alloc(c, src->n_flags, sizeof *c->flags);
	for (i = 0; c->flags != NULL && i < src->n_flags; i++) {
		n = conf_node_new(c, NODE_SCALAR, "command line", 0);
		if (n == NULL)
			return;
		n->text = conf_strndup(c, src->flags[i].value, strlen(src->flags[i].value));
		c->flags[i].key = conf_strndup(c, src->flags[i].key, strlen(src->flags[i].key));
		if (n->text == NULL || c->flags[i].key == NULL)
			return;
		c->flags[i].node = n;
		c->n_flags++;
	}
}

struct conf *
conf_load(const struct conf_source *src)
{
	struct conf *c;

	OBJ_ALLOC(c, CONF_MAGIC);
	if (c == NULL)
		return (NULL);
	arena_init(&c->arena, NULL, 0);
	c->root = conf_node_new(c, NODE_MAP, "configuration", 0);
	if (c->root == NULL || conf_env_init(c, src->env) != 0) {
		conf_free(&c);
		return (NULL);
	}
	load_flags(c, src);
	if (src->file != NULL) {
		c->file = conf_strndup(c, src->file, strlen(src->file));
		if (c->file != NULL)
			load_file(c, src->file_optional);
	}
	return (c);
}

void
conf_free(struct conf **cp)
{
	struct conf *c;

	if (*cp == NULL)
		return;
	OBJ_TAKE(c, cp, CONF_MAGIC);
	arena_reset(&c->arena);
	free(c->problems);
	OBJ_FREE(c);
}

const char *
conf_file(const struct conf *c)
{
	OBJ_CHECK(c, CONF_MAGIC);
	return (c->missing ? NULL : c->file);
}

int
conf_file_missing(const struct conf *c)
{
	OBJ_CHECK(c, CONF_MAGIC);
	return (c->missing);
}

/*
 * Look-ups by key.
 */

static struct conf_node *
file_node(const struct conf *c, const char *key)
{
	struct conf_node *at = c->root;
	size_t len;

	for (; at != NULL && key[0] != '\0'; key += len + (key[len] == '.')) {
		len = strcspn(key, ".");
		at = conf_node_get(at, key, len);
	}
	return (at);
}

/* 1 when `key` is `section` or stands in it. */
static int
is_below(const char *key, const char *section)
{
	struct rotor_str k = rotor_str_of(key), s = rotor_str_of(section);

	if (k.len > s.len && key[s.len] == '.')
		k.len = s.len;
	return (rotor_str_eq_nocase(k, s));
}

static int
holds_something(const struct conf_node *n)
{
	const struct conf_node *child;

	if (n == NULL || n->kind == NODE_NULL)
		return (0);
	if (n->kind != NODE_MAP)
		return (1);
	for (child = n->first; child != NULL; child = child->next)
		if (holds_something(child))
			return (1);
	return (0);
}

int
conf_is_set(const struct conf *c, const char *key)
{
	char name[CONF_MAX_PATH] = "";
	size_t i;

	OBJ_CHECK(c, CONF_MAGIC);
	for (i = 0; i < c->n_flags; i++)
		if (is_below(c->flags[i].key, key))
			return (1);
	conf_env_name(name, key, strlen(key));
	if (conf_env_find(c, name) != NULL || conf_env_has_below(c, name))
		return (1);
	return (holds_something(file_node(c, key)));
}

const char *
conf_raw(const struct conf *c, const char *key)
{
	char name[CONF_MAX_PATH] = "";
	const struct conf_node *n;
	const struct conf_env *e;
	size_t i;

	OBJ_CHECK(c, CONF_MAGIC);
	for (i = 0; i < c->n_flags; i++)
		if (strcasecmp(c->flags[i].key, key) == 0)
			return (c->flags[i].node->text);
	conf_env_name(name, key, strlen(key));
	e = conf_env_find(c, name);
	if (e != NULL)
		return (e->value);
	n = file_node(c, key);
	return (n != NULL && n->kind == NODE_SCALAR ? n->text : NULL);
}

/* A step of conf_problem_add()'s search: the child that the segment names.  `name`
 * grows to the name of its variable, with a '?' where no variable can be meant. */
static struct conf_node *
step(struct conf_node *at, const char *seg, size_t len, char *name)
{
	struct conf_node *child;
	const char *text;
	unsigned long i;

	if (seg[0] != '[') {
		conf_env_name(name, seg, len);
		return (conf_node_get(at, seg, len));
	}
	i = strtoul(seg + 1, NULL, 10);
	for (child = at != NULL ? at->first : NULL; child != NULL && i > 0; i--)
		child = child->next;
	text = conf_node_text(child, "name");
	if (text == NULL)
		text = "?";
	conf_env_name(name, text, strlen(text));
	return (child);
}

/* Where the value of `key` came from or, when it is a default, its section. */
static const struct conf_node *
locate(const struct conf *c, const char *key)
{
	struct conf_node *at = c->root, *best = c->root;
	char name[CONF_MAX_PATH] = "";
	struct conf_env *e;
	size_t i, len;

	for (i = 0; i < c->n_flags; i++)
		if (strcasecmp(c->flags[i].key, key) == 0)
			return (c->flags[i].node);
	while (key[0] != '\0') {
		len = key[0] == '[' ? strcspn(key, "]") + 1 : strcspn(key, ".[");
		if (len > strlen(key))
			break;
		at = step(at, key, len, name);
		e = conf_env_find(c, name);
		if (e != NULL && e->node != NULL)
			at = e->node;
		if (at != NULL)
			best = at;
		key += len + (key[len] == '.');
	}
	return (best);
}

void
conf_problem_add(struct conf *c, int fatal, const char *key, const char *fmt, ...)
{
	const struct conf_node *at;
	va_list ap;

	OBJ_CHECK(c, CONF_MAGIC);
	at = locate(c, key);
	va_start(ap, fmt);
	conf_problem_vat(c, fatal, at, key, fmt, ap);
	va_end(ap);
}

int
conf_where(const struct conf *c, const char *key, char *buf, size_t size)
{
	const struct conf_node *at;

	OBJ_CHECK(c, CONF_MAGIC);
	at = locate(c, key);
	if (at != NULL && at->var != NULL)
		return (snprintf(buf, size, "%s: %s", at->where, at->var));
	if (at != NULL && at->line > 0)
		return (snprintf(buf, size, "%s:%d", at->where, at->line));
	return (snprintf(buf, size, "%s", at != NULL && at->where != NULL ? at->where : "configuration"));
}

/*
 * What nobody knew.
 */

static void
unknown_key(struct conf *c, const struct conf_node *n, const char *key)
{
	char hint[CONF_MAX_PATH + 64];

	conf_hint(c, key, hint, sizeof hint);
	if (n->var != NULL)
		conf_problem_at(c, 0, n, NULL, "key %s is not known%s", key, hint);
	else
		conf_problem_unknown(c, n->where, n->line, key, hint);
}

static void
check_nodes(struct conf *c, const struct conf_node *parent, const char *parent_key)
{
	char key[CONF_MAX_PATH];
	const struct conf_node *n;
	size_t i = 0;

	for (n = parent->first; n != NULL; n = n->next, i++) {
		if (parent == c->root && rotor_str_begins(rotor_str_of(n->key), "x-"))
			continue;	/* the writer's own: a place for anchors */
		if (n->key != NULL)
			conf_key_join(key, parent_key, n->key);
		else
			snprintf(key, sizeof key, "%.*s[%zu]", (int)CONF_MAX_PATH - 32, parent_key, i);
		if (n->use == USE_SECTION)
			check_nodes(c, n, key);
		else if (n->use == USE_NONE)
			unknown_key(c, n, key);
	}
}

static void
unknown_flag(struct conf *c, const struct conf_flag *f)
{
	char hint[CONF_MAX_PATH + 64];

	conf_hint(c, f->key, hint, sizeof hint);
	conf_problem_at(c, 1, f->node, f->key, "is not known%s", hint);
	c->has_wrong_flag = 1;
}

void
conf_check_unknown(struct conf *c)
{
	size_t i;

	OBJ_CHECK(c, CONF_MAGIC);
	check_nodes(c, c->root, "");
	conf_env_check_unknown(c);
	for (i = 0; i < c->n_env; i++) {
		if (c->env[i].node != NULL && c->env[i].node->use == USE_SECTION)
			check_nodes(c, c->env[i].node, "");
	}
	for (i = 0; i < c->n_flags; i++)
		if (!c->flags[i].used)
			unknown_flag(c, &c->flags[i]);
}

int
conf_wrong_flag(const struct conf *c)
{
	OBJ_CHECK(c, CONF_MAGIC);
	return (c->has_wrong_flag);
}
