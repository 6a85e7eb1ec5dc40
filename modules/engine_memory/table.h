/* SPDX-License-Identifier: MIT */
/*
 * table.h - a hash table of objects that embed their node.
 *
 * Chains over a power-of-two array of buckets, which grows and shrinks with the
 * number of objects.  The table owns nothing but the buckets.  The caller's lock.
 */
#ifndef ENGINE_MEMORY_TABLE_H
#define ENGINE_MEMORY_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* The object around a member. */
#define CONTAINER(ptr, type, member)					\
	((type *)(void *)((char *)(ptr) - offsetof(type, member)))

struct table_node {
	struct table_node	*next;
	uint64_t		hash;	/* set before table_insert() */
};

struct table {
	struct table_node	**buckets;	/* NULL until the first insert */
	size_t			cap, n;
};

/* 1 when `node` belongs to the object that has `key`. */
typedef int table_match_f(struct table_node *node, const void *key);
typedef void table_visit_f(struct table_node *node);

/* A zeroed table is an empty one. */
struct table_node *table_find(const struct table *t, uint64_t hash, table_match_f *match,
    const void *key);
/* 0 or -ENOMEM.  A key may be there twice while one node replaces the other; until
 * the next insert the newer one is found. */
int table_insert(struct table *t, struct table_node *node);
/* The node must be in the table. */
void table_remove(struct table *t, struct table_node *node);
/* Calls free_node for each node and frees the buckets. */
void table_fini(struct table *t, table_visit_f *free_node);

#endif
