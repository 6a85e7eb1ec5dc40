/* SPDX-License-Identifier: MIT */
/*
 * api/caller.h - who calls the server API, and what each may do.
 */
#ifndef ROTOR_API_CALLER_H
#define ROTOR_API_CALLER_H

#include <rotor/api.h>

struct api_callers;
struct api_call;
struct rotor_server;

/* One for each of `api.keys`, and the one without limits.  NULL: no memory. */
struct api_callers *callers_new(struct rotor_server *srv);
/* NULL in *cp is a no-op. */
void callers_free(struct api_callers **cp);

/*
 * Why the call's caller may not make it: a channel out of bounds, or "" for the method as
 * such; NULL: it may.  Any thread.
 *
 * A caller limited to namespaces may not touch a channel of another one: the request's
 * fields `channel` and `channels` are looked at, whatever the method.  An empty channel
 * (all of them, to unsubscribe) is of no namespace.  A request with no such field is
 * governed by the method alone.
 */
const char *caller_refusal(const struct api_call *call);
/* Counts the call, and logs a refusal.  1: there is none. */
int caller_admits(const struct api_call *call, const char *refusal);
/* 1 when a method that finds channels by itself may touch this one. */
int caller_permits_channel(const struct api_call *call, struct rotor_str channel);

#endif
