/* SPDX-License-Identifier: MIT */
/*
 * base/map.h - a hash table from byte strings to pointers (open addressing).
 *
 * Keys are not copied: the slice must live as long as the entry, normally inside
 * the object that is the value.  One thread, or the caller's lock.
 */
#ifndef ROTOR_BASE_MAP_H
#define ROTOR_BASE_MAP_H

#include <rotor/abi.h>

struct map_slot {
	uint64_t		hash;
	struct rotor_str	key;
	void			*value;		/* NULL: empty */
};

struct map {
	struct map_slot	*slots;		/* NULL until the first insert */
	size_t		cap;		/* a power of two */
	size_t		n;
};

void map_init(struct map *m);
void map_fini(struct map *m);
/* `hash` is str_hash(key). */
void *map_get(const struct map *m, uint64_t hash, struct rotor_str key);
/* The key must not be present.  0 or -ENOMEM. */
int map_put(struct map *m, uint64_t hash, struct rotor_str key, void *value);
/* Removes and returns the value, or NULL.  Shrinks when the table is nearly empty. */
void *map_del(struct map *m, uint64_t hash, struct rotor_str key);
/* Walks all entries: start with *pos = 0; NULL at the end.  The table must not
 * change meanwhile. */
void *map_next(const struct map *m, size_t *pos);

/*
 * The walk of a table that changes meanwhile, even in size: entries stand in an order
 * of their own, and an entry that is there from the first step to the last is met
 * exactly once.  (Of entries that share a whole hash one is met.)
 */
#define MAP_SCAN_END	(UINT64_C(1) << 63)

/* Where an entry stands: below MAP_SCAN_END. */
uint64_t map_position(uint64_t hash);
/* The first entry at *pos or behind it; *pos is then the position after it.  NULL: there
 * is none, *pos is MAP_SCAN_END.  A step looks at a few slots, on average. */
void *map_scan(const struct map *m, uint64_t *pos);

#endif
