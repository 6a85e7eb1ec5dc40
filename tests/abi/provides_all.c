/* SPDX-License-Identifier: MIT */
/* tests/abi/provides_all.c - registers one of everything, and takes options. */
#include "config.h"

#include <string.h>

#include "trace.h"

struct provides_all_conf {
	const char	*text;
	int64_t		number;
};

static const struct rotor_option provides_all_rows[] = {
	{ .path = "text", .kind = ROTOR_OPT_STR, .offset = offsetof(struct provides_all_conf, text),
	    .def = "default", .doc = "A text." },
	{ .path = "number", .kind = ROTOR_OPT_INT, .offset = offsetof(struct provides_all_conf, number),
	    .def = "7", .doc = "A number.", .min = 1, .max = 9 },
};

static const struct rotor_option_table provides_all_options =
    ROTOR_OPTION_TABLE("provides_all", provides_all_rows, struct provides_all_conf);

static void
broker_subscribe(void *ctx, struct rotor_worker *w, struct rotor_str channel, rotor_done_f *done,
    void *token)
{
	(void)ctx;
	(void)w;
	(void)channel;
	done(token, 0);
}

static void
broker_unsubscribe(void *ctx, struct rotor_worker *w, struct rotor_str channel)
{
	(void)ctx;
	(void)w;
	(void)channel;
}

static void
broker_publish(void *ctx, struct rotor_worker *w, const struct rotor_publish *req,
    rotor_publish_done_f *done, void *token)
{
	const struct rotor_publish_result res = { .size = sizeof res };

	(void)ctx;
	(void)w;
	(void)req;
	done(token, 0, &res);
}

static void
broker_history(void *ctx, struct rotor_worker *w, struct rotor_str channel,
    const struct rotor_history_query *q, rotor_history_done_f *done, void *token)
{
	const struct rotor_history res = { .size = sizeof res };

	(void)ctx;
	(void)w;
	(void)channel;
	(void)q;
	done(token, 0, &res);
}

static const struct rotor_broker broker = {
	sizeof(struct rotor_broker), broker_subscribe, broker_unsubscribe, broker_publish,
	broker_history, broker_subscribe
};

static void
presence_add(void *ctx, struct rotor_worker *w, struct rotor_str channel,
    const struct rotor_client_info *info, rotor_done_f *done, void *token)
{
	(void)info;
	broker_subscribe(ctx, w, channel, done, token);
}

static void
presence_get(void *ctx, struct rotor_worker *w, struct rotor_str channel, rotor_presence_done_f *done,
    void *token)
{
	const struct rotor_presence_result res = { .size = sizeof res };

	(void)ctx;
	(void)w;
	(void)channel;
	done(token, 0, &res);
}

static const struct rotor_presence presence = {
	sizeof(struct rotor_presence), presence_add, presence_add, presence_get, presence_get
};

static void
auth_connection(void *ctx, struct rotor_worker *w, struct rotor_str jwt,
    rotor_connection_token_done_f *done, void *token)
{
	(void)ctx;
	(void)w;
	(void)jwt;
	done(token, ROTOR_TOKEN_INVALID, "test", NULL);
}

static void
auth_subscription(void *ctx, struct rotor_worker *w, struct rotor_str jwt,
    rotor_subscription_token_done_f *done, void *token)
{
	(void)ctx;
	(void)w;
	(void)jwt;
	done(token, ROTOR_TOKEN_INVALID, "test", NULL);
}

static const struct rotor_auth auth = { sizeof(struct rotor_auth), auth_connection, auth_subscription };

/* Shows the options as they are now. */
static int
command_run(void *ctx, int argc, char **argv)
{
	const struct trace *t = ctx;
	const struct provides_all_conf *cf = rotor_instance_conf(t->inst);

	(void)argc;
	(void)argv;
	trace_step(t, cf->text);
	return (int)cf->number;
}

static const struct rotor_command command = {
	.size = sizeof(struct rotor_command), .name = "show", .args = "",
	.summary = "Shows the options", .run = command_run,
};

static void
route_handle(void *ctx, struct rotor_http_request *r)
{
	(void)ctx;
	(void)r;
}

static const struct rotor_http_route route = {
	.size = sizeof(struct rotor_http_route),
	.path = "/all",
	.flags = ROTOR_HTTP_EXTERNAL,
	.handle = route_handle,
	.label = "all",
};

/* What it says depends on the text it is given. */
static void
provides_all_check(struct rotor_check *chk)
{
	const struct provides_all_conf *cf = rotor_check_conf(chk);

	if (strcmp(cf->text, "wrong") == 0)
		rotor_check_error(chk, "provides_all.text", "is %s", cf->text);
	if (strcmp(cf->text, "doubtful") == 0)
		rotor_check_warning(chk, "provides_all.text", "is %s", cf->text);
	if (strcmp(cf->text, "server") == 0)
		rotor_check_error(chk, "provides_all.number", "%s, %d, %d, \"%s\", %d",
		    rotor_check_server_str(chk, "node.name"),
		    (int)rotor_check_server_int(chk, "client.ping_interval"),
		    (int)rotor_check_server_int(chk, "client.insecure"),
		    rotor_check_server_str(chk, "client.insecure"),
		    (int)rotor_check_server_int(chk, "no.such"));
	if (cf->text[0] == '/') {
		rotor_check_route(chk, "provides_all.number", "/all", ROTOR_HTTP_EXTERNAL);
		rotor_check_route(chk, "provides_all.text", cf->text, ROTOR_HTTP_EXTERNAL);
		rotor_check_route(chk, "provides_all.text", cf->text, ROTOR_HTTP_INTERNAL);
	}
	if (cf->text[0] == '@')
		rotor_check_address(chk, "provides_all.text", cf->text + 1);
}

static int
provides_all_load(struct rotor_instance *inst, void **ret_ctx)
{
	int rc = trace_load(inst, "provides_all", ret_ctx);

	if (rc == 0 && ((rc = rotor_provide_broker(inst, "all", &broker, *ret_ctx)) != 0 ||
	    (rc = rotor_provide_presence(inst, "all", &presence, *ret_ctx)) != 0 ||
	    (rc = rotor_provide_auth(inst, &auth, *ret_ctx)) != 0 ||
	    (rc = rotor_provide_command(inst, &command, *ret_ctx)) != 0 ||
	    (rc = rotor_http_route_add(inst, &route, *ret_ctx)) != 0))
		free(*ret_ctx);
	return rc;
}

static int
provides_all_reload(void *ctx)
{
	trace_step(ctx, "reload");
	return ROTOR_OK;
}

static int
provides_all_worker_start(void *ctx, struct rotor_worker *w)
{
	(void)w;
	trace_step(ctx, "worker_start");
	return ROTOR_OK;
}

static void
provides_all_worker_stop(void *ctx, struct rotor_worker *w)
{
	(void)w;
	trace_step(ctx, "worker_stop");
}

ROTOR_MODULE_DEFINE(provides_all,
    .summary = "One of everything",
    .provides = "engine:all auth command:show",
    .options = &provides_all_options,
    .load = provides_all_load, .start = trace_start, .reload = provides_all_reload,
    .stop = trace_stop, .unload = trace_unload,
    .worker_start = provides_all_worker_start, .worker_stop = provides_all_worker_stop,
    .check = provides_all_check);
