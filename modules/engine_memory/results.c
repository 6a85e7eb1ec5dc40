/* SPDX-License-Identifier: MIT */
/* results.c - see results.h. */
#include "config.h"

#include "results.h"

#include <stdlib.h>

#include "slice.h"

/* What the allocator, and the table and heap around it, take for an object. */
#define OBJECT_BYTES	32u

static size_t
result_bytes(const struct result *r)
{
	return (sizeof *r + r->channel.len + r->key.len + OBJECT_BYTES);
}

static int
result_match(struct table_node *node, const void *key)
{
	const struct result *r = CONTAINER(node, struct result, node);
	const struct result_name *name = key;

	return (rotor_str_eq(r->channel, name->channel) && rotor_str_eq(r->key, name->key));
}

struct result_name
result_name_make(const struct hash_key *hk, uint64_t channel_hash, struct rotor_str channel,
    struct rotor_str key)
{
	return ((struct result_name){ channel, key, hash_str(hk, channel_hash, key) });
}

const struct result *
results_find(struct results *rs, const struct result_name *name, int64_t now_ms)
{
	struct table_node *node = table_find(&rs->table, name->hash, result_match, name);
	struct result *r;

	if (node == NULL)
		return (NULL);
	r = CONTAINER(node, struct result, node);
	if (r->due.at_ms <= now_ms)
		results_drop(rs, &r);
	return (r);
}

static struct result *
result_new(const struct result_name *name)
{
	struct result *r = calloc(1, sizeof *r + name->channel.len + name->key.len);
	char *at;

	if (r == NULL)
		return (NULL);
	at = r->bytes;
	r->node.hash = name->hash;
	r->channel = slice_put(&at, name->channel);
	r->key = slice_put(&at, name->key);
	return (r);
}

struct result *
results_add(struct results *rs, const struct result_name *name, int64_t until_ms)
{
	struct result *r = result_new(name);

	if (r == NULL)
		return (NULL);
	if (due_add(&rs->due, &r->due, until_ms) != 0)
		goto fail;
	if (table_insert(&rs->table, &r->node) != 0) {
		due_remove(&rs->due, &r->due);
		goto fail;
	}
	rs->bytes += result_bytes(r);
	return (r);
fail:
	free(r);
	return (NULL);
}

void
results_drop(struct results *rs, struct result **rp)
{
	struct result *r = *rp;

	if (r == NULL)
		return;
	*rp = NULL;
	table_remove(&rs->table, &r->node);
	due_remove(&rs->due, &r->due);
	rs->bytes -= result_bytes(r);
	free(r);
}

size_t
results_sweep(struct results *rs, int64_t now_ms, size_t max)
{
	struct result *r;
	struct due *d;
	size_t n;

	for (n = 0; n < max && (d = due_first(&rs->due, now_ms)) != NULL; n++) {
		r = CONTAINER(d, struct result, due);
		results_drop(rs, &r);
	}
	return (n);
}

int
results_evict(struct results *rs)
{
	struct due *d = due_first(&rs->due, DUE_NEVER);
	struct result *r;

	if (d == NULL)
		return (0);
	r = CONTAINER(d, struct result, due);
	results_drop(rs, &r);
	return (1);
}

static void
result_free(struct table_node *node)
{
	free(CONTAINER(node, struct result, node));
}

void
results_fini(struct results *rs)
{
	table_fini(&rs->table, result_free);
	due_fini(&rs->due);
}
