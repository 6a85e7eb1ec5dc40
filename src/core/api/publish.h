/* SPDX-License-Identifier: MIT */
/* api/publish.h - what publish, broadcast and publish_pattern share. */
#ifndef ROTOR_API_PUBLISH_H
#define ROTOR_API_PUBLISH_H

#include <stdint.h>

#include <rotor/engine.h>

#include "api/api.h"
#include "base/str.h"

struct message {
	struct rotor_str	data;
	const struct rotor_tag	*tags;
	size_t			n_tags;
	struct rotor_str	idempotency_key;
	struct rotor_str	version_epoch;
	uint64_t		version;
	int			skip_history, delta;
	int			json;		/* is data JSON?  As of api_payload_json() */
	int			any_type;	/* a broadcast is not asked what it reaches */
};

/* Publishes to one channel; `msg` is borrowed for the call.  0, and done() runs, possibly
 * before this returns; or an error code before anything was done. */
uint32_t publish_one(struct rotor_worker *w, struct rotor_str channel, const struct message *msg,
    rotor_publish_done_f *done, void *token);

/* Fills a struct message, but for its data: the requests have the same fields, but for the
 * channels, in structs of their own. */
#define MESSAGE_FILL(call, msg, r)						\
	do {									\
		struct rotor_tag *tags_ = arena_alloc((call)->arena,		\
		    ((r)->n_tags + 1) * sizeof *tags_);				\
		for (size_t i_ = 0; tags_ != NULL && i_ < (r)->n_tags; i_++)	\
			tags_[i_] = (struct rotor_tag){ rotor_str_of((r)->tags[i_]->key),	\
			    rotor_str_of((r)->tags[i_]->value) };			\
		*(msg) = (struct message){ .tags = tags_, .n_tags = tags_ != NULL ? (r)->n_tags : 0,	\
		    .idempotency_key = rotor_str_of((r)->idempotency_key),		\
		    .version_epoch = rotor_str_of((r)->version_epoch), .version = (r)->version,	\
		    .skip_history = (r)->skip_history, .delta = (r)->delta,	\
		    .json = api_payload_json((call), (r)->b64data) };		\
	} while (0)

#endif
