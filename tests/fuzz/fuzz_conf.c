/* SPDX-License-Identifier: MIT */
/*
 * fuzz_conf.c - a configuration file, in every format, through the core's tables.
 *
 * Beyond not crashing: no value and no key holds a NUL character, and there are no more of
 * them, and not deeper, than may be.
 */
#include "config.h"

#include "fuzz.h"

#include <string.h>

#include "base/obj.h"
#include "conf/conf_priv.h"
#include "conf/core_conf.h"

static size_t
count(const struct conf_node *n, size_t depth)
{
	const struct conf_node *child;
	size_t sum = 1, here = 0;

	ASSERT(depth <= CONF_MAX_DEPTH);
	ASSERT(n->kind != NODE_SCALAR || n->text != NULL);
	for (child = n->first; child != NULL; child = child->next, here++)
		sum += count(child, depth + 1);
	ASSERT(here == n->n && (n->kind != NODE_MAP || here <= CONF_MAX_KEYS));
	return sum;
}

static void
try_as(const char *file, const char *text, size_t len)
{
	const struct conf_source none = { .file = NULL };
	struct conf *c = conf_load(&none);
	struct conf_core cc;
	struct conf_node *root;

	ASSERT(c != NULL);
	root = conf_parse_file(c, file, text, len);
	ASSERT(root != NULL || conf_failed(c));
	if (root != NULL)
		ASSERT(count(root, 0) <= CONF_MAX_NODES);
	if (root != NULL && root->kind == NODE_MAP) {
		c->root = root;
		conf_modules_merge(c);
		core_conf_apply(c, &cc);
		core_conf_fini(&cc);
		conf_check_unknown(c);
		conf_sort_problems(c);
	}
	conf_free(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const files[] = { "f.json", "f.yaml", "f.toml", "f" };

	if (len > CONF_MAX_FILE)
		return 0;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		try_as(files[i], (const char *)data, len);
	return 0;
}
