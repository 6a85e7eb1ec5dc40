/* SPDX-License-Identifier: MIT */
/*
 * api/api.h - one call of the server API, and the table of its methods.
 *
 * A method is an entry in api.proto, of which the build makes its row in the table, and
 * a handler.  A handler ends its call, now or from a later callback on the same worker,
 * with exactly one of api_finish() and api_fail().  Everything in the call's arena, and
 * the encoded request, lives until then.
 */
#ifndef ROTOR_API_API_H
#define ROTOR_API_API_H

#include <stdint.h>

#include <rotor/api.h>

#include "base/arena.h"
#include "proto/messages.h"

struct api_method;
struct rotor_server;
struct rotor_worker;

struct api_call {
	uint32_t		magic;
#define API_CALL_MAGIC		0x2f61d8b4u
	struct rotor_worker	*w;
	uint32_t		encoding;	/* ROTOR_API_JSON, ROTOR_API_PROTOBUF */
	const struct api_method	*method;
	const struct rotor_api_caller	*caller;
	struct arena		*arena;		/* of the outermost call */
	const ProtobufCMessage	*req;
	/* Receives the outcome: result, or NULL and an error code. */
	void			(*ended)(struct api_call *call, uint32_t error, ProtobufCMessage *result);
	void			*priv;		/* of ended() */
	uint32_t		index;		/* in a batch or broadcast */
};

typedef void api_run_f(struct api_call *call);

struct api_method {
	struct rotor_api_method	pub;
	size_t			command_offset;	/* of the request in Ap__Command, or API_NOT_IN_BATCH */
	size_t			reply_offset;	/* of the result in Ap__Reply */
	const ProtobufCMessageDescriptor	*request;
	const ProtobufCMessageDescriptor	*response;
	api_run_f		*run;
	int			is_whole;	/* the result is the response itself */
	const char		*doc;		/* one sentence */
};

#define API_MAX_METHODS	64u	/* a bit each in what a key may do */
#define API_NOT_IN_BATCH	SIZE_MAX

/* In the order of the service; a batch command with several is looked through in it. */
extern const struct api_method api_methods[];
extern const size_t api_n_methods;

/* Decodes the method's request into the arena, which grows no further than the body
 * allows.  NULL: malformed, or no memory. */
const ProtobufCMessage *api_decode(struct api_call *call, struct rotor_str body);
/* Lets results take memory in proportion to the request and to the response they end up
 * in; 0: no limit. */
void api_limit_results(struct api_call *call, size_t body_len, size_t max_response);
/* Runs the call when its caller may make it, and fails it otherwise. */
void api_run(struct api_call *call);
/* The same, with caller_refusal() known. */
void api_run_judged(struct api_call *call, const char *refusal);
/* `result` is of the method's result type and lives in the arena (or outlives the
 * call); NULL means an empty one. */
void api_finish(struct api_call *call, void *result);
/* ROTOR_ERR_PERMISSION_DENIED says that the caller's key does not go so far. */
void api_fail(struct api_call *call, uint32_t code);
/* A zeroed message in the call's arena, or NULL. */
void *api_new(struct api_call *call, const ProtobufCMessageDescriptor *d);

/*
 * Payloads: a field `data` of bytes, with `b64data` next to it to be used in its place.
 */

/* `b64` decoded into the arena when not empty, else `raw`.  0, or an error code. */
uint32_t api_payload(struct api_call *call, ProtobufCBinaryData raw, const char *b64, struct rotor_str *ret);
/* 1: that payload is JSON; -1: it is not; 0: nobody has looked. */
int api_payload_json(const struct api_call *call, const char *b64);
/* Does all that beforehand, for each payload in the request, so that what comes next costs
 * nothing.  Any thread. */
void api_payloads_settle(struct api_call *call);

/* Requests longer than this are not read on a loop, nor are answers written there that
 * take more than so much memory (loop/aside.h): a millisecond, at worst. */
#define API_ASIDE_REQUEST	((size_t)64 << 10)
#define API_ASIDE_RESULT	((size_t)256 << 10)

/* The text of an error code, where it differs from the one that clients get. */
const char *api_error_text(uint32_t code);

/* The handlers, one a method: api_publish(), api_history_remove(), ... */
#define API_METHOD(name, rpc, req, res, doc)	api_run_f api_##name;
#define API_METHOD_ALONE	API_METHOD
#include "proto/api_methods.h"
#undef API_METHOD
#undef API_METHOD_ALONE

#endif
