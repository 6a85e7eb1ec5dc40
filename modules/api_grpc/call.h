/* SPDX-License-Identifier: MIT */
/*
 * modules/api_grpc/call.h - the life of one call, whatever its method.
 *
 *	call_await()	a call of the method is waited for
 *	begin()		it has come, with its metadata and, if the method wants it, the
 *			first message
 *	call_batch()	operations of the library, and the step after them
 *	call_answer()	the end: a message and OK, or
 *	call_refuse()	a status
 */
#ifndef API_GRPC_CALL_H
#define API_GRPC_CALL_H

#include "api_grpc.h"

struct rotor_worker;

/* What comes after a batch of operations.  `ok` is 0 when one of them could not be
 * done: the peer has gone, or the server stops. */
typedef void call_step_f(struct call *c, int ok);

/* How calls of a kind are served. */
struct method_ops {
	void		(*begin)(struct call *c);
	/* Of calls given to lanes_gather() only: on a worker, until lane_return(), and
	 * what comes then, on the queue's thread. */
	void		(*run)(struct rotor_worker *w, struct call *c);
	void		(*end)(struct call *c);
	/* Streams only: the server stops. */
	void		(*stop)(struct call *c);
	grpc_server_register_method_payload_handling	payload;
	int		while_stopping;		/* taken even then */
};

struct method {
	struct api_grpc			*g;
	const struct method_ops		*ops;
	char				*path;		/* "/package.Service/Method"; NULL: all others */
	void				*registered;	/* the library's handle */
	const struct rotor_api_method	*api;		/* NULL: not of the API */
};

/* The library gives a tag back when a batch is done. */
struct tag {
	struct call	*call;
	call_step_f	*step;
};

/* That the library's queue hands a tag, and the call behind it, from one thread to
 * another is nothing that ThreadSanitizer can see. */
#ifdef __SANITIZE_THREAD__
#  include <sanitizer/tsan_interface.h>
#  define TAG_HAND_OVER(t)	__tsan_release(t)
#  define TAG_TAKE_OVER(t)	__tsan_acquire(t)
#else
#  define TAG_HAND_OVER(t)	((void)(t))
#  define TAG_TAKE_OVER(t)	((void)(t))
#endif

struct call {
	uint32_t			magic;
#define CALL_MAGIC			0x1f4ab36du
	const struct method		*method;
	struct tag			tag;
	grpc_call			*call;
	grpc_call_details		details;	/* of methods that are not registered */
	grpc_metadata_array		metadata;
	grpc_byte_buffer		*message;	/* received; NULL: none */
	grpc_slice			flat;		/* of a message that came in pieces */
	gpr_timespec			deadline;	/* the library sees to it */
	int				cancelled;	/* so did it end; makes no difference */
	/* The API's. */
	const struct rotor_api_caller	*caller;
	struct lane			*lane;
	grpc_status_code		code;		/* how it ends */
	const char			*text;		/* with a status; static */
	grpc_slice			answer;		/* message, or details of the status */
	struct call			*next;		/* in a call_list; in api_grpc.streams */
	/* Streams. */
	struct call			**link;		/* likewise */
	struct tag			beside;		/* of the wait for the peer to leave */
	uint32_t			busy;		/* batches under way */
	int				sending;	/* one of them sends */
	int				ending;		/* the last message follows it */
	int				left;		/* the peer has gone */
};

/* Waits for a call of the method, again after each. */
int call_await(const struct method *m);
/* Starts the operations; `step` follows, on the queue's thread. */
void call_batch(struct call *c, const grpc_op *ops, size_t n, call_step_f *step);
/* The same, of one operation, next to another batch. */
void call_batch_beside(struct call *c, const grpc_op *op, call_step_f *step);
/* Frees it; all its batches are done.  Queue's thread. */
void call_free(struct call *c);

/* The received message, whole; lent until the call is freed or the next message. */
struct rotor_str call_message(struct call *c);
void call_message_drop(struct call *c);

/* The end of a call that has sent nothing: the message (taken over) and OK, or a status
 * with its text and `details` (taken over; empty: none).  Queue's thread. */
void call_answer(struct call *c, grpc_slice message);
void call_refuse(struct call *c, grpc_status_code code, const char *text);
void call_refuse_with(struct call *c, grpc_status_code code, const char *text, grpc_slice details);

/* In and out of the list of open streams. */
void stream_open(struct call *c);
void stream_close(struct call *c);

/* The kinds of calls. */
extern const struct method_ops unary_ops, unknown_ops, reflection_ops, health_check_ops,
    health_watch_ops;

#endif
