/* SPDX-License-Identifier: MIT */
/* loop/timer.c - modules' timers, on the worker's wheel. */
#include "config.h"

#include "base/obj.h"
#include "loop/worker.h"

struct rotor_timer {
	uint32_t		magic;
#define TIMER_MAGIC		0x6e02f9b4u
	struct rotor_worker	*w;
	struct wheel_timer	wt;
	rotor_task_f		*fn;
	void			*priv;
};

static void
timer_fire(struct wheel_timer *wt)
{
	struct rotor_timer *t;

	OBJ_CAST(t, (void *)((char *)wt - offsetof(struct rotor_timer, wt)), TIMER_MAGIC);
	worker_doing(t->w, "timer", WORKER_CODE(t->fn));
	t->fn(t->w, t->priv);	/* may free t */
}

struct rotor_timer *
rotor_timer_new(struct rotor_worker *w, rotor_task_f *fn, void *priv)
{
	struct rotor_timer *t;

	OBJ_CHECK(w, WORKER_MAGIC);
	OBJ_ALLOC(t, TIMER_MAGIC);
	if (t == NULL)
		return NULL;
	t->w = w;
	t->wt.fire = timer_fire;
	t->fn = fn;
	t->priv = priv;
	return t;
}

void
rotor_timer_set(struct rotor_timer *t, uint64_t ms)
{
	OBJ_CHECK(t, TIMER_MAGIC);
	worker_timer_set(t->w, &t->wt, ms);
}

void
rotor_timer_cancel(struct rotor_timer *t)
{
	OBJ_CHECK(t, TIMER_MAGIC);
	wheel_cancel(&t->wt);
}

void
rotor_timer_free(struct rotor_timer **tp)
{
	struct rotor_timer *t;

	if (*tp == NULL)
		return;
	OBJ_TAKE(t, tp, TIMER_MAGIC);
	wheel_cancel(&t->wt);
	OBJ_FREE(t);
}
