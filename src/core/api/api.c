/* SPDX-License-Identifier: MIT */
/* api/api.c - a call of a method, from its encoded request to its encoded response. */
#include "config.h"

#include "api/api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/codes.h>
#include <rotor/metrics.h>

#include "api/caller.h"
#include "base/obj.h"
#include "base/str.h"
#include "client/reply.h"
#include "loop/aside.h"
#include "loop/worker.h"
#include "node/server.h"
#include "proto/codec.h"

/* All XResponse messages have this shape. */
struct response {
	ProtobufCMessage	base;
	Ap__Error		*error;
	void			*result;
};
_Static_assert(offsetof(struct response, result) == offsetof(Ap__PublishResponse, result), "shape");

#define CALL_FIRST_BYTES	4096
/* Small elements of arrays grow when decoded: an empty command of a batch is a struct of
 * as many pointers as there are methods.  Long requests are hardly all of such things. */
#define DECODED_FACTOR		128u
#define DECODED_FACTOR_LONG	16u
#define DECODED_LONG		((size_t)64 << 20)
/* And results take more than their text: pointers, lengths, zeros that are not written. */
#define RESULT_FACTOR		8u

/* The response, encoded. */
struct answer {
	struct rotor_api_response	res;
	struct out			body, error_body;
};

/*
 * An outermost call: the arena and the way back to the front end.  It has three stages:
 * prepare() reads the request, api_run_judged() has the method do its work, and write_answer()
 * encodes the result.  The first and the last need nothing but the call, and are done
 * aside when they may take long.
 */
struct outer_call {
	struct api_call		call;		/* first */
	struct aside_work	work;		/* of the stage that is done aside */
	struct arena		arena;
	rotor_api_done_f	*done;
	void			*token;
	struct rotor_str	body;
	size_t			max_response;
	const char		*refusal;	/* of the caller; NULL: none */
	uint32_t		error;		/* the outcome */
	ProtobufCMessage	*result;
	struct answer		answer;
	char			first[CALL_FIRST_BYTES];
};

static struct outer_call *
outer_of(struct aside_work *k)
{
	return (struct outer_call *)(void *)((char *)k - offsetof(struct outer_call, work));
}

void
api_finish(struct api_call *call, void *result)
{
	OBJ_CHECK(call, API_CALL_MAGIC);
	if (result == NULL && !call->method->is_whole) {
		const ProtobufCFieldDescriptor *f =
		    protobuf_c_message_descriptor_get_field(call->method->response, 2);

		result = api_new(call, f->descriptor);
	}
	if (result == NULL)
		call->ended(call, ROTOR_ERR_INTERNAL, NULL);
	else
		call->ended(call, 0, result);
}

void
api_fail(struct api_call *call, uint32_t code)
{
	OBJ_CHECK(call, API_CALL_MAGIC);
	stats_count_code(call->w, &call->w->srv->stats.api_errors, code);
	call->ended(call, code, NULL);
}

void
api_run_judged(struct api_call *call, const char *refusal)
{
	const struct rotor_server *srv = call->w->srv;

	rotor_metric_add(call->w, srv->stats.api_command[call->method - api_methods], 1);
	if (caller_admits(call, refusal))
		call->method->run(call);
	else
		api_fail(call, ROTOR_ERR_PERMISSION_DENIED);
}

void
api_run(struct api_call *call)
{
	api_run_judged(call, caller_refusal(call));
}

void *
api_new(struct api_call *call, const ProtobufCMessageDescriptor *d)
{
	ProtobufCMessage *m = arena_alloc(call->arena, d->sizeof_message);

	if (m != NULL)
		protobuf_c_message_init(d, m);
	return m;
}

const char *
api_error_text(uint32_t code)
{
	return code == ROTOR_ERR_METHOD_NOT_FOUND ? "not found" : code == ROTOR_ERR_CONFLICT ? "conflict"
	    : rotor_error_text(code);
}

static int
encode(uint32_t encoding, const ProtobufCMessage *m, struct out *o)
{
	int r = encoding == ROTOR_API_JSON ? codec_encode_json(m, CODEC_RAW_COMPACT, o)
	    : codec_encode_pb(m, o);

	return r != 0 ? r : o->failed ? -ENOMEM : 0;
}

static struct rotor_str
out_str(const struct out *o)
{
	return (struct rotor_str){ o->p, o->len };
}

static void
outer_free(struct outer_call *oc)
{
	arena_reset(&oc->arena);
	oc->call.magic = 0;
	free(oc);
}

/* Encodes the outcome. */
static void
write_answer(struct outer_call *oc)
{
	const struct api_call *call = &oc->call;
	struct answer *a = &oc->answer;
	Ap__Error err = AP__ERROR__INIT;
	struct response r = { .result = oc->result };
	const ProtobufCMessage *whole = oc->result;

	a->res = (struct rotor_api_response){ .size = sizeof a->res, .error = oc->error };
	if (oc->error == ROTOR_ERR_INTERNAL && oc->arena.over) {
		a->res.status = ROTOR_API_ST_UNENCODABLE;	/* it was getting too long */
		return;
	}
	a->body.limit = oc->max_response;
	if (!call->method->is_whole || oc->error != 0) {
		protobuf_c_message_init(call->method->is_whole ? &ap__publish_response__descriptor
		    : call->method->response, &r.base);
		r.result = oc->result;
		whole = &r.base;
	}
	if (oc->error != 0) {
		err.code = oc->error;
		a->res.error_text = err.message = api_error_text(oc->error);
		a->res.status = oc->error == ROTOR_ERR_PERMISSION_DENIED ? ROTOR_API_ST_DENIED : ROTOR_API_ST_OK;
		r.error = &err;
		encode(call->encoding, &err.base, &a->error_body);
	}
	if (encode(call->encoding, whole, &a->body) != 0)
		a->res.status = ROTOR_API_ST_UNENCODABLE;
	else
		a->res.body = out_str(&a->body);
	a->res.error_body = out_str(&a->error_body);
}

/* Hands the answer to the front end and frees the call. */
static void
hand_over(struct outer_call *oc)
{
	oc->done(oc->token, &oc->answer.res);
	out_fini(&oc->answer.body);
	out_fini(&oc->answer.error_body);
	outer_free(oc);
}

static void
written(struct rotor_worker *w, struct aside_work *k)
{
	(void)w;
	hand_over(outer_of(k));
}

/* Much memory takes long to give back as well. */
static void
write_aside(struct aside_work *k)
{
	struct outer_call *oc = outer_of(k);

	out_init(&oc->answer.body, NULL, 0);
	out_init(&oc->answer.error_body, NULL, 0);
	write_answer(oc);
	arena_reset(&oc->arena);
}

static void
outer_ended(struct api_call *call, uint32_t error, ProtobufCMessage *result)
{
	struct outer_call *oc = (struct outer_call *)call;
	char first[CALL_FIRST_BYTES], error_first[256];

	oc->error = error;
	oc->result = result;
	if (oc->arena.total > API_ASIDE_RESULT) {
		aside_give(call->w->srv->aside, call->w, &oc->work, write_aside, written);
		return;
	}
	out_init(&oc->answer.body, first, sizeof first);
	out_init(&oc->answer.error_body, error_first, sizeof error_first);
	write_answer(oc);
	hand_over(oc);
}

/* What a request of this length may take in memory. */
static size_t
decoded_limit(size_t len)
{
	size_t wide = len * DECODED_FACTOR, tight = len * DECODED_FACTOR_LONG + DECODED_LONG;

	return (wide < tight ? wide : tight) + CALL_FIRST_BYTES;
}

const ProtobufCMessage *
api_decode(struct api_call *call, struct rotor_str body)
{
	const ProtobufCMessageDescriptor *d = call->method->request;
	struct arena *a = call->arena;
	struct json_reader r;
	ProtobufCMessage *m;

	json_reader_init(&r, body.p, body.len);
	a->limit = a->total + decoded_limit(body.len);
	if (call->encoding == ROTOR_API_PROTOBUF)
		m = codec_decode_pb(d, a, body);
	else if (json_read_null(&r) == 0)
		m = api_new(call, d);
	else
		m = codec_decode_json(d, a, &r);
	a->limit = 0;
	return call->encoding == ROTOR_API_PROTOBUF || json_at_end(&r) ? m : NULL;
}

void
api_limit_results(struct api_call *call, size_t body_len, size_t max_response)
{
	struct arena *a = call->arena;

	a->limit = max_response == 0 ? 0 : a->total + decoded_limit(body_len) +
	    max_response * RESULT_FACTOR;
}

static void
refuse(uint32_t status, rotor_api_done_f *done, void *token)
{
	struct rotor_api_response res = { .size = sizeof res, .status = status };

	done(token, &res);
}

/* Reads the request: call.req, NULL when it is malformed; and what that admits. */
static void
prepare(struct outer_call *oc)
{
	oc->call.req = api_decode(&oc->call, oc->body);
	if (oc->call.req != NULL)
		oc->refusal = caller_refusal(&oc->call);
}

static void
prepare_aside(struct aside_work *k)
{
	struct outer_call *oc = outer_of(k);

	prepare(oc);
	if (oc->call.req != NULL)
		api_payloads_settle(&oc->call);
}

static void
run(struct outer_call *oc)
{
	if (oc->call.req == NULL) {
		rotor_api_done_f *done = oc->done;
		void *token = oc->token;

		outer_free(oc);
		refuse(ROTOR_API_ST_MALFORMED, done, token);
		return;
	}
	api_limit_results(&oc->call, oc->body.len, oc->max_response);
	api_run_judged(&oc->call, oc->refusal);
}

static void
prepared(struct rotor_worker *w, struct aside_work *k)
{
	(void)w;
	run(outer_of(k));
}

void
rotor_api_call(struct rotor_worker *w, const struct rotor_api_request *req,
    rotor_api_done_f *done, void *token)
{
	struct outer_call *oc;

	oc = malloc(sizeof *oc);
	if (oc == NULL) {
		refuse(ROTOR_API_ST_UNENCODABLE, done, token);
		return;
	}
	arena_init(&oc->arena, oc->first, sizeof oc->first);
	oc->done = done;
	oc->token = token;
	oc->body = req->body;
	oc->max_response = req->max_response;
	oc->refusal = NULL;
	oc->call = (struct api_call){ .magic = API_CALL_MAGIC, .w = w, .encoding = req->encoding,
	    .method = (const struct api_method *)req->method, .caller = req->caller,
	    .arena = &oc->arena, .ended = outer_ended };
	if (req->body.len > API_ASIDE_REQUEST) {
		aside_give(w->srv->aside, w, &oc->work, prepare_aside, prepared);
		return;
	}
	prepare(oc);
	run(oc);
}
