/* SPDX-License-Identifier: MIT */
/*
 * rotor/publication.h - what travels through a channel.
 *
 * A publication (or a join or leave event, which has the same shape) is one
 * immutable, reference-counted block.  It is shared by the engine's history and
 * by every worker that has subscribers.  Any thread may hold references.
 */
#ifndef ROTOR_PUBLICATION_H
#define ROTOR_PUBLICATION_H

#include <rotor/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROTOR_PUBLICATION	0u
#define ROTOR_JOIN		1u	/* only channel and info are set */
#define ROTOR_LEAVE		2u	/* only channel and info are set */

#define ROTOR_PUB_JSON		1u	/* data is known to be one valid JSON value */
#define ROTOR_PUB_DELTA		2u	/* subscribers may be given a delta */

struct rotor_client_info {
	struct rotor_str	user;
	struct rotor_str	client;		/* UUID text, 36 characters */
	struct rotor_str	conn_info;	/* raw payload; empty: none */
	struct rotor_str	chan_info;	/* raw payload; empty: none */
};

struct rotor_tag {
	struct rotor_str	key;
	struct rotor_str	value;
};

struct rotor_publication {
	size_t				size;		/* of the public part, as the core knows it */
	uint32_t			kind;
	uint32_t			flags;
	uint64_t			offset;		/* 0: not in a stream */
	uint64_t			version;
	int64_t				time_ms;	/* Unix time of the publish */
	struct rotor_str		channel;
	struct rotor_str		epoch;
	struct rotor_str		data;
	const struct rotor_client_info	*info;		/* NULL: published by the server */
	const struct rotor_tag		*tags;
	size_t				n_tags;
};

/* A copy of everything `from` points to, with one reference; NULL: no memory.
 * Only the public members of `from` are read. */
ROTOR_API struct rotor_publication *rotor_publication_new(const struct rotor_publication *from);
ROTOR_API struct rotor_publication *rotor_publication_ref(struct rotor_publication *pub);
ROTOR_API void rotor_publication_unref(struct rotor_publication **pubp);

#ifdef __cplusplus
}
#endif

#endif
