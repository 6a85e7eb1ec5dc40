/* SPDX-License-Identifier: MIT */
/*
 * conf/print_reference.c - option tables as a reference, for people: one section for
 * each of the top level, and the keys without effect at the end.
 */
#include "config.h"

#include "conf/print_priv.h"

#include <errno.h>
#include <string.h>

#include <rotor/str.h>

/* How the two markups write the same things. */
struct markup {
	const char	*code;			/* around a literal */
	void		(*title)(FILE *f, const char *title, unsigned level);
	void		(*head)(FILE *f);	/* before the rows of a section */
	void		(*row)(FILE *f, const struct markup *m, const char *key, const char *var,
			    const struct rotor_option *row);
};

static void
put_literal(FILE *f, const struct markup *m, const char *s)
{
	fprintf(f, "%s%s%s", m->code, s, m->code);
}

static int
is_collection(uint32_t kind)
{
	return (kind == ROTOR_OPT_STRLIST || kind == ROTOR_OPT_PAIRS || kind == ROTOR_OPT_OBJLIST);
}

/* The default, or what stands for an empty one. */
static void
put_default_text(FILE *f, const struct markup *m, const struct rotor_option *row)
{
	const char *def = conf_default_text(row);

	if (def[0] == '\0' || is_collection(row->kind))
		fputs(row->def != NULL && def[0] != '[' && def[0] != '{' ? def : "empty", f);
	else
		put_literal(f, m, def);
}

static void
put_kind(FILE *f, const struct rotor_option *row)
{
	const struct conf_kind *kind = conf_kind_get(row->kind);

	if (row->kind == ROTOR_OPT_CHOICE)
		fprintf(f, "one of: %s", row->choices);
	else
		fputs(kind != NULL ? kind->name : "?", f);
	if (row->kind == ROTOR_OPT_INT && (row->min != 0 || row->max != 0))
		fprintf(f, ", %lld..%lld", (long long)row->min, (long long)row->max);
	if ((row->flags & ROTOR_OPT_F_SECONDS) != 0)
		fputs(", whole seconds", f);
}

static void
markdown_title(FILE *f, const char *title, unsigned level)
{
	fprintf(f, "%.*s %s\n\n", level < 6 ? (int)level : 6, "######", title);
}

static void
markdown_head(FILE *f)
{
	fputs("| key | variable | type | default | meaning |\n|---|---|---|---|---|\n", f);
}

static void
markdown_row(FILE *f, const struct markup *m, const char *key, const char *var,
    const struct rotor_option *row)
{
	const char *s;

	fputs("| ", f);
	put_literal(f, m, key);
	fputs(" | ", f);
	if (var[0] != '\0')
		put_literal(f, m, var);
	fputs(" | ", f);
	put_kind(f, row);
	fputs(" | ", f);
	put_default_text(f, m, row);
	fputs(" | ", f);
	for (s = row->doc != NULL ? row->doc : ""; *s != '\0'; s++)
		fprintf(f, "%s%c", *s == '|' ? "\\" : "", *s);
	fputs(" |\n", f);
}

/* All sections of the manual page are of one level. */
static void
rst_title(FILE *f, const char *title, unsigned level)
{
	size_t i, len = strlen(title);

	(void)level;
	fprintf(f, "%s\n", title);
	for (i = 0; i < len; i++)
		putc('-', f);
	fputs("\n\n", f);
}

static void
rst_head(FILE *f)
{
	(void)f;
}

/* '*' and others are markup in running text. */
static void
rst_text(FILE *f, const char *s)
{
	for (; *s != '\0'; s++)
		fprintf(f, "%s%c", strchr("*`|_\\", *s) != NULL ? "\\" : "", *s);
}

static void
rst_row(FILE *f, const struct markup *m, const char *key, const char *var,
    const struct rotor_option *row)
{
	(void)var;	/* the page tells how it follows from the key */
	put_literal(f, m, key);
	fputs(" (", f);
	put_kind(f, row);
	fputs("; default ", f);
	put_default_text(f, m, row);
	fputs(")\n    ", f);
	rst_text(f, row->doc != NULL ? row->doc : key);
	fputs("\n\n", f);
}

static const struct markup markups[] = {
	[CONF_MARKDOWN] = { "`", markdown_title, markdown_head, markdown_row },
	[CONF_RST] = { "``", rst_title, rst_head, rst_row },
};

/* The name of the variable of a key into var[CONF_MAX_PATH]; with `list`, of one in an
 * element of that list, which is found by its name if elements have one. */
static void
put_var_name(char *var, const char *key, const struct rotor_option_table *list, const char *path)
{
	struct rotor_option first;

	strcpy(var, "ROTOR");
	conf_env_name(var, key, strlen(key));
	if (list == NULL)
		return;
	conf_row_get(list, 0, &first);
	if (strcmp(first.path, "name") != 0 || strcmp(path, "name") == 0) {
		var[0] = '\0';
		return;
	}
	conf_env_name(var, "<name>", strlen("<name>"));
	conf_env_name(var, path, strlen(path));
}

static void
print_rows(FILE *f, const struct markup *m, const struct doc *d)
{
	char key[CONF_MAX_PATH], var[CONF_MAX_PATH];
	const struct doc *child;
	struct rotor_option row;
	size_t i;

	if (d->row.path != NULL) {
		put_var_name(var, d->key, NULL, NULL);
		m->row(f, m, d->key, var, &d->row);
	}
	for (i = 0; d->row.sub != NULL && i < d->row.sub->n_rows; i++) {
		conf_row_get(d->row.sub, i, &row);
		snprintf(key, sizeof key, "%s[].%s", d->key, row.path);
		put_var_name(var, d->key, d->row.sub, row.path);
		if (conf_has_effect(&row))
			m->row(f, m, key, var, &row);
	}
	for (child = d->first; child != NULL; child = child->next)
		print_rows(f, m, child);
}

static void
print_section(const struct printer *p, const struct markup *m, const char *title,
    const struct doc *d)
{
	m->title(p->f, title, p->what->level + 1);
	m->head(p->f);
	print_rows(p->f, m, d);
	putc('\n', p->f);
}

/* An option at the top level that needs no section of its own. */
static int
is_general(const struct doc *d)
{
	return (d->row.path != NULL && d->first == NULL && d->row.sub == NULL);
}

static void
print_sections(const struct printer *p, const struct markup *m)
{
	char title[CONF_MAX_PATH];
	const struct doc *d;
	int any = 0;

	for (d = p->top.first; d != NULL; d = d->next) {
		if (!is_general(d))
			continue;
		if (any++ == 0) {
			m->title(p->f, "General", p->what->level + 1);
			m->head(p->f);
		}
		print_rows(p->f, m, d);
	}
	if (any)
		putc('\n', p->f);
	for (d = p->top.first; d != NULL; d = d->next) {
		if (is_general(d))
			continue;
		snprintf(title, sizeof title, "%.*s", (int)d->len, d->name);
		print_section(p, m, title, d);
	}
}

/* The section, or option, with this key, or NULL. */
static const struct doc *
doc_find(const struct doc *at, const char *key)
{
	const struct doc *d = at;
	size_t len;

	for (; at != NULL && key[0] != '\0'; key += len + (key[len] == '.')) {
		len = strcspn(key, ".");
		for (d = at->first; d != NULL; d = d->next)
			if (rotor_str_eq((struct rotor_str){ d->name, d->len }, (struct rotor_str){ key, len }))
				break;
		at = d;
	}
	return (d);
}

/* 1 when `key` is `section` or stands in it. */
static int
is_in(const char *key, const char *section)
{
	struct rotor_str k = rotor_str_of(key), s = rotor_str_of(section);

	if (k.len > s.len && key[s.len] == '.')
		k.len = s.len;
	return (s.len == 0 || rotor_str_eq(k, s));
}

/* How many there are. */
static size_t
print_no_effect(const struct printer *p, const struct markup *m)
{
	const struct conf_print *what = p->what;
	struct rotor_option row;
	char key[CONF_MAX_PATH];
	size_t t, i, n = 0;

	for (t = 0; t < what->n; t++) {
		for (i = 0; i < what->tables[t]->n_rows; i++) {
			conf_row_get(what->tables[t], i, &row);
			conf_key_join(key, what->tables[t]->root, row.path);
			if (conf_has_effect(&row) || !is_in(key, what->section))
				continue;
			if (n++ == 0) {
				m->title(p->f, "Accepted without effect", what->level + 1);
				fputs("Keys of Centrifugo v6 whose features this version of Rotor does not "
				    "have.\nSetting one of them makes a warning.\n\n", p->f);
			}
			fputs("- ", p->f);
			put_literal(p->f, m, key);
			putc('\n', p->f);
		}
	}
	return (n);
}

int
print_reference(const struct printer *p)
{
	const struct markup *m = &markups[p->what->format];
	const struct doc *d = NULL;

	if (p->what->section == NULL)
		print_sections(p, m);
	else if ((d = doc_find(&p->top, p->what->section)) != NULL)
		print_section(p, m, p->what->section, d);
	return (print_no_effect(p, m) > 0 || d != NULL || p->what->section == NULL ? 0 : -ENOENT);
}
