/* SPDX-License-Identifier: MIT */
/*
 * http_peers.h - how many connections each address has open, of all workers.
 *
 * An IPv6 address counts as its /64, of which a customer has all.  Unix sockets and the
 * networks of a list are not counted.  Any thread; a lock is taken for a moment when a
 * connection is opened or closed, and only where there is a limit.
 */
#ifndef HTTP_PEERS_H
#define HTTP_PEERS_H

#include <rotor/option.h>

struct http_peer;
struct http_peers;

/* Counts up to `max` connections an address.  NULL: no memory, or an entry of `exempt` is
 * no network. */
struct http_peers *http_peers_new(int64_t max, const struct rotor_strlist *exempt);
/* NULL in *pp is a no-op. */
void http_peers_free(struct http_peers **pp);

/* Counts a connection: 1, or 0 when there are as many as there may be or no memory.  NULL
 * counts nothing. */
int http_peers_enter(struct http_peers *ps, const struct http_peer *peer);
/* One that was counted has gone. */
void http_peers_leave(struct http_peers *ps, const struct http_peer *peer);

/* Whether `text` is an address or a network, as "10.0.0.0/8" or "::1". */
int http_network_is_valid(const char *text);

#endif
