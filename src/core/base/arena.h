/* SPDX-License-Identifier: MIT */
/*
 * base/arena.h - memory for the length of one request.
 *
 * Allocation bumps a pointer; everything is given back at once.  The first chunk
 * may be the caller's own (a stack buffer), so that a small request allocates
 * nothing.  One thread.
 */
#ifndef ROTOR_BASE_ARENA_H
#define ROTOR_BASE_ARENA_H

#include <stddef.h>

#include <rotor/abi.h>

struct arena_chunk;

struct arena {
	char			*at;		/* next free byte */
	char			*end;
	struct arena_chunk	*chunks;	/* allocated ones, newest first */
	size_t			total;		/* bytes in `chunks` */
	size_t			limit;		/* allocation fails beyond; 0: none */
	int			over;		/* it has, since arena_init() */
	char			*first, *first_end;	/* the caller's own chunk */
};

/* `first` (may be NULL) is used before anything is allocated. */
void arena_init(struct arena *a, void *first, size_t first_len);
/* Frees all chunks; the arena is as after arena_init(), but for its limit, which stays. */
void arena_reset(struct arena *a);
/* `a` takes over all that was allocated in `from`, which is as after arena_init() then;
 * `from` has no first chunk. */
void arena_adopt(struct arena *a, struct arena *from);
/* Aligned for any type, uninitialised.  NULL: no memory, or over the limit. */
void *arena_alloc(struct arena *a, size_t len);
void *arena_zalloc(struct arena *a, size_t len);
/* A NUL-terminated copy. */
char *arena_strndup(struct arena *a, const char *s, size_t len);
/* The same as a slice; p is NULL only when there is no memory. */
struct rotor_str arena_str(struct arena *a, struct rotor_str s);

#endif
