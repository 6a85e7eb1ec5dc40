/* SPDX-License-Identifier: MIT */
/*
 * log/ring.h - lines that wait, in one block of memory.
 *
 * Each is kept in one piece.  What ring_peek() gave may be read without a lock while
 * others put lines: it is theirs only after ring_drop().
 */
#ifndef ROTOR_LOG_RING_H
#define ROTOR_LOG_RING_H

#include <stddef.h>

struct ring {
	char	*buf;
	size_t	size;
	size_t	tail;		/* the oldest byte */
	size_t	head;		/* where the next line goes */
	size_t	end;		/* of what lies from tail on, when head is before it; else 0 */
};

/* 0 or -ENOMEM. */
int ring_init(struct ring *r, size_t size);
void ring_fini(struct ring *r);
/* 1; 0: there is no room. */
int ring_put(struct ring *r, const char *line, size_t len);
/* The oldest lines, as many as lie in one piece; their length, 0: it is empty. */
size_t ring_peek(const struct ring *r, const char **ret);
/* Forgets so many bytes of those. */
void ring_drop(struct ring *r, size_t len);

#endif
