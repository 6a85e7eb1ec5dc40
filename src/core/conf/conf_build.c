/* SPDX-License-Identifier: MIT */
/* conf/conf_build.c - see conf_build.h. */
#include "config.h"

#include "conf/conf_build.h"

#include <errno.h>
#include <string.h>

static int
line_of(const struct conf_build *b, int line)
{
	return (b->var != NULL ? 0 : line);
}

int
conf_build_refuse(struct conf_build *b, int line, const char *key, const char *fmt, ...)
{
	const struct conf_node at = { .where = b->where, .var = b->var, .line = line_of(b, line) };
	va_list ap;

	va_start(ap, fmt);
	conf_problem_vat(b->c, 1, &at, key, fmt, ap);
	va_end(ap);
	return (-EINVAL);
}

int
conf_build_at_key(const struct conf_build *b)
{
	return (b->depth > 0 && b->stack[b->depth - 1].node->kind == NODE_MAP &&
	    b->stack[b->depth - 1].key == NULL);
}

int
conf_build_key(struct conf_build *b, const char *key, size_t len, int line)
{
	const struct conf_node *map = b->stack[b->depth - 1].node;

	if (len == 0 || memchr(key, '\0', len) != NULL)
		return (conf_build_refuse(b, line, NULL, "a key is empty or holds a NUL character"));
	if (map->n >= CONF_MAX_KEYS)
		return (conf_build_refuse(b, line, NULL, "a mapping has too many keys"));
	b->stack[b->depth - 1].line = line;
	b->stack[b->depth - 1].key = conf_strndup(b->c, key, len);
	if (b->stack[b->depth - 1].key == NULL)
		return (-ENOMEM);
	if (conf_node_get(map, key, len) != NULL)
		return (conf_build_refuse(b, line, b->stack[b->depth - 1].key, "is given twice"));
	return (0);
}

static int
count_node(struct conf_build *b, int line)
{
	if (++b->nodes > CONF_MAX_NODES)
		return (conf_build_refuse(b, line, NULL, "too many values"));
	return (0);
}

/* The line of a value in a mapping is its key's: a section starts there, not at its
 * first key. */
static int
line_here(const struct conf_build *b, int line)
{
	if (b->depth > 0 && b->stack[b->depth - 1].node->kind == NODE_MAP)
		line = b->stack[b->depth - 1].line;
	return (line_of(b, line));
}

static void
put(struct conf_build *b, struct conf_node *n)
{
	b->last = n;
	if (b->depth == 0) {
		b->root = n;
		return;
	}
	n->key = b->stack[b->depth - 1].key;
	b->stack[b->depth - 1].key = NULL;
	conf_node_append(b->stack[b->depth - 1].node, n);
}

/* A new node where the text is. */
static int
put_new(struct conf_build *b, enum conf_node_kind kind, int line)
{
	struct conf_node *n;
	int r = count_node(b, line);

	if (r != 0)
		return (r);
	n = conf_node_new(b->c, kind, b->where, line_here(b, line));
	if (n == NULL)
		return (-ENOMEM);
	n->var = b->var;
	put(b, n);
	return (0);
}

int
conf_build_scalar(struct conf_build *b, enum conf_node_kind kind, const char *text, size_t len, int line)
{
	int r;

	if (len > 0 && memchr(text, '\0', len) != NULL)
		return (conf_build_refuse(b, line, b->depth > 0 ? b->stack[b->depth - 1].key : NULL,
		    "holds a NUL character"));
	r = put_new(b, kind, line);
	if (r != 0)
		return (r);
	b->last->text = conf_strndup(b->c, text, len);
	return (b->last->text != NULL ? 0 : -ENOMEM);
}

int
conf_build_open(struct conf_build *b, enum conf_node_kind kind, int line)
{
	int r;

	if (b->depth >= CONF_MAX_DEPTH)
		return (conf_build_refuse(b, line, NULL, "nested too deeply"));
	r = put_new(b, kind, line);
	if (r != 0)
		return (r);
	b->stack[b->depth].key = NULL;
	b->stack[b->depth++].node = b->last;
	return (0);
}

void
conf_build_close(struct conf_build *b)
{
	b->last = b->stack[--b->depth].node;
}

/* `from` with all below it; `depth` is that of the result.  Recursion ends at
 * CONF_MAX_DEPTH. */
static int
copy_node(struct conf_build *b, const struct conf_node *from, size_t depth, int line,
    struct conf_node **ret)
{
	struct conf_node *n, *child;
	const struct conf_node *at;
	int r = count_node(b, line);

	if (r != 0)
		return (r);
	if (depth > CONF_MAX_DEPTH || (depth == CONF_MAX_DEPTH && from->first != NULL))
		return (conf_build_refuse(b, line, NULL, "nested too deeply"));
	n = conf_node_new(b->c, from->kind, from->where, from->line);
	if (n == NULL)
		return (-ENOMEM);
	n->key = from->key;
	n->text = from->text;
	n->var = from->var;
	for (at = from->first; at != NULL; at = at->next) {
		r = copy_node(b, at, depth + 1, line, &child);
		if (r != 0)
			return (r);
		conf_node_append(n, child);
	}
	*ret = n;
	return (0);
}

int
conf_build_copy(struct conf_build *b, const struct conf_node *from, int line)
{
	struct conf_node *n;
	int r = copy_node(b, from, b->depth, line, &n);

	if (r != 0)
		return (r);
	n->line = line_here(b, line);
	put(b, n);
	return (0);
}
