/* SPDX-License-Identifier: MIT */
/*
 * conf/conf_tree.c - YAML text into a tree of nodes.
 *
 * libyaml's events are consumed directly, with an explicit stack: its document API
 * keeps no lines for keys and follows aliases.  Aliases are refused, which leaves
 * nothing that could expand; depth and counts are bounded.
 */
#include "config.h"

#include "conf/conf_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include <rotor/str.h>

struct build {
	struct conf		*c;
	const char		*where;
	const char		*var;
	struct conf_node	*stack[CONF_MAX_DEPTH];
	const char		*keys[CONF_MAX_DEPTH];	/* read, its value is next */
	size_t			lines[CONF_MAX_DEPTH];	/* of these keys */
	size_t			depth;
	size_t			nodes;
	struct conf_node	*root;
	int			done;			/* a document has ended */
};

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

/* Records a problem at a line of the text; the result is for `return`. */
static int
refuse(struct build *b, size_t line, const char *key, const char *why)
{
	struct conf_node at = { .where = b->where, .var = b->var,
	    .line = b->var != NULL ? 0 : (int)line + 1 };

	conf_problem_at(b->c, 1, &at, key, "%s", why);
	return (-EINVAL);
}

/* The characters that make a plain scalar no string at all. */
static int
is_null(const yaml_event_t *ev)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };
	size_t i;

	if (ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || ev->data.scalar.tag != NULL)
		return (0);
	for (i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp((const char *)ev->data.scalar.value, words[i]) == 0)
			return (1);
	return (0);
}

static int
check_tag(struct build *b, const yaml_event_t *ev, const yaml_char_t *tag)
{
	if (tag == NULL || strcmp((const char *)tag, YAML_STR_TAG) == 0 ||
	    strcmp((const char *)tag, "!") == 0)
		return (0);
	return (refuse(b, ev->start_mark.line, NULL, "YAML tags are not supported"));
}

static int
add_key(struct build *b, const yaml_event_t *ev)
{
	struct conf_node *map = b->stack[b->depth - 1];
	const char *key = (const char *)ev->data.scalar.value;
	size_t line = ev->start_mark.line;

	if (ev->data.scalar.length == 0 || strlen(key) != ev->data.scalar.length)
		return (refuse(b, line, NULL, "a key is empty or holds a NUL character"));
	if (conf_node_get(map, key, strlen(key)) != NULL)
		return (refuse(b, line, key, "is given twice"));
	if (map->n >= CONF_MAX_KEYS)
		return (refuse(b, line, NULL, "a mapping has too many keys"));
	b->lines[b->depth - 1] = line;
	b->keys[b->depth - 1] = conf_strndup(b->c, key, strlen(key));
	return (b->keys[b->depth - 1] != NULL ? 0 : -ENOMEM);
}

/* Puts a new node where the text is; *ret is it.  Its line is its key's: a section
 * starts there, not at its first key. */
static int
add_node(struct build *b, const yaml_event_t *ev, enum conf_node_kind kind, struct conf_node **ret)
{
	struct conf_node *n, *parent = b->depth > 0 ? b->stack[b->depth - 1] : NULL;
	size_t line = ev->start_mark.line;

	if (++b->nodes > CONF_MAX_NODES)
		return (refuse(b, line, NULL, "too many values"));
	if (parent != NULL && parent->kind == NODE_MAP)
		line = b->lines[b->depth - 1];
	n = conf_node_new(b->c, kind, b->where, b->var != NULL ? 0 : (int)line + 1);
	if (n == NULL)
		return (-ENOMEM);
	n->var = b->var;
	if (parent == NULL) {
		b->root = n;
	} else {
		n->key = b->keys[b->depth - 1];
		b->keys[b->depth - 1] = NULL;
		conf_node_append(parent, n);
	}
	*ret = n;
	return (0);
}

static int
at_key(const struct build *b)
{
	return (b->depth > 0 && b->stack[b->depth - 1]->kind == NODE_MAP &&
	    b->keys[b->depth - 1] == NULL);
}

static int
on_scalar(struct build *b, const yaml_event_t *ev)
{
	const char *text = (const char *)ev->data.scalar.value;
	struct conf_node *n;
	int r;

	r = check_tag(b, ev, ev->data.scalar.tag);
	if (r != 0)
		return (r);
	if (at_key(b))
		return (add_key(b, ev));
	if (strlen(text) != ev->data.scalar.length)
		return (refuse(b, ev->start_mark.line, b->depth > 0 ? b->keys[b->depth - 1] : NULL,
		    "holds a NUL character"));
	r = add_node(b, ev, is_null(ev) ? NODE_NULL : NODE_SCALAR, &n);
	if (r != 0)
		return (r);
	n->text = conf_strndup(b->c, text, strlen(text));
	return (n->text != NULL ? 0 : -ENOMEM);
}

static int
on_open(struct build *b, const yaml_event_t *ev, enum conf_node_kind kind, const yaml_char_t *tag)
{
	struct conf_node *n;
	int r;

	r = check_tag(b, ev, tag);
	if (r != 0)
		return (r);
	if (at_key(b))
		return (refuse(b, ev->start_mark.line, NULL, "a key must be plain text"));
	if (b->depth >= CONF_MAX_DEPTH)
		return (refuse(b, ev->start_mark.line, NULL, "nested too deeply"));
	r = add_node(b, ev, kind, &n);
	if (r != 0)
		return (r);
	b->keys[b->depth] = NULL;
	b->stack[b->depth++] = n;
	return (0);
}

static int
on_event(struct build *b, const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_SCALAR_EVENT:
		return (on_scalar(b, ev));
	case YAML_MAPPING_START_EVENT:
		return (on_open(b, ev, NODE_MAP, ev->data.mapping_start.tag));
	case YAML_SEQUENCE_START_EVENT:
		return (on_open(b, ev, NODE_LIST, ev->data.sequence_start.tag));
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		b->depth--;
		return (0);
	case YAML_ALIAS_EVENT:
		return (refuse(b, ev->start_mark.line, NULL, "YAML aliases are not supported"));
	case YAML_DOCUMENT_START_EVENT:
		if (b->done)
			return (refuse(b, ev->start_mark.line, NULL,
			    "expected one YAML document, got a second one"));
		return (0);
	case YAML_DOCUMENT_END_EVENT:
		b->done = 1;
		return (0);
	default:
		return (0);
	}
}

/* libyaml's own words hold no text of the file, so a secret cannot show up in them. */
static int
malformed(struct build *b, const yaml_parser_t *p)
{
	char why[256];

	snprintf(why, sizeof why, "malformed YAML or JSON%s%s%s%s", p->context != NULL ? ": " : "",
	    p->context != NULL ? p->context : "", p->problem != NULL ? ": " : "",
	    p->problem != NULL ? p->problem : "");
	return (refuse(b, p->problem_mark.line, NULL, why));
}

static int
build_tree(struct build *b, yaml_parser_t *parser)
{
	yaml_event_t ev;
	int r, end;

	do {
		if (!yaml_parser_parse(parser, &ev))
			return (malformed(b, parser));
		end = ev.type == YAML_STREAM_END_EVENT;
		r = on_event(b, &ev);
		yaml_event_delete(&ev);
	} while (r == 0 && !end);
	return (r);
}

struct conf_node *
conf_tree_parse(struct conf *c, const char *text, size_t len, const char *where, const char *var)
{
	struct build b = { .c = c, .where = where, .var = var };
	yaml_parser_t parser;
	int r;

	if (!yaml_parser_initialize(&parser)) {
		conf_no_memory(c);
		return (NULL);
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	r = build_tree(&b, &parser);
	yaml_parser_delete(&parser);
	if (r != 0)
		return (NULL);
	return (b.root != NULL ? b.root : conf_node_new(c, NODE_NULL, where, 0));
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
