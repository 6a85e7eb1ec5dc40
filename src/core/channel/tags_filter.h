/* SPDX-License-Identifier: MIT */
/*
 * channel/tags_filter.h - which publications a subscriber wants, by their tags.
 *
 * A filter is a tree: "and", "or", "not" over comparisons of one tag.  It is compiled
 * once, when a client subscribes, and asked for each publication.  Immutable, any
 * thread.
 */
#ifndef ROTOR_CHANNEL_TAGS_FILTER_H
#define ROTOR_CHANNEL_TAGS_FILTER_H

#include <rotor/publication.h>

#include "proto/messages.h"

struct tags_filter;

#define TAGS_FILTER_MAX_DEPTH	64u	/* nodes inside nodes, the outermost counted */
#define TAGS_FILTER_MAX_NODES	1000u	/* that count: those inside a comparison do not */

/*
 * Checks a filter and makes a copy that outlives the request.  0; -EINVAL: it is not
 * valid, or over a limit; -ENOMEM.  The caller owns *ret.
 */
int tags_filter_new(const Cp__FilterNode *node, struct tags_filter **ret);
/* NULL in *fp is a no-op. */
void tags_filter_free(struct tags_filter **fp);
/*
 * Whether a publication with these tags passes; no tags (NULL, 0) is an empty set of
 * them.  Allocates nothing.  Time: at most one look at each tag a comparison.
 */
int tags_filter_match(const struct tags_filter *f, const struct rotor_tag *tags, size_t n_tags);

#endif
