/* SPDX-License-Identifier: MIT */
/* node/code_counts.c - see node/code_counts.h. */
#include "config.h"

#include "node/code_counts.h"

#include <stdio.h>

#define NONE	UINT32_MAX

static uint32_t
find(const struct code_counts *cc, uint32_t code, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (cc->rows[i].code == code)
			return i;
	return NONE;
}

static rotor_metric_id
child(struct code_counts *cc, const char *label)
{
	return rotor_metric_child(cc->family, &label);
}

/* Under the lock, or before anybody reads.  The row it has, or NONE when all are taken. */
static uint32_t
add(struct code_counts *cc, uint32_t code)
{
	uint32_t n = atomic_load_explicit(&cc->n, memory_order_relaxed);
	char text[16];

	if (n == CODE_COUNTS_MAX)
		return NONE;
	snprintf(text, sizeof text, "%u", code);
	cc->rows[n].code = code;
	cc->rows[n].id = child(cc, text);
	atomic_store_explicit(&cc->n, n + 1, memory_order_release);
	return n;
}

void
code_counts_init(struct code_counts *cc, struct rotor_metric *family, const uint32_t *known,
    size_t n_known)
{
	cc->family = family;
	pthread_mutex_init(&cc->lock, NULL);
	atomic_init(&cc->n, 0);
	cc->other = child(cc, "other");
	for (size_t i = 0; i < n_known; i++)
		(void)add(cc, known[i]);
}

void
code_counts_fini(struct code_counts *cc)
{
	if (cc->family != NULL)
		pthread_mutex_destroy(&cc->lock);
}

rotor_metric_id
code_counts_id(struct code_counts *cc, uint32_t code)
{
	uint32_t n = atomic_load_explicit(&cc->n, memory_order_acquire);
	uint32_t at = find(cc, code, n);

	if (at == NONE && n < CODE_COUNTS_MAX) {
		pthread_mutex_lock(&cc->lock);
		at = find(cc, code, atomic_load_explicit(&cc->n, memory_order_relaxed));
		if (at == NONE)
			at = add(cc, code);
		pthread_mutex_unlock(&cc->lock);
	}
	return at != NONE ? cc->rows[at].id : cc->other;
}
