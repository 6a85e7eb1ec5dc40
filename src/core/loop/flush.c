/* SPDX-License-Identifier: MIT */
/* loop/flush.c - see loop/flush.h. */
#include "config.h"

#include "loop/flush.h"

#include "base/obj.h"
#include "loop/worker.h"

struct rotor_flush {
	uint32_t		magic;
#define FLUSH_MAGIC		0x71b5e20cu
	struct rotor_flush	*next, **prevp;		/* in w->flushes */
	rotor_task_f		*fn;
	void			*priv;
};

void
flush_over(struct rotor_worker *w)
{
	struct rotor_flush *f, *next;

	for (f = w->flushes; f != NULL; f = next) {
		OBJ_CHECK(f, FLUSH_MAGIC);
		next = f->next;
		f->fn(w, f->priv);	/* may free f */
	}
}

struct rotor_flush *
rotor_flush_new(struct rotor_worker *w, rotor_task_f *fn, void *priv)
{
	struct rotor_flush *f;

	OBJ_CHECK(w, WORKER_MAGIC);
	OBJ_ALLOC(f, FLUSH_MAGIC);
	if (f == NULL)
		return NULL;
	f->fn = fn;
	f->priv = priv;
	f->next = w->flushes;
	f->prevp = &w->flushes;
	if (f->next != NULL)
		f->next->prevp = &f->next;
	w->flushes = f;
	return f;
}

void
rotor_flush_free(struct rotor_flush **fp)
{
	struct rotor_flush *f;

	if (*fp == NULL)
		return;
	OBJ_TAKE(f, fp, FLUSH_MAGIC);
	*f->prevp = f->next;
	if (f->next != NULL)
		f->next->prevp = f->prevp;
	OBJ_FREE(f);
}

int
rotor_worker_flushing(const struct rotor_worker *w)
{
	OBJ_CHECK(w, WORKER_MAGIC);
	return w->flushing;
}
