/* SPDX-License-Identifier: MIT */
/* table.c - see table.h. */
#include "config.h"

#include "table.h"

#include <errno.h>
#include <stdlib.h>

#define TABLE_MIN_CAP	8u

static struct table_node **
bucket_of(const struct table *t, uint64_t hash)
{
	return (&t->buckets[hash & (t->cap - 1)]);
}

/* Moves everything to `cap` buckets.  0 or -ENOMEM, then nothing has changed. */
static int
table_resize(struct table *t, size_t cap)
{
	struct table old = *t;
	struct table_node *node, **bucket;
	size_t i;

	t->buckets = calloc(cap, sizeof *t->buckets);
	if (t->buckets == NULL) {
		t->buckets = old.buckets;
		return (-ENOMEM);
	}
	t->cap = cap;
	for (i = 0; i < old.cap; i++) {
		while ((node = old.buckets[i]) != NULL) {
			old.buckets[i] = node->next;
			bucket = bucket_of(t, node->hash);
			node->next = *bucket;
			*bucket = node;
		}
	}
	free(old.buckets);
	return (0);
}

struct table_node *
table_find(const struct table *t, uint64_t hash, table_match_f *match, const void *key)
{
	struct table_node *node;

	if (t->n == 0)
		return (NULL);
	for (node = *bucket_of(t, hash); node != NULL; node = node->next) {
		if (node->hash == hash && match(node, key))
			return (node);
	}
	return (NULL);
}

int
table_insert(struct table *t, struct table_node *node)
{
	struct table_node **bucket;

	/* A table that cannot grow is slower, but works. */
	if (t->n >= t->cap && table_resize(t, t->cap == 0 ? TABLE_MIN_CAP : 2 * t->cap) != 0 &&
	    t->cap == 0)
		return (-ENOMEM);
	bucket = bucket_of(t, node->hash);
	node->next = *bucket;
	*bucket = node;
	t->n++;
	return (0);
}

void
table_remove(struct table *t, struct table_node *node)
{
	struct table_node **at = bucket_of(t, node->hash);

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	node->next = NULL;
	t->n--;
	if (t->cap > TABLE_MIN_CAP && t->n < t->cap / 8)
		(void)table_resize(t, t->cap / 4);	/* too large is harmless */
}

void
table_fini(struct table *t, table_visit_f *free_node)
{
	struct table_node *node;
	size_t i;

	for (i = 0; i < t->cap; i++) {
		while ((node = t->buckets[i]) != NULL) {
			t->buckets[i] = node->next;
			free_node(node);
		}
	}
	free(t->buckets);
	*t = (struct table){ NULL, 0, 0 };
}
