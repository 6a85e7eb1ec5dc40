/* SPDX-License-Identifier: MIT */
/*
 * due.h - who has to be looked at next: a binary heap of times.
 *
 * Expiry moves into the future with each use of an object.  The heap is not told:
 * an entry may be early, never late, and whoever takes it out looks at the object
 * and puts it back with due_move().  So use costs nothing, and a sweep touches only
 * what may have expired.  The caller's lock.
 */
#ifndef ENGINE_MEMORY_DUE_H
#define ENGINE_MEMORY_DUE_H

#include <stddef.h>
#include <stdint.h>

#define DUE_NEVER	INT64_MAX

struct due {
	int64_t		at_ms;
	size_t		index;		/* in the heap's array */
};

struct due_heap {
	struct due	**v;
	size_t		n, cap;
};

/* The time `ttl_ms` from `now_ms`, or DUE_NEVER when that is beyond all times. */
int64_t due_in(int64_t now_ms, int64_t ttl_ms);
/* Adds `d` for `at_ms`.  0 or -ENOMEM. */
int due_add(struct due_heap *h, struct due *d, int64_t at_ms);
void due_remove(struct due_heap *h, struct due *d);
/* Sets another time. */
void due_move(struct due_heap *h, struct due *d, int64_t at_ms);
/* Sets another time if that is earlier. */
void due_hasten(struct due_heap *h, struct due *d, int64_t at_ms);
/* The first one whose time has come, still in the heap; or NULL. */
struct due *due_first(const struct due_heap *h, int64_t now_ms);
/* Frees the array, not the objects. */
void due_fini(struct due_heap *h);

#endif
