/* SPDX-License-Identifier: MIT */
/*
 * channel/tags_filter.c - which publications a subscriber wants, by their tags.
 *
 * A tree is compiled into its comparisons, one behind the other, each with two
 * targets: the comparison to go on with when it holds, and when it does not.  Nothing
 * else is left of "and", "or" and "not", so a match is a loop that moves forward only.
 *
 * One block of memory holds the struct, the comparisons, the lists of "in" and "nin"
 * (sorted, so that long ones cost little), and the bytes that all of them point to.
 */
#include "config.h"

#include "channel/tags_filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/obj.h"
#include "base/str.h"

/* What a comparison finds, as bits: its row says with which of them it holds. */
enum finding { NO = 1, YES = 2, LESS = 4, SAME = 8, MORE = 16 };

enum operand { OPERAND_NONE, OPERAND_VAL, OPERAND_VALS };

struct test;

struct comparison {
	struct rotor_str	name;
	enum operand		operand;
	unsigned		holds;		/* findings */
	/* `value` is NULL when there is no such tag. */
	enum finding		(*find)(const struct test *t, const struct rotor_str *value);
};

struct test {
	const struct comparison	*cmp;
	struct rotor_str	key;
	struct rotor_str	val;
	const struct rotor_str	*vals;		/* sorted */
	size_t			n_vals;
	struct decimal		number;		/* val, if is_number */
	int			is_number;
	uint32_t		yes, no;	/* the next test, or PASS or FAIL */
};

/* Targets behind all tests. */
#define PASS	UINT32_MAX
#define FAIL	(UINT32_MAX - 1)

struct tags_filter {
	uint32_t	magic;
#define TAGS_FILTER_MAGIC	0x3e9ad16bu
	uint32_t	n;
	struct test	tests[];
};

/* Comparisons */

static enum finding
find_equal(const struct test *t, const struct rotor_str *value)
{
	return (value != NULL && rotor_str_eq(*value, t->val) ? YES : NO);
}

static int
str_order(const void *a, const void *b)
{
	return (rotor_str_cmp(*(const struct rotor_str *)a, *(const struct rotor_str *)b));
}

/* A tag that is missing is as good as an empty one here, and here only. */
static enum finding
find_in(const struct test *t, const struct rotor_str *value)
{
	static const struct rotor_str empty = { "", 0 };

	if (value == NULL)
		value = &empty;
	return (bsearch(value, t->vals, t->n_vals, sizeof *t->vals, str_order) != NULL ? YES : NO);
}

static enum finding
find_present(const struct test *t, const struct rotor_str *value)
{
	(void)t;
	return (value != NULL ? YES : NO);
}

static enum finding
find_start(const struct test *t, const struct rotor_str *value)
{
	return (value != NULL && value->len >= t->val.len &&
	    memcmp(value->p, t->val.p, t->val.len) == 0 ? YES : NO);
}

static enum finding
find_end(const struct test *t, const struct rotor_str *value)
{
	return (value != NULL && value->len >= t->val.len &&
	    memcmp(value->p + value->len - t->val.len, t->val.p, t->val.len) == 0 ? YES : NO);
}

static enum finding
find_inside(const struct test *t, const struct rotor_str *value)
{
	return (value != NULL && value->len >= t->val.len &&
	    memmem(value->p, value->len, t->val.p, t->val.len) != NULL ? YES : NO);
}

static enum finding
find_order(const struct test *t, const struct rotor_str *value)
{
	struct decimal d;
	int c;

	if (value == NULL || !t->is_number || decimal_parse(*value, &d) != 0)
		return (NO);
	c = decimal_cmp(&d, &t->number);
	return (c < 0 ? LESS : c > 0 ? MORE : SAME);
}

static const struct comparison comparisons[] = {
	{ STR_LIT("eq"), OPERAND_VAL, YES, find_equal },
	{ STR_LIT("neq"), OPERAND_VAL, NO, find_equal },
	{ STR_LIT("in"), OPERAND_VALS, YES, find_in },
	{ STR_LIT("nin"), OPERAND_VALS, NO, find_in },
	{ STR_LIT("ex"), OPERAND_NONE, YES, find_present },
	{ STR_LIT("nex"), OPERAND_NONE, NO, find_present },
	{ STR_LIT("sw"), OPERAND_VAL, YES, find_start },
	{ STR_LIT("ew"), OPERAND_VAL, YES, find_end },
	{ STR_LIT("ct"), OPERAND_VAL, YES, find_inside },
	{ STR_LIT("lt"), OPERAND_VAL, LESS, find_order },
	{ STR_LIT("lte"), OPERAND_VAL, LESS | SAME, find_order },
	{ STR_LIT("gt"), OPERAND_VAL, MORE, find_order },
	{ STR_LIT("gte"), OPERAND_VAL, MORE | SAME, find_order },
};

static const struct comparison *
comparison_get(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof comparisons / sizeof comparisons[0]; i++)
		if (rotor_str_eq(comparisons[i].name, rotor_str_of(name)))
			return (&comparisons[i]);
	return (NULL);
}

/* The tests are put in place from the end, lists and strings from the beginning. */
struct compiler {
	struct tags_filter	*f;
	uint32_t		at;		/* tests from here on are in place */
	struct rotor_str	*vals;		/* where the next list goes */
	char			*bytes;		/* where the next string goes */
};

/* Operators.  Each puts its tests in place, the last ones first, so that the targets
 * of a test are known before it; it returns the first, where a match has to begin. */

static uint32_t emit(struct compiler *c, const Cp__FilterNode *node, uint32_t yes, uint32_t no);

static struct rotor_str
put_str(struct compiler *c, const char *s)
{
	struct rotor_str copy = { c->bytes, strlen(s) };

	memcpy(c->bytes, s, copy.len);
	c->bytes += copy.len;
	return (copy);
}

static uint32_t
emit_test(struct compiler *c, const Cp__FilterNode *node, uint32_t yes, uint32_t no)
{
	struct test *t = &c->f->tests[--c->at];
	size_t i;

	*t = (struct test){ .cmp = comparison_get(node->cmp), .yes = yes, .no = no };
	t->key = put_str(c, node->key);
	t->val = put_str(c, node->val);
	t->is_number = decimal_parse(t->val, &t->number) == 0;
	for (i = 0; i < node->n_vals; i++)
		c->vals[i] = put_str(c, node->vals[i]);
	if (node->n_vals > 0)
		qsort(c->vals, node->n_vals, sizeof *c->vals, str_order);
	t->vals = c->vals;
	t->n_vals = node->n_vals;
	c->vals += node->n_vals;
	return (c->at);
}

static uint32_t
emit_and(struct compiler *c, const Cp__FilterNode *node, uint32_t yes, uint32_t no)
{
	size_t i;

	for (i = node->n_nodes; i > 0; i--)
		yes = emit(c, node->nodes[i - 1], yes, no);
	return (yes);
}

static uint32_t
emit_or(struct compiler *c, const Cp__FilterNode *node, uint32_t yes, uint32_t no)
{
	size_t i;

	for (i = node->n_nodes; i > 0; i--)
		no = emit(c, node->nodes[i - 1], yes, no);
	return (no);
}

static uint32_t
emit_not(struct compiler *c, const Cp__FilterNode *node, uint32_t yes, uint32_t no)
{
	return (emit(c, node->nodes[0], no, yes));
}

static const struct op {
	struct rotor_str	name;
	size_t			min, max;	/* nodes inside; 0, 0: it is a comparison */
	uint32_t		(*emit)(struct compiler *c, const Cp__FilterNode *node, uint32_t yes,
				    uint32_t no);
} ops[] = {
	{ STR_LIT(""), 0, 0, emit_test },
	{ STR_LIT("and"), 1, SIZE_MAX, emit_and },
	{ STR_LIT("or"), 1, SIZE_MAX, emit_or },
	{ STR_LIT("not"), 1, 1, emit_not },
};

static const struct op *
op_get(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof ops / sizeof ops[0]; i++)
		if (rotor_str_eq(ops[i].name, rotor_str_of(name)))
			return (&ops[i]);
	return (NULL);
}

static uint32_t
emit(struct compiler *c, const Cp__FilterNode *node, uint32_t yes, uint32_t no)
{
	return (op_get(node->op)->emit(c, node, yes, no));
}

/* Checks.  They count what the block has to hold. */

struct sizes {
	size_t	nodes, tests, vals, bytes;
};

/* What belongs to other comparisons must be absent, as the reference demands. */
static int
test_valid(const Cp__FilterNode *node)
{
	const struct comparison *cmp = comparison_get(node->cmp);

	return (cmp != NULL &&
	    (node->val[0] != '\0') == (cmp->operand == OPERAND_VAL) &&
	    (node->n_vals > 0) == (cmp->operand == OPERAND_VALS) &&
	    (node->key[0] != '\0' || cmp->operand == OPERAND_NONE));
}

static int
test_measure(const Cp__FilterNode *node, struct sizes *sz)
{
	size_t i;

	if (!test_valid(node))
		return (-EINVAL);
	sz->tests++;
	sz->vals += node->n_vals;
	sz->bytes += strlen(node->key) + strlen(node->val);
	for (i = 0; i < node->n_vals; i++)
		sz->bytes += strlen(node->vals[i]);
	return (0);
}

static int
measure(const Cp__FilterNode *node, unsigned depth, struct sizes *sz)
{
	const struct op *op = op_get(node->op);
	size_t i;
	int r = 0;

	if (op == NULL || depth > TAGS_FILTER_MAX_DEPTH || ++sz->nodes > TAGS_FILTER_MAX_NODES)
		return (-EINVAL);
	if (op->max == 0)
		return (test_measure(node, sz));
	if (node->n_nodes < op->min || node->n_nodes > op->max)
		return (-EINVAL);
	for (i = 0; i < node->n_nodes && r == 0; i++)
		r = measure(node->nodes[i], depth + 1, sz);
	return (r);
}

int
tags_filter_new(const Cp__FilterNode *node, struct tags_filter **ret)
{
	struct sizes sz = { 0, 0, 0, 0 };
	struct tags_filter *f;
	struct compiler c;
	int r;

	r = measure(node, 1, &sz);
	if (r != 0)
		return (r);
	/* Cannot overflow: some bytes a test, and they are few; else about what `node` takes. */
	f = malloc(sizeof *f + sz.tests * sizeof f->tests[0] + sz.vals * sizeof *c.vals + sz.bytes);
	if (f == NULL)
		return (-ENOMEM);
	f->magic = TAGS_FILTER_MAGIC;
	f->n = (uint32_t)sz.tests;
	c.f = f;
	c.at = f->n;
	c.vals = (struct rotor_str *)(void *)(f->tests + sz.tests);
	c.bytes = (char *)(c.vals + sz.vals);
	emit(&c, node, PASS, FAIL);
	*ret = f;
	return (0);
}

void
tags_filter_free(struct tags_filter **fp)
{
	struct tags_filter *f;

	if (*fp == NULL)
		return;
	OBJ_TAKE(f, fp, TAGS_FILTER_MAGIC);
	OBJ_FREE(f);
}

static const struct rotor_str *
tag_get(const struct rotor_tag *tags, size_t n_tags, struct rotor_str key)
{
	size_t i;

	for (i = 0; i < n_tags; i++)
		if (rotor_str_eq(tags[i].key, key))
			return (&tags[i].value);
	return (NULL);
}

int
tags_filter_match(const struct tags_filter *f, const struct rotor_tag *tags, size_t n_tags)
{
	const struct test *t;
	uint32_t at = 0;

	OBJ_CHECK(f, TAGS_FILTER_MAGIC);
	while (at < f->n) {
		t = &f->tests[at];
		at = t->cmp->find(t, tag_get(tags, n_tags, t->key)) & t->cmp->holds ? t->yes : t->no;
	}
	return (at == PASS);
}
