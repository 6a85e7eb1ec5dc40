/* SPDX-License-Identifier: MIT */
/*
 * client/permit.h - may this client subscribe?  The rules in their order, as a table
 * in permit.c (spec: channels and subscriptions, 3).
 */
#ifndef ROTOR_CLIENT_PERMIT_H
#define ROTOR_CLIENT_PERMIT_H

#include <stdint.h>

struct sub_request;

enum permit { PERMIT_PASS, PERMIT_ALLOW, PERMIT_DENY };

/* Goes through the rules that need nobody else; `has_token`: a valid subscription
 * token was shown.  0: allowed, and rq->source is why; or an error code. */
uint32_t permit_subscribe(struct sub_request *rq, int has_token);

#endif
