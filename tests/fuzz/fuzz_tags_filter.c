/* SPDX-License-Identifier: MIT */
/*
 * fuzz_tags_filter.c - a filter in JSON, then tags: "key=value", one a line.
 *
 * Beyond not crashing: a compiled tree passes what one gets by asking each of its
 * comparisons alone and joining their answers as the operators say.
 */
#include "config.h"

#include "fuzz.h"

#include <string.h>

#include "base/arena.h"
#include "base/obj.h"
#include "channel/tags_filter.h"
#include "proto/codec.h"

#define TAGS_MAX	64

struct tags {
	struct rotor_tag	v[TAGS_MAX];
	size_t			n;
};

static void
read_tags(const char *p, const char *end, struct tags *tags)
{
	const char *eol, *eq;

	for (tags->n = 0; p < end && tags->n < TAGS_MAX; p = eol + (eol < end)) {
		eol = memchr(p, '\n', (size_t)(end - p));
		if (eol == NULL)
			eol = end;
		eq = memchr(p, '=', (size_t)(eol - p));
		if (eq == NULL)
			continue;
		tags->v[tags->n].key = (struct rotor_str){ p, (size_t)(eq - p) };
		tags->v[tags->n++].value = (struct rotor_str){ eq + 1, (size_t)(eol - eq - 1) };
	}
}

static int
match(const Cp__FilterNode *node, const struct tags *tags)
{
	struct tags_filter *f;
	int passes;

	ASSERT(tags_filter_new(node, &f) == 0);
	passes = tags_filter_match(f, tags->v, tags->n);
	ASSERT(passes == 0 || passes == 1);
	tags_filter_free(&f);
	return passes;
}

/* What the tree says, node by node. */
static int
evaluate(const Cp__FilterNode *node, const struct tags *tags)
{
	int all = 1, any = 0, one;
	size_t i;

	if (node->op[0] == '\0')
		return match(node, tags);
	for (i = 0; i < node->n_nodes; i++) {
		one = evaluate(node->nodes[i], tags);
		all &= one;
		any |= one;
	}
	if (strcmp(node->op, "not") == 0)
		return !any;
	return strcmp(node->op, "and") == 0 ? all : any;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const Cp__FilterNode *node;
	struct tags_filter *f;
	struct json_reader in;
	struct tags tags;
	struct arena a;

	arena_init(&a, NULL, 0);
	json_reader_init(&in, (const char *)data, len);
	node = (const Cp__FilterNode *)codec_decode_json(&cp__filter_node__descriptor, &a, &in);
	if (node != NULL && tags_filter_new(node, &f) == 0) {
		tags_filter_free(&f);
		read_tags(in.p, in.end, &tags);
		ASSERT(match(node, &tags) == evaluate(node, &tags));
	}
	arena_reset(&a);
	return 0;
}
