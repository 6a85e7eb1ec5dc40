/* SPDX-License-Identifier: MIT */
/*
 * conf/conf_json.c - JSON text into a tree of nodes.
 *
 * Nearly all JSON is YAML, but not the tabs and the characters in two halves that other
 * programs write; and what is only nearly JSON (a comma too many, a comment) is to be
 * told as that.
 */
#include "config.h"

#include "conf/conf_build.h"

#include <errno.h>
#include <string.h>

#include "proto/json.h"

struct reader {
	struct conf_build	b;
	struct json_reader	in;
	const char		*counted;	/* lines are counted up to here */
	int			line;
	int			first[CONF_MAX_DEPTH];	/* no member yet */
};

/* Only forwards. */
static int
line_at(struct reader *rd, const char *p)
{
	for (; rd->counted < p; rd->counted++)
		rd->line += *rd->counted == '\n';
	return (rd->line);
}

/* What stands where the reading stopped, in words for its writer. */
static const char *
what_is_wrong(const struct reader *rd, const char *start)
{
	const char *p = rd->in.p, *before = p;

	if (p == rd->in.end)
		return ("the text ends too early");
	while (before > start && strchr(" \t\r\n", before[-1]) != NULL)
		before--;
	if ((*p == '}' || *p == ']') && before > start && before[-1] == ',')
		return ("there is a comma behind the last value: take it out");
	switch (*p) {
	case '/':
	case '#':
		return ("JSON has no comments");
	case '\'':
		return ("texts stand between double quotes");
	case '"':
		return ("a text does not end, or holds a line end, a tab or a wrong escape");
	default:
		return ("expected a value, or a key between double quotes and a colon");
	}
}

static int
malformed(struct reader *rd, const char *start)
{
	return (conf_build_refuse(&rd->b, line_at(rd, rd->in.p), NULL, "malformed JSON: %s",
	    what_is_wrong(rd, start)));
}

static int
read_scalar(struct reader *rd, int line)
{
	struct rotor_str s = { "", 0 };
	int r = -1, b = 0;

	switch (json_peek(&rd->in)) {
	case JSON_NULL:
		r = json_read_null(&rd->in);
		return (r != 0 ? r : conf_build_scalar(&rd->b, NODE_NULL, "", 0, line));
	case JSON_BOOL:
		r = json_read_bool(&rd->in, &b);
		s = (struct rotor_str){ b ? "true" : "false", b ? 4 : 5 };
		break;
	case JSON_NUMBER:
		r = json_read_number(&rd->in, &s);
		break;
	case JSON_STRING:
		r = json_read_string(&rd->in, &rd->b.c->arena, &s);
		break;
	default:
		break;
	}
	return (r != 0 ? r : conf_build_scalar(&rd->b, NODE_SCALAR, s.p, s.len, line));
}

/* The value that comes next, or its beginning.  0, -1 (not recorded), or as
 * conf_build_*(). */
static int
read_value(struct reader *rd)
{
	enum json_type type = json_peek(&rd->in);
	int r, line = line_at(rd, rd->in.p);

	if (type != JSON_OBJECT && type != JSON_ARRAY)
		return (read_scalar(rd, line));
	rd->in.p++;
	r = conf_build_open(&rd->b, type == JSON_OBJECT ? NODE_MAP : NODE_LIST, line);
	if (r == 0)
		rd->first[rd->b.depth - 1] = 1;
	return (r);
}

/* A comma or the end is what must come behind a member. */
static int
is_behind_member(struct reader *rd, char closer)
{
	json_peek(&rd->in);
	return (rd->in.p < rd->in.end && (*rd->in.p == ',' || *rd->in.p == closer));
}

/* 1: a value comes next; 0: the end of the innermost mapping or list. */
static int
next_value(struct reader *rd)
{
	int map = rd->b.stack[rd->b.depth - 1].node->kind == NODE_MAP, r;
	int *first = &rd->first[rd->b.depth - 1];
	struct rotor_str key;

	if (!*first && !is_behind_member(rd, map ? '}' : ']'))
		return (-1);
	if (!map)
		return (json_next_element(&rd->in, first));
	r = json_next_key(&rd->in, &rd->b.c->arena, &key, first);
	if (r == 1) {
		r = conf_build_key(&rd->b, key.p, key.len, line_at(rd, rd->in.p));
		return (r == 0 ? 1 : r);
	}
	return (r);
}

static int
read_all(struct reader *rd)
{
	int r = read_value(rd);

	while (r == 0 && rd->b.depth > 0) {
		r = next_value(rd);
		if (r == 1)
			r = read_value(rd);
		else if (r == 0)
			conf_build_close(&rd->b);
	}
	return (r == 0 && !json_at_end(&rd->in) ? -1 : r);
}

struct conf_node *
conf_json_parse(struct conf *c, const char *text, size_t len, const char *where, const char *var)
{
	struct reader rd = { .b = { .c = c, .where = where, .var = var }, .counted = text, .line = 1 };
	int r;

	json_reader_init(&rd.in, text, len);
	if (json_at_end(&rd.in))
		return (conf_node_new(c, NODE_NULL, where, 0));
	r = read_all(&rd);
	if (r == -1)
		malformed(&rd, text);
	return (r == 0 ? rd.b.root : NULL);
}
