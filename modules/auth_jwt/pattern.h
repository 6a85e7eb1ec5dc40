/* SPDX-License-Identifier: MIT */
/*
 * pattern.h - issuer_regex and audience_regex, as far as they fill the key set's URL.
 */
#ifndef AUTH_JWT_PATTERN_H
#define AUTH_JWT_PATTERN_H

#include <rotor/regex.h>

struct scratch;
struct url_vars;

/* As rotor_regex_match(), and adds the named groups to *vars, which is zeroed at first;
 * one that took no part is empty.  The values are slices of `subject`; the rest is in `s`
 * and `r`. */
int pattern_groups(const struct rotor_regex *r, struct rotor_str subject, struct scratch *s,
    struct url_vars *vars);

#endif
