/* SPDX-License-Identifier: MIT */
/* api_key.h - which key an HTTP request shows, and whose it is. */
#ifndef API_KEY_H
#define API_KEY_H

#include <rotor/api.h>
#include <rotor/http.h>

struct rotor_server;

/* Looks at X-API-Key, without that header at Authorization, and when neither has a
 * right key at the query's api_key.  `own` is the front end's key, "" for none.  NULL:
 * no right key anywhere. */
const struct rotor_api_caller *api_key_caller(const struct rotor_server *srv, const char *own,
    struct rotor_http_request *r);

#endif
