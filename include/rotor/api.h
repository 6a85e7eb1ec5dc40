/* SPDX-License-Identifier: MIT */
/*
 * rotor/api.h - the server API, for front ends (HTTP, gRPC, ...).
 *
 * A front end authenticates the caller, then hands over the method's name and the
 * encoded request; it gets the encoded response.
 */
#ifndef ROTOR_API_H
#define ROTOR_API_H

#include <rotor/abi.h>
#include <rotor/buf.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rotor_worker;

#define ROTOR_API_JSON		0u
#define ROTOR_API_PROTOBUF	1u

struct rotor_api_request {
	size_t			size;
	uint32_t		encoding;
	struct rotor_str	method;		/* "publish", "presence_stats" */
	struct rotor_str	body;
	const char		*protocol;	/* for metrics: "http", "grpc"; static */
};

struct rotor_api_response {
	size_t			size;
	uint32_t		status;		/* ROTOR_API_ST_*: was there an answer */
	uint32_t		error;		/* code of the answer's error, or 0 */
	struct rotor_str	body;		/* whole response message; empty unless ST_OK */
	struct rotor_str	error_body;	/* with an error: the bare Error message */
};

#define ROTOR_API_ST_OK		0u	/* body holds result or error */
#define ROTOR_API_ST_UNKNOWN	1u	/* no such method */
#define ROTOR_API_ST_MALFORMED	2u	/* the request does not parse */
#define ROTOR_API_ST_UNENCODABLE	3u	/* the result cannot be put in this encoding */

typedef void rotor_api_done_f(void *token, const struct rotor_api_response *res);

/* Runs one method on worker `w` (its thread).  `req` is borrowed for the call;
 * `done` runs exactly once on w, possibly before this returns; `res` is borrowed
 * for the callback. */
ROTOR_API void rotor_api_call(struct rotor_worker *w, const struct rotor_api_request *req,
    rotor_api_done_f *done, void *token);

/* 1 when `name` is a method of the API. */
ROTOR_API int rotor_api_method_known(struct rotor_str name);

#ifdef __cplusplus
}
#endif

#endif
