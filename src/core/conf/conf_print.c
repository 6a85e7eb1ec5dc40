/* SPDX-License-Identifier: MIT */
/*
 * conf/conf_print.c - option tables as a configuration file or as a reference.
 *
 * Rows of one section may stand in several tables (core, modules).  They are first
 * gathered into a tree of names, in order of appearance, which is then written.
 */
#include "config.h"

#include "conf/conf_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A section, or, with a row, an option. */
struct doc {
	const char		*name;		/* the last part of the key */
	size_t			len;
	char			*key;		/* in full */
	struct rotor_option	row;		/* path NULL: a section */
	struct doc		*first, *last, *next;
};

struct printer {
	FILE		*f;
	struct arena	arena;
	struct doc	top;
	int		no_memory;
};

/*
 * Gathering.
 */

static struct doc *
doc_child(struct printer *p, struct doc *parent, const char *name, size_t len)
{
	struct doc *d;

	for (d = parent->first; d != NULL; d = d->next)
		if (d->len == len && memcmp(d->name, name, len) == 0)
			return (d);
	d = arena_zalloc(&p->arena, sizeof *d);
	if (d == NULL) {
		p->no_memory = 1;
		return (NULL);
	}
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
gather_row(struct printer *p, const char *root, const struct rotor_option *row)
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
}

static int
has_effect(const struct rotor_option *row)
{
	return ((row->flags & ROTOR_OPT_F_NOEFFECT) == 0);
}

static void
gather(struct printer *p, const struct rotor_option_table *const *tables, size_t n)
{
	struct rotor_option row;
	size_t t, i;

	for (t = 0; t < n; t++) {
		for (i = 0; i < tables[t]->n_rows; i++) {
			conf_row_get(tables[t], i, &row);
			if (has_effect(&row))
				gather_row(p, tables[t]->root, &row);
		}
	}
}

/*
 * A file.
 */

static void
put_quoted(FILE *f, const char *s)
{
	putc('"', f);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			fprintf(f, "\\u%04x", (unsigned)(unsigned char)*s);
		else
			putc(*s, f);
	}
	putc('"', f);
}

static int
is_collection(uint32_t kind)
{
	return (kind == ROTOR_OPT_STRLIST || kind == ROTOR_OPT_PAIRS || kind == ROTOR_OPT_OBJLIST);
}

/* A default as valid YAML and JSON at once. */
static void
put_default(FILE *f, const struct rotor_option *row)
{
	const struct conf_kind *kind = conf_kind_get(row->kind);
	const char *def = row->def != NULL ? row->def : kind != NULL ? kind->zero : "";

	if (row->kind == ROTOR_OPT_STRLIST && def[0] != '[') {
		putc('[', f);
		put_quoted(f, def);
		putc(']', f);
	} else if (kind == NULL || kind->quoted) {
		put_quoted(f, def);
	} else {
		fputs(def, f);
	}
}

static void
indent(FILE *f, int depth)
{
	fprintf(f, "%*s", 2 * depth, "");
}

static void
print_yaml(FILE *f, const struct doc *section, int depth)
{
	const struct doc *d;

	for (d = section->first; d != NULL; d = d->next) {
		if (depth == 0)
			putc('\n', f);
		if (d->row.path != NULL && d->row.doc != NULL) {
			indent(f, depth);
			fprintf(f, "# %s\n", d->row.doc);
		}
		indent(f, depth);
		fprintf(f, "%.*s:", (int)d->len, d->name);
		if (d->row.path == NULL) {
			putc('\n', f);
			print_yaml(f, d, depth + 1);
			continue;
		}
		putc(' ', f);
		put_default(f, &d->row);
		putc('\n', f);
	}
}

static void
print_json(FILE *f, const struct doc *section, int depth)
{
	const struct doc *d;

	fputs("{\n", f);
	for (d = section->first; d != NULL; d = d->next) {
		indent(f, depth + 1);
		fprintf(f, "\"%.*s\": ", (int)d->len, d->name);
		if (d->row.path == NULL)
			print_json(f, d, depth + 1);
		else
			put_default(f, &d->row);
		fputs(d->next != NULL ? ",\n" : "\n", f);
	}
	indent(f, depth);
	fputs(depth > 0 ? "}" : "}\n", f);
}

/*
 * A reference.
 */

/* How the two markups write the same things. */
struct markup {
	const char	*code;			/* around a literal */
	void		(*section)(FILE *f, const char *title);
	void		(*row)(FILE *f, const struct markup *m, const char *key,
			    const struct rotor_option *row);
	void		(*end)(FILE *f);
};

static void
put_literal(FILE *f, const struct markup *m, const char *s)
{
	fprintf(f, "%s%s%s", m->code, s, m->code);
}

/* The default, or what stands for an empty one. */
static void
put_default_text(FILE *f, const struct markup *m, const struct rotor_option *row)
{
	const struct conf_kind *kind = conf_kind_get(row->kind);
	const char *def = row->def != NULL ? row->def : kind != NULL ? kind->zero : "";

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
markdown_section(FILE *f, const char *title)
{
	fprintf(f, "\n### %s\n\n| key | type | default | meaning |\n|---|---|---|---|\n", title);
}

static void
markdown_row(FILE *f, const struct markup *m, const char *key, const struct rotor_option *row)
{
	const char *s;

	fputs("| ", f);
	put_literal(f, m, key);
	fputs(" | ", f);
	put_kind(f, row);
	fputs(" | ", f);
	put_default_text(f, m, row);
	fputs(" | ", f);
	for (s = row->doc != NULL ? row->doc : ""; *s != '\0'; s++)
		fprintf(f, "%s%c", *s == '|' ? "\\" : "", *s);
	fputs(" |\n", f);
}

static void
markdown_end(FILE *f)
{
	fputs("\n### Accepted without effect\n\nKeys of Centrifugo v6 whose features this "
	    "version of Rotor does not have. Setting one of them makes a warning.\n\n", f);
}

static void
rst_section(FILE *f, const char *title)
{
	size_t i, len = strlen(title);

	fprintf(f, "\n%s\n", title);
	for (i = 0; i < len; i++)
		putc('-', f);
	fputs("\n\n", f);
}

/* '*' and others are markup in running text. */
static void
rst_text(FILE *f, const char *s)
{
	for (; *s != '\0'; s++)
		fprintf(f, "%s%c", strchr("*`|_\\", *s) != NULL ? "\\" : "", *s);
}

static void
rst_row(FILE *f, const struct markup *m, const char *key, const struct rotor_option *row)
{
	put_literal(f, m, key);
	fputs(" (", f);
	put_kind(f, row);
	fputs("; default ", f);
	put_default_text(f, m, row);
	fputs(")\n    ", f);
	rst_text(f, row->doc != NULL ? row->doc : key);
	fputs("\n\n", f);
}

static void
rst_end(FILE *f)
{
	rst_section(f, "Accepted without effect");
	fputs("Keys of Centrifugo v6 whose features this version of Rotor does not have.  Setting "
	    "one of them\nmakes a warning.\n\n", f);
}

static const struct markup markups[] = {
	[CONF_MARKDOWN] = { "`", markdown_section, markdown_row, markdown_end },
	[CONF_RST] = { "``", rst_section, rst_row, rst_end },
};

static void
print_rows(FILE *f, const struct markup *m, const struct doc *d)
{
	const struct doc *child;
	struct rotor_option row;
	char key[CONF_MAX_PATH];
	size_t i;

	if (d->row.path != NULL)
		m->row(f, m, d->key, &d->row);
	for (i = 0; d->row.sub != NULL && i < d->row.sub->n_rows; i++) {
		conf_row_get(d->row.sub, i, &row);
		snprintf(key, sizeof key, "%s[].%s", d->key, row.path);
		if (has_effect(&row))
			m->row(f, m, key, &row);
	}
	for (child = d->first; child != NULL; child = child->next)
		print_rows(f, m, child);
}

static void
print_no_effect(FILE *f, const struct markup *m, const struct rotor_option_table *const *tables,
    size_t n)
{
	char key[CONF_MAX_PATH];
	struct rotor_option row;
	int any = 0;
	size_t t, i;

	for (t = 0; t < n; t++) {
		for (i = 0; i < tables[t]->n_rows; i++) {
			conf_row_get(tables[t], i, &row);
			if (has_effect(&row))
				continue;
			if (any++ == 0)
				m->end(f);
			conf_key_join(key, tables[t]->root, row.path);
			fputs("- ", f);
			put_literal(f, m, key);
			putc('\n', f);
		}
	}
}

/* An option at the top level that needs no section of its own. */
static int
is_general(const struct doc *d)
{
	return (d->row.path != NULL && d->first == NULL && d->row.sub == NULL);
}

static void
print_reference(const struct printer *p, const struct markup *m,
    const struct rotor_option_table *const *tables, size_t n)
{
	const struct doc *d;
	char title[CONF_MAX_PATH];

	m->section(p->f, "General");
	for (d = p->top.first; d != NULL; d = d->next)
		if (is_general(d))
			print_rows(p->f, m, d);
	for (d = p->top.first; d != NULL; d = d->next) {
		if (is_general(d))
			continue;
		snprintf(title, sizeof title, "%.*s", (int)d->len, d->name);
		m->section(p->f, title);
		print_rows(p->f, m, d);
	}
	print_no_effect(p->f, m, tables, n);
}

void
conf_print(FILE *f, const struct rotor_option_table *const *tables, size_t n, uint32_t format)
{
	struct printer p = { .f = f };

	arena_init(&p.arena, NULL, 0);
	gather(&p, tables, n);
	if (p.no_memory)
		fputs("# out of memory\n", f);
	else if (format == CONF_YAML)
		print_yaml(f, &p.top, 0);
	else if (format == CONF_JSON)
		print_json(f, &p.top, 0);
	else
		print_reference(&p, &markups[format], tables, n);
	arena_reset(&p.arena);
}
