/* SPDX-License-Identifier: MIT */
/* conf/print_file.c - option tables as a file, YAML or JSON, or as variables. */
#include "config.h"

#include "conf/print_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Values, in a form that is YAML and JSON at once.
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

static void
put_default(FILE *f, const struct rotor_option *row)
{
	const struct conf_kind *kind = conf_kind_get(row->kind);
	const char *def = conf_default_text(row);

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

/* 1 when `text` means the same to every reader without quotes. */
static int
is_bare(uint32_t kind, const char *text)
{
	const char *digits = text + (text[0] == '-');

	if (kind == ROTOR_OPT_BOOL)
		return (strcmp(text, "true") == 0 || strcmp(text, "false") == 0);
	return (kind == ROTOR_OPT_INT && digits[strspn(digits, "0123456789")] == '\0' &&
	    (digits[0] != '0' || digits[1] == '\0') && digits[0] != '\0');
}

static int
row_find(const struct rotor_option_table *t, const char *path, struct rotor_option *ret)
{
	struct rotor_option row;
	size_t i;

	for (i = 0; t != NULL && i < t->n_rows; i++) {
		conf_row_get(t, i, &row);
		if (strcmp(row.path, path) == 0) {
			*ret = row;
			return (1);
		}
	}
	return (0);
}

/* A value of `row`, or a part of it: what stands at `path` in an element of a list. */
static void
put_node(FILE *f, const struct conf_node *n, const struct rotor_option *row, const char *path)
{
	const struct conf_node *child;
	struct rotor_option sub;
	char key[CONF_MAX_PATH];

	if (n->kind == NODE_NULL || n->kind == NODE_SCALAR) {
		if (n->kind == NODE_NULL || is_bare(row->kind, n->text))
			fputs(n->kind == NODE_NULL ? "null" : n->text, f);
		else
			put_quoted(f, n->text);
		return;
	}
	putc(n->kind == NODE_LIST ? '[' : '{', f);
	for (child = n->first; child != NULL; child = child->next) {
		if (child != n->first)
			fputs(", ", f);
		if (n->kind == NODE_LIST) {
			put_node(f, child, row, path);
			continue;
		}
		put_quoted(f, child->key);
		fputs(": ", f);
		conf_key_join(key, path, child->key);
		if (row_find(row->sub, key, &sub))
			put_node(f, child, &sub, "");
		else
			put_node(f, child, row, key);
	}
	putc(n->kind == NODE_LIST ? ']' : '}', f);
}

static void
put_value(FILE *f, const struct doc *d)
{
	if (d->value != NULL)
		put_node(f, d->value, &d->row, "");
	else
		put_default(f, &d->row);
}

/*
 * Files.
 */

static void
indent(FILE *f, int depth)
{
	fprintf(f, "%*s", 2 * depth, "");
}

void
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
		put_value(f, d);
		putc('\n', f);
	}
}

void
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
			put_value(f, d);
		fputs(d->next != NULL ? ",\n" : "\n", f);
	}
	indent(f, depth);
	fputs(depth > 0 ? "}" : "}\n", f);
}

/*
 * Variables.
 */

struct var {
	const char		*name;
	const struct doc	*d;
};

static int
by_name(const void *a, const void *b)
{
	return (strcmp(((const struct var *)a)->name, ((const struct var *)b)->name));
}

/* What stands for something else in double quotes of a shell. */
static void
put_escaped(FILE *f, const char *s)
{
	for (; *s != '\0'; s++)
		fprintf(f, "%s%c", strchr("\\\"$`", *s) != NULL ? "\\" : "", *s);
}

static void
put_words(FILE *f, const struct doc *d)
{
	const char *def = conf_default_text(&d->row);
	const struct conf_node *n;

	if (d->value == NULL)
		put_escaped(f, strcmp(def, "[]") != 0 ? def : "");
	else if (d->value->kind == NODE_SCALAR)
		put_escaped(f, d->value->text);
	else
		for (n = d->value->first; n != NULL; n = n->next) {
			if (n != d->value->first)
				putc(' ', f);
			if (n->kind == NODE_SCALAR)
				put_escaped(f, n->text);
		}
}

/* Objects are JSON. */
static int
put_object(FILE *f, const struct doc *d)
{
	size_t len = 0;
	char *text = NULL;
	FILE *mem = open_memstream(&text, &len);
	int r = -ENOMEM;

	if (mem == NULL)
		return (-ENOMEM);
	put_value(mem, d);
	if (fclose(mem) == 0) {
		put_escaped(f, text);
		r = 0;
	}
	free(text);
	return (r);
}

static int
put_var(FILE *f, const struct var *v)
{
	const struct rotor_option *row = &v->d->row;
	int r = 0;

	fprintf(f, "%s=", v->name);
	if (row->kind == ROTOR_OPT_BOOL || row->kind == ROTOR_OPT_INT ||
	    row->kind == ROTOR_OPT_DURATION) {
		fprintf(f, "%s\n", v->d->value != NULL ? v->d->value->text : conf_default_text(row));
		return (0);
	}
	putc('"', f);
	if (row->kind == ROTOR_OPT_PAIRS || row->kind == ROTOR_OPT_OBJLIST)
		r = put_object(f, v->d);
	else
		put_words(f, v->d);
	fputs("\"\n", f);
	return (r);
}

/* Appends the options below `section` to v; -ENOMEM. */
static int
gather_vars(struct printer *p, const struct doc *section, struct var *v, size_t *n)
{
	char name[CONF_MAX_PATH];
	const struct doc *d;

	for (d = section->first; d != NULL; d = d->next) {
		if (d->row.path != NULL) {
			strcpy(name, "ROTOR");
			conf_env_name(name, d->key, strlen(d->key));
			v[*n].d = d;
			v[*n].name = arena_strndup(&p->arena, name, strlen(name));
			if (v[(*n)++].name == NULL)
				return (-ENOMEM);
		}
		if (gather_vars(p, d, v, n) != 0)
			return (-ENOMEM);
	}
	return (0);
}

int
print_env(struct printer *p)
{
	struct var *v = calloc(p->n_rows + 1, sizeof *v);
	size_t i, n = 0;
	int r;

	if (v == NULL)
		return (-ENOMEM);
	r = gather_vars(p, &p->top, v, &n);
	if (r == 0)
		qsort(v, n, sizeof *v, by_name);
	for (i = 0; r == 0 && i < n; i++)
		r = put_var(p->f, &v[i]);
	free(v);
	return (r);
}
