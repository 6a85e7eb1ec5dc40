/* SPDX-License-Identifier: MIT */
/*
 * pattern.h - issuer_regex and audience_regex.
 *
 * The keys take Go's expressions (RE2).  PCRE2 runs them here, so what PCRE2 does
 * beyond RE2 is refused, and the work for one match is bounded: the subject comes
 * from a token that nothing has been proved about.  Immutable; any thread.
 */
#ifndef AUTH_JWT_PATTERN_H
#define AUTH_JWT_PATTERN_H

#include <rotor/abi.h>

struct pattern;
struct scratch;
struct url_vars;

/* 0, or -errno with the reason in `err`. */
int pattern_new(const char *text, struct pattern **ret, char *err, size_t err_len);
void pattern_free(struct pattern **pp);
/* 1 when it matches anywhere in `s`; 0 otherwise, or when that cannot be told. */
int pattern_match(const struct pattern *p, struct rotor_str s);
/* Likewise, and adds the named groups to *vars, which is zeroed at first; one that took
 * no part is empty.  The values are slices of `subject`; the rest is in `s` and `p`. */
int pattern_groups(const struct pattern *p, struct rotor_str subject, struct scratch *s,
    struct url_vars *vars);

#endif
