/* SPDX-License-Identifier: MIT */
/*
 * loop/inbox.h - the lock-free mailbox of a worker: many writers, one reader.
 *
 * Messages are intrusive and owned by the inbox between inbox_push() and the call
 * of their run().  Each writer's messages are read in the order it pushed them,
 * and when one push happens before another (the same lock was held), they are
 * read in that order too.
 */
#ifndef ROTOR_LOOP_INBOX_H
#define ROTOR_LOOP_INBOX_H

#include <stdatomic.h>

struct rotor_worker;
struct inbox_msg;

/* Consumes the message. */
typedef void inbox_run_f(struct rotor_worker *w, struct inbox_msg *m);

struct inbox_msg {
	_Atomic(struct inbox_msg *)	next;
	inbox_run_f			*run;
};

struct inbox {
	_Atomic(struct inbox_msg *)	head;		/* writers' end */
	struct inbox_msg		*tail;		/* reader's end */
	struct inbox_msg		stub;
	atomic_int			armed;		/* the eventfd has been written, not yet read */
	int				fd;		/* eventfd, for the reader's loop */
};

/* 0 or -errno. */
int inbox_init(struct inbox *in);
/* Pending messages must have been drained. */
void inbox_fini(struct inbox *in);
/* Any thread. */
void inbox_push(struct inbox *in, struct inbox_msg *m);
/* Has the reader woken although nothing new was pushed.  Any thread. */
void inbox_wake(struct inbox *in);
/* Reader: clears the wake-up; call before draining. */
void inbox_disarm(struct inbox *in);
/* Reader: about the newest message, to be compared only: what was pushed before this
 * call is not behind it.  NULL when there is none. */
const struct inbox_msg *inbox_last(struct inbox *in);
/* Reader: the oldest message, or NULL when there is none, or when its writer is not
 * finished (it will wake us): what others have pushed behind it is out of reach until
 * then, though inbox_last() is not NULL. */
struct inbox_msg *inbox_pop(struct inbox *in);

#endif
