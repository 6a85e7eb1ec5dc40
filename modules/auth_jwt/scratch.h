/* SPDX-License-Identifier: MIT */
/*
 * scratch.h - memory for the length of one verification.
 *
 * The first few kilobytes are inside the struct, which lives on the caller's
 * stack, so an ordinary token allocates nothing.  One thread.
 */
#ifndef AUTH_JWT_SCRATCH_H
#define AUTH_JWT_SCRATCH_H

#include <stddef.h>

#define SCRATCH_FIRST	4096u

struct scratch_block;

struct scratch {
	struct scratch_block	*blocks;	/* allocated ones, newest first */
	char			*at;		/* next free byte, aligned */
	char			*end;
	_Alignas(max_align_t) char	first[SCRATCH_FIRST];
};

void scratch_init(struct scratch *s);
/* Frees everything. */
void scratch_fini(struct scratch *s);
/* `len` bytes, aligned for any type, uninitialised; NULL without memory. */
void *scratch_alloc(struct scratch *s, size_t len);
/* Room for `n` objects of `size` bytes, zeroed; NULL without memory. */
void *scratch_array(struct scratch *s, size_t n, size_t size);

#endif
