/* SPDX-License-Identifier: MIT */
/* conf/conf_tree.c - the nodes of a tree, and the reading of files. */
#include "config.h"

#include "conf/conf_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/str.h>

struct conf_node *
conf_node_new(struct conf *c, enum conf_node_kind kind, const char *where, int line)
{
	struct conf_node *n = conf_alloc(c, 1, sizeof *n);

	if (n == NULL)
		return (NULL);
	n->kind = kind;
	n->where = where;
	n->line = line;
	return (n);
}

void
conf_node_append(struct conf_node *parent, struct conf_node *child)
{
	if (parent->last != NULL)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->n++;
}

struct conf_node *
conf_node_get(const struct conf_node *n, const char *key, size_t len)
{
	struct conf_node *child;

	if (n == NULL || n->kind != NODE_MAP)
		return (NULL);
	for (child = n->first; child != NULL; child = child->next)
		if (rotor_str_is_nocase((struct rotor_str){ key, len }, child->key))
			return (child);
	return (NULL);
}

const char *
conf_node_text(const struct conf_node *n, const char *key)
{
	const struct conf_node *child = conf_node_get(n, key, strlen(key));

	return (child != NULL && child->kind == NODE_SCALAR ? child->text : NULL);
}

int
conf_node_make_list(struct conf *c, struct conf_node *n)
{
	struct conf_node *item;

	if (n->kind != NODE_MAP)
		return (0);
	item = conf_node_new(c, NODE_MAP, n->where, n->line);
	if (item == NULL)
		return (-1);
	*item = *n;
	item->key = NULL;
	item->next = NULL;
	n->kind = NODE_LIST;
	n->first = n->last = item;
	n->n = 1;
	return (0);
}

char *
conf_file_read(const char *path, size_t max, size_t *ret_len)
{
	FILE *f = fopen(path, "re");
	char *buf = NULL, *bigger;
	size_t len = 0, cap = 0;
	int err = 0;

	if (f == NULL)
		return (NULL);
	do {
		cap += 65536;
		bigger = realloc(buf, cap + 1);
		if (bigger == NULL) {
			err = ENOMEM;
			break;
		}
		buf = bigger;
		len += fread(buf + len, 1, cap - len, f);
	} while (len == cap && len <= max);
	if (err == 0 && ferror(f))
		err = errno != 0 ? errno : EIO;
	else if (err == 0 && len > max)
		err = EFBIG;
	fclose(f);
	if (err != 0) {
		free(buf);
		errno = err;
		return (NULL);
	}
	buf[len] = '\0';
	*ret_len = len;
	return (buf);
}
