/* SPDX-License-Identifier: MIT */
/*
 * conf/conf_hint.c - what an unknown key may have been meant to be: one of the same
 * section that is spelt nearly so, or what a key of Centrifugo v5 is called now.
 *
 * Keys are compared in the form of their variables ("CLIENT_TOKEN_ISSUER"), in which
 * the many keys of v5 that only had '_' for a dot are the same.
 */
#include "config.h"

#include "conf/conf_priv.h"

#include <stdio.h>
#include <string.h>

#include <rotor/str.h>

#include "tbl/v5_keys.h"

#define MAX_NAME	96u	/* longer ones are not compared: time is their product */
#define MAX_HINTS	64u	/* in one configuration; more help nobody */

/*
 * Every key that the tables know, its lists' elements as "list[].key".
 */
typedef int key_f(void *priv, const char *key);

static int
each_of_table(const struct rotor_option_table *t, const char *root, key_f *fn, void *priv)
{
	char base[CONF_MAX_PATH], key[CONF_MAX_PATH], item[CONF_MAX_PATH + 4];
	struct rotor_option row;
	size_t i;
	int r = 0;

	conf_key_join(base, root, t->root);
	for (i = 0; r == 0 && i < t->n_rows; i++) {
		conf_row_get(t, i, &row);
		conf_key_join(key, base, row.path);
		r = fn(priv, key);
		if (r != 0 || row.sub == NULL)
			continue;
		snprintf(item, sizeof item, "%s[]", key);
		r = each_of_table(row.sub, item, fn, priv);
	}
	return (r);
}

/* Until fn answers other than 0, which is then the result. */
static int
each_key(const struct conf *c, key_f *fn, void *priv)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < c->n_tables; i++)
		r = each_of_table(c->tables[i], "", fn, priv);
	return (r);
}

void
conf_hint_table(struct conf *c, const struct rotor_option_table *table)
{
	size_t i;

	for (i = 0; i < c->n_tables; i++)
		if (c->tables[i] == table)
			return;
	if (c->n_tables < CONF_MAX_TABLES)
		c->tables[c->n_tables++] = table;
}

/*
 * The distance of two names: letters to insert, delete, replace, or swap with the next.
 */

static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return (m < c ? m : c);
}

static unsigned
distance(const char *a, size_t n, const char *b, size_t m)
{
	unsigned char rows[3][MAX_NAME + 1], *before = rows[0], *last = rows[1], *now = rows[2], *spare;
	size_t i, k;

	for (k = 0; k <= m; k++)
		last[k] = (unsigned char)k;
	memset(before, 0, sizeof rows[0]);
	for (i = 1; i <= n; i++) {
		now[0] = (unsigned char)i;
		for (k = 1; k <= m; k++) {
			now[k] = (unsigned char)min3(last[k] + 1u, now[k - 1] + 1u,
			    last[k - 1] + (a[i - 1] != b[k - 1]));
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] &&
			    before[k - 2] + 1u < now[k])
				now[k] = (unsigned char)(before[k - 2] + 1u);
		}
		spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return (last[m]);
}

/* How far apart names of this length may be and still be meant. */
static unsigned
tolerance(size_t len)
{
	return (len < 4 ? 1 : len < 9 ? 2 : 3);
}

struct nearest {
	const char	*parent;	/* only keys right below it; NULL: all, as variables */
	char		name[CONF_MAX_PATH];
	unsigned	best;		/* distance, or one above what is tolerated */
	char		found[CONF_MAX_PATH];
};

static void
consider(struct nearest *ne, const char *name, size_t len, const char *key, size_t key_len)
{
	size_t want = strlen(ne->name);
	unsigned d;

	if (len > MAX_NAME || want > MAX_NAME || len + ne->best <= want || want + ne->best <= len)
		return;
	d = distance(ne->name, want, name, len);
	if (d >= ne->best)
		return;
	ne->best = d;
	snprintf(ne->found, sizeof ne->found, "%.*s", (int)key_len, key);
}

/* The part of `key` that stands right below the parent is a candidate. */
static int
on_sibling(void *priv, const char *key)
{
	struct nearest *ne = priv;
	size_t at = strlen(ne->parent), len;

	if (!rotor_str_begins(rotor_str_of(key), ne->parent) || (at > 0 && key[at] != '.'))
		return (0);
	at += at > 0;
	len = strcspn(key + at, ".[");
	consider(ne, key + at, len, key, at + len);
	return (0);
}

static int
on_variable(void *priv, const char *key)
{
	char name[CONF_MAX_PATH] = "";

	if (strchr(key, '[') != NULL)
		return (0);
	conf_env_name(name, key, strlen(key));
	consider(priv, name, strlen(name), key, strlen(key));
	return (0);
}

/* The keys that exist in the form of a variable. */
struct exact {
	char		name[CONF_MAX_PATH];
	char		*found;		/* CONF_MAX_PATH */
};

static int
on_exact(void *priv, const char *key)
{
	const struct exact *ex = priv;
	char name[CONF_MAX_PATH] = "";

	if (strchr(key, '[') != NULL)
		return (0);
	conf_env_name(name, key, strlen(key));
	if (strcmp(name, ex->name) != 0)
		return (0);
	snprintf(ex->found, CONF_MAX_PATH, "%s", key);
	return (1);
}

/* 1 when there is a key with the variable of `start` and `rest`, which is then `found`. */
static int
find_key(const struct conf *c, const char *start, const char *rest, char *found)
{
	char key[CONF_MAX_PATH];
	struct exact ex = { .found = found };

	snprintf(key, sizeof key, "%s%s", start, rest);
	conf_env_name(ex.name, key, strlen(key));
	return (each_key(c, on_exact, &ex));
}

/* `old` is a key of v5, in lower case, or a variable of one without its prefix. */
static int
find_v5(const struct conf *c, const char *old, char *found)
{
	static const struct {
		const char	*old, *now;
	} names[] = { V5_KEYS(V5_PAIR) }, starts[] = { V5_PREFIXES(V5_PAIR) };
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i].old, old) == 0)
			return (find_key(c, names[i].now, "", found));
	for (i = 0; i < sizeof starts / sizeof starts[0]; i++)
		if (rotor_str_begins(rotor_str_of(old), starts[i].old) &&
		    find_key(c, starts[i].now, old + strlen(starts[i].old), found))
			return (1);
	return (0);
}

static void
lower(const char *s, char *to, size_t size)
{
	size_t i;

	for (i = 0; s[i] != '\0' && i + 1 < size; i++)
		to[i] = (char)rotor_ascii_lower(s[i]);
	to[i] = '\0';
}

/* "channel.namespaces[3].name" -> the parent "channel.namespaces[]", the name "name". */
static void
split_key(const char *key, char *parent, char *name)
{
	char all[CONF_MAX_PATH], *dot;
	size_t i, n = 0;

	lower(key, all, sizeof all);
	for (i = 0; all[i] != '\0'; i++)
		if (n == 0 || parent[n - 1] != '[' || strchr("0123456789", all[i]) == NULL)
			parent[n++] = all[i];
	parent[n] = '\0';
	dot = strrchr(parent, '.');
	strcpy(name, dot != NULL ? dot + 1 : parent);
	*(dot != NULL ? dot : parent) = '\0';
}

int
conf_hint(struct conf *c, const char *key, char *buf, size_t size)
{
	char parent[CONF_MAX_PATH];
	struct nearest ne = { .parent = parent };

	buf[0] = '\0';
	if (c->n_hints++ >= MAX_HINTS || strlen(key) >= CONF_MAX_PATH)
		return (0);
	split_key(key, parent, ne.name);
	ne.best = tolerance(strlen(ne.name)) + 1;
	if (parent[0] == '\0' && find_v5(c, ne.name, ne.found))
		return (snprintf(buf, size, "; in Centrifugo v6, and here, it is %s", ne.found));
	each_key(c, on_sibling, &ne);
	return (ne.found[0] != '\0' ? snprintf(buf, size, "; did you mean %s?", ne.found) : 0);
}

int
conf_hint_variable(struct conf *c, const char *prefix, const char *name, char *buf, size_t size)
{
	struct nearest ne = { .parent = NULL };
	char var[CONF_MAX_PATH] = "", old[CONF_MAX_PATH];

	buf[0] = '\0';
	if (c->n_hints++ >= MAX_HINTS || strlen(name) >= CONF_MAX_PATH)
		return (0);
	lower(name, old, sizeof old);
	snprintf(ne.name, sizeof ne.name, "%s", name);
	ne.best = tolerance(strlen(name)) + 1;
	if (!find_v5(c, old, ne.found))
		each_key(c, on_variable, &ne);
	if (ne.found[0] == '\0')
		return (0);
	conf_env_name(var, ne.found, strlen(ne.found));
	return (snprintf(buf, size, "; did you mean %s%s?", prefix, var));
}
