/* SPDX-License-Identifier: MIT */
/*
 * http_gather.h - writes to many sockets, handed to the kernel in one system call.
 *
 * A flush writes one small frame to each of perhaps thousands of sockets, and entering
 * the kernel for each costs a fifth of the whole.  io_uring takes them as a list.  The
 * bytes are copied: what they were written from may change before they leave.
 */
#ifndef HTTP_GATHER_H
#define HTTP_GATHER_H

#include <stddef.h>
#include <sys/types.h>

#define GATHER_LEN_MAX	2048u	/* longer ones gain little, and are better not copied */

struct gather;

/* How a write went: `n` as of send(), or -errno.  `p` is good until this returns. */
typedef void gather_sent_f(void *who, const void *p, size_t len, ssize_t n);

/* NULL: there is no io_uring here, or no memory.  One thread uses it. */
struct gather *gather_new(gather_sent_f *sent);
/* Forgets what was not submitted.  NULL in *gp is a no-op. */
void gather_free(struct gather **gp);

/* Takes a write of at most GATHER_LEN_MAX bytes to a non-blocking socket.  1, or 0 when
 * gather_submit() has to come first. */
int gather_add(struct gather *g, int fd, const void *p, size_t len, void *who);
/* Sends, and reports each write in the order they were added; nothing may be added or
 * submitted by a report. */
void gather_submit(struct gather *g);

#endif
