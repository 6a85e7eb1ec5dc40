/* SPDX-License-Identifier: MIT */
/*
 * client/permit.h - what a client may do with a channel.  The rules of a subscribe, in
 * their order, are a table in permit.c (spec: channels and subscriptions, 3); those of the
 * other commands are families of options in channel/access.c.
 */
#ifndef ROTOR_CLIENT_PERMIT_H
#define ROTOR_CLIENT_PERMIT_H

#include <stdint.h>

#include "channel/name.h"

struct rotor_client;
struct sub_request;

enum permit { PERMIT_PASS, PERMIT_ALLOW, PERMIT_DENY };

/* Goes through the rules that need nobody else; `has_token`: a valid subscription
 * token was shown.  0: allowed, and rq->source is why; or an error code. */
uint32_t permit_subscribe(struct sub_request *rq, int has_token);
/* Why they do not allow it, for the log.  Static storage. */
const char *permit_subscribe_why(const struct sub_request *rq);

/* What every command that names a channel wants of the name: 0, an error or a disconnect
 * code.  *ret is filled on 0; it points into `channel`. */
uint32_t permit_name(const struct rotor_client *c, const char *channel, struct chan_name *ret);
/* May the client do that?  0 or an error code. */
uint32_t permit_access(const struct rotor_client *c, const struct chan_name *name, enum chan_access what);

/* Both for presence and its numbers: 0, an error or a disconnect code. */
uint32_t permit_presence(const struct rotor_client *c, const char *channel);

#endif
