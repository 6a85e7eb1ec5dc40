/* SPDX-License-Identifier: MIT */
/* loop/flush.h - who is told when a flush is over; see <rotor/loop.h>. */
#ifndef ROTOR_LOOP_FLUSH_H
#define ROTOR_LOOP_FLUSH_H

struct rotor_worker;

/* Calls them all.  One may free itself, but no other. */
void flush_over(struct rotor_worker *w);

#endif
