/* SPDX-License-Identifier: MIT */
/* loop/stall.c - when a callback of a worker has run too long. */
#include "config.h"

#include "loop/stall.h"

#include "loop/worker.h"

/* When the present callback began, and its name; 0 between callbacks.  When the name
 * read is already that of a later callback, then the time has changed as well: the
 * former has ended, and the later is too young to matter. */
static uint64_t
look(const struct rotor_worker *w, const char **ret_what)
{
	uint64_t since = atomic_load_explicit(&w->busy_since_ms, memory_order_acquire);

	*ret_what = atomic_load_explicit(&w->busy_what, memory_order_acquire);
	return since == atomic_load_explicit(&w->busy_since_ms, memory_order_relaxed) ? since : 0;
}

enum stall_news
stall_check(struct stall *st, const struct rotor_worker *w, uint64_t now_ms, uint32_t limit_ms)
{
	const char *what;
	uint64_t since = look(w, &what);

	if (st->since_ms != 0) {
		if (since == st->since_ms) {
			st->ms = now_ms - since;
			return STALL_NOTHING;
		}
		/* A stall that has begun since is found by the next look. */
		st->since_ms = 0;
		return STALL_ENDED;
	}
	if (since == 0 || now_ms < since || now_ms - since <= limit_ms)
		return STALL_NOTHING;
	*st = (struct stall){ since, what, now_ms - since };
	return STALL_BEGAN;
}
