/* SPDX-License-Identifier: MIT */
/*
 * modules/api_grpc/unary.c - a method of the API: from the queue's thread to a worker,
 * and from wherever the API is done back to the caller.
 */
#include "config.h"

#include "call.h"

#include <string.h>

#include <rotor/api.h>
#include <rotor/loop.h>

static int
wants_transport_errors(const struct call *c)
{
	static const char word[] = "transport";
	struct rotor_str mode;

	if (strcmp(c->method->g->conf->error_mode, word) == 0)
		return 1;
	mode = metadata_get(&c->metadata, "x-centrifugo-error-mode");
	return mode.len == sizeof word - 1 && memcmp(mode.p, word, mode.len) == 0;
}

static void
answer_error(struct call *c, const struct rotor_api_response *res)
{
	grpc_status_code code = status_of_error(res->error);

	call_refuse_with(c, code, res->error_text, status_details(code, res));
}

static void
answered(void *token, const struct rotor_api_response *res)
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
	struct call *c = token;

	if (res->status != ROTOR_API_ST_OK)
		call_refuse(c, failures[res->status].code, failures[res->status].text);
	else if (res->error != 0 && wants_transport_errors(c))
		answer_error(c, res);
	else
		call_answer(c, grpc_slice_from_copied_buffer(res->body.p, res->body.len));
}

static void
run(struct rotor_worker *w, void *priv)
{
	struct call *c = priv;
	const struct rotor_api_request req = { .size = sizeof req, .encoding = ROTOR_API_PROTOBUF,
	    .method = c->method->api, .caller = c->caller, .body = call_message(c), .protocol = "grpc" };

	rotor_api_call(w, &req, answered, c);
}

static void
begin(struct call *c)
{
	struct api_grpc *g = c->method->g;
	struct rotor_worker *w;

	c->caller = auth_caller(g, &c->metadata);
	if (c->caller == NULL) {
		call_refuse(c, GRPC_STATUS_UNAUTHENTICATED, "unauthenticated");
		return;
	}
	if (c->message == NULL) {
		call_refuse(c, GRPC_STATUS_INTERNAL, "no request");
		return;
	}
	w = rotor_server_worker(g->srv, g->turn++ % rotor_server_workers(g->srv));
	if (rotor_worker_post(w, run, c) != ROTOR_OK)
		call_refuse(c, GRPC_STATUS_RESOURCE_EXHAUSTED, "out of memory");
}

const struct method_ops unary_ops = { .begin = begin,
    .payload = GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER };
