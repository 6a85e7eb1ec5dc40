/* SPDX-License-Identifier: MIT */
/* base/arena.c - memory for the length of one request. */
#include "config.h"

#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN		alignof(max_align_t)
#define CHUNK_MIN	((size_t)1024)
#define CHUNK_MAX	((size_t)65536)

struct arena_chunk {
	struct arena_chunk	*next;
	alignas(max_align_t) char	data[];
};

void
arena_init(struct arena *a, void *first, size_t first_len)
{
	memset(a, 0, sizeof *a);
	if (first != NULL) {
		a->first = first;
		a->first_end = a->first + first_len;
	}
	a->at = a->first;
	a->end = a->first_end;
}

void
arena_reset(struct arena *a)
{
	struct arena_chunk *c;

	while ((c = a->chunks) != NULL) {
		a->chunks = c->next;
		free(c);
	}
	a->total = 0;
	a->at = a->first;
	a->end = a->first_end;
}

void
arena_adopt(struct arena *a, struct arena *from)
{
	struct arena_chunk **endp = &from->chunks;

	while (*endp != NULL)
		endp = &(*endp)->next;
	*endp = a->chunks;
	a->chunks = from->chunks;
	a->total += from->total;
	a->over |= from->over;
	arena_init(from, NULL, 0);
}

/* How much to ask for when `len` bytes do not fit; 0: the limit forbids it.  Chunks
 * grow with the arena, so that a big request needs few of them. */
static size_t
chunk_size(const struct arena *a, size_t len)
{
	size_t size = a->total, left;

	if (size < CHUNK_MIN)
		size = CHUNK_MIN;
	if (size > CHUNK_MAX)
		size = CHUNK_MAX;
	if (size < len)
		size = len;
	if (a->limit == 0)
		return size;
	left = a->total < a->limit ? a->limit - a->total : 0;
	if (len > left)
		return 0;
	return size < left ? size : left;
}

static int
add_chunk(struct arena *a, size_t len)
{
	size_t size = chunk_size(a, len);
	struct arena_chunk *c;

	a->over |= size == 0;
	if (size == 0 || size > SIZE_MAX - sizeof *c)
		return -1;
	c = malloc(sizeof *c + size);
	if (c == NULL)
		return -1;
	c->next = a->chunks;
	a->chunks = c;
	a->total += size;
	a->at = c->data;
	a->end = c->data + size;
	return 0;
}

/* Bytes to skip until `p` is aligned. */
static size_t
padding(const char *p)
{
	return (size_t)(-(uintptr_t)p & (ALIGN - 1));
}

void *
arena_alloc(struct arena *a, size_t len)
{
	size_t pad = padding(a->at);
	char *p;

	if (len == 0)
		len = 1;	/* a pointer of its own, never NULL */
	if (pad > (size_t)(a->end - a->at) || len > (size_t)(a->end - a->at) - pad) {
		if (add_chunk(a, len) != 0)
			return NULL;
		pad = 0;
	}
	p = a->at + pad;
	a->at = p + len;
	return p;
}

void *
arena_zalloc(struct arena *a, size_t len)
{
	void *p = arena_alloc(a, len);

	if (p != NULL)
		memset(p, 0, len);
	return p;
}

char *
arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *p = len < SIZE_MAX ? arena_alloc(a, len + 1) : NULL;

	if (p == NULL)
		return NULL;
	if (len > 0)
		memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

struct rotor_str
arena_str(struct arena *a, struct rotor_str s)
{
	char *p = arena_strndup(a, s.p, s.len);

	return (struct rotor_str){ p, p != NULL ? s.len : 0 };
}
