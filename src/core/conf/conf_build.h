/* SPDX-License-Identifier: MIT */
/*
 * conf/conf_build.h - a tree out of what the reader of a format (YAML, JSON, TOML)
 * finds, in its order: keys, values, ends.  All bounds are kept here, so every format
 * has the same.  The readers count lines from 1; in a variable there are none.
 */
#ifndef ROTOR_CONF_CONF_BUILD_H
#define ROTOR_CONF_CONF_BUILD_H

#include "conf/conf_priv.h"

struct conf_build {
	struct conf		*c;
	const char		*where;
	const char		*var;
	struct {
		struct conf_node	*node;
		const char		*key;	/* read, its value is next; NULL: none */
		int			line;	/* of that key */
	}			stack[CONF_MAX_DEPTH];
	size_t			depth;
	size_t			nodes;		/* made so far */
	struct conf_node	*root;		/* the document, once it has begun */
	struct conf_node	*last;		/* the value that was put last, begun or whole */
};

/* Records a problem at a line; the result, -EINVAL, is for `return`. */
int conf_build_refuse(struct conf_build *b, int line, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* 1 when a key is what comes next. */
int conf_build_at_key(const struct conf_build *b);
/* The following return 0, -EINVAL (recorded) or -ENOMEM. */
int conf_build_key(struct conf_build *b, const char *key, size_t len, int line);
int conf_build_scalar(struct conf_build *b, enum conf_node_kind kind, const char *text, size_t len,
    int line);
int conf_build_open(struct conf_build *b, enum conf_node_kind kind, int line);
void conf_build_close(struct conf_build *b);
/* A copy of `from`, which is whole, with all below it. */
int conf_build_copy(struct conf_build *b, const struct conf_node *from, int line);

#endif
