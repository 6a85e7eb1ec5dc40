/* SPDX-License-Identifier: MIT */
/* conf/conf_print.c - gathers option tables, to be written in one of several forms. */
#include "config.h"

#include "conf/print_priv.h"

#include <errno.h>
#include <string.h>

#include <rotor/str.h>

int
conf_has_effect(const struct rotor_option *row)
{
	return ((row->flags & ROTOR_OPT_F_NOEFFECT) == 0);
}

const char *
conf_default_text(const struct rotor_option *row)
{
	const struct conf_kind *kind = conf_kind_get(row->kind);

	return (row->def != NULL ? row->def : kind != NULL ? kind->zero : "");
}

static struct doc *
doc_child(struct printer *p, struct doc *parent, const char *name, size_t len)
{
	struct doc *d;

	for (d = parent->first; d != NULL; d = d->next)
		if (rotor_str_eq((struct rotor_str){ d->name, d->len }, (struct rotor_str){ name, len }))
			return (d);
	d = arena_zalloc(&p->arena, sizeof *d);
	if (d == NULL)
		return (NULL);
	d->name = name;
	d->len = len;
	if (parent->last != NULL)
		parent->last->next = d;
	else
		parent->first = d;
	parent->last = d;
	return (d);
}

static void
gather_row(struct printer *p, const char *root, const struct rotor_option *row,
    const struct conf_node *value)
{
	char buf[CONF_MAX_PATH], *key;
	struct doc *d = &p->top;
	const char *seg;
	size_t len;

	conf_key_join(buf, root, row->path);
	key = arena_strndup(&p->arena, buf, strlen(buf));
	for (seg = key; d != NULL && seg != NULL && *seg != '\0'; seg += len + (seg[len] == '.')) {
		len = strcspn(seg, ".");
		d = doc_child(p, d, seg, len);
	}
	if (key == NULL || d == NULL) {
		p->no_memory = 1;
		return;
	}
	d->key = key;
	d->row = *row;
	d->value = value;
	p->n_rows++;
}

/* Keys without effect only where the base sets them, so as not to lose a value. */
static void
gather(struct printer *p)
{
	const struct conf_print *what = p->what;
	const struct conf_node *value = NULL;
	struct rotor_option row;
	size_t t, i;

	for (t = 0; t < what->n; t++) {
		for (i = 0; i < what->tables[t]->n_rows; i++) {
			conf_row_get(what->tables[t], i, &row);
			if (what->base != NULL)
				value = conf_row_value(what->base, what->tables[t], &row);
			if (value != NULL || (conf_has_effect(&row) && !what->set_only))
				gather_row(p, what->tables[t]->root, &row, value);
		}
	}
}

static int
print(struct printer *p)
{
	switch (p->what->format) {
	case CONF_YAML:
		print_yaml(p->f, &p->top, 0);
		return (0);
	case CONF_JSON:
		print_json(p->f, &p->top, 0);
		return (0);
	case CONF_ENV:
		return (print_env(p));
	default:
		return (print_reference(p));
	}
}

int
conf_print(FILE *f, const struct conf_print *what)
{
	struct printer p = { .f = f, .what = what };
	int r;

	arena_init(&p.arena, NULL, 0);
	gather(&p);
	if (p.no_memory)
		r = -ENOMEM;
	else if (what->base != NULL && conf_failed(what->base))
		r = -EINVAL;
	else
		r = print(&p);
	arena_reset(&p.arena);
	return (r);
}
