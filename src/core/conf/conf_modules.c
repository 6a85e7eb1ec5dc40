/* SPDX-License-Identifier: MIT */
/* conf/conf_modules.c - the `modules:` list, and the options that stand in it. */
#include "config.h"

#include "conf/conf_priv.h"

#include <string.h>

#include "base/obj.h"

/* The module's name in its file's: "/opt/x/greet.so" -> "greet". */
static const char *
module_root(struct conf *c, const char *name)
{
	const char *base = strrchr(name, '/');
	size_t len;

	base = base != NULL ? base + 1 : name;
	len = strlen(base);
	if (len > 3 && strcmp(base + len - 3, ".so") == 0)
		len -= 3;
	return (conf_strndup(c, base, len));
}

/* The item itself becomes the name; its options become the section of that name. */
static void
merge_options(struct conf *c, struct conf_node *item, const struct conf_node *options)
{
	const char *root = module_root(c, options->key);
	struct conf_node *section;

	item->kind = NODE_SCALAR;
	item->text = options->key;
	item->first = item->last = NULL;
	item->n = 0;
	if (root == NULL || options->kind == NODE_NULL)
		return;
	if (options->kind != NODE_MAP) {
		conf_expected(c, options, options->key, 0, "the module's options as a mapping");
		return;
	}
	if (conf_node_get(c->root, root, strlen(root)) != NULL) {
		conf_problem_at(c, 1, options, root,
		    "has options in the list of modules and also in a section of its own");
		return;
	}
	section = conf_node_new(c, NODE_MAP, options->where, options->line);
	if (section == NULL)
		return;
	*section = *options;
	section->key = root;
	section->next = NULL;
	conf_node_append(c->root, section);
}

void
conf_modules_merge(struct conf *c)
{
	struct conf_node *list = conf_node_get(c->root, "modules", strlen("modules"));
	struct conf_node *item;

	if (list == NULL || list->kind != NODE_LIST)
		return;
	for (item = list->first; item != NULL; item = item->next) {
		if (item->kind == NODE_MAP && item->n == 1)
			merge_options(c, item, item->first);
		else if (item->kind != NODE_SCALAR)
			conf_expected(c, item, "modules", 0,
			    "the name of a module, or one name with its options");
	}
}

static struct conf_node *
modules_node(struct conf *c)
{
	struct conf_node *n;

	n = conf_env_node(c, "MODULES", ROTOR_OPT_STRLIST);
	if (n == NULL)
		n = conf_node_get(c->root, "modules", strlen("modules"));
	return (n != NULL && n->kind != NODE_NULL ? n : NULL);
}

int
conf_modules(struct conf *c, const struct conf_module **ret, size_t *ret_n)
{
	const struct conf_node *list, *item;
	struct conf_module *v;
	size_t n = 0;

	OBJ_CHECK(c, CONF_MAGIC);
	list = modules_node(c);
	/* An empty list is a zero in a file: as if it were not there. */
	if (list == NULL || (list->kind == NODE_LIST && list->n == 0) ||
	    (list->kind != NODE_LIST && list->kind != NODE_SCALAR))
		return (-1);
	v = conf_alloc(c, list->n + 1, sizeof *v);
	if (v == NULL)
		return (-1);
	if (list->kind == NODE_SCALAR)
		v[n++] = (struct conf_module){ list->text, list->line };
	for (item = list->first; item != NULL; item = item->next)
		if (item->kind == NODE_SCALAR)
			v[n++] = (struct conf_module){ item->text, item->line };
	*ret = v;
	*ret_n = n;
	return (0);
}
