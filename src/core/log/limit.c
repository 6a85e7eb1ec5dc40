/* SPDX-License-Identifier: MIT */
/* log/limit.c - see log/limit.h. */
#include "config.h"

#include "log/limit.h"

#include <stdio.h>
#include <string.h>

#define SECOND_MS	1000u

/* FNV-1a of both texts: they are constants of programs, nobody chooses them. */
static uint64_t
key_of(const char *area, const char *message)
{
	const char *texts[] = { area, "\n", message };
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < 3; i++)
		for (const char *p = texts[i]; *p != '\0'; p++)
			h = (h ^ (unsigned char)*p) * 0x100000001b3u;
	return h != 0 ? h : 1;
}

static void
name_row(struct limit_row *row, uint32_t level, const char *area, const char *message)
{
	row->level = level;
	(void)snprintf(row->area, sizeof row->area, "%s", area);
	(void)snprintf(row->message, sizeof row->message, "%s", message);
	atomic_store_explicit(&row->is_named, 1, memory_order_release);
}

/* The row of this message, made when there is none. */
static struct limit_row *
row_of(struct limits *ls, uint32_t level, const char *area, const char *message)
{
	uint64_t key = key_of(area, message), seen;
	struct limit_row *row;

	for (uint64_t i = 0; i < LIMIT_ROWS; i++) {
		row = &ls->rows[(key + i) % LIMIT_ROWS];
		seen = 0;
		if (atomic_load_explicit(&row->key, memory_order_relaxed) == key)
			return row;
		if (atomic_compare_exchange_strong(&row->key, &seen, key)) {
			name_row(row, level, area, message);
			return row;
		}
		if (seen == key)
			return row;
	}
	return &ls->rows[key % LIMIT_ROWS];
}

enum limit_answer
limits_ask(struct limits *ls, uint64_t now_ms, uint32_t level, const char *area, const char *message)
{
	struct limit_row *row = row_of(ls, level, area, message);
	uint64_t second = now_ms / SECOND_MS, was = atomic_load_explicit(&row->window, memory_order_relaxed);
	uint64_t next;

	do {
		if (was >> 32 < second)
			next = second << 32 | 1;
		else if ((was & UINT32_MAX) < LIMIT_LINES)
			next = was + 1;
		else
			return atomic_fetch_add(&row->left_out, 1) == 0 ? LIMIT_BEGINS : LIMIT_LEAVE_OUT;
	} while (!atomic_compare_exchange_weak_explicit(&row->window, &was, next,
	    memory_order_relaxed, memory_order_relaxed));
	return was >> 32 < second && atomic_load_explicit(&row->left_out, memory_order_relaxed) > 0 ?
	    LIMIT_TELL : LIMIT_ADMIT;
}

static void
tell_row(struct limit_row *row, limit_tell_f *fn, void *priv)
{
	uint64_t n = atomic_exchange(&row->left_out, 0);

	if (n > 0)
		fn(priv, row, n);
}

void
limits_tell_of(struct limits *ls, uint32_t level, const char *area, const char *message,
    limit_tell_f *fn, void *priv)
{
	tell_row(row_of(ls, level, area, message), fn, priv);
}

uint64_t
limits_tell(struct limits *ls, uint64_t now_ms, int all, limit_tell_f *fn, void *priv)
{
	uint64_t wait_ms = 0, second = now_ms / SECOND_MS;

	for (size_t i = 0; i < LIMIT_ROWS; i++) {
		struct limit_row *row = &ls->rows[i];

		if (atomic_load_explicit(&row->left_out, memory_order_relaxed) == 0)
			continue;
		if (!atomic_load_explicit(&row->is_named, memory_order_acquire) ||
		    (!all && atomic_load_explicit(&row->window, memory_order_relaxed) >> 32 >= second)) {
			wait_ms = SECOND_MS - now_ms % SECOND_MS;
			continue;
		}
		tell_row(row, fn, priv);
	}
	return wait_ms;
}
