/* SPDX-License-Identifier: MIT */
/*
 * modules/api_http/api_http.c - the server API over HTTP: POST <prefix>/<method>.
 *
 * The body is the method's request in JSON, the answer {"result":..} or
 * {"error":..}.  Who may call is decided by an API key.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <rotor/api.h>
#include <rotor/http.h>
#include <rotor/log.h>
#include <rotor/module.h>

struct api_http_conf {
	int32_t		disabled;
	const char	*handler_prefix;
	const char	*key;
	const char	*error_mode;
	int32_t		external;
	int32_t		insecure;
};

struct api_http {
	const struct api_http_conf	*conf;
	struct rotor_server		*srv;
	struct rotor_log		*log;
	size_t				prefix_len;
};

#define OFF(member)	offsetof(struct api_http_conf, member)

static const struct rotor_option rows[] = {
	{ .path = "disabled", .kind = ROTOR_OPT_BOOL, .offset = OFF(disabled),
	  .doc = "No HTTP API." },
	{ .path = "handler_prefix", .kind = ROTOR_OPT_STR, .offset = OFF(handler_prefix), .def = "/api",
	  .doc = "Path under which the methods are." },
	{ .path = "key", .kind = ROTOR_OPT_SECRET, .offset = OFF(key),
	  .doc = "Key that callers must show; without one every call is refused." },
	{ .path = "error_mode", .kind = ROTOR_OPT_CHOICE, .offset = OFF(error_mode), .choices = "transport",
	  .doc = "With \"transport\", errors are HTTP statuses instead of 200 with an error object." },
	{ .path = "external", .kind = ROTOR_OPT_BOOL, .offset = OFF(external),
	  .doc = "Serve on the external listener." },
	{ .path = "insecure", .kind = ROTOR_OPT_BOOL, .offset = OFF(insecure),
	  .doc = "Ask for no key." },
};
static const struct rotor_option_table options = ROTOR_OPTION_TABLE("http_api", rows, struct api_http_conf);

/* A call under way: where its answer goes. */
struct pending {
	struct rotor_http_request	*r;
	int				transport_errors;
};

static void
answer(struct rotor_http_request *r, uint32_t status, const char *content_type, struct rotor_str body)
{
	struct rotor_http_response res = { .size = sizeof res, .status = status,
	    .content_type = content_type, .body = body };

	rotor_http_respond(r, &res);
}

static void
answer_text(struct rotor_http_request *r, uint32_t status, const char *text)
{
	answer(r, status, "text/plain; charset=utf-8", (struct rotor_str){ text, strlen(text) });
}

static int
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* "apikey KEY": the scheme's word in any case, exactly two fields. */
static struct rotor_str
authorization_key(struct rotor_str h)
{
	static const char scheme[] = "apikey";
	const size_t n = sizeof scheme - 1;
	struct rotor_str none = { NULL, 0 };
	size_t at = n;

	if (h.len <= n || strncasecmp(h.p, scheme, n) != 0 || !is_blank(h.p[n]))
		return none;
	while (at < h.len && is_blank(h.p[at]))
		at++;
	while (h.len > at && is_blank(h.p[h.len - 1]))
		h.len--;
	for (size_t i = at; i < h.len; i++)
		if (is_blank(h.p[i]))
			return none;
	return (struct rotor_str){ h.p + at, h.len - at };
}

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
	    : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes a query value in place; its new length. */
static size_t
query_decode(char *p, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int hi = p[i] == '%' && i + 2 < len ? hex(p[i + 1]) : -1;
		int lo = hi >= 0 ? hex(p[i + 2]) : -1;

		if (lo >= 0) {
			p[n++] = (char)(hi << 4 | lo);
			i += 2;
		} else {
			p[n++] = p[i] == '+' ? ' ' : p[i];
		}
	}
	return n;
}

/* Who has ?api_key=KEY, or NULL. */
static const struct rotor_api_caller *
query_caller(const struct api_http *a, struct rotor_str query)
{
	static const char name[] = "api_key=";
	const size_t n = sizeof name - 1;
	const char *p = query.p, *end = query.p + query.len;
	char value[1024];

	while (p != NULL && p < end) {
		const char *amp = memchr(p, '&', (size_t)(end - p));
		size_t len = (size_t)((amp != NULL ? amp : end) - p);

		if (len > n && len - n <= sizeof value && memcmp(p, name, n) == 0) {
			memcpy(value, p + n, len - n);
			return rotor_api_authenticate(a->srv, a->conf->key,
			    (struct rotor_str){ value, query_decode(value, len - n) });
		}
		p = amp != NULL ? amp + 1 : NULL;
	}
	return NULL;
}

/* X-API-Key, and only without it Authorization; then the query. */
static const struct rotor_api_caller *
caller_of(const struct api_http *a, struct rotor_http_request *r)
{
	const struct rotor_api_caller *caller;
	struct rotor_str given;

	if (a->conf->insecure)
		return rotor_api_anyone(a->srv);
	given = rotor_http_header(r, "X-API-Key");
	if (given.len == 0)
		given = authorization_key(rotor_http_header(r, "Authorization"));
	caller = rotor_api_authenticate(a->srv, a->conf->key, given);
	return caller != NULL ? caller : query_caller(a, r->query);
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

static void
answered(void *token, const struct rotor_api_response *res)
{
	static const struct {
		uint32_t	status;
		const char	*text;
	} failures[] = {
		[ROTOR_API_ST_MALFORMED] = { 400, "Bad Request\n" },
		[ROTOR_API_ST_UNENCODABLE] = { 500, "Internal Server Error\n" },
	};
	struct pending *p = token;

	if (res->status == ROTOR_API_ST_DENIED)
		answer(p->r, 403, "application/json", res->error_body);
	else if (res->status != ROTOR_API_ST_OK)
		answer_text(p->r, failures[res->status].status, failures[res->status].text);
	else if (res->error != 0 && p->transport_errors)
		answer(p->r, status_of_error(res->error), "application/json", res->error_body);
	else
		answer(p->r, 200, "application/json", res->body);
	free(p);
}

static int
wants_transport_errors(const struct api_http *a, struct rotor_http_request *r, const struct rotor_api_method *method)
{
	static const char word[] = "transport";
	struct rotor_str mode;

	if (strcmp(method->name, "batch") == 0)
		return 0;	/* errors stand in the replies */
	if (strcmp(a->conf->error_mode, word) == 0)
		return 1;
	mode = rotor_http_header(r, "X-Centrifugo-Error-Mode");
	return mode.len == sizeof word - 1 && memcmp(mode.p, word, mode.len) == 0;
}

/* What follows the prefix; empty: nothing. */
static struct rotor_str
name_of(const struct api_http *a, const struct rotor_http_request *r)
{
	size_t skip = a->prefix_len + 1;

	return r->path.len > skip ? (struct rotor_str){ r->path.p + skip, r->path.len - skip }
	    : (struct rotor_str){ NULL, 0 };
}

/* Before the body is read, so that a stranger cannot have us hold one. */
static uint32_t
admit(void *ctx, struct rotor_http_request *r)
{
	const struct api_http *a = ctx;

	if (rotor_api_method_find(name_of(a, r)) == NULL)
		return 404;
	if (r->method != ROTOR_HTTP_POST)
		return 405;
	r->admitted = caller_of(a, r);
	return r->admitted != NULL ? 0 : 401;
}

static void
handle(void *ctx, struct rotor_http_request *r)
{
	struct api_http *a = ctx;
	struct rotor_api_request req = { .size = sizeof req, .encoding = ROTOR_API_JSON,
	    .method = rotor_api_method_find(name_of(a, r)), .caller = r->admitted, .body = r->body,
	    .protocol = "http" };
	struct pending *p = malloc(sizeof *p);

	if (p == NULL) {
		answer_text(r, 500, "Internal Server Error\n");
		return;
	}
	p->r = r;
	p->transport_errors = wants_transport_errors(a, r, req.method);
	rotor_api_call(r->worker, &req, answered, p);
}

/* The prefix without its trailing slash.  0 or -EINVAL. */
static int
prefix_copy(const char *from, char *to, size_t cap)
{
	size_t len = strlen(from);

	if (len > 1 && from[len - 1] == '/')
		len--;
	if (len == 0 || len >= cap || from[0] != '/')
		return -EINVAL;
	memcpy(to, from, len);
	to[len] = '\0';
	return 0;
}

static int
serve(struct api_http *a, struct rotor_instance *inst)
{
	const struct api_http_conf *conf = a->conf;
	char prefix[256];
	struct rotor_http_route route = { .size = sizeof route, .path = prefix,
	    .flags = ROTOR_HTTP_PREFIX | (conf->external ? ROTOR_HTTP_EXTERNAL : ROTOR_HTTP_INTERNAL),
	    .admit = admit, .handle = handle, .label = "api" };

	if (prefix_copy(conf->handler_prefix, prefix, sizeof prefix) != 0) {
		ROTOR_LOG(a->log, ROTOR_LOG_FATAL, "api_http", "expected a path such as \"/api\"",
		    ROTOR_F_STR("http_api.handler_prefix", conf->handler_prefix));
		return -EINVAL;
	}
	a->prefix_len = strlen(prefix);
	if (conf->insecure)
		ROTOR_LOG(a->log, ROTOR_LOG_WARN, "api_http", "INSECURE HTTP API mode: no key is asked for");
	else if (conf->key[0] == '\0' && !rotor_api_has_keys(a->srv))
		ROTOR_LOG(a->log, ROTOR_LOG_WARN, "api_http", "no http_api.key, no api.keys: every API call will be refused");
	return rotor_http_route_add(inst, &route, a);
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
	if (r == ROTOR_OK)
		*ret_ctx = a;
	else
		free(a);
	return r;
}

ROTOR_MODULE_DEFINE(api_http,
    .summary = "server API over HTTP, JSON",
    .provides = "api:http",
    .needs = "http",
    .options = &options,
    .load = load,
    .unload = free);
