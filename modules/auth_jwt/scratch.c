/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "scratch.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_MIN	8192u
#define ALIGN		_Alignof(max_align_t)

struct scratch_block {
	struct scratch_block	*next;
	_Alignas(max_align_t) char	data[];
};

void
scratch_init(struct scratch *s)
{
	s->blocks = NULL;
	s->at = s->first;
	s->end = s->first + sizeof s->first;
}

void
scratch_fini(struct scratch *s)
{
	struct scratch_block *b;

	while ((b = s->blocks) != NULL) {
		s->blocks = b->next;
		free(b);
	}
	scratch_init(s);
}

static int
grow(struct scratch *s, size_t len)
{
	struct scratch_block *b;
	size_t size = len > BLOCK_MIN ? len : BLOCK_MIN;

	b = malloc(sizeof *b + size);
	if (b == NULL)
		return (-1);
	b->next = s->blocks;
	s->blocks = b;
	s->at = b->data;
	s->end = b->data + size;
	return (0);
}

void *
scratch_alloc(struct scratch *s, size_t len)
{
	char *p;

	if (len > SIZE_MAX / 2)
		return (NULL);
	len = (len + ALIGN - 1) / ALIGN * ALIGN;
	if (len > (size_t)(s->end - s->at) && grow(s, len) != 0)
		return (NULL);
	p = s->at;
	s->at += len;
	return (p);
}

void *
scratch_array(struct scratch *s, size_t n, size_t size)
{
	void *p;

	if (n > SIZE_MAX / 2 / size)
		return (NULL);
	p = scratch_alloc(s, n * size);
	if (p != NULL)
		memset(p, 0, n * size);
	return (p);
}
