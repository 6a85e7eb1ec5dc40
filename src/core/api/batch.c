/* SPDX-License-Identifier: MIT */
/* api/batch.c - several commands in one request, one after the other or at once. */
#include "config.h"

#include <rotor/codes.h>

#include "api/api.h"
#include "api/series.h"
#include "base/obj.h"
#include "proto/codec.h"

struct batch {
	struct series		series;		/* first; of the commands */
	struct api_call		*call;
	const Ap__BatchRequest	*req;
	Ap__BatchResponse	*res;
};

static void
part_error(struct batch *b, size_t i, uint32_t code)
{
	Ap__Error *err = api_new(b->call, &ap__error__descriptor);

	if (err == NULL) {
		series_fail(&b->series);
		return;
	}
	err->code = code;
	err->message = api_error_text(code);
	b->res->replies[i]->error = err;
}

static void
part_ended(struct api_call *part, uint32_t error, ProtobufCMessage *result)
{
	struct batch *b = part->priv;
	char *reply = (char *)b->res->replies[part->index];

	if (error != 0)
		part_error(b, part->index, error);
	else
		*(ProtobufCMessage **)(reply + part->method->reply_offset) = result;
	series_ended(&b->series);
}

static const struct api_method *
method_of(const Ap__Command *cmd, const ProtobufCMessage **ret_req)
{
	for (size_t i = 0; i < api_n_methods; i++) {
		const struct api_method *m = &api_methods[i];

		if (m->command_offset == API_NOT_IN_BATCH)
			continue;
		*ret_req = *(const ProtobufCMessage *const *)((const char *)cmd + m->command_offset);
		if (*ret_req != NULL)
			return m;
	}
	return NULL;
}

/* Room for the command's reply and its call, made when its turn comes.  NULL: no memory. */
static struct api_call *
part_new(struct batch *b, size_t i)
{
	struct api_call *part = arena_alloc(b->call->arena, sizeof *part);

	b->res->replies[i] = api_new(b->call, &ap__reply__descriptor);
	return b->res->replies[i] != NULL ? part : NULL;
}

static void
part_start(struct series *s, size_t i)
{
	struct batch *b = (struct batch *)s;
	const ProtobufCMessage *req = NULL;
	const Ap__Command *cmd = b->req->commands[i];
	const struct api_method *m = method_of(cmd, &req);
	struct api_call *part = part_new(b, i);

	if (part == NULL)
		series_fail(s);
	else if (m == NULL)
		part_error(b, i, codec_was_null(&cmd->base) ? ROTOR_ERR_BAD_REQUEST
		    : ROTOR_ERR_METHOD_NOT_FOUND);
	if (part == NULL || m == NULL) {
		series_ended(s);
		return;
	}
	*part = (struct api_call){ .magic = API_CALL_MAGIC, .w = b->call->w,
	    .encoding = b->call->encoding, .method = m, .caller = b->call->caller,
	    .arena = b->call->arena, .req = req, .ended = part_ended, .priv = b, .index = (uint32_t)i };
	api_run(part);
}

static void
batch_over(struct series *s)
{
	struct batch *b = (struct batch *)s;

	if (s->failed)
		api_fail(b->call, ROTOR_ERR_INTERNAL);
	else
		api_finish(b->call, b->res);
}

static struct batch *
batch_new(struct api_call *call)
{
	const Ap__BatchRequest *r = (const Ap__BatchRequest *)call->req;
	struct batch *b = arena_zalloc(call->arena, sizeof *b);

	if (b == NULL)
		return NULL;
	b->call = call;
	b->req = r;
	b->series = (struct series){ .w = call->w, .n = r->n_commands, .one_by_one = !r->parallel,
	    .start = part_start, .over = batch_over };
	b->res = api_new(call, &ap__batch_response__descriptor);
	if (b->res == NULL)
		return NULL;
	b->res->n_replies = r->n_commands;
	b->res->replies = arena_alloc(call->arena, (r->n_commands + 1) * sizeof *b->res->replies);
	return b->res->replies != NULL ? b : NULL;
}

void
api_batch(struct api_call *call)
{
	struct batch *b = batch_new(call);

	if (b == NULL)
		api_fail(call, ROTOR_ERR_INTERNAL);
	else
		series_run(&b->series);
}
