/* SPDX-License-Identifier: MIT */
/*
 * loop/inbox.c - an intrusive multi-producer queue with a wake-up.
 *
 * The queue is D. Vyukov's: a writer swaps itself in at `head`, then links its
 * predecessor to itself.  Between the two steps the chain is broken there, and the
 * reader sees an end.  The stub keeps the chain from ever becoming empty.
 *
 * Why no wake-up is lost.  A writer links its message, then swaps 1 into `armed`,
 * and writes the eventfd when it got 0.  The reader empties the eventfd, then swaps
 * 0 into `armed`, then reads the queue.  All swaps of `armed` stand in one order.
 *  - The writer got 0: it writes the eventfd, and the reader will come.
 *  - The writer got 1: whoever made it 1 has written the eventfd or is about to, and
 *    no reader has disarmed since; so a disarm comes later in that order.  Being
 *    read-modify-writes, the swaps between form one release sequence, so that disarm
 *    sees the writer's link, and the drain behind it finds the message.
 * Testing `armed` with a plain load first would break the second case: the load
 * could be satisfied before the link is visible.  Disarming before the eventfd is
 * emptied would swallow the write of a writer that came in between, and leave
 * `armed` at 1 with nothing to wake the reader.
 */
#include "config.h"

#include "loop/inbox.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/obj.h"

int
inbox_init(struct inbox *in)
{
	atomic_init(&in->stub.next, NULL);
	in->stub.run = NULL;
	atomic_init(&in->head, &in->stub);
	in->tail = &in->stub;
	atomic_init(&in->armed, 0);
	in->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return in->fd < 0 ? -errno : 0;
}

void
inbox_fini(struct inbox *in)
{
	ASSERT(in->tail == &in->stub && atomic_load(&in->head) == &in->stub);
	if (in->fd >= 0)
		(void)close(in->fd);
	in->fd = -1;
}

static void
link_in(struct inbox *in, struct inbox_msg *m)
{
	struct inbox_msg *prev;

	atomic_store_explicit(&m->next, NULL, memory_order_relaxed);
	prev = atomic_exchange_explicit(&in->head, m, memory_order_acq_rel);
	atomic_store_explicit(&prev->next, m, memory_order_release);
}

void
inbox_wake(struct inbox *in)
{
	static const uint64_t one = 1;
	ssize_t n;

	if (atomic_exchange_explicit(&in->armed, 1, memory_order_acq_rel) != 0)
		return;
	do
		n = write(in->fd, &one, sizeof one);
	while (n < 0 && errno == EINTR);
	/* EAGAIN: the counter is full, which wakes the reader as well. */
	ASSERT(n == sizeof one || errno == EAGAIN);
}

void
inbox_push(struct inbox *in, struct inbox_msg *m)
{
	link_in(in, m);
	inbox_wake(in);
}

void
inbox_disarm(struct inbox *in)
{
	uint64_t count;
	ssize_t n;

	do
		n = read(in->fd, &count, sizeof count);
	while (n < 0 && errno == EINTR);
	ASSERT(n == sizeof count || errno == EAGAIN);
	(void)atomic_exchange_explicit(&in->armed, 0, memory_order_acq_rel);
}

static struct inbox_msg *
next_of(struct inbox_msg *m)
{
	return atomic_load_explicit(&m->next, memory_order_acquire);
}

const struct inbox_msg *
inbox_last(struct inbox *in)
{
	const struct inbox_msg *head = atomic_load_explicit(&in->head, memory_order_acquire);

	/* Not by the link behind the tail, which a writer may still have to make although
	 * others have pushed behind it.  The head may be the stub, with messages in front
	 * of it: then there is no knowing. */
	return in->tail == head && head == &in->stub ? NULL : head;
}

struct inbox_msg *
inbox_pop(struct inbox *in)
{
	struct inbox_msg *m = in->tail, *next = next_of(m);

	if (m == &in->stub) {
		if (next == NULL)
			return NULL;
		in->tail = m = next;
		next = next_of(m);
	}
	if (next == NULL) {
		if (m != atomic_load_explicit(&in->head, memory_order_acquire))
			return NULL;	/* a writer stands between its two steps */
		/* m is the last: put the stub behind it, so that m can go. */
		link_in(in, &in->stub);
		next = next_of(m);
		if (next == NULL)
			return NULL;
	}
	in->tail = next;
	return m;
}
