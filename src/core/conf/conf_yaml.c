/* SPDX-License-Identifier: MIT */
/*
 * conf/conf_yaml.c - YAML text into a tree of nodes.
 *
 * libyaml's events are consumed directly, with an explicit stack: its document API
 * keeps no lines for keys.  An alias becomes a copy of what its anchor names, and all
 * copies count as values, so ten aliases of ten aliases come to the same bound as the
 * values written out.  The merge key "<<" brings the keys of other mappings that its
 * own mapping does not have.
 */
#include "config.h"

#include "conf/conf_build.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#define MAX_ANCHORS	1024u		/* each is looked for by its name */
#define MERGE_KEY	"<<"

struct anchor {
	const char		*name;
	struct conf_node	*node;
};

struct reader {
	struct conf_build	b;
	struct anchor		*anchors;	/* room for MAX_ANCHORS, once there is one */
	size_t			n_anchors;
	int			merges[CONF_MAX_DEPTH];	/* the mapping has a merge key */
	int			done;			/* a document has ended */
};

static int
line_of(const yaml_event_t *ev)
{
	return ((int)ev->start_mark.line + 1);
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
check_tag(struct reader *rd, const yaml_event_t *ev, const yaml_char_t *tag)
{
	if (tag == NULL || strcmp((const char *)tag, YAML_STR_TAG) == 0 ||
	    strcmp((const char *)tag, "!") == 0)
		return (0);
	return (conf_build_refuse(&rd->b, line_of(ev), NULL, "YAML tags are not supported"));
}

/*
 * Anchors and aliases.
 */

/* The value that was put last is to be called `name`, or nothing. */
static int
add_anchor(struct reader *rd, const yaml_event_t *ev, const yaml_char_t *name)
{
	struct anchor *a;

	if (name == NULL)
		return (0);
	if (rd->n_anchors >= MAX_ANCHORS)
		return (conf_build_refuse(&rd->b, line_of(ev), NULL, "more than %u YAML anchors",
		    MAX_ANCHORS));
	if (rd->anchors == NULL)
		rd->anchors = conf_alloc(rd->b.c, MAX_ANCHORS, sizeof *rd->anchors);
	if (rd->anchors == NULL)
		return (-ENOMEM);
	a = &rd->anchors[rd->n_anchors++];
	a->node = rd->b.last;
	a->name = conf_strndup(rd->b.c, (const char *)name, strlen((const char *)name));
	return (a->name != NULL ? 0 : -ENOMEM);
}

/* The newest of the name: one may be given again. */
static const struct conf_node *
find_anchor(const struct reader *rd, const char *name)
{
	size_t i;

	for (i = rd->n_anchors; i-- > 0;)
		if (strcmp(rd->anchors[i].name, name) == 0)
			return (rd->anchors[i].node);
	return (NULL);
}

static int
is_open(const struct reader *rd, const struct conf_node *n)
{
	size_t i;

	for (i = 0; i < rd->b.depth; i++)
		if (rd->b.stack[i].node == n)
			return (1);
	return (0);
}

static int
on_alias(struct reader *rd, const yaml_event_t *ev)
{
	const char *name = (const char *)ev->data.alias.anchor;
	const struct conf_node *n = find_anchor(rd, name);

	if (conf_build_at_key(&rd->b))
		return (conf_build_refuse(&rd->b, line_of(ev), NULL, "a key must be plain text"));
	if (n == NULL)
		return (conf_build_refuse(&rd->b, line_of(ev), NULL,
		    "YAML alias *%.64s: there is no &%.64s above it", name, name));
	if (is_open(rd, n))
		return (conf_build_refuse(&rd->b, line_of(ev), NULL, "YAML alias *%.64s stands inside "
		    "what it stands for", name));
	return (conf_build_copy(&rd->b, n, line_of(ev)));
}

/*
 * The merge key.
 */

/* Takes the merge key's value out of its mapping. */
static struct conf_node *
take_merge(struct conf_node *map)
{
	struct conf_node *n, *before = NULL;

	for (n = map->first; strcmp(n->key, MERGE_KEY) != 0; n = n->next)
		before = n;
	if (before != NULL)
		before->next = n->next;
	else
		map->first = n->next;
	if (map->last == n)
		map->last = before;
	map->n--;
	return (n);
}

/* What `map` has, or has got from an earlier one, stays. */
static int
merge_one(struct reader *rd, struct conf_node *map, struct conf_node *from)
{
	struct conf_node *n, *next;

	if (from->kind != NODE_MAP)
		return (conf_build_refuse(&rd->b, from->line, MERGE_KEY,
		    "expected a mapping, or a list of mappings, to merge"));
	for (n = from->first; n != NULL; n = next) {
		next = n->next;
		if (conf_node_get(map, n->key, strlen(n->key)) != NULL)
			continue;
		if (map->n >= CONF_MAX_KEYS)
			return (conf_build_refuse(&rd->b, from->line, NULL, "a mapping has too many keys"));
		n->next = NULL;
		conf_node_append(map, n);
	}
	return (0);
}

static int
merge(struct reader *rd, struct conf_node *map)
{
	struct conf_node *from = take_merge(map), *item;
	int r = 0;

	if (from->kind != NODE_LIST)
		return (merge_one(rd, map, from));
	for (item = from->first; r == 0 && item != NULL; item = item->next)
		r = merge_one(rd, map, item);
	return (r);
}

/*
 * Events.
 */

static int
on_key(struct reader *rd, const yaml_event_t *ev)
{
	const char *text = (const char *)ev->data.scalar.value;

	if (ev->data.scalar.anchor != NULL)
		return (conf_build_refuse(&rd->b, line_of(ev), NULL, "a key can have no YAML anchor"));
	if (ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && strcmp(text, MERGE_KEY) == 0)
		rd->merges[rd->b.depth - 1] = 1;
	return (conf_build_key(&rd->b, text, ev->data.scalar.length, line_of(ev)));
}

static int
on_scalar(struct reader *rd, const yaml_event_t *ev)
{
	int r = check_tag(rd, ev, ev->data.scalar.tag);

	if (r != 0)
		return (r);
	if (conf_build_at_key(&rd->b))
		return (on_key(rd, ev));
	r = conf_build_scalar(&rd->b, is_null(ev) ? NODE_NULL : NODE_SCALAR,
	    (const char *)ev->data.scalar.value, ev->data.scalar.length, line_of(ev));
	return (r != 0 ? r : add_anchor(rd, ev, ev->data.scalar.anchor));
}

static int
on_open(struct reader *rd, const yaml_event_t *ev, enum conf_node_kind kind, const yaml_char_t *tag,
    const yaml_char_t *anchor)
{
	int r = check_tag(rd, ev, tag);

	if (r != 0)
		return (r);
	if (conf_build_at_key(&rd->b))
		return (conf_build_refuse(&rd->b, line_of(ev), NULL, "a key must be plain text"));
	r = conf_build_open(&rd->b, kind, line_of(ev));
	if (r != 0)
		return (r);
	rd->merges[rd->b.depth - 1] = 0;
	return (add_anchor(rd, ev, anchor));
}

static int
on_close(struct reader *rd)
{
	conf_build_close(&rd->b);
	return (rd->merges[rd->b.depth] ? merge(rd, rd->b.last) : 0);
}

static int
on_event(struct reader *rd, const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_SCALAR_EVENT:
		return (on_scalar(rd, ev));
	case YAML_MAPPING_START_EVENT:
		return (on_open(rd, ev, NODE_MAP, ev->data.mapping_start.tag,
		    ev->data.mapping_start.anchor));
	case YAML_SEQUENCE_START_EVENT:
		return (on_open(rd, ev, NODE_LIST, ev->data.sequence_start.tag,
		    ev->data.sequence_start.anchor));
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		return (on_close(rd));
	case YAML_ALIAS_EVENT:
		return (on_alias(rd, ev));
	case YAML_DOCUMENT_START_EVENT:
		if (rd->done)
			return (conf_build_refuse(&rd->b, line_of(ev), NULL,
			    "expected one YAML document, got a second one"));
		return (0);
	case YAML_DOCUMENT_END_EVENT:
		rd->done = 1;
		return (0);
	default:
		return (0);
	}
}

/* libyaml's own words hold no text of the file, so a secret cannot show up in them. */
static int
malformed(struct reader *rd, const yaml_parser_t *p)
{
	return (conf_build_refuse(&rd->b, (int)p->problem_mark.line + 1, NULL, "malformed YAML%s%s%s%s",
	    p->context != NULL ? ": " : "", p->context != NULL ? p->context : "",
	    p->problem != NULL ? ": " : "", p->problem != NULL ? p->problem : ""));
}

static int
read_all(struct reader *rd, yaml_parser_t *parser)
{
	yaml_event_t ev;
	int r, end;

	do {
		if (!yaml_parser_parse(parser, &ev))
			return (malformed(rd, parser));
		end = ev.type == YAML_STREAM_END_EVENT;
		r = on_event(rd, &ev);
		yaml_event_delete(&ev);
	} while (r == 0 && !end);
	return (r);
}

struct conf_node *
conf_yaml_parse(struct conf *c, const char *text, size_t len, const char *where, const char *var)
{
	struct reader rd = { .b = { .c = c, .where = where, .var = var } };
	yaml_parser_t parser;
	int r;

	if (!yaml_parser_initialize(&parser)) {
		conf_no_memory(c);
		return (NULL);
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	r = read_all(&rd, &parser);
	yaml_parser_delete(&parser);
	if (r != 0)
		return (NULL);
	return (rd.b.root != NULL ? rd.b.root : conf_node_new(c, NODE_NULL, where, 0));
}
