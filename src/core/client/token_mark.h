/* SPDX-License-Identifier: MIT */
/*
 * client/token_mark.h - what is remembered of a token that opened a connection or a
 * subscription, so that it can be listed, and found when it is revoked.
 */
#ifndef ROTOR_CLIENT_TOKEN_MARK_H
#define ROTOR_CLIENT_TOKEN_MARK_H

#include <stdint.h>

#include <rotor/abi.h>

struct token_mark {
	int64_t	issued_at;	/* Unix seconds; 0: not said */
	size_t	len;
	char	id[];		/* `len` bytes and a NUL */
};

/* Puts a mark, or NULL when there is nothing to remember, in place of *markp, which is
 * freed.  0, or -ENOMEM and it stays. */
int token_mark_set(struct token_mark **markp, struct rotor_str id, int64_t issued_at);
/* NULL: both are empty. */
struct rotor_str token_mark_id(const struct token_mark *m);
int64_t token_mark_issued_at(const struct token_mark *m);

#endif
