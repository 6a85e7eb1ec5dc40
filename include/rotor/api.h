/* SPDX-License-Identifier: MIT */
/*
 * rotor/api.h - the server API, for front ends (HTTP, gRPC, ...).
 *
 * A front end finds out who calls, then hands over the method, the caller and the
 * encoded request; it gets the encoded response.  What a caller may do is checked
 * in here.  The methods are those of service ROTOR_API_SERVICE in api.proto: a front
 * end that looks them up or lists them knows new ones without a change.
 */
#ifndef ROTOR_API_H
#define ROTOR_API_H

#include <rotor/abi.h>
#include <rotor/buf.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rotor_server;
struct rotor_worker;

#define ROTOR_API_SERVICE	"centrifugal.centrifugo.api.CentrifugoApi"

/* A method.  Static storage. */
struct rotor_api_method {
	size_t		size;
	const char	*name;		/* "presence_stats" */
	const char	*rpc_name;	/* "PresenceStats" */
};

/* Method number i, from 0; NULL: there are no more. */
ROTOR_API const struct rotor_api_method *rotor_api_method_get(size_t i);
/* The method of this name ("presence_stats"), or NULL. */
ROTOR_API const struct rotor_api_method *rotor_api_method_find(struct rotor_str name);

/*
 * Callers.  A front end has one key of its own that opens everything (http_api.key);
 * the keys of `api.keys` are good for every front end and may be limited.  A caller
 * lives as long as the server.
 */
struct rotor_api_caller;

/* Whom `key` belongs to, or NULL: nobody.  `own` is the front end's own key, "" when it
 * has none.  All keys are compared in constant time.  Any thread. */
ROTOR_API const struct rotor_api_caller *rotor_api_authenticate(const struct rotor_server *srv,
    const char *own, struct rotor_str key);
/* The caller without limits, for a front end that is told to ask for no key. */
ROTOR_API const struct rotor_api_caller *rotor_api_anyone(const struct rotor_server *srv);
/* 1 when `api.keys` has any: then even a front end without a key of its own asks for one. */
ROTOR_API int rotor_api_has_keys(const struct rotor_server *srv);

#define ROTOR_API_JSON		0u
#define ROTOR_API_PROTOBUF	1u

struct rotor_api_request {
	size_t				size;
	uint32_t			encoding;
	const struct rotor_api_method	*method;
	const struct rotor_api_caller	*caller;	/* NULL may do nothing */
	struct rotor_str		body;		/* stays until `done` has run */
	const char			*protocol;	/* "http", "grpc"; static */
	size_t				max_response;	/* bytes; 0: no limit.  More is ST_UNENCODABLE */
};

struct rotor_api_response {
	size_t			size;
	uint32_t		status;		/* ROTOR_API_ST_*: was there an answer */
	uint32_t		error;		/* code of the answer's error, or 0 */
	struct rotor_str	body;		/* whole response message; empty unless ST_OK */
	struct rotor_str	error_body;	/* with an error: the bare Error message */
	const char		*error_text;	/* with an error: its message; static */
};

#define ROTOR_API_ST_OK		0u	/* body holds result or error */
#define ROTOR_API_ST_DENIED	1u	/* the caller may not do this */
#define ROTOR_API_ST_MALFORMED	2u	/* the request does not parse */
#define ROTOR_API_ST_UNENCODABLE	3u	/* the result cannot be told: not JSON, or too long */
#define ROTOR_API_ST_STOPPING	4u	/* of rotor_api_call_commands() only: the server stops */

typedef void rotor_api_done_f(void *token, const struct rotor_api_response *res);

/* Runs one method on worker `w` (its thread).  `req` is borrowed for the call; `done`
 * runs exactly once on w, possibly before this returns; `res` is borrowed for the
 * callback. */
ROTOR_API void rotor_api_call(struct rotor_worker *w, const struct rotor_api_request *req,
    rotor_api_done_f *done, void *token);

/* The same for the one endpoint that clients of Centrifugo v2 to v4 use: the body is
 * JSON commands {"id", "method", "params"} one behind the other, the response's a reply
 * a line.  `method` is not looked at.  Errors stand in the replies. */
ROTOR_API void rotor_api_call_commands(struct rotor_worker *w,
    const struct rotor_api_request *req, rotor_api_done_f *done, void *token);

/* An OpenAPI 3 description, in JSON, of the methods at POST <prefix>/<method>; `keyless`:
 * no key is asked for.  The caller's reference; NULL: no memory. */
ROTOR_API struct rotor_buf *rotor_api_openapi(const char *prefix, int keyless);

#ifdef __cplusplus
}
#endif

#endif
