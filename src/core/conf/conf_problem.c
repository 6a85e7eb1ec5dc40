/* SPDX-License-Identifier: MIT */
/* conf/conf_problem.c - what is wrong with a configuration, collected. */
#include "config.h"

#include "conf/conf_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/obj.h"

#define MAX_PROBLEMS	256u	/* more of them help nobody */
#define MAX_TEXT	512u

static const struct conf_problem out_of_memory = { .fatal = 1, .file = "configuration",
    .text = "out of memory" };

void
conf_no_memory(struct conf *c)
{
	c->no_memory = 1;
	c->n_fatal++;
}

void *
conf_alloc(struct conf *c, size_t n, size_t size)
{
	void *p = NULL;
	size_t len;

	if (!__builtin_mul_overflow(n, size, &len))
		p = arena_zalloc(&c->arena, len > 0 ? len : 1);
	if (p == NULL)
		conf_no_memory(c);
	return (p);
}

char *
conf_strndup(struct conf *c, const char *s, size_t len)
{
	char *p = arena_strndup(&c->arena, s, len);

	if (p == NULL)
		conf_no_memory(c);
	return (p);
}

static struct conf_problem *
problem_new(struct conf *c)
{
	struct conf_problem *p;
	size_t cap = c->cap_problems == 0 ? 16 : 2 * c->cap_problems;

	if (c->n_problems >= MAX_PROBLEMS)
		return (NULL);
	if (c->n_problems == c->cap_problems) {
		p = realloc(c->problems, cap * sizeof *p);
		if (p == NULL) {
			conf_no_memory(c);
			return (NULL);
		}
		c->problems = p;
		c->cap_problems = cap;
	}
	p = &c->problems[c->n_problems++];
	memset(p, 0, sizeof *p);
	return (p);
}

void
conf_problem_vat(struct conf *c, int fatal, const struct conf_node *n, const char *key,
    const char *fmt, va_list ap)
{
	struct conf_problem *p;
	char text[MAX_TEXT];

	c->n_fatal += (size_t)(fatal != 0);
	p = problem_new(c);
	if (p == NULL)
		return;
	if (n != NULL && n->var != NULL)
		key = n->var;
	vsnprintf(text, sizeof text, fmt, ap);
	p->fatal = fatal;
	p->file = n != NULL ? n->where : c->file != NULL ? c->file : "configuration";
	p->line = n != NULL ? n->line : 0;
	p->key = key != NULL ? conf_strndup(c, key, strlen(key)) : NULL;
	p->text = conf_strndup(c, text, strlen(text));
	if (p->text == NULL)
		c->n_problems--;
}

void
conf_problem_at(struct conf *c, int fatal, const struct conf_node *n, const char *key,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	conf_problem_vat(c, fatal, n, key, fmt, ap);
	va_end(ap);
}

/* What stands at a node, in words short enough for a message. */
static void
describe(const struct conf_node *n, int secret, char *buf, size_t size)
{
	static const char *const words[] = {
		[NODE_NULL] = "nothing", [NODE_LIST] = "a list", [NODE_MAP] = "a mapping",
	};
	char *p;

	if (n->kind != NODE_SCALAR)
		snprintf(buf, size, "%s", words[n->kind]);
	else if (secret)
		snprintf(buf, size, "something else (not shown)");
	else
		snprintf(buf, size, "\"%.40s\"%s", n->text, strlen(n->text) > 40 ? "..." : "");
	for (p = buf; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
}

void
conf_expected(struct conf *c, const struct conf_node *n, const char *key, int secret,
    const char *what, ...)
{
	char expected[MAX_TEXT / 2], got[64];
	va_list ap;

	va_start(ap, what);
	vsnprintf(expected, sizeof expected, what, ap);
	va_end(ap);
	describe(n, secret, got, sizeof got);
	conf_problem_at(c, 1, n, key, "expected %s, got %s", expected, got);
}

void
conf_problem_unknown(struct conf *c, const char *where, int line, const char *key,
    const char *hint)
{
	const struct conf_node at = { .where = where, .line = line };
	size_t before = c->n_problems;

	conf_problem_at(c, 0, &at, key, "is not known%s", hint);
	if (c->n_problems > before)
		c->problems[before].unknown = 1;
}

int
conf_failed(const struct conf *c)
{
	OBJ_CHECK(c, CONF_MAGIC);
	return (c->n_fatal > 0);
}

size_t
conf_problems(const struct conf *c, const struct conf_problem **ret)
{
	OBJ_CHECK(c, CONF_MAGIC);
	if (c->no_memory) {
		*ret = &out_of_memory;
		return (1);
	}
	*ret = c->problems;
	return (c->n_problems);
}

static int
comes_after(const struct conf *c, const struct conf_problem *a, const struct conf_problem *b)
{
	int a_in_file = c->file != NULL && strcmp(a->file, c->file) == 0;
	int b_in_file = c->file != NULL && strcmp(b->file, c->file) == 0;

	return (a_in_file != b_in_file ? b_in_file : a_in_file && a->line > b->line);
}

void
conf_sort_problems(struct conf *c)
{
	struct conf_problem p;
	size_t i, k;

	OBJ_CHECK(c, CONF_MAGIC);
	for (i = 1; i < c->n_problems; i++) {
		p = c->problems[i];
		for (k = i; k > 0 && comes_after(c, &c->problems[k - 1], &p); k--)
			c->problems[k] = c->problems[k - 1];
		c->problems[k] = p;
	}
}

int
conf_problem_format(const struct conf_problem *p, char *buf, size_t size)
{
	char line[16] = "";

	if (p->line > 0)
		snprintf(line, sizeof line, ":%d", p->line);
	return (snprintf(buf, size, "%s%s: %s%s%s", p->file, line, p->key != NULL ? p->key : "",
	    p->key != NULL ? ": " : "", p->text));
}
