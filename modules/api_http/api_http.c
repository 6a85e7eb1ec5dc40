/* SPDX-License-Identifier: MIT */
/*
 * modules/api_http/api_http.c - the server API over HTTP.
 *
 * POST <prefix>/<method>: the body is the method's request in JSON, the answer
 * {"result":..} or {"error":..}.  POST <prefix>: commands as clients of Centrifugo v2
 * to v4 send them.  Who may call is decided by API keys.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/api.h>
#include <rotor/check.h>
#include <rotor/http.h>
#include <rotor/log.h>
#include <rotor/module.h>
#include <rotor/str.h>

#include "api_key.h"

#define PREFIX_MAX	256u	/* what rotor_check_route() lets pass is shorter */
#define TEXT_PLAIN	"text/plain; charset=utf-8"
#define JSON		"application/json"

struct api_http_conf {
	int32_t		disabled;
	const char	*handler_prefix;
	const char	*key;
	const char	*error_mode;
	int32_t		external;
	int32_t		insecure;
	int64_t		max_request_size;
	int64_t		max_response_size;
	int64_t		read_timeout_ms;
	int32_t		openapi;
};

struct api_http {
	const struct api_http_conf	*conf;
	struct rotor_server		*srv;
	struct rotor_log		*log;
	size_t				prefix_len;
	struct rotor_buf		*openapi;	/* the description, or NULL: not served */
};

#define OFF(member)	offsetof(struct api_http_conf, member)
#define GIB		(INT64_C(1) << 30)
#define DAY_MS		INT64_C(86400000)

static const struct rotor_option rows[] = {
	{ .path = "disabled", .kind = ROTOR_OPT_BOOL, .offset = OFF(disabled),
	  .doc = "No HTTP API." },
	{ .path = "handler_prefix", .kind = ROTOR_OPT_STR, .offset = OFF(handler_prefix), .def = "/api",
	  .doc = "Path under which the methods are." },
	{ .path = "key", .kind = ROTOR_OPT_SECRET, .offset = OFF(key),
	  .doc = "Key that opens everything; without one, only those of api.keys are let in." },
	{ .path = "error_mode", .kind = ROTOR_OPT_CHOICE, .offset = OFF(error_mode), .choices = "transport",
	  .doc = "With \"transport\", errors are HTTP statuses instead of 200 with an error object." },
	{ .path = "external", .kind = ROTOR_OPT_BOOL, .offset = OFF(external),
	  .doc = "Serve on the external listener." },
	{ .path = "insecure", .kind = ROTOR_OPT_BOOL, .offset = OFF(insecure),
	  .doc = "Ask for no key." },
	{ .path = "max_request_size", .kind = ROTOR_OPT_INT, .offset = OFF(max_request_size),
	  .def = "67108864", .min = 1024, .max = GIB,
	  .doc = "Bytes a request's body may have; a longer one is answered 413." },
	{ .path = "max_response_size", .kind = ROTOR_OPT_INT, .offset = OFF(max_response_size),
	  .def = "268435456", .min = 4096, .max = GIB,
	  .doc = "Bytes a response's body may have; a longer one is answered 500." },
	{ .path = "read_timeout", .kind = ROTOR_OPT_DURATION, .offset = OFF(read_timeout_ms), .def = "30s",
	  .doc = "Time in which a request's body has to arrive." },
	{ .path = "openapi", .kind = ROTOR_OPT_BOOL, .offset = OFF(openapi),
	  .doc = "Serve an OpenAPI description as openapi.json under the prefix, on the internal listener." },
};
static const struct rotor_option_table options = ROTOR_OPTION_TABLE("http_api", rows, struct api_http_conf);

static void
answer(struct rotor_http_request *r, uint32_t status, const char *content_type, struct rotor_str body)
{
	struct rotor_http_response res = { .size = sizeof res, .status = status,
	    .content_type = body.len > 0 || status == 200 ? content_type : NULL, .body = body };

	rotor_http_respond(r, &res);
}

static uint32_t
status_of_error(uint32_t code)
{
	static const struct {
		uint32_t	code, status;
	} table[] = {
		{ 102, 404 }, { 104, 404 }, { 107, 400 }, { 108, 400 }, { 112, 416 }, { 113, 409 },
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (table[i].code == code)
			return table[i].status;
	return 500;
}

/* There was no answer of the method's own. */
static void
answer_failure(struct rotor_http_request *r, uint32_t why)
{
	static const struct {
		uint32_t	status;
		const char	*text;
	} failures[] = {
		[ROTOR_API_ST_MALFORMED] = { 400, "Bad Request\n" },
		[ROTOR_API_ST_UNENCODABLE] = { 500, "Internal Server Error\n" },
		[ROTOR_API_ST_STOPPING] = { 503, "" },
	};
	const char *text = failures[why].text;

	answer(r, failures[why].status, TEXT_PLAIN, rotor_str_of(text));
}

static void
answered(void *token, const struct rotor_api_response *res)
{
	if (res->status == ROTOR_API_ST_DENIED)
		answer(token, 403, JSON, res->error_body);
	else if (res->status != ROTOR_API_ST_OK)
		answer_failure(token, res->status);
	else
		answer(token, 200, JSON, res->body);
}

static void
answered_by_status(void *token, const struct rotor_api_response *res)
{
	if (res->status == ROTOR_API_ST_OK && res->error != 0)
		answer(token, status_of_error(res->error), JSON, res->error_body);
	else
		answered(token, res);
}

static int
wants_transport_errors(const struct api_http *a, struct rotor_http_request *r)
{
	return a->conf->error_mode[0] != '\0' ||
	    rotor_str_is(rotor_http_header(r, "X-Centrifugo-Error-Mode"), "transport");
}

static int
is_old_endpoint(const struct api_http *a, const struct rotor_http_request *r)
{
	return r->path.len == (a->prefix_len > 0 ? a->prefix_len : 1);
}

/* The method that the path names, or NULL. */
static const struct rotor_api_method *
method_of(const struct api_http *a, const struct rotor_http_request *r)
{
	size_t skip = a->prefix_len + 1;

	return r->path.len <= skip ? NULL
	    : rotor_api_method_find((struct rotor_str){ r->path.p + skip, r->path.len - skip });
}

/* Before the body is read, so that a stranger cannot have us hold one. */
static uint32_t
admit(void *ctx, struct rotor_http_request *r)
{
	const struct api_http *a = ctx;

	if (!is_old_endpoint(a, r) && method_of(a, r) == NULL)
		return 404;
	if (r->method != ROTOR_HTTP_POST)
		return 405;
	r->admitted = a->conf->insecure ? rotor_api_anyone(a->srv)
	    : api_key_caller(a->srv, a->conf->key, r);
	return r->admitted != NULL ? 0 : 401;
}

static void
handle(void *ctx, struct rotor_http_request *r)
{
	struct api_http *a = ctx;
	struct rotor_api_request req = { .size = sizeof req, .encoding = ROTOR_API_JSON,
	    .method = method_of(a, r), .caller = r->admitted, .body = r->body, .protocol = "http",
	    .max_response = (size_t)a->conf->max_response_size };

	if (is_old_endpoint(a, r))
		rotor_api_call_commands(r->worker, &req, answered, r);
	else
		rotor_api_call(r->worker, &req, wants_transport_errors(a, r) ? answered_by_status : answered, r);
}

static void
handle_openapi(void *ctx, struct rotor_http_request *r)
{
	struct api_http *a = ctx;
	struct rotor_str text = { (const char *)rotor_buf_data(a->openapi), rotor_buf_len(a->openapi) };

	answer(r, 200, JSON, text);
}

static uint32_t
admit_openapi(void *ctx, struct rotor_http_request *r)
{
	(void)ctx;
	return r->method == ROTOR_HTTP_GET || r->method == ROTOR_HTTP_HEAD ? 0 : 405;
}

/* The prefix without its trailing slash: "" for "/".  check() has seen that it fits. */
static void
prefix_copy(const char *from, char *to, size_t cap)
{
	size_t len = strlen(from);

	(void)snprintf(to, cap, "%.*s", (int)(from[len - 1] == '/' ? len - 1 : len), from);
}

static void
openapi_path(const char *prefix, char *to, size_t cap)
{
	(void)snprintf(to, cap, "%s/openapi.json", prefix);
}

static uint32_t
listeners(const struct api_http_conf *conf)
{
	return conf->external ? ROTOR_HTTP_EXTERNAL : ROTOR_HTTP_INTERNAL;
}

static void
check(struct rotor_check *chk)
{
	const struct api_http_conf *conf = rotor_check_conf(chk);
	char prefix[PREFIX_MAX], path[PREFIX_MAX + 16];

	if (conf->disabled)
		return;
	rotor_check_route(chk, "http_api.handler_prefix", conf->handler_prefix, listeners(conf));
	if (!conf->openapi || conf->handler_prefix[0] == '\0')
		return;
	prefix_copy(conf->handler_prefix, prefix, sizeof prefix);
	openapi_path(prefix, path, sizeof path);
	rotor_check_route(chk, "http_api.openapi", path, ROTOR_HTTP_INTERNAL);
}

static int
serve(struct api_http *a, struct rotor_instance *inst)
{
	const struct api_http_conf *conf = a->conf;
	char prefix[PREFIX_MAX];
	struct rotor_http_route route = { .size = sizeof route, .path = "/",
	    .flags = ROTOR_HTTP_PREFIX | listeners(conf),
	    .max_body = (uint32_t)conf->max_request_size,
	    .body_timeout_ms = (uint32_t)(conf->read_timeout_ms < DAY_MS ? conf->read_timeout_ms : DAY_MS),
	    .admit = admit, .handle = handle, .label = "api", .allow = "POST", .challenge = "apikey" };

	prefix_copy(conf->handler_prefix, prefix, sizeof prefix);
	a->prefix_len = strlen(prefix);
	if (a->prefix_len > 0)
		route.path = prefix;
	if (conf->insecure)
		ROTOR_LOG(a->log, ROTOR_LOG_WARN, "api_http", "INSECURE HTTP API mode: no key is asked for");
	else if (conf->key[0] == '\0' && !rotor_api_has_keys(a->srv))
		ROTOR_LOG(a->log, ROTOR_LOG_WARN, "api_http",
		    "every HTTP API call will be refused: set http_api.key or api.keys, or "
		    "http_api.insecure to ask for none");
	return rotor_http_route_add(inst, &route, a);
}

static int
serve_openapi(struct api_http *a, struct rotor_instance *inst)
{
	char prefix[PREFIX_MAX], path[PREFIX_MAX + 16];
	struct rotor_http_route route = { .size = sizeof route, .path = path,
	    .flags = ROTOR_HTTP_INTERNAL, .max_body = 1024, .admit = admit_openapi,
	    .handle = handle_openapi, .label = "openapi", .allow = "GET, HEAD" };

	prefix_copy(a->conf->handler_prefix, prefix, sizeof prefix);
	a->openapi = rotor_api_openapi(prefix[0] != '\0' ? prefix : "/", a->conf->insecure);
	if (a->openapi == NULL)
		return -ENOMEM;
	openapi_path(prefix, path, sizeof path);
	return rotor_http_route_add(inst, &route, a);
}

static void
unload(void *ctx)
{
	struct api_http *a = ctx;

	if (a != NULL)
		rotor_buf_unref(&a->openapi);
	free(a);
}

static int
load(struct rotor_instance *inst, void **ret_ctx)
{
	struct api_http *a = calloc(1, sizeof *a);
	int r = ROTOR_OK;

	if (a == NULL)
		return -ENOMEM;
	a->conf = rotor_instance_conf(inst);
	a->srv = rotor_instance_server(inst);
	a->log = rotor_instance_log(inst);
	if (!a->conf->disabled)
		r = serve(a, inst);
	if (r == ROTOR_OK && !a->conf->disabled && a->conf->openapi)
		r = serve_openapi(a, inst);
	if (r == ROTOR_OK)
		*ret_ctx = a;
	else
		unload(a);
	return r;
}

ROTOR_MODULE_DEFINE(api_http,
    .summary = "server API over HTTP, JSON",
    .provides = "api:http",
    .needs = "http",
    .options = &options,
    .load = load,
    .unload = unload,
    .check = check);
