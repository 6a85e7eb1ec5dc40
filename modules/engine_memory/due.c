/* SPDX-License-Identifier: MIT */
/* due.c - see due.h. */
#include "config.h"

#include "due.h"

#include <errno.h>
#include <stdlib.h>

#define DUE_MIN_CAP	16u

static void
put(struct due_heap *h, size_t i, struct due *d)
{
	h->v[i] = d;
	d->index = i;
}

static void
sift_up(struct due_heap *h, struct due *d)
{
	size_t i = d->index, parent;

	while (i > 0) {
		parent = (i - 1) / 2;
		if (h->v[parent]->at_ms <= d->at_ms)
			break;
		put(h, i, h->v[parent]);
		i = parent;
	}
	put(h, i, d);
}

static void
sift_down(struct due_heap *h, struct due *d)
{
	size_t i = d->index, child;

	while ((child = 2 * i + 1) < h->n) {
		if (child + 1 < h->n && h->v[child + 1]->at_ms < h->v[child]->at_ms)
			child++;
		if (d->at_ms <= h->v[child]->at_ms)
			break;
		put(h, i, h->v[child]);
		i = child;
	}
	put(h, i, d);
}

static int
heap_resize(struct due_heap *h, size_t cap)
{
	struct due **v = reallocarray(h->v, cap, sizeof *v);

	if (v == NULL)
		return (-ENOMEM);
	h->v = v;
	h->cap = cap;
	return (0);
}

int64_t
due_in(int64_t now_ms, int64_t ttl_ms)
{
	return (ttl_ms > DUE_NEVER - now_ms ? DUE_NEVER : now_ms + ttl_ms);
}

int
due_add(struct due_heap *h, struct due *d, int64_t at_ms)
{
	if (h->n == h->cap && heap_resize(h, h->cap == 0 ? DUE_MIN_CAP : 2 * h->cap) != 0)
		return (-ENOMEM);
	d->at_ms = at_ms;
	d->index = h->n++;
	sift_up(h, d);
	return (0);
}

void
due_remove(struct due_heap *h, struct due *d)
{
	struct due *last = h->v[--h->n];

	if (last != d) {
		last->index = d->index;
		sift_up(h, last);
		sift_down(h, last);
	}
	if (h->cap > DUE_MIN_CAP && h->n < h->cap / 8)
		(void)heap_resize(h, h->cap / 4);	/* too large is harmless */
}

void
due_move(struct due_heap *h, struct due *d, int64_t at_ms)
{
	int later = at_ms > d->at_ms;

	d->at_ms = at_ms;
	if (later)
		sift_down(h, d);
	else
		sift_up(h, d);
}

void
due_hasten(struct due_heap *h, struct due *d, int64_t at_ms)
{
	if (at_ms < d->at_ms)
		due_move(h, d, at_ms);
}

struct due *
due_first(const struct due_heap *h, int64_t now_ms)
{
	return (h->n > 0 && h->v[0]->at_ms <= now_ms ? h->v[0] : NULL);
}

void
due_fini(struct due_heap *h)
{
	free(h->v);
	*h = (struct due_heap){ NULL, 0, 0 };
}
