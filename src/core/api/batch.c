/* SPDX-License-Identifier: MIT */
/* api/batch.c - several commands in one request, one after the other or at once. */
#include "config.h"

#include <rotor/codes.h>
#include <rotor/loop.h>

#include "api/api.h"
#include "base/obj.h"
#include "proto/codec.h"

struct batch {
	struct api_call		*call;
	const Ap__BatchRequest	*req;
	struct api_call		*parts;
	Ap__BatchResponse	*res;
	size_t			next, ended;
	int			running;	/* inside run_next(), or it comes: an answer must not call it */
};

static void
part_error(struct batch *b, size_t i, uint32_t code)
{
	Ap__Error *err = api_new(b->call, &ap__error__descriptor);

	if (err == NULL)
		return;		/* an empty reply; nothing better can be said */
	err->code = code;
	err->message = api_error_text(code);
	b->res->replies[i]->error = err;
}

static void run_next(struct batch *b);

static void
part_ended(struct api_call *part, uint32_t error, ProtobufCMessage *result)
{
	struct batch *b = part->priv;
	char *reply = (char *)b->res->replies[part->index];

	if (error != 0)
		part_error(b, part->index, error);
	else
		*(ProtobufCMessage **)(reply + part->method->reply_offset) = result;
	b->ended++;
	if (!b->running)
		run_next(b);
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

static void
run_one(struct batch *b, size_t i)
{
	const ProtobufCMessage *req = NULL;
	const Ap__Command *cmd = b->req->commands[i];
	const struct api_method *m = method_of(cmd, &req);

	if (m == NULL) {
		part_error(b, i, codec_was_null(&cmd->base) ? ROTOR_ERR_BAD_REQUEST
		    : ROTOR_ERR_METHOD_NOT_FOUND);
		b->ended++;
		return;
	}
	b->parts[i] = (struct api_call){ .magic = API_CALL_MAGIC, .w = b->call->w,
	    .encoding = b->call->encoding, .method = m,
	    .caller = b->call->caller, .arena = b->call->arena, .req = req, .ended = part_ended, .priv = b, .index = (uint32_t)i };
	api_run(&b->parts[i]);
}

static void
next_turn(struct rotor_worker *w, void *priv)
{
	(void)w;
	run_next(priv);
}

/* Starts what may start; answers when all have ended. */
static void
run_next(struct batch *b)
{
	unsigned n = 0;

	b->running = 1;
	while (b->next < b->req->n_commands && (b->req->parallel || b->next == b->ended)) {
		if (++n > API_TURN && rotor_worker_post(b->call->w, next_turn, b) == ROTOR_OK)
			return;
		run_one(b, b->next++);
	}
	b->running = 0;
	if (b->ended == b->req->n_commands)
		api_finish(b->call, b->res);
}

static struct batch *
batch_new(struct api_call *call, size_t n)
{
	struct batch *b = arena_zalloc(call->arena, sizeof *b);

	if (b == NULL)
		return NULL;
	b->call = call;
	b->req = (const Ap__BatchRequest *)call->req;
	b->parts = arena_zalloc(call->arena, (n + 1) * sizeof *b->parts);
	b->res = api_new(call, &ap__batch_response__descriptor);
	if (b->parts == NULL || b->res == NULL)
		return NULL;
	b->res->n_replies = n;
	b->res->replies = arena_zalloc(call->arena, (n + 1) * sizeof *b->res->replies);
	for (size_t i = 0; b->res->replies != NULL && i < n; i++)
		if ((b->res->replies[i] = api_new(call, &ap__reply__descriptor)) == NULL)
			return NULL;
	return b->res->replies != NULL ? b : NULL;
}

void
api_batch(struct api_call *call)
{
	const Ap__BatchRequest *r = (const Ap__BatchRequest *)call->req;
	struct batch *b = batch_new(call, r->n_commands);

	if (b == NULL)
		api_fail(call, ROTOR_ERR_INTERNAL);
	else
		run_next(b);
}
