/* SPDX-License-Identifier: MIT */
/*
 * jwks_safety.h - which expressions may fill the URL of a key set.
 *
 * The URL decides whose keys are believed, and what fills it is read from a token
 * before its signature is checked.  So a group that fills it must be a plain list of
 * values, (?P<tenant>one|two): whatever the token says, the URL is one of those that
 * the operator wrote down.
 */
#ifndef AUTH_JWT_JWKS_SAFETY_H
#define AUTH_JWT_JWKS_SAFETY_H

#include <stddef.h>

struct url_template;

#define SAFETY_WHY_MAX	256u

/* 0 when the groups of `regex` ("" for none) may fill `t`; -1 with the reason in `why`
 * (SAFETY_WHY_MAX bytes). */
int jwks_safety_check(const char *regex, const struct url_template *t, char *why);

#endif
