/* SPDX-License-Identifier: MIT */
/* api/api.c - a call of a method, from its encoded request to its encoded response. */
#include "config.h"

#include "api/api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <rotor/codes.h>
#include <rotor/metrics.h>

#include "api/caller.h"
#include "base/obj.h"
#include "base/str.h"
#include "client/reply.h"
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
 * as many pointers as there are methods. */
#define DECODED_FACTOR		128u
/* And results take more than their text: pointers, lengths, zeros that are not written. */
#define RESULT_FACTOR		8u

/* An outermost call: the arena and the way back to the front end. */
struct outer_call {
	struct api_call		call;
	struct arena		arena;
	rotor_api_done_f	*done;
	void			*token;
	size_t			max_response;
	char			first[CALL_FIRST_BYTES];
};

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
api_run(struct api_call *call)
{
	const struct rotor_server *srv = call->w->srv;

	rotor_metric_add(call->w, srv->stats.api_command[call->method - api_methods], 1);
	if (caller_permits(call))
		call->method->run(call);
	else
		api_fail(call, ROTOR_ERR_PERMISSION_DENIED);
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

/* Copies what counts: line ends do not.  The length of the copy. */
static size_t
b64_unfold(struct rotor_str text, char *to)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] != '\r' && text.p[i] != '\n')
			to[n++] = text.p[i];
	return n;
}

/* Standard alphabet with padding, nothing else. */
static int
b64_decode(struct arena *a, struct rotor_str text, struct rotor_str *ret)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *copy = arena_alloc(a, text.len + 1);
	unsigned char *p = arena_alloc(a, text.len + 1);
	size_t len, pad = 0;

	if (copy == NULL || p == NULL)
		return -ENOMEM;
	len = b64_unfold(text, copy);
	copy[len] = '\0';
	if (len % 4 != 0 || len > INT32_MAX)
		return -EINVAL;
	while (pad < 2 && pad < len && copy[len - 1 - pad] == '=')
		pad++;
	if (strspn(copy, alphabet) != len - pad ||
	    EVP_DecodeBlock(p, (const unsigned char *)copy, (int)len) < 0)
		return -EINVAL;
	*ret = (struct rotor_str){ (char *)p, len / 4 * 3 - pad };
	return 0;
}

uint32_t
api_payload(struct api_call *call, ProtobufCBinaryData raw, const char *b64, struct rotor_str *ret)
{
	int r = 0;

	*ret = codec_str(raw);
	if (b64 != NULL && b64[0] != '\0')
		r = b64_decode(call->arena, rotor_str_of(b64), ret);
	return r == 0 ? 0 : r == -ENOMEM ? ROTOR_ERR_INTERNAL : ROTOR_ERR_BAD_REQUEST;
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

/* Hands the outcome to the front end and frees the call. */
static void
outer_ended(struct api_call *call, uint32_t error, ProtobufCMessage *result)
{
	struct outer_call *oc = (struct outer_call *)call;
	struct rotor_api_response res = { .size = sizeof res, .error = error };
	Ap__Error err = AP__ERROR__INIT;
	struct response r = { .error = NULL };
	const ProtobufCMessage *whole = result;
	char first[CALL_FIRST_BYTES], error_first[256];
	struct out o, eo;

	out_init(&o, first, sizeof first);
	out_init(&eo, error_first, sizeof error_first);
	o.limit = oc->max_response;
	if (!call->method->is_whole || error != 0) {
		protobuf_c_message_init(call->method->is_whole ? &ap__publish_response__descriptor
		    : call->method->response, &r.base);
		r.result = result;
		whole = &r.base;
	}
	if (error != 0) {
		err.code = error;
		res.error_text = err.message = api_error_text(error);
		res.status = error == ROTOR_ERR_PERMISSION_DENIED ? ROTOR_API_ST_DENIED : ROTOR_API_ST_OK;
		r.error = &err;
		encode(call->encoding, &err.base, &eo);
	}
	if (encode(call->encoding, whole, &o) != 0)
		res.status = ROTOR_API_ST_UNENCODABLE;
	else
		res.body = out_str(&o);
	res.error_body = out_str(&eo);
	oc->done(oc->token, &res);
	out_fini(&o);
	out_fini(&eo);
	arena_reset(&oc->arena);
	call->magic = 0;
	free(oc);
}

const ProtobufCMessage *
api_decode(struct api_call *call, struct rotor_str body)
{
	const ProtobufCMessageDescriptor *d = call->method->request;
	struct arena *a = call->arena;
	struct json_reader r;
	ProtobufCMessage *m;

	json_reader_init(&r, body.p, body.len);
	a->limit = a->total + body.len * DECODED_FACTOR + CALL_FIRST_BYTES;
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

	a->limit = max_response == 0 ? 0 : a->total + body_len * DECODED_FACTOR +
	    max_response * RESULT_FACTOR;
}

static void
refuse(uint32_t status, rotor_api_done_f *done, void *token)
{
	struct rotor_api_response res = { .size = sizeof res, .status = status };

	done(token, &res);
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
	oc->call = (struct api_call){ .magic = API_CALL_MAGIC, .w = w, .encoding = req->encoding,
	    .method = (const struct api_method *)req->method, .caller = req->caller,
	    .arena = &oc->arena, .ended = outer_ended };
	oc->call.req = api_decode(&oc->call, req->body);
	if (oc->call.req == NULL) {
		arena_reset(&oc->arena);
		free(oc);
		refuse(ROTOR_API_ST_MALFORMED, done, token);
		return;
	}
	oc->max_response = req->max_response;
	api_limit_results(&oc->call, req->body.len, req->max_response);
	api_run(&oc->call);
}
