/* SPDX-License-Identifier: MIT */
/*
 * log/writer.h - the thread that writes the log, and the lines that wait for it.
 *
 * Whoever logs puts a line and goes on: a log that nobody reads, or a full disk, stops this
 * thread alone.  When there is no more room lines are lost, and counted; the log says so,
 * where they are missing, as soon as what had waited is written.
 */
#ifndef ROTOR_LOG_WRITER_H
#define ROTOR_LOG_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "log/line.h"

#define WRITER_BYTES	(1u << 20)	/* of lines that may wait */

/* What the thread asks of the log. */
struct writer_ops {
	/* The line about `n` lost ones. */
	void		(*lost_line)(void *log, struct line *ret, uint64_t n);
	/* Puts what else is to be told; milliseconds until there may be more, 0: do not come
	 * back by yourself.  `all`: it is the last time. */
	uint64_t	(*tell)(void *log, int all);
};

struct writer;

/* Starts the thread, which writes to `fd`: a descriptor that is replaced by dup3() if at
 * all.  NULL with errno set. */
struct writer *writer_start(int fd, const struct writer_ops *ops, void *log);
/* Any thread; never waits for the writing.  A signal handler may not. */
void writer_put(struct writer *w, const char *line, size_t len);
/* Has the thread look again: tell() has something new, or the descriptor is another one. */
void writer_wake(struct writer *w);
/* Lines lost so far.  Any thread. */
uint64_t writer_lost(struct writer *w);
/* 1 when nothing waits to be written.  Any thread, also in a signal handler. */
int writer_is_idle(const struct writer *w);
/* Waits until all that has been put is written, `ms` at most, and not while the descriptor
 * refuses.  0 or -ETIMEDOUT. */
int writer_flush(struct writer *w, uint32_t ms);
/* The same, and ends the thread.  -EBUSY: it hangs in the kernel, and w with all it refers to
 * must be left alone for ever; else it is freed. */
int writer_stop(struct writer **wp, uint32_t ms);

#endif
