/* SPDX-License-Identifier: MIT */
/*
 * log/ring.c - see log/ring.h.
 *
 *	not wrapped (end 0):	| free | tail ... head | free |
 *	wrapped:		| ... head | free | tail ... end | left over |
 */
#include "config.h"

#include "log/ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
ring_init(struct ring *r, size_t size)
{
	*r = (struct ring){ .buf = malloc(size), .size = size };
	return r->buf != NULL ? 0 : -ENOMEM;
}

void
ring_fini(struct ring *r)
{
	free(r->buf);
	*r = (struct ring){ 0 };
}

int
ring_put(struct ring *r, const char *line, size_t len)
{
	if (r->end == 0 && r->size - r->head < len) {
		if (r->tail < len)
			return 0;
		r->end = r->head;
		r->head = 0;
	} else if (r->end != 0 && r->tail - r->head < len)
		return 0;
	memcpy(r->buf + r->head, line, len);
	r->head += len;
	return 1;
}

size_t
ring_peek(const struct ring *r, const char **ret)
{
	*ret = r->buf + r->tail;
	return (r->end != 0 ? r->end : r->head) - r->tail;
}

void
ring_drop(struct ring *r, size_t len)
{
	r->tail += len;
	if (r->end != 0 && r->tail == r->end)
		r->tail = r->end = 0;
	if (r->end == 0 && r->tail == r->head)
		r->tail = r->head = 0;	/* the same few pages again while little is logged */
}
