/* SPDX-License-Identifier: MIT */
/*
 * test_tags_filter.c - filters on the tags of publications.
 *
 * Expectations are those of the specification (channels and subscriptions, 10).  Where
 * it leaves a question ("reference"), the answer is Centrifugo's, 6.9.1; see also
 * tests/e2e/wire_cases/tags_filter_cases.yaml.
 */
#include "config.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "channel/tags_filter.h"
#include "proto/codec.h"

#define TAGS_MAX	8

/* A filter as a client writes it, with ' for ".  The request's memory is gone when this
 * returns. */
static int
filter_new(const char *text, struct tags_filter **ret)
{
	struct json_reader in;
	ProtobufCMessage *m;
	struct arena a;
	char *json, *p;
	int r;

	arena_init(&a, NULL, 0);
	json = arena_strndup(&a, text, strlen(text));
	assert_non_null(json);
	for (p = json; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	json_reader_init(&in, json, strlen(json));
	m = codec_decode_json(&cp__filter_node__descriptor, &a, &in);
	if (m == NULL)
		fail_msg("%s does not decode", text);
	r = tags_filter_new((const Cp__FilterNode *)m, ret);
	arena_reset(&a);
	return (r);
}

/* Reads "key=value;key=value", which it cuts up; returns how many there are. */
static size_t
read_tags(char *buf, struct rotor_tag *tags)
{
	size_t n = 0;
	char *part, *save, *eq;

	for (part = strtok_r(buf, ";", &save); part != NULL; part = strtok_r(NULL, ";", &save)) {
		eq = strchr(part, '=');
		assert_non_null(eq);
		assert_true(n < TAGS_MAX);
		tags[n].key = (struct rotor_str){ part, (size_t)(eq - part) };
		tags[n++].value = rotor_str_of(eq + 1);
	}
	return (n);
}

struct row {
	const char	*filter;
	const char	*tags;
	int		passes;
};

static void
check_rows(const struct row *rows, size_t n)
{
	struct rotor_tag tags[TAGS_MAX];
	struct tags_filter *f;
	char buf[512];
	size_t i, n_tags;

	for (i = 0; i < n; i++) {
		if (filter_new(rows[i].filter, &f) != 0)
			fail_msg("%s is valid", rows[i].filter);
		assert_true(strlen(rows[i].tags) < sizeof buf);
		strcpy(buf, rows[i].tags);
		n_tags = read_tags(buf, tags);
		if (tags_filter_match(f, n_tags > 0 ? tags : NULL, n_tags) != rows[i].passes)
			fail_msg("%s on %s", rows[i].filter, rows[i].tags);
		tags_filter_free(&f);
		assert_null(f);
	}
}

#define CHECK_ROWS(rows)	check_rows((rows), sizeof (rows) / sizeof (rows)[0])

static void
test_strings(void **state)
{
	static const struct row rows[] = {
		{ "{'key':'k','cmp':'eq','val':'v'}", "k=v", 1 },
		{ "{'key':'k','cmp':'eq','val':'v'}", "a=1;k=v;z=2", 1 },
		{ "{'key':'k','cmp':'eq','val':'v'}", "k=V", 0 },
		{ "{'key':'k','cmp':'eq','val':'v'}", "K=v", 0 },
		{ "{'key':'k','cmp':'eq','val':'v'}", "k=vv", 0 },
		{ "{'key':'k','cmp':'eq','val':'v'}", "k=", 0 },
		{ "{'key':'k','cmp':'eq','val':'v'}", "", 0 },
		{ "{'key':'k','cmp':'eq','val':'v'}", "kk=v", 0 },
		{ "{'key':'k','cmp':'neq','val':'v'}", "k=v", 0 },
		{ "{'key':'k','cmp':'neq','val':'v'}", "k=w", 1 },
		{ "{'key':'k','cmp':'neq','val':'v'}", "k=", 1 },
		{ "{'key':'k','cmp':'neq','val':'v'}", "", 1 },
		{ "{'key':'k','cmp':'sw','val':'ab'}", "k=ab", 1 },
		{ "{'key':'k','cmp':'sw','val':'ab'}", "k=abc", 1 },
		{ "{'key':'k','cmp':'sw','val':'ab'}", "k=a", 0 },
		{ "{'key':'k','cmp':'sw','val':'ab'}", "k=cab", 0 },
		{ "{'key':'k','cmp':'sw','val':'ab'}", "k=Abc", 0 },
		{ "{'key':'k','cmp':'sw','val':'ab'}", "x=ab", 0 },
		{ "{'key':'k','cmp':'ew','val':'bc'}", "k=bc", 1 },
		{ "{'key':'k','cmp':'ew','val':'bc'}", "k=abc", 1 },
		{ "{'key':'k','cmp':'ew','val':'bc'}", "k=c", 0 },
		{ "{'key':'k','cmp':'ew','val':'bc'}", "k=bcd", 0 },
		{ "{'key':'k','cmp':'ew','val':'bc'}", "k=", 0 },
		{ "{'key':'k','cmp':'ew','val':'bc'}", "", 0 },
		{ "{'key':'k','cmp':'ct','val':'bc'}", "k=abcd", 1 },
		{ "{'key':'k','cmp':'ct','val':'bc'}", "k=bbc", 1 },
		{ "{'key':'k','cmp':'ct','val':'bc'}", "k=b", 0 },
		{ "{'key':'k','cmp':'ct','val':'bc'}", "k=cb", 0 },
		{ "{'key':'k','cmp':'ct','val':'bc'}", "", 0 },
		{ "{'key':'\xd0\xba','cmp':'sw','val':'\xd0\xb6'}", "\xd0\xba=\xd0\xb6\xd0\xb8", 1 },
		{ "{'key':'k','cmp':'eq','val':'a\\u0041'}", "k=aA", 1 },
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void
test_presence(void **state)
{
	static const struct row rows[] = {
		{ "{'key':'k','cmp':'ex'}", "k=v", 1 },
		{ "{'key':'k','cmp':'ex'}", "k=", 1 },
		{ "{'key':'k','cmp':'ex'}", "kk=v", 0 },
		{ "{'key':'k','cmp':'ex'}", "", 0 },
		{ "{'key':'k','cmp':'nex'}", "k=v", 0 },
		{ "{'key':'k','cmp':'nex'}", "k=", 0 },
		{ "{'key':'k','cmp':'nex'}", "", 1 },
		/* No key: the tag with the empty name. */
		{ "{'cmp':'ex'}", "k=v", 0 },
		{ "{'cmp':'ex'}", "=v", 1 },
		{ "{'cmp':'nex'}", "k=v", 1 },
		{ "{'cmp':'nex'}", "=v", 0 },
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void
test_lists(void **state)
{
	static const struct row rows[] = {
		{ "{'key':'k','cmp':'in','vals':['c','a','b']}", "k=a", 1 },
		{ "{'key':'k','cmp':'in','vals':['c','a','b']}", "k=b", 1 },
		{ "{'key':'k','cmp':'in','vals':['c','a','b']}", "k=c", 1 },
		{ "{'key':'k','cmp':'in','vals':['c','a','b']}", "k=d", 0 },
		{ "{'key':'k','cmp':'in','vals':['c','a','b']}", "k=", 0 },
		{ "{'key':'k','cmp':'in','vals':['c','a','b']}", "", 0 },
		{ "{'key':'k','cmp':'in','vals':['abc','ab','a','ab']}", "k=ab", 1 },
		{ "{'key':'k','cmp':'in','vals':['abc','ab','a','ab']}", "k=abcd", 0 },
		{ "{'key':'k','cmp':'in','vals':['a']}", "k=A", 0 },
		{ "{'key':'k','cmp':'nin','vals':['a','b']}", "k=a", 0 },
		{ "{'key':'k','cmp':'nin','vals':['a','b']}", "k=c", 1 },
		{ "{'key':'k','cmp':'nin','vals':['a','b']}", "", 1 },
		/* A missing tag counts as an empty one. */
		{ "{'key':'k','cmp':'in','vals':['']}", "", 1 },
		{ "{'key':'k','cmp':'in','vals':['']}", "k=", 1 },
		{ "{'key':'k','cmp':'in','vals':['']}", "k=a", 0 },
		{ "{'key':'k','cmp':'nin','vals':['a','']}", "", 0 },
		{ "{'key':'k','cmp':'nin','vals':['a','']}", "k=b", 1 },
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void
test_numbers(void **state)
{
	static const struct row rows[] = {
		{ "{'key':'k','cmp':'lt','val':'5'}", "k=4", 1 },
		{ "{'key':'k','cmp':'lt','val':'5'}", "k=5", 0 },
		{ "{'key':'k','cmp':'lt','val':'5'}", "k=6", 0 },
		{ "{'key':'k','cmp':'lte','val':'5'}", "k=4.99", 1 },
		{ "{'key':'k','cmp':'lte','val':'5'}", "k=5.0", 1 },
		{ "{'key':'k','cmp':'lte','val':'5'}", "k=5.01", 0 },
		{ "{'key':'k','cmp':'gt','val':'5'}", "k=4", 0 },
		{ "{'key':'k','cmp':'gt','val':'5'}", "k=5", 0 },
		{ "{'key':'k','cmp':'gt','val':'5'}", "k=10", 1 },
		{ "{'key':'k','cmp':'gte','val':'5'}", "k=4", 0 },
		{ "{'key':'k','cmp':'gte','val':'1.50'}", "k=1.5", 1 },	/* the specification's */
		{ "{'key':'k','cmp':'gte','val':'1.5'}", "k=1.50", 1 },
		{ "{'key':'k','cmp':'gte','val':'5'}", "k=50", 1 },
		{ "{'key':'k','cmp':'lt','val':'-5'}", "k=-5.5", 1 },
		{ "{'key':'k','cmp':'lte','val':'0'}", "k=-0", 1 },
		/* No number on one side: false, for all four. */
		{ "{'key':'k','cmp':'lt','val':'5'}", "k=", 0 },
		{ "{'key':'k','cmp':'lt','val':'5'}", "", 0 },
		{ "{'key':'k','cmp':'lt','val':'5'}", "k=abc", 0 },
		{ "{'key':'k','cmp':'gte','val':'5'}", "k=abc", 0 },
		{ "{'key':'k','cmp':'lt','val':'5'}", "k=1e0", 0 },
		{ "{'key':'k','cmp':'gt','val':'5'}", "k=1e1000000000", 0 },
		{ "{'key':'k','cmp':'gt','val':'abc'}", "k=5", 0 },
		{ "{'key':'k','cmp':'lt','val':'abc'}", "k=5", 0 },
		{ "{'key':'k','cmp':'lte','val':'abc'}", "k=abc", 0 },
		{ "{'key':'k','cmp':'gte','val':'1e3'}", "k=5000", 0 },
		{ "{'op':'not','nodes':[{'key':'k','cmp':'gt','val':'abc'}]}", "k=5", 1 },
	};

	(void)state;
	CHECK_ROWS(rows);
}

#define A	"{'key':'a','cmp':'ex'}"
#define B	"{'key':'b','cmp':'ex'}"
#define C	"{'key':'c','cmp':'ex'}"
#define AND(x)	"{'op':'and','nodes':[" x "]}"
#define OR(x)	"{'op':'or','nodes':[" x "]}"
#define NOT(x)	"{'op':'not','nodes':[" x "]}"

static void
test_operators(void **state)
{
	static const struct row rows[] = {
		{ AND(A), "a=", 1 },
		{ AND(A), "", 0 },
		{ AND(A "," B), "a=;b=", 1 },
		{ AND(A "," B), "a=", 0 },
		{ AND(A "," B), "b=", 0 },
		{ AND(A "," B "," C), "a=;c=", 0 },
		{ AND(A "," B "," C), "c=;b=;a=", 1 },
		{ OR(A), "a=", 1 },
		{ OR(A), "b=", 0 },
		{ OR(A "," B), "b=", 1 },
		{ OR(A "," B), "a=", 1 },
		{ OR(A "," B), "c=", 0 },
		{ NOT(A), "a=", 0 },
		{ NOT(A), "b=", 1 },
		{ NOT(NOT(A)), "a=", 1 },
		{ NOT(NOT(NOT(A))), "a=", 0 },
		/* What an operator does not use may be there (reference). */
		{ "{'op':'and','key':'x','cmp':'zz','val':'1','vals':['2'],'nodes':[" A "]}", "a=", 1 },
		{ "{'op':'not','cmp':'eq','nodes':[" A "]}", "", 1 },
		{ "{'key':'a','cmp':'ex','nodes':[{'op':'zz'}]}", "a=", 1 },
	};

	(void)state;
	CHECK_ROWS(rows);
}

/* Each formula over a, b and c, on all eight sets of tags. */
static void
test_nesting(void **state)
{
	static const struct {
		const char	*filter;
		unsigned	passes;		/* bit n: on set n; a is 1, b 2, c 4 */
	} rows[] = {
		{ AND(OR(A "," B) "," C), 0xe0 },
		{ OR(AND(A "," B) "," C), 0xf8 },
		{ OR(A "," AND(B "," C)), 0xea },
		{ AND(A "," OR(B "," C)), 0xa8 },
		{ AND(NOT(A) "," NOT(B) "," NOT(C)), 0x01 },
		{ NOT(OR(A "," B "," C)), 0x01 },
		{ NOT(AND(A "," B "," C)), 0x7f },
		{ NOT(AND(A "," NOT(B))), 0xdd },
		{ OR(AND(A "," NOT(B)) "," AND(NOT(A) "," B)), 0x66 },
		{ OR(AND(A "," B) "," AND(B "," C) "," AND(A "," C)), 0xe8 },
		{ AND(OR(A "," NOT(B)) "," NOT(AND(NOT(C) "," OR(A "," B)))), 0xb1 },
	};
	static const char *const sets[] = {
		"", "a=", "b=", "a=;b=", "c=", "a=;c=", "b=;c=", "a=;b=;c=",
	};
	struct row row;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		for (k = 0; k < 8; k++) {
			row = (struct row){ rows[i].filter, sets[k], (int)(rows[i].passes >> k & 1) };
			check_rows(&row, 1);
		}
	}
}

static void
test_invalid(void **state)
{
	static const char *const rows[] = {
		"{}",						/* no comparison */
		"{'key':'k'}",
		"{'key':'k','val':'v'}",
		"{'key':'k','cmp':'zz','val':'v'}",		/* unknown ones */
		"{'key':'k','cmp':'EQ','val':'v'}",
		"{'key':'k','cmp':'eq ','val':'v'}",
		"{'op':'xor','nodes':[" A "," B "]}",
		"{'op':'AND','nodes':[" A "]}",
		"{'op':'nor'}",
		"{'op':'leaf','key':'k','cmp':'ex'}",
		"{'key':'k','cmp':'eq'}",			/* no val */
		"{'key':'k','cmp':'neq'}",
		"{'key':'k','cmp':'sw'}",
		"{'key':'k','cmp':'ew'}",
		"{'key':'k','cmp':'ct'}",
		"{'key':'k','cmp':'lt'}",
		"{'key':'k','cmp':'lte'}",
		"{'key':'k','cmp':'gt'}",
		"{'key':'k','cmp':'gte'}",
		"{'key':'k','cmp':'eq','val':''}",
		"{'key':'k','cmp':'eq','val':'v','vals':['v']}",	/* val and vals */
		"{'key':'k','cmp':'gte','val':'1','vals':['']}",
		"{'key':'k','cmp':'eq','vals':['v']}",
		"{'key':'k','cmp':'in'}",			/* no vals */
		"{'key':'k','cmp':'in','vals':[]}",
		"{'key':'k','cmp':'nin','vals':[]}",
		"{'key':'k','cmp':'in','val':'v'}",
		"{'key':'k','cmp':'in','val':'v','vals':['v']}",
		"{'key':'k','cmp':'nin','val':'v','vals':['v']}",
		"{'key':'k','cmp':'ex','val':'v'}",		/* neither is wanted */
		"{'key':'k','cmp':'ex','vals':['v']}",
		"{'key':'k','cmp':'nex','val':'v'}",
		"{'key':'k','cmp':'nex','vals':['']}",
		"{'cmp':'eq','val':'v'}",			/* no key */
		"{'cmp':'in','vals':['v']}",
		"{'key':'','cmp':'gt','val':'1'}",
		"{'op':'and'}",					/* too few nodes, or too many */
		"{'op':'or','nodes':[]}",
		"{'op':'not'}",
		"{'op':'not','nodes':[]}",
		NOT(A "," B),
		AND("{}"),					/* inside */
		AND(A "," "{'key':'k','cmp':'eq'}"),
		OR(A "," NOT(AND(B "," OR("{'op':'and'}")))),
		AND(A "," "null"),
		NOT("null"),
	};
	struct tags_filter *f = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (filter_new(rows[i], &f) != -EINVAL)
			fail_msg("%s is not valid", rows[i]);
		assert_null(f);
	}
}

/* `depth` nodes inside each other: all "not", the innermost a comparison. */
static int
deep_new(Cp__FilterNode *nodes, Cp__FilterNode **inner, size_t depth, struct tags_filter **ret)
{
	size_t i;

	for (i = 0; i < depth; i++) {
		nodes[i] = (Cp__FilterNode)CP__FILTER_NODE__INIT;
		if (i + 1 < depth) {
			nodes[i].op = "not";
			inner[i] = &nodes[i + 1];
			nodes[i].nodes = &inner[i];
			nodes[i].n_nodes = 1;
		} else {
			nodes[i].cmp = "ex";
			nodes[i].key = "k";
		}
	}
	return (tags_filter_new(&nodes[0], ret));
}

static void
test_depth(void **state)
{
	static const struct rotor_tag tag = { STR_LIT("k"), STR_LIT("") };
	Cp__FilterNode nodes[TAGS_FILTER_MAX_DEPTH + 1], *inner[TAGS_FILTER_MAX_DEPTH + 1];
	struct tags_filter *f;

	(void)state;
	assert_int_equal(deep_new(nodes, inner, TAGS_FILTER_MAX_DEPTH, &f), 0);
	/* An odd number of "not"s. */
	assert_int_equal(tags_filter_match(f, &tag, 1), TAGS_FILTER_MAX_DEPTH % 2);
	tags_filter_free(&f);
	assert_int_equal(deep_new(nodes, inner, TAGS_FILTER_MAX_DEPTH + 1, &f), -EINVAL);
}

/* "or" over n comparisons of one key each, of which the last one holds. */
static void
test_node_count(void **state)
{
	static const struct rotor_tag tag = { STR_LIT("k"), STR_LIT("") };
	static Cp__FilterNode *inner[TAGS_FILTER_MAX_NODES];
	Cp__FilterNode top = CP__FILTER_NODE__INIT, miss = CP__FILTER_NODE__INIT, hit;
	struct tags_filter *f;
	size_t i;

	(void)state;
	miss.cmp = "ex";
	miss.key = "other";
	hit = miss;
	hit.key = "k";
	for (i = 0; i < TAGS_FILTER_MAX_NODES; i++)
		inner[i] = &miss;
	inner[TAGS_FILTER_MAX_NODES - 2] = &hit;
	top.op = "or";
	top.nodes = inner;
	top.n_nodes = TAGS_FILTER_MAX_NODES - 1;
	assert_int_equal(tags_filter_new(&top, &f), 0);
	assert_int_equal(tags_filter_match(f, &tag, 1), 1);
	assert_int_equal(tags_filter_match(f, NULL, 0), 0);
	tags_filter_free(&f);
	top.n_nodes++;
	assert_int_equal(tags_filter_new(&top, &f), -EINVAL);
}

/* Lists have no limit but the size of the request. */
static void
test_long_list(void **state)
{
	static const char *vals[20000];
	static char texts[20000][8];
	struct rotor_tag tag = { STR_LIT("k"), STR_LIT("n19999") };
	Cp__FilterNode node = CP__FILTER_NODE__INIT;
	struct tags_filter *f;
	size_t i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		snprintf(texts[i], sizeof texts[i], "n%zu", i * 7919 % 20000);
		vals[i] = texts[i];
	}
	node.cmp = "in";
	node.key = "k";
	node.vals = vals;
	node.n_vals = 20000;
	assert_int_equal(tags_filter_new(&node, &f), 0);
	memset(texts, 'x', sizeof texts);		/* it has copies */
	assert_int_equal(tags_filter_match(f, &tag, 1), 1);
	tag.value = STR_LIT("n0");
	assert_int_equal(tags_filter_match(f, &tag, 1), 1);
	tag.value = STR_LIT("n20000");
	assert_int_equal(tags_filter_match(f, &tag, 1), 0);
	tags_filter_free(&f);
}

/* Values are bytes, of any length. */
static void
test_hostile_tags(void **state)
{
	static char big[1 << 20];
	struct rotor_tag tags[] = {
		{ STR_LIT("z"), STR_LIT("a\0b") },
		{ STR_LIT("n"), { big, sizeof big } },
		{ { NULL, 0 }, { NULL, 0 } },
	};
	static const struct {
		const char	*filter;
		int		passes;
	} rows[] = {
		{ "{'key':'z','cmp':'eq','val':'a'}", 0 },
		{ "{'key':'z','cmp':'sw','val':'a'}", 1 },
		{ "{'key':'z','cmp':'ew','val':'b'}", 1 },
		{ "{'key':'z','cmp':'in','vals':['a','b']}", 0 },
		{ "{'key':'n','cmp':'gt','val':'1'}", 0 },	/* too long for a number */
		{ "{'key':'n','cmp':'ct','val':'8'}", 0 },
		{ "{'key':'n','cmp':'ew','val':'99'}", 1 },
		{ "{'cmp':'ex'}", 1 },
	};
	struct tags_filter *f;
	size_t i;

	(void)state;
	memset(big, '9', sizeof big);
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(filter_new(rows[i].filter, &f), 0);
		if (tags_filter_match(f, tags, 3) != rows[i].passes)
			fail_msg("%s", rows[i].filter);
		tags_filter_free(&f);
	}
}

static void
test_free_nothing(void **state)
{
	struct tags_filter *f = NULL;

	(void)state;
	tags_filter_free(&f);
	assert_null(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_presence),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_operators),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_node_count),
		cmocka_unit_test(test_long_list),
		cmocka_unit_test(test_hostile_tags),
		cmocka_unit_test(test_free_nothing),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
