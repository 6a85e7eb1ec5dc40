/* SPDX-License-Identifier: MIT */
/*
 * log/out.h - writing lines to a descriptor that may not take them.
 *
 * stderr is shared with others, so it is not made non-blocking: we ask first, and write
 * no more than can then not block.  All of it may be called in a signal handler.
 */
#ifndef ROTOR_LOG_OUT_H
#define ROTOR_LOG_OUT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Monotonic milliseconds. */
uint64_t out_clock_ms(void);
/* Writes what fits without waiting when poll() has said that there is room: all of it to
 * a file, to others whole lines if possible.  Bytes written, or -errno. */
ssize_t out_some(int fd, const char *p, size_t len);
/* Writes all of it, or what is possible until then (a time of out_clock_ms()).  0 or
 * -errno; -ETIMEDOUT when time has run out. */
int out_all(int fd, const char *p, size_t len, uint64_t until_ms);

#endif
