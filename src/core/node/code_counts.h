/* SPDX-License-Identifier: MIT */
/*
 * node/code_counts.h - a family of counters with one label, a code of the protocol.
 *
 * The protocol's own codes have their counters from the start; a code that an application
 * makes up gets one when it first comes, up to CODE_COUNTS_MAX in all, and is counted as
 * "other" beyond.  Looking one up takes no lock, for codes come when very many clients are
 * refused or leave at once.
 */
#ifndef ROTOR_NODE_CODE_COUNTS_H
#define ROTOR_NODE_CODE_COUNTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <rotor/metrics.h>

#define CODE_COUNTS_MAX	64u

struct code_counts {
	struct rotor_metric	*family;
	rotor_metric_id		other;
	pthread_mutex_t		lock;		/* of who adds a row */
	_Atomic uint32_t	n;		/* rows below are there, and stay as they are */
	struct {
		uint32_t	code;
		rotor_metric_id	id;
	} rows[CODE_COUNTS_MAX];
};

/* `known`: the codes that have a counter from the start. */
void code_counts_init(struct code_counts *cc, struct rotor_metric *family, const uint32_t *known,
    size_t n_known);
void code_counts_fini(struct code_counts *cc);
/* The counter of this code.  Any thread. */
rotor_metric_id code_counts_id(struct code_counts *cc, uint32_t code);

#endif
