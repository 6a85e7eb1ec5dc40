/* SPDX-License-Identifier: MIT */
/*
 * loop/wheel.c - a hashed timer wheel.
 *
 * Slot k holds the timers due in the ticks k, k + WHEEL_SLOTS, ...; those of later
 * turns are passed over until their time.  The slot of the current tick is looked
 * at again by the next advance, because the tick was not over at the last one.
 */
#include "config.h"

#include "loop/wheel.h"

#include <string.h>

static uint64_t
tick_of(uint64_t ms)
{
	return ms / WHEEL_TICK_MS;
}

void
wheel_init(struct wheel *wh, uint64_t now_ms)
{
	memset(wh, 0, sizeof *wh);
	wh->now_ms = now_ms;
	wh->tick = tick_of(now_ms);
}

static void
list_push(struct wheel_timer **list, struct wheel_timer *t)
{
	t->next = *list;
	if (t->next != NULL)
		t->next->prevp = &t->next;
	t->prevp = list;
	*list = t;
}

void
wheel_cancel(struct wheel_timer *t)
{
	if (t->prevp == NULL)
		return;
	*t->prevp = t->next;
	if (t->next != NULL)
		t->next->prevp = t->prevp;
	t->next = NULL;
	t->prevp = NULL;
}

void
wheel_set(struct wheel *wh, struct wheel_timer *t, uint64_t due_ms)
{
	/* What is overdue goes where the next advance looks first. */
	uint64_t tick = due_ms > wh->now_ms ? tick_of(due_ms) : wh->tick;

	wheel_cancel(t);
	t->due_ms = due_ms;
	list_push(&wh->slot[tick % WHEEL_SLOTS], t);
}

static void
move_due(struct wheel_timer *t, uint64_t now_ms, struct wheel_timer **due)
{
	struct wheel_timer *next;

	for (; t != NULL; t = next) {
		next = t->next;
		if (t->due_ms <= now_ms) {
			wheel_cancel(t);
			list_push(due, t);
		}
	}
}

void
wheel_advance(struct wheel *wh, uint64_t now_ms)
{
	uint64_t tick = tick_of(now_ms), n;

	if (now_ms < wh->now_ms || wh->due != NULL)
		return;
	/* After a long stall one turn covers everything. */
	n = tick - wh->tick < WHEEL_SLOTS ? tick - wh->tick + 1 : WHEEL_SLOTS;
	wh->now_ms = now_ms;
	wh->tick = tick;
	/* Newest slot first, each timer to the front: the list begins with the
	 * oldest.  It is complete before the first one fires, so that a timer set by
	 * a fire function waits for the next advance, however early it is due; and it
	 * is a list like a slot's, so that a fire function may cancel any of it. */
	for (; n > 0; n--, tick--)
		move_due(wh->slot[tick % WHEEL_SLOTS], now_ms, &wh->due);
}

int
wheel_fire(struct wheel *wh)
{
	struct wheel_timer *t = wh->due;

	if (t == NULL)
		return 0;
	wheel_cancel(t);
	t->fire(t);
	return 1;
}
