/* SPDX-License-Identifier: MIT */
/*
 * lru.h - who was not used for the longest time: a ring of nodes that their owners embed,
 * through a head that stands between the newest and the oldest.  The caller's lock.
 */
#ifndef ENGINE_MEMORY_LRU_H
#define ENGINE_MEMORY_LRU_H

#include <stddef.h>

struct lru {
	struct lru	*prev, *next;	/* older, newer; of a head: the newest, the oldest */
};

/* Makes an empty list, or a node that is in none. */
static inline void
lru_init(struct lru *l)
{
	l->prev = l->next = l;
}

static inline void
lru_remove(struct lru *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	lru_init(node);
}

/* It has just been used: it becomes the newest, and leaves the list it was in. */
static inline void
lru_use(struct lru *head, struct lru *node)
{
	lru_remove(node);
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

/* NULL: the list is empty. */
static inline struct lru *
lru_oldest(const struct lru *head)
{
	return (head->next != head ? head->next : NULL);
}

#endif
