/* SPDX-License-Identifier: MIT */
/*
 * api/commands.c - the server API as clients of Centrifugo v2 to v4 call it: one body of
 * JSON commands, one behind the other, which run one by one.
 *
 *	{"id":7,"method":"publish","params":{..}}{"method":9,"params":{}}
 *
 * The answer has a line a command.  What is wrong inside `params` is that command's
 * error; a command that cannot be read fails the whole body, though what ran before
 * it has happened.
 */
#include "config.h"

#include <stdlib.h>

#include <rotor/codes.h>
#include <rotor/loop.h>

#include "api/api.h"
#include "api/caller.h"
#include "base/obj.h"
#include "base/str.h"
#include "loop/aside.h"
#include "loop/worker.h"
#include "node/server.h"
#include "proto/codec.h"

/* The numbers that methods once had. */
static const char *const numbers[] = {
	"publish", "broadcast", "unsubscribe", "disconnect", "presence", "presence_stats",
	"history", "history_remove", "channels", "info", "rpc", "subscribe", "refresh",
	[14] = "connections", "update_user_status", "get_user_status", "delete_user_status",
	"block_user", "unblock_user", "revoke_token", "invalidate_user_tokens",
	"device_register", "device_update", "device_remove", "device_list",
	"device_topic_list", "device_topic_update", "user_topic_list", "user_topic_update",
	"send_push_notification", "update_push_status", "cancel_push",
	"map_publish", "map_remove", "map_read_state", "map_read_stream", "map_stats", "map_clear",
	"shared_poll_publish",
};
#define N_NUMBERS	(int64_t)(sizeof numbers / sizeof numbers[0])

#define FIRST_BYTES	2048

struct commands {
	struct api_call		call;		/* first; the command in work */
	struct arena		arena;		/* of that command */
	struct aside_work	work;		/* reading it, or writing its reply */
	struct rotor_job	job;		/* the next turn's commands */
	struct json_reader	in;
	struct out		out;		/* the replies */
	uint32_t		id;
	uint32_t		status;		/* ROTOR_API_ST_* */
	const char		*refusal;	/* of the caller; NULL: none */
	uint32_t		error;		/* the command's outcome */
	const ProtobufCMessage	*result;
	int			in_work, running;
	rotor_api_done_f	*done;
	void			*token;
	char			first[FIRST_BYTES];
};

/* The name of the method that `text`, a JSON value, asks for (NULL: a number without one).
 * 0, or -1: not readable. */
static int
method_name(struct rotor_str text, const char **ret)
{
	struct json_reader r;
	int64_t n = 0;

	json_reader_init(&r, text.p, text.len);
	*ret = NULL;
	if (text.len == 0 || json_read_int64(&r, &n) == 0) {
		*ret = n >= 0 && n < N_NUMBERS ? numbers[n] : NULL;
		return 0;
	}
	if (text.len < 2 || text.p[0] != '"')
		return -1;
	for (n = 0; n < N_NUMBERS; n++)
		if (numbers[n] != NULL &&
		    rotor_str_is_nocase((struct rotor_str){ text.p + 1, text.len - 2 }, numbers[n])) {
			*ret = numbers[n];
			return 0;
		}
	return -1;
}

static void
finish(struct commands *c)
{
	struct rotor_api_response res = { .size = sizeof res, .status = c->status };

	if (c->out.failed)
		res.status = ROTOR_API_ST_UNENCODABLE;
	if (res.status == ROTOR_API_ST_OK)
		res.body = (struct rotor_str){ c->out.p, c->out.len };
	c->done(c->token, &res);
	out_fini(&c->out);
	arena_reset(&c->arena);
	c->call.magic = 0;
	free(c);
}

static void
write_error(struct out *o, uint32_t code)
{
	out_lit(o, "\"error\":{\"code\":");
	out_u64(o, code);
	out_lit(o, ",\"message\":");
	json_write_string(o, rotor_str_of(api_error_text(code)));
	out_byte(o, '}');
}

static void
write_reply(struct commands *c)
{
	if (c->out.len > 0)
		out_byte(&c->out, '\n');
	out_byte(&c->out, '{');
	if (c->id != 0) {
		out_lit(&c->out, "\"id\":");
		out_u64(&c->out, c->id);
		out_byte(&c->out, ',');
	}
	if (c->error != 0) {
		write_error(&c->out, c->error);
	} else {
		out_lit(&c->out, "\"result\":");
		if (codec_encode_json(c->result, CODEC_RAW_COMPACT, &c->out) != 0)
			c->status = ROTOR_API_ST_UNENCODABLE;
	}
	out_byte(&c->out, '}');
}

static void go_on(struct commands *c);

static struct commands *
commands_of(struct aside_work *k)
{
	return (struct commands *)(void *)((char *)k - offsetof(struct commands, work));
}

static void
write_aside(struct aside_work *k)
{
	write_reply(commands_of(k));
}

static void
written(struct rotor_worker *w, struct aside_work *k)
{
	struct commands *c = commands_of(k);

	(void)w;
	c->in_work = 0;
	if (!c->running)
		go_on(c);
}

static void
ended(struct api_call *call, uint32_t error, ProtobufCMessage *result)
{
	struct commands *c = (struct commands *)call;

	c->error = error;
	c->result = result;
	if (c->arena.total > API_ASIDE_RESULT) {
		aside_give(call->w->srv->aside, call->w, &c->work, write_aside, written);
		return;
	}
	write_reply(c);
	written(call->w, &c->work);
}

/* Reads one command.  0, or -1: not readable. */
static int
command_read(struct commands *c, const Ap__OldCommand **ret)
{
	static const Ap__OldCommand empty = AP__OLD_COMMAND__INIT;

	if (json_peek(&c->in) == JSON_NULL && json_read_null(&c->in) == 0)
		*ret = &empty;
	else
		*ret = (const Ap__OldCommand *)codec_decode_json(&ap__old_command__descriptor,
		    &c->arena, &c->in);
	return *ret != NULL ? 0 : -1;
}

/* Reads the parameters of the call's method, and what they admit. */
static void
params_read(struct commands *c, struct rotor_str params)
{
	struct api_call *call = &c->call;

	/* What asks for nothing is not looked at. */
	call->req = call->method->request->n_fields == 0
	    ? api_new(call, call->method->request) : api_decode(call, params);
	if (call->req == NULL)
		c->error = ROTOR_ERR_BAD_REQUEST;
	else
		c->refusal = caller_refusal(call);
	api_limit_results(call, params.len, c->out.limit);
}

/* Reads the next command, as far as that needs no worker: call.method and call.req, or an
 * error, or a status. */
static void
read_next(struct commands *c)
{
	const struct rotor_api_method *method = NULL;
	const Ap__OldCommand *cmd;
	const char *name;

	c->arena.limit = 0;
	c->refusal = NULL;
	c->error = 0;
	if (command_read(c, &cmd) != 0 || method_name(codec_str(cmd->method), &name) != 0) {
		c->status = ROTOR_API_ST_MALFORMED;
		return;
	}
	c->id = cmd->id;
	if (name != NULL)
		method = rotor_api_method_find(rotor_str_of(name));
	c->call.method = (const struct api_method *)method;
	if (method == NULL)
		c->error = ROTOR_ERR_METHOD_NOT_FOUND;
	else
		params_read(c, codec_str(cmd->params));
}

static void
run_read(struct commands *c)
{
	if (c->status != ROTOR_API_ST_OK)
		written(c->call.w, &c->work);	/* there is nothing to say */
	else if (c->call.method == NULL)
		ended(&c->call, c->error, NULL);
	else if (c->error != 0)
		api_fail(&c->call, c->error);
	else
		api_run_judged(&c->call, c->refusal);
}

static void
read_aside(struct aside_work *k)
{
	struct commands *c = commands_of(k);

	arena_reset(&c->arena);
	read_next(c);
	if (c->status == ROTOR_API_ST_OK && c->error == 0)
		api_payloads_settle(&c->call);
}

static void
read_over(struct rotor_worker *w, struct aside_work *k)
{
	(void)w;
	run_read(commands_of(k));
}

static void
run_next(struct commands *c)
{
	c->in_work = 1;
	/* How long a command is shows at its end only; so what is left counts. */
	if ((size_t)(c->in.end - c->in.p) > API_ASIDE_REQUEST) {
		aside_give(c->call.w->srv->aside, c->call.w, &c->work, read_aside, read_over);
		return;
	}
	arena_reset(&c->arena);
	read_next(c);
	run_read(c);
}

static int
is_over(struct commands *c)
{
	return c->status != ROTOR_API_ST_OK || c->out.failed || json_at_end(&c->in);
}

/* Runs commands until one is not answered at once, the turn is over, or none is left. */
static void
go_on(struct commands *c)
{
	c->running = 1;
	while (!c->in_work && !is_over(c)) {
		if (rotor_turn_over(c->call.w)) {
			rotor_job_start(c->call.w, &c->job);
			return;
		}
		run_next(c);
	}
	c->running = 0;
	if (!c->in_work)
		finish(c);
}

static int
next_turn(struct rotor_worker *w, void *priv)
{
	struct commands *c = priv;

	(void)w;
	run_next(c);
	go_on(c);
	return ROTOR_OK;	/* it has started the job again, or is freed */
}

void
rotor_api_call_commands(struct rotor_worker *w, const struct rotor_api_request *req,
    rotor_api_done_f *done, void *token)
{
	struct rotor_api_response res = { .size = sizeof res };
	struct commands *c = NULL;

	if (atomic_load(&w->srv->stopping))
		res.status = ROTOR_API_ST_STOPPING;
	else if (req->body.len == 0)
		res.status = ROTOR_API_ST_MALFORMED;
	else if ((c = calloc(1, sizeof *c)) == NULL)
		res.status = ROTOR_API_ST_UNENCODABLE;
	if (res.status != ROTOR_API_ST_OK) {
		done(token, &res);
		return;
	}
	c->call = (struct api_call){ .magic = API_CALL_MAGIC, .w = w, .encoding = ROTOR_API_JSON,
	    .caller = req->caller, .arena = &c->arena, .ended = ended };
	arena_init(&c->arena, c->first, sizeof c->first);
	json_reader_init(&c->in, req->body.p, req->body.len);
	out_init(&c->out, NULL, 0);
	c->out.limit = req->max_response;
	c->done = done;
	c->token = token;
	rotor_job_init(&c->job, "api", next_turn, c);
	go_on(c);
}
