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
#include "base/obj.h"
#include "base/str.h"
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
	struct api_call		call;		/* the command in work */
	struct arena		arena;		/* of that command */
	struct json_reader	in;
	struct out		out;		/* the replies */
	uint32_t		id;
	uint32_t		status;		/* ROTOR_API_ST_* */
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
write_reply(struct commands *c, uint32_t code, const ProtobufCMessage *result)
{
	if (c->out.len > 0)
		out_byte(&c->out, '\n');
	out_byte(&c->out, '{');
	if (c->id != 0) {
		out_lit(&c->out, "\"id\":");
		out_u64(&c->out, c->id);
		out_byte(&c->out, ',');
	}
	if (code != 0) {
		write_error(&c->out, code);
	} else {
		out_lit(&c->out, "\"result\":");
		if (codec_encode_json(result, CODEC_RAW_COMPACT, &c->out) != 0)
			c->status = ROTOR_API_ST_UNENCODABLE;
	}
	out_byte(&c->out, '}');
}

static void go_on(struct commands *c);

static void
ended(struct api_call *call, uint32_t error, ProtobufCMessage *result)
{
	struct commands *c = (struct commands *)call;

	write_reply(c, error, result);
	c->in_work = 0;
	if (!c->running)
		go_on(c);
}

/* Reads one command.  0, or -1: not readable. */
static int
command_read(struct commands *c, const Ap__OldCommand **ret)
{
	static const Ap__OldCommand empty = AP__OLD_COMMAND__INIT;

	arena_reset(&c->arena);
	c->arena.limit = 0;
	if (json_peek(&c->in) == JSON_NULL && json_read_null(&c->in) == 0)
		*ret = &empty;
	else
		*ret = (const Ap__OldCommand *)codec_decode_json(&ap__old_command__descriptor,
		    &c->arena, &c->in);
	return *ret != NULL ? 0 : -1;
}

static void
run_next(struct commands *c)
{
	const struct rotor_api_method *method = NULL;
	const Ap__OldCommand *cmd;
	const char *name;

	if (command_read(c, &cmd) != 0 || method_name(codec_str(cmd->method), &name) != 0) {
		c->status = ROTOR_API_ST_MALFORMED;
		return;
	}
	c->id = cmd->id;
	c->in_work = 1;
	if (name != NULL)
		method = rotor_api_method_find(rotor_str_of(name));
	if (method == NULL) {
		ended(&c->call, ROTOR_ERR_METHOD_NOT_FOUND, NULL);
		return;
	}
	c->call.method = (const struct api_method *)method;
	/* What asks for nothing is not looked at. */
	c->call.req = c->call.method->request->n_fields == 0
	    ? api_new(&c->call, c->call.method->request) : api_decode(&c->call, codec_str(cmd->params));
	api_limit_results(&c->call, cmd->params.len, c->out.limit);
	if (c->call.req == NULL)
		api_fail(&c->call, ROTOR_ERR_BAD_REQUEST);
	else
		api_run(&c->call);
}

static int
is_over(struct commands *c)
{
	return c->status != ROTOR_API_ST_OK || c->out.failed || json_at_end(&c->in);
}

static void
next_turn(struct rotor_worker *w, void *priv)
{
	(void)w;
	go_on(priv);
}

/* Runs commands until one is not answered at once, or none is left. */
static void
go_on(struct commands *c)
{
	unsigned n = 0;

	c->running = 1;
	while (!c->in_work && !is_over(c)) {
		if (++n > API_TURN && rotor_worker_post(c->call.w, next_turn, c) == ROTOR_OK)
			return;
		run_next(c);
	}
	c->running = 0;
	if (!c->in_work)
		finish(c);
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
	go_on(c);
}
