/* SPDX-License-Identifier: MIT */
/* loop/aside.c - see loop/aside.h. */
#include "config.h"

#include "loop/aside.h"

#include <pthread.h>

#include "base/obj.h"
#include "loop/worker.h"

struct aside {
	uint32_t		magic;
#define ASIDE_MAGIC		0x5ad31e06u
	pthread_mutex_t		mutex;		/* of all that follows */
	pthread_cond_t		given;		/* there is work, or it is to end */
	struct aside_work	*first, **last;
	pthread_t		thread;
	int			has_thread;
	int			stopped;
};

struct aside *
aside_new(void)
{
	struct aside *a;

	OBJ_ALLOC(a, ASIDE_MAGIC);
	if (a == NULL)
		return NULL;
	a->last = &a->first;
	pthread_mutex_init(&a->mutex, NULL);
	pthread_cond_init(&a->given, NULL);
	return a;
}

/* The next work; NULL: there will be none. */
static struct aside_work *
take(struct aside *a)
{
	struct aside_work *k;

	pthread_mutex_lock(&a->mutex);
	while (a->first == NULL && !a->stopped)
		pthread_cond_wait(&a->given, &a->mutex);
	k = a->first;
	if (k != NULL && (a->first = k->next) == NULL)
		a->last = &a->first;
	pthread_mutex_unlock(&a->mutex);
	return k;
}

static void
home(struct rotor_worker *w, struct inbox_msg *m)
{
	struct aside_work *k = (struct aside_work *)m;

	k->done(w, k);
}

static void *
thread_main(void *priv)
{
	struct aside *a;
	struct aside_work *k;

	OBJ_CAST(a, priv, ASIDE_MAGIC);
	(void)pthread_setname_np(pthread_self(), "rotor-aside");
	while ((k = take(a)) != NULL) {
		k->run(k);
		worker_push(k->w, &k->msg);
	}
	return NULL;
}

/* 1, or 0 when there is no thread that would do it. */
static int
queue(struct aside *a, struct aside_work *k)
{
	int ok;

	pthread_mutex_lock(&a->mutex);
	if (!a->has_thread && !a->stopped)
		a->has_thread = pthread_create(&a->thread, NULL, thread_main, a) == 0;
	ok = a->has_thread && !a->stopped;
	if (ok) {
		k->next = NULL;
		*a->last = k;
		a->last = &k->next;
		pthread_cond_signal(&a->given);
	}
	pthread_mutex_unlock(&a->mutex);
	return ok;
}

void
aside_give(struct aside *a, struct rotor_worker *w, struct aside_work *k, aside_run_f *run,
    aside_done_f *done)
{
	*k = (struct aside_work){ .msg.run = home, .w = w, .run = run, .done = done };
	if (a != NULL && queue(a, k))
		return;
	run(k);
	done(w, k);
}

void
aside_stop(struct aside *a)
{
	OBJ_CHECK(a, ASIDE_MAGIC);
	pthread_mutex_lock(&a->mutex);
	a->stopped = 1;
	pthread_cond_signal(&a->given);
	pthread_mutex_unlock(&a->mutex);
	if (a->has_thread)
		(void)pthread_join(a->thread, NULL);
	a->has_thread = 0;
}

void
aside_free(struct aside **ap)
{
	struct aside *a;

	if (*ap == NULL)
		return;
	OBJ_TAKE(a, ap, ASIDE_MAGIC);
	aside_stop(a);
	pthread_cond_destroy(&a->given);
	pthread_mutex_destroy(&a->mutex);
	OBJ_FREE(a);
}
