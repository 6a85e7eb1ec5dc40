/* SPDX-License-Identifier: MIT */
/*
 * rotor/engine.h - what an engine module provides: a broker (channels, history)
 * and a presence manager.
 *
 * Every call that may wait ends with its `done` callback, which runs exactly once
 * on the worker `w` that asked, possibly before the call returns.  Arguments are
 * borrowed for the length of the call; results for the length of the callback.
 * `code` is 0 or an error code of <rotor/codes.h>.
 */
#ifndef ROTOR_ENGINE_H
#define ROTOR_ENGINE_H

#include <rotor/abi.h>
#include <rotor/buf.h>
#include <rotor/publication.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rotor_instance;
struct rotor_server;
struct rotor_worker;

/* A place in a channel's stream.  The epoch names the stream's life; an offset
 * means nothing without it. */
struct rotor_position {
	uint64_t		offset;
	struct rotor_str	epoch;
};

#define ROTOR_SKIP_HISTORY	1u

struct rotor_publish {
	size_t				size;
	uint32_t			flags;		/* ROTOR_SKIP_HISTORY */
	uint32_t			history_size;	/* 0: the channel keeps no history */
	int64_t				history_ttl_ms;
	int64_t				history_meta_ttl_ms;
	struct rotor_str		idempotency_key;	/* empty: none */
	int64_t				idempotency_ttl_ms;
	struct rotor_str		version_epoch;
	const struct rotor_publication	*pub;		/* offset and epoch still unset */
};

#define ROTOR_SUPPRESSED_KEY		1u	/* idempotency key seen */
#define ROTOR_SUPPRESSED_VERSION	2u	/* version not newer */

struct rotor_publish_result {
	size_t			size;
	struct rotor_position	position;	/* offset 0, epoch empty without history */
	uint32_t		suppressed;	/* ROTOR_SUPPRESSED_*, or 0: published */
};

struct rotor_history_query {
	size_t			size;
	uint32_t		has_since;	/* 0: from the oldest (or, reversed, the newest) */
	uint32_t		reverse;
	int32_t			limit;		/* 0: position only; < 0: all */
	struct rotor_position	since;		/* exclusive */
	int64_t			history_meta_ttl_ms;
};

struct rotor_history {
	size_t				size;
	struct rotor_position		top;
	struct rotor_publication	*const *pubs;	/* take a reference to keep one */
	size_t				n_pubs;
};

typedef void rotor_done_f(void *token, uint32_t code);
typedef void rotor_publish_done_f(void *token, uint32_t code, const struct rotor_publish_result *res);
typedef void rotor_history_done_f(void *token, uint32_t code, const struct rotor_history *res);

struct rotor_broker {
	size_t	size;
	/* The first subscriber of a channel on this node has come (the last has
	 * gone).  From `done` on, and not before, every publication of the
	 * channel must be given to rotor_deliver().  On the control thread, one
	 * channel's calls in order.  NULL (both): there is nothing to do. */
	void	(*subscribe)(void *ctx, struct rotor_worker *w, struct rotor_str channel,
		    rotor_done_f *done, void *token);
	void	(*unsubscribe)(void *ctx, struct rotor_worker *w, struct rotor_str channel);
	/* Publishes, or relays a join or leave (pub->kind), to all nodes. */
	void	(*publish)(void *ctx, struct rotor_worker *w, const struct rotor_publish *req,
		    rotor_publish_done_f *done, void *token);
	/* Reads a stream, creating it when it does not exist.  A `since.epoch`
	 * that is not empty and not current ends with ROTOR_ERR_UNRECOVERABLE and
	 * res->top set.  A `since` older than what is kept starts at the oldest. */
	void	(*history)(void *ctx, struct rotor_worker *w, struct rotor_str channel,
		    const struct rotor_history_query *q, rotor_history_done_f *done, void *token);
	/* Drops the publications of a stream; offset and epoch stay. */
	void	(*history_remove)(void *ctx, struct rotor_worker *w, struct rotor_str channel,
		    rotor_done_f *done, void *token);
};

struct rotor_presence_result {
	size_t				size;
	const struct rotor_client_info	*clients;
	size_t				n_clients;
	uint32_t			num_clients;	/* stats: always set */
	uint32_t			num_users;
	/* In which `clients` and all they point to lie.  A reference, dropped on any
	 * thread, keeps them for longer than the callback, unchanged: who has more to do
	 * with them than one turn of a loop allows takes one.  NULL: there is nothing to
	 * hold, what is to stay has to be copied. */
	struct rotor_buf		*keep;
};

typedef void rotor_presence_done_f(void *token, uint32_t code, const struct rotor_presence_result *res);

struct rotor_presence {
	size_t	size;
	/* Adds or refreshes one entry; expires unless refreshed, where the engine
	 * outlives the node. */
	void	(*add)(void *ctx, struct rotor_worker *w, struct rotor_str channel,
		    const struct rotor_client_info *info, rotor_done_f *done, void *token);
	void	(*remove)(void *ctx, struct rotor_worker *w, struct rotor_str channel,
		    const struct rotor_client_info *info, rotor_done_f *done, void *token);
	void	(*get)(void *ctx, struct rotor_worker *w, struct rotor_str channel,
		    rotor_presence_done_f *done, void *token);
	void	(*stats)(void *ctx, struct rotor_worker *w, struct rotor_str channel,
		    rotor_presence_done_f *done, void *token);
};

/* Registers under a type name ("memory"), which `engine.type` selects by.  The
 * table must outlive the instance.  From load() only.  ROTOR_OK, or -EEXIST. */
ROTOR_API int rotor_provide_broker(struct rotor_instance *inst, const char *type,
    const struct rotor_broker *broker, void *ctx);
ROTOR_API int rotor_provide_presence(struct rotor_instance *inst, const char *type,
    const struct rotor_presence *presence, void *ctx);

/* Hands a publication, join or leave to every local subscriber of pub->channel.
 * Any thread; the subscribers see one channel's publications in call order, so
 * an engine calls this inside whatever orders its stream.  `prev` is the
 * publication before it in the stream (offset one less), which subscribers are
 * sent deltas from; NULL when there is none, when it is not kept any more, or when
 * ROTOR_PUB_DELTA is not set.  Takes references of its own.  Returns the number of
 * workers it went to, or -ENOMEM. */
ROTOR_API int rotor_deliver(struct rotor_server *srv, struct rotor_publication *pub,
    struct rotor_publication *prev);

/* 1 when the channel has subscribers on this node, who hold a position in its stream
 * perhaps.  Any thread. */
ROTOR_API int rotor_wanted(struct rotor_server *srv, struct rotor_str channel);

#ifdef __cplusplus
}
#endif

#endif
