/* SPDX-License-Identifier: MIT */
/* http_host.h - the grammar of "host:port" (RFC 3986 3.2.2, RFC 9110 7.2). */
#ifndef HTTP_HOST_H
#define HTTP_HOST_H

#include <rotor/abi.h>

/* Whether `s` is a name, an IPv4 address or an [IPv6] address, each with or without a
 * port.  Nothing is one too: what clients send whose target has no host. */
int http_host_is_valid(struct rotor_str s);

#endif
