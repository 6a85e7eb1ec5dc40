/* SPDX-License-Identifier: MIT */
/* conf/conf_apply.c - the tree into the structs of option tables. */
#include "config.h"

#include "conf/conf_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/obj.h"

/* A table at work: on the whole tree, or on one element of a list of objects. */
struct apply {
	struct conf				*c;
	const struct rotor_option_table		*table;
	struct conf_node			*at;	/* what the rows' paths start from */
	const char				*key;	/* of `at`, for messages */
	const char				*env;	/* prefix of variables; NULL: none can be meant */
	int					top;	/* flags apply */
	int					quiet;	/* below a key without effect */
};

static int apply_rows(const struct apply *ap, char *base);

void
conf_row_get(const struct rotor_option_table *t, size_t i, struct rotor_option *ret)
{
	size_t known = t->row_size < sizeof *ret ? t->row_size : sizeof *ret;

	memset(ret, 0, sizeof *ret);
	memcpy(ret, (const char *)t->rows + i * t->row_size, known);
}

void
conf_key_join(char *buf, const char *root, const char *path)
{
	int n = snprintf(buf, CONF_MAX_PATH, "%s%s%s", root,
	    root[0] != '\0' && path[0] != '\0' ? "." : "", path);

	if (n >= (int)CONF_MAX_PATH)	/* no key of ours is that long */
		buf[CONF_MAX_PATH - 1] = '\0';
}

/* Centrifugo v5 had `admin: true` and `engine: redis`: what is that now?  In `buf`, or "". */
static const char *
switch_of(const struct apply *ap, const char *section, char buf[CONF_MAX_PATH + 32])
{
	static const char *const names[] = { "enabled", "type" };
	char path[CONF_MAX_PATH], full[CONF_MAX_PATH];
	struct rotor_option row;
	size_t i, k;

	buf[0] = '\0';
	for (k = 0; k < sizeof names / sizeof names[0]; k++) {
		conf_key_join(path, section, names[k]);
		for (i = 0; buf[0] == '\0' && i < ap->table->n_rows; i++) {
			conf_row_get(ap->table, i, &row);
			conf_key_join(full, ap->table->root, row.path);
			if (strcmp(full, path) == 0)
				snprintf(buf, CONF_MAX_PATH + 32, " (its switch is %s)", path);
		}
	}
	return (buf);
}

/* Something that is no mapping stands where `path` (len bytes) has a section. */
static void
refuse_section(const struct apply *ap, struct conf_node *at, const char *path, size_t len)
{
	char part[CONF_MAX_PATH], key[CONF_MAX_PATH], name[CONF_MAX_PATH + 32];

	at->use = USE_VALUE;
	if (at->refused++)
		return;
	snprintf(part, sizeof part, "%.*s", (int)len, path);
	conf_key_join(key, ap->key, part);
	conf_expected(ap->c, at, key, 1, "a section of keys and values%s", switch_of(ap, part, name));
}

/* Goes down `path` and marks what it passes as known.  NULL: nothing is set there. */
static struct conf_node *
walk(const struct apply *ap, const char *path)
{
	struct conf_node *at = ap->at;
	const char *start = path;
	size_t len;

	for (; at != NULL && path[0] != '\0'; path += len + (path[len] == '.')) {
		len = strcspn(path, ".");
		if (at->kind == NODE_NULL)
			return (NULL);
		if (at->kind != NODE_MAP) {
			refuse_section(ap, at, start, path > start ? (size_t)(path - start) - 1 : 0);
			return (NULL);
		}
		at = conf_node_get(at, path, len);
		if (at != NULL && at->use == USE_NONE)
			at->use = USE_SECTION;
	}
	if (at != NULL)
		at->use = USE_VALUE;
	return (at != NULL && at->kind != NODE_NULL ? at : NULL);
}

static struct conf_node *
flag_node(struct conf *c, const char *key)
{
	size_t i;

	for (i = 0; i < c->n_flags; i++)
		if (strcasecmp(c->flags[i].key, key) == 0) {
			c->flags[i].used = 1;
			return (c->flags[i].node);
		}
	return (NULL);
}

/* The value that wins for the row with this path below the table's root; *ret_key is
 * its full key. */
static struct conf_node *
find(const struct apply *ap, const char *row_path, uint32_t kind, char *ret_key)
{
	char path[CONF_MAX_PATH], name[CONF_MAX_PATH] = "";
	struct conf_node *file, *env = NULL, *flag = NULL;

	conf_key_join(path, ap->table->root, row_path);
	conf_key_join(ret_key, ap->key, path);
	file = walk(ap, path);
	if (ap->env != NULL) {
		snprintf(name, sizeof name, "%s", ap->env);
		conf_env_name(name, path, strlen(path));
		env = kind == ROTOR_OPT_OBJLIST ? conf_env_objects(ap->c, name, file) :
		    conf_env_node(ap->c, name, kind);
	}
	if (ap->top)
		flag = flag_node(ap->c, ret_key);
	return (flag != NULL ? flag : env != NULL ? env : file);
}

/* The default of a row, through the same parser as the file. */
static int
parse_default(struct conf *c, const struct rotor_option *row, const struct conf_kind *kind,
    const char *key, union conf_value *ret)
{
	const char *def = row->def != NULL ? row->def : kind->zero;
	struct conf_node text = { .kind = NODE_SCALAR, .text = def, .where = "default" };
	const struct conf_node *n = &text;

	if (row->kind == ROTOR_OPT_STRLIST || row->kind == ROTOR_OPT_PAIRS)
		n = conf_parse(c, def, strlen(def), "default", NULL);
	if (n == NULL)
		return (-EINVAL);
	return (kind->parse(c, row, n, key, ret));
}

/* By a variable or flag of its own, not inside a list that a variable gives. */
static int
set_explicitly(const struct conf_node *n)
{
	return (n->line == 0 && n->key == NULL);
}

/* A zero in the file cannot override a default; one in a variable or flag can. */
static int
is_unset(const struct rotor_option *row, const struct conf_kind *kind, const struct conf_node *n,
    const union conf_value *v)
{
	return (kind->is_zero(v) && !set_explicitly(n) && (row->flags & ROTOR_OPT_F_ZERO_OK) == 0);
}

static int
parse_value(struct conf *c, const struct rotor_option *row, const struct conf_kind *kind,
    const struct conf_node *n, const char *key, union conf_value *ret)
{
	int r;

	if (n == NULL)
		return (parse_default(c, row, kind, key, ret));
	r = kind->parse(c, row, n, key, ret);
	if (r == 0 && row->def != NULL && is_unset(row, kind, n, ret))
		return (parse_default(c, row, kind, key, ret));
	return (r);
}

/*
 * Keys without effect.
 */

/* 1 when `section` has a switch called "enabled" in this table, and it is off. */
static int
section_is_off(const struct apply *ap, const char *section)
{
	char path[CONF_MAX_PATH], key[CONF_MAX_PATH];
	const struct conf_kind *kind = conf_kind_get(ROTOR_OPT_BOOL);
	struct rotor_option row;
	union conf_value v;
	struct conf_node *n;
	size_t i;

	conf_key_join(path, section, "enabled");
	for (i = 0; i < ap->table->n_rows; i++) {
		conf_row_get(ap->table, i, &row);
		if (row.kind != ROTOR_OPT_BOOL || strcmp(row.path, path) != 0)
			continue;
		n = find(ap, path, ROTOR_OPT_BOOL, key);
		return (n == NULL || (kind->parse(ap->c, &row, n, key, &v) == 0 && v.b == 0));
	}
	return (0);
}

/* 1 when `path` stands in a section that is switched off. */
static int
is_off(const struct apply *ap, const char *path)
{
	char section[CONF_MAX_PATH];
	const char *dot;

	if (section_is_off(ap, ""))
		return (1);
	for (dot = strchr(path, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
		snprintf(section, sizeof section, "%.*s", (int)(dot - path), path);
		if (section_is_off(ap, section))
			return (1);
	}
	return (0);
}

static void
warn_no_effect(const struct apply *ap, const struct conf_node *n, const char *key)
{
	if (!ap->quiet)
		conf_problem_at(ap->c, 0, n, key, "has no effect in this version of Rotor");
}

static int
apply_no_effect(const struct apply *ap, const struct rotor_option *row,
    const struct conf_kind *kind, const struct conf_node *n, const char *key)
{
	union conf_value v, def;

	if (n == NULL)
		return (0);
	if (kind->parse(ap->c, row, n, key, &v) != 0 ||
	    parse_default(ap->c, row, kind, key, &def) != 0)
		return (-EINVAL);
	if (!kind->is_zero(&v) && !kind->equal(&v, &def) && !is_off(ap, row->path))
		warn_no_effect(ap, n, key);
	return (0);
}

/*
 * Lists of objects.
 */

/* One element; `base` is NULL when it is to be stored nowhere. */
static int
apply_element(const struct apply *list, const struct rotor_option *row, struct conf_node *item,
    const char *list_key, size_t i, char *base)
{
	char key[CONF_MAX_PATH], env[CONF_MAX_PATH] = "";
	const char *name = conf_node_text(item, "name");
	struct apply ap = *list;

	if (item->kind != NODE_MAP) {
		conf_expected(ap.c, item, list_key, 1, "a list of mappings");
		return (-EINVAL);
	}
	item->use = USE_SECTION;
	snprintf(key, sizeof key, "%.*s[%zu]", CONF_MAX_PATH - 32, list_key, i);
	ap.table = row->sub;
	ap.at = item;
	ap.key = key;
	ap.top = 0;
	ap.env = NULL;
	if (list->env != NULL && name != NULL) {
		snprintf(env, sizeof env, "%s", list->env);
		conf_env_name(env, list->table->root, strlen(list->table->root));
		conf_env_name(env, row->path, strlen(row->path));
		conf_env_name(env, name, strlen(name));
		ap.env = env;
	}
	return (apply_rows(&ap, base));
}

/* 1 when all elements have a switch "enabled" that is off. */
static int
all_off(const struct apply *list, const struct rotor_option *row, const struct conf_node *n)
{
	struct apply ap = *list;
	struct conf_node *item;

	ap.table = row->sub;
	ap.top = 0;
	ap.env = NULL;
	ap.key = "";
	for (item = n->first; item != NULL; item = item->next) {
		ap.at = item;
		if (item->kind != NODE_MAP || !section_is_off(&ap, ""))
			return (0);
	}
	return (1);
}

/* Without effect: checked all the same, warned about once. */
static int
check_objects(const struct apply *list, const struct rotor_option *row, const struct conf_node *n,
    const char *key)
{
	struct apply ap = *list;
	struct conf_node *item;
	size_t i = 0;
	int r = 0;

	ap.quiet = 1;
	for (item = n->first; item != NULL; item = item->next)
		if (apply_element(&ap, row, item, key, i++, NULL) != 0)
			r = -EINVAL;
	if (n->n > 0 && !all_off(list, row, n) && !is_off(list, row->path))
		warn_no_effect(list, n, key);
	return (r);
}

static int
fill_objects(const struct apply *ap, const struct rotor_option *row, const struct conf_node *n,
    const char *key, struct rotor_objlist *ret)
{
	struct conf_node *item;
	size_t i = 0;
	char *v;
	int r = 0;

	v = conf_alloc(ap->c, n->n, row->sub->struct_size);
	if (v == NULL)
		return (-ENOMEM);
	for (item = n->first; item != NULL; item = item->next, i++)
		if (apply_element(ap, row, item, key, i, v + i * row->sub->struct_size) != 0)
			r = -EINVAL;
	*ret = (struct rotor_objlist){ v, i };
	return (r);
}

static int
apply_objects(const struct apply *ap, const struct rotor_option *row, struct conf_node *n,
    const char *key, char *base)
{
	struct rotor_objlist objects = { NULL, 0 };
	int r = 0;

	if (n != NULL && n->kind != NODE_LIST && n->kind != NODE_MAP &&
	    (n->kind != NODE_SCALAR || n->text[0] != '\0')) {
		conf_expected(ap->c, n, key, 1, "a list of mappings");
		return (-EINVAL);
	}
	if (n != NULL) {
		n->use = USE_SECTION;
		if (conf_node_make_list(ap->c, n) != 0)
			return (-ENOMEM);
		if ((row->flags & ROTOR_OPT_F_NOEFFECT) != 0 || base == NULL)
			return (check_objects(ap, row, n, key));
		r = fill_objects(ap, row, n, key, &objects);
	}
	if ((row->flags & ROTOR_OPT_F_NOEFFECT) == 0 && base != NULL)
		memcpy(base + row->offset, &objects, sizeof objects);
	return (r);
}

static int
apply_row(const struct apply *ap, const struct rotor_option *row, char *base)
{
	const struct conf_kind *kind = conf_kind_get(row->kind);
	char key[CONF_MAX_PATH];
	union conf_value v;
	struct conf_node *n;

	n = find(ap, row->path, row->kind, key);
	if (kind == NULL) {
		conf_problem_at(ap->c, 1, n, key, "has a kind (%u) that this Rotor does not know",
		    (unsigned)row->kind);
		return (-EINVAL);
	}
	if (row->kind == ROTOR_OPT_OBJLIST)
		return (apply_objects(ap, row, n, key, base));
	if ((row->flags & ROTOR_OPT_F_NOEFFECT) != 0 || base == NULL)
		return (apply_no_effect(ap, row, kind, n, key));
	/* Certificates that are not used need not be there. */
	if (row->kind == ROTOR_OPT_PEM && is_off(ap, row->path))
		n = NULL;
	memset(&v, 0, sizeof v);
	if (parse_value(ap->c, row, kind, n, key, &v) != 0)
		return (-EINVAL);
	memcpy(base + row->offset, &v, kind->size);
	return (0);
}

static int
apply_rows(const struct apply *ap, char *base)
{
	struct rotor_option row;
	size_t i;
	int r = 0;

	for (i = 0; i < ap->table->n_rows; i++) {
		conf_row_get(ap->table, i, &row);
		if (apply_row(ap, &row, base) != 0)
			r = -EINVAL;
	}
	return (r);
}

/* The whole configuration, as a table at its top level sees it. */
static struct apply
apply_top(struct conf *c, const struct rotor_option_table *table)
{
	return ((struct apply){ .c = c, .table = table, .at = c->root, .key = "", .env = "", .top = 1 });
}

int
conf_apply(struct conf *c, const struct rotor_option_table *table, void *base)
{
	struct apply ap = apply_top(c, table);
	size_t before;

	OBJ_CHECK(c, CONF_MAGIC);
	before = c->n_fatal;
	conf_hint_table(c, table);
	if (apply_rows(&ap, base) != 0)
		return (-EINVAL);
	/* Also what was wrong on the way to a value, which then got its default. */
	return (c->n_fatal == before ? 0 : -EINVAL);
}

const struct conf_node *
conf_row_value(struct conf *c, const struct rotor_option_table *table,
    const struct rotor_option *row)
{
	const struct conf_kind *kind = conf_kind_get(row->kind);
	struct apply ap = apply_top(c, table);
	char key[CONF_MAX_PATH];
	union conf_value v;
	struct conf_node *n;

	OBJ_CHECK(c, CONF_MAGIC);
	n = find(&ap, row->path, row->kind, key);
	if (n == NULL || kind == NULL)
		return (NULL);
	if (row->kind == ROTOR_OPT_OBJLIST)
		return (n->n > 0 ? n : NULL);
	if (kind->parse(c, row, n, key, &v) != 0 || is_unset(row, kind, n, &v))
		return (NULL);
	return (n);
}
