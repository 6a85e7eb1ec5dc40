/* SPDX-License-Identifier: MIT */
/* loop/stall.c - see loop/stall.h. */
#include "config.h"

#include "loop/stall.h"

#include "loop/worker.h"
#include "module/address.h"

static struct stall_name
name_of(const char *what, const void *code)
{
	const char *module = code != NULL ? module_of_address(code) : NULL;

	return (struct stall_name){ module != NULL ? module : "core", what };
}

static void
note_end(struct stall_end *e, uint64_t since_ms, uint64_t ms, const char *what, const void *code)
{
	atomic_store_explicit(&e->ms, ms, memory_order_relaxed);
	atomic_store_explicit(&e->what, what, memory_order_relaxed);
	atomic_store_explicit(&e->code, code, memory_order_relaxed);
	atomic_store_explicit(&e->since_ms, since_ms, memory_order_release);
}

void
stall_end(struct rotor_worker *w, uint64_t us)
{
	const char *what = atomic_load_explicit(&w->busy_what, memory_order_relaxed);
	const void *code = atomic_load_explicit(&w->busy_code, memory_order_relaxed);
	struct stall_name name = name_of(what, code);

	if (us / 1000 > STALL_LONG_MS)
		note_end(&w->stalled, atomic_load_explicit(&w->busy_since_ms, memory_order_relaxed),
		    us / 1000, what, code);
	if (w->on_stall != NULL)
		w->on_stall(w, &name, us);
}

/* When the present callback began, and its name; 0 between callbacks.  When the name
 * read is already that of a later callback, then the time has changed as well: the
 * former has ended, and the later is too young to matter. */
static uint64_t
look(const struct rotor_worker *w, struct stall_name *ret)
{
	uint64_t since = atomic_load_explicit(&w->busy_since_ms, memory_order_acquire);
	const char *what = atomic_load_explicit(&w->busy_what, memory_order_acquire);
	const void *code = atomic_load_explicit(&w->busy_code, memory_order_acquire);

	if (since == 0 || since != atomic_load_explicit(&w->busy_since_ms, memory_order_relaxed))
		return 0;
	*ret = name_of(what, code);
	return since;
}

/* 1: a long one has ended since the last look, known or not. */
static int
look_back(struct stall *st, const struct rotor_worker *w, enum stall_news *ret)
{
	const struct stall_end *e = &w->stalled;
	uint64_t since = atomic_load_explicit(&e->since_ms, memory_order_acquire);

	if (since == st->ended_ms)
		return 0;
	*ret = st->since_ms == since ? STALL_ENDED : STALL_PASSED;
	st->ended_ms = since;
	st->since_ms = 0;
	st->ms = atomic_load_explicit(&e->ms, memory_order_relaxed);
	st->name = name_of(atomic_load_explicit(&e->what, memory_order_relaxed),
	    atomic_load_explicit(&e->code, memory_order_relaxed));
	return 1;
}

enum stall_news
stall_check(struct stall *st, const struct rotor_worker *w, uint64_t now_ms, uint32_t limit_ms)
{
	struct stall_name name = { "core", "" };
	enum stall_news news;
	uint64_t since;

	if (look_back(st, w, &news))
		return news;
	since = look(w, &name);
	if (st->since_ms != 0 && since != st->since_ms) {
		st->since_ms = 0;	/* its end was not noted: it took just as long as the limit */
		return STALL_ENDED;
	}
	if (st->since_ms != 0) {
		st->ms = now_ms - since;
		return STALL_NOTHING;
	}
	if (since == 0 || now_ms < since || now_ms - since <= limit_ms)
		return STALL_NOTHING;
	st->since_ms = since;
	st->name = name;
	st->ms = now_ms - since;
	return STALL_BEGAN;
}
