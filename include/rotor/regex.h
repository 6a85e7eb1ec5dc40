/* SPDX-License-Identifier: MIT */
/*
 * rotor/regex.h - the regular expressions of operators, one engine for all of them.
 *
 * The syntax is RE2's, which is Go's: https://github.com/google/re2/wiki/Syntax.  They
 * see characters, not bytes: a pattern and what it is matched with are UTF-8, and a byte
 * that is none matches nothing.  A match takes time in proportion to the subject, whatever
 * that is: a microsecond for a name and a usual expression, and a part of a millisecond
 * for one of hundreds of \p{L}.  So it may meet what strangers send, as long as that is
 * not long.  Compiling takes long, and some megabytes at most: not on a loop.  Any thread; an
 * expression does not change, and threads may match with it at once.
 */
#ifndef ROTOR_REGEX_H
#define ROTOR_REGEX_H

#include <rotor/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rotor_regex;

/* ROTOR_OK; -EINVAL: it is no regular expression, or too large; -ENOMEM.  After an error
 * *ret is unchanged, and `why` says what is wrong, for the operator. */
ROTOR_API int rotor_regex_new(const char *pattern, struct rotor_regex **ret, char *why, size_t why_len);
/* Sets *rp to NULL, which is a no-op. */
ROTOR_API void rotor_regex_free(struct rotor_regex **rp);

/* 1 when it matches anywhere in `s`, which may hold any bytes; 0, also for want of memory. */
ROTOR_API int rotor_regex_match(const struct rotor_regex *r, struct rotor_str s);
/* Likewise, and sets groups[0..n): the whole match, then its groups in the order of their
 * opening parentheses, slices of `s`; one that took no part, or does not exist, is
 * { NULL, 0 }.  Undefined when it does not match. */
ROTOR_API int rotor_regex_groups(const struct rotor_regex *r, struct rotor_str s, struct rotor_str *groups, size_t n);
/* How many groups it has, the whole match not counted. */
ROTOR_API size_t rotor_regex_n_groups(const struct rotor_regex *r);
/* The name of group i, from 1 on: "x" of (?P<x>..), or NULL: it has none.  Lives as long
 * as the expression. */
ROTOR_API const char *rotor_regex_group_name(const struct rotor_regex *r, size_t i);

#ifdef __cplusplus
}
#endif

#endif
