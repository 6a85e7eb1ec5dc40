/* SPDX-License-Identifier: MIT */
/*
 * modules/api_grpc/unary.c - a method of the API: from the queue's thread to a worker,
 * and back, see lane.c.
 */
#include "config.h"

#include "call.h"

#include <string.h>

#include <rotor/api.h>
#include <rotor/str.h>

#define RESPONSE_MAX	((size_t)256 << 20)	/* bytes; more is an internal error, as over HTTP */

static int
wants_transport_errors(const struct call *c)
{
	static const char word[] = "transport";

	return strcmp(c->method->g->conf->error_mode, word) == 0 ||
	    rotor_str_is(metadata_get(&c->metadata, "x-centrifugo-error-mode"), word);
}

/* Back on the queue's thread. */
static void
end(struct call *c)
{
	if (c->code == GRPC_STATUS_OK)
		call_answer(c, c->answer);
	else
		call_refuse_with(c, c->code, c->text, c->answer);
}

/* Notes the answer for end(): on the worker. */
static void
note(struct call *c, const struct rotor_api_response *res)
{
	static const struct {
		grpc_status_code	code;
		const char		*text;
	} failures[] = {
		[ROTOR_API_ST_DENIED] = { GRPC_STATUS_PERMISSION_DENIED, "permission denied" },
		[ROTOR_API_ST_MALFORMED] = { GRPC_STATUS_INTERNAL,
		    "grpc: error unmarshalling request: cannot parse invalid wire-format data" },
		[ROTOR_API_ST_UNENCODABLE] = { GRPC_STATUS_INTERNAL, "internal server error" },
	};

	c->code = GRPC_STATUS_OK;
	if (res->status != ROTOR_API_ST_OK) {
		c->code = failures[res->status].code;
		c->text = failures[res->status].text;
		c->answer = grpc_empty_slice();
	} else if (res->error != 0 && wants_transport_errors(c)) {
		c->code = status_of_error(res->error);
		c->text = res->error_text;
		c->answer = status_details(c->code, res);
	} else {
		c->answer = grpc_slice_from_copied_buffer(res->body.p, res->body.len);
	}
}

static void
answered(void *token, const struct rotor_api_response *res)
{
	struct call *c = token;

	note(c, res);
	lane_return(c);
}

static void
run(struct rotor_worker *w, struct call *c)
{
	const struct rotor_api_request req = { .size = sizeof req, .encoding = ROTOR_API_PROTOBUF,
	    .method = c->method->api, .caller = c->caller, .body = call_message(c), .protocol = "grpc",
	    .max_response = RESPONSE_MAX };

	rotor_api_call(w, &req, answered, c);
}

static void
begin(struct call *c)
{
	struct api_grpc *g = c->method->g;

	c->caller = auth_caller(g, &c->metadata);
	if (c->caller == NULL) {
		call_refuse(c, GRPC_STATUS_UNAUTHENTICATED, "unauthenticated");
		return;
	}
	if (c->message == NULL) {
		call_refuse(c, GRPC_STATUS_UNKNOWN, "EOF");
		return;
	}
	lanes_gather(c);
}

const struct method_ops unary_ops = { .begin = begin, .run = run, .end = end,
    .payload = GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER };
