/* SPDX-License-Identifier: MIT */
/*
 * base/map.c - linear probing over a power-of-two table.
 *
 * Every entry lies on an unbroken run of full slots that starts at its home slot.
 * Deletion keeps that true by moving later entries of the run back into the hole,
 * so there are no tombstones and a lookup ends at the first empty slot.
 */
#include "config.h"

#include "base/map.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/obj.h"
#include "base/str.h"

#define CAP_MIN		((size_t)8)

void
map_init(struct map *m)
{
	*m = (struct map){ NULL, 0, 0 };
}

void
map_fini(struct map *m)
{
	free(m->slots);
	map_init(m);
}

/* The slot that holds the key, or the empty one where it belongs.  The table is
 * never full, so the walk ends. */
static size_t
find(const struct map *m, uint64_t hash, struct rotor_str key)
{
	size_t mask = m->cap - 1, i = (size_t)hash & mask;
	const struct map_slot *s;

	for (;; i = (i + 1) & mask) {
		s = &m->slots[i];
		if (s->value == NULL || (s->hash == hash && rotor_str_eq(s->key, key)))
			return i;
	}
}

/* The first empty slot for a hash whose key is known to be absent. */
static struct map_slot *
find_empty(struct map_slot *slots, size_t cap, uint64_t hash)
{
	size_t i = (size_t)hash & (cap - 1);

	while (slots[i].value != NULL)
		i = (i + 1) & (cap - 1);
	return &slots[i];
}

static int
resize(struct map *m, size_t cap)
{
	struct map_slot *slots = calloc(cap, sizeof *slots);
	size_t i;

	if (slots == NULL)
		return -ENOMEM;
	for (i = 0; i < m->cap; i++)
		if (m->slots[i].value != NULL)
			*find_empty(slots, cap, m->slots[i].hash) = m->slots[i];
	free(m->slots);
	m->slots = slots;
	m->cap = cap;
	return 0;
}

void *
map_get(const struct map *m, uint64_t hash, struct rotor_str key)
{
	if (m->n == 0)
		return NULL;
	return m->slots[find(m, hash, key)].value;
}

int
map_put(struct map *m, uint64_t hash, struct rotor_str key, void *value)
{
	ASSERT(value != NULL);
	if (m->n >= m->cap / 4 * 3) {
		int err = resize(m, m->cap == 0 ? CAP_MIN : m->cap * 2);

		if (err != 0)
			return err;
	}
	*find_empty(m->slots, m->cap, hash) = (struct map_slot){ hash, key, value };
	m->n++;
	return 0;
}

/* Empties slot `hole` and closes the gap: an entry further on in the run moves back
 * unless its home lies behind the hole, where a lookup would not pass it. */
static void
remove_at(struct map *m, size_t hole)
{
	size_t mask = m->cap - 1, i = hole, home;

	for (;;) {
		i = (i + 1) & mask;
		if (m->slots[i].value == NULL)
			break;
		home = (size_t)m->slots[i].hash & mask;
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		m->slots[hole] = m->slots[i];
		hole = i;
	}
	m->slots[hole] = (struct map_slot){ 0, { NULL, 0 }, NULL };
}

void *
map_del(struct map *m, uint64_t hash, struct rotor_str key)
{
	size_t i;
	void *value;

	if (m->n == 0)
		return NULL;
	i = find(m, hash, key);
	value = m->slots[i].value;
	if (value == NULL)
		return NULL;
	remove_at(m, i);
	m->n--;
	if (m->cap > CAP_MIN && m->n <= m->cap / 8)
		(void)resize(m, m->cap / 2);	/* no memory: it stays big */
	return value;
}

void *
map_next(const struct map *m, size_t *pos)
{
	while (*pos < m->cap) {
		const struct map_slot *s = &m->slots[(*pos)++];

		if (s->value != NULL)
			return s->value;
	}
	return NULL;
}

/*
 * Positions.  A home slot is the low bits of the hash, so with its bits reversed the home
 * becomes the high ones: all entries of a home are neighbours, and when the table grows
 * each home falls into two halves that are neighbours again.  What the walk has passed in
 * one size it has therefore passed in every other.
 */

static uint64_t
reverse_bits(uint64_t v)
{
	v = (v >> 1 & UINT64_C(0x5555555555555555)) | (v & UINT64_C(0x5555555555555555)) << 1;
	v = (v >> 2 & UINT64_C(0x3333333333333333)) | (v & UINT64_C(0x3333333333333333)) << 2;
	v = (v >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f)) | (v & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4;
	return __builtin_bswap64(v);
}

/* One bit less than a hash has, so that there is a position behind the last. */
uint64_t
map_position(uint64_t hash)
{
	return reverse_bits(hash) >> 1;
}

/* The least position not below `from` among the entries at home in `home`, and its
 * value; MAP_SCAN_END: none. */
static uint64_t
least_at(const struct map *m, size_t home, uint64_t from, void **ret_value)
{
	size_t mask = m->cap - 1, i;
	uint64_t least = MAP_SCAN_END, at;

	for (i = home; m->slots[i].value != NULL; i = (i + 1) & mask) {
		at = map_position(m->slots[i].hash);
		if (((size_t)m->slots[i].hash & mask) == home && at >= from && at < least) {
			least = at;
			*ret_value = m->slots[i].value;
		}
	}
	return least;
}

void *
map_scan(const struct map *m, uint64_t *pos)
{
	uint64_t homes = m->cap, width = homes > 0 ? MAP_SCAN_END / homes : 0, at;
	void *value = NULL;

	while (m->n > 0 && *pos < MAP_SCAN_END) {
		at = least_at(m, (size_t)(reverse_bits(*pos << 1) & (homes - 1)), *pos, &value);
		if (at < MAP_SCAN_END) {
			*pos = at + 1;
			return value;
		}
		*pos = (*pos / width + 1) * width;
	}
	*pos = MAP_SCAN_END;
	return NULL;
}
