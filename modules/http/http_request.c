/* SPDX-License-Identifier: MIT */
/*
 * http_request.c - the requests of a connection, one after the other.
 *
 * A request is one block: what handlers see, the decoded path, the head as sent.
 * It belongs to its connection until it is handed to the handler, and then lives
 * until it is answered, whether the client is still there or not.
 */
#include "config.h"

#include "http_priv.h"

#include <assert.h>
#include <stdio.h>

#include "http_chars.h"

#define REFUSED_BODY_MAX	65536u	/* read before a refusal; more ends the connection */
#define TEXT_NOT_FOUND		"404 page not found\n"
#define CONTENT_TEXT		"text/plain; charset=utf-8"

static struct http_request *
request_cast(struct rotor_http_request *pub)
{
	struct http_request *r = (struct http_request *)pub;

	assert(r != NULL && r->magic == HTTP_REQUEST_MAGIC);
	return r;
}

const char *
http_reason(uint32_t status)
{
	static const struct {
		uint32_t	status;
		const char	*reason;
	} reasons[] = {
		{ 200, "OK" }, { 201, "Created" }, { 202, "Accepted" }, { 204, "No Content" },
		{ 301, "Moved Permanently" }, { 302, "Found" }, { 304, "Not Modified" },
		{ 307, "Temporary Redirect" }, { 308, "Permanent Redirect" },
		{ 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" },
		{ 404, "Not Found" }, { 405, "Method Not Allowed" }, { 406, "Not Acceptable" },
		{ 408, "Request Timeout" }, { 409, "Conflict" }, { 410, "Gone" },
		{ 413, "Request Entity Too Large" }, { 415, "Unsupported Media Type" },
		{ 417, "Expectation Failed" }, { 426, "Upgrade Required" },
		{ 429, "Too Many Requests" }, { 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" }, { 501, "Not Implemented" }, { 502, "Bad Gateway" },
		{ 503, "Service Unavailable" }, { 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" },
	};
	size_t i;

	for (i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Status";
}

/*
 * Answering
 */
struct writer {
	char	*p;
	size_t	at;
};

static void
put(struct writer *w, const void *p, size_t len)
{
	if (len > 0)
		memcpy(w->p + w->at, p, len);
	w->at += len;
}

static void
put_text(struct writer *w, const char *s)
{
	put(w, s, strlen(s));
}

static void
put_field(struct writer *w, const char *name, const char *value)
{
	put_text(w, name);
	put(w, ": ", 2);
	put_text(w, value);
	put(w, "\r\n", 2);
}

static void
put_number(struct writer *w, uint64_t n)
{
	char digits[20];
	size_t i = sizeof digits;

	do
		digits[--i] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	put(w, digits + i, sizeof digits - i);
}

/* A header that would end another one early is left out. */
static int
is_field_safe(const struct rotor_http_header *f)
{
	return strpbrk(f->name, "\r\n") == NULL && strpbrk(f->value, "\r\n") == NULL;
}

/* An upper bound of the response's bytes. */
static size_t
response_size(const struct rotor_http_response *res)
{
	size_t n = 256 + res->body.len, i;

	n += res->content_type != NULL ? strlen(res->content_type) : 0;
	for (i = 0; i < res->n_headers; i++)
		n += strlen(res->headers[i].name) + strlen(res->headers[i].value) + 4;
	return n;
}

/* What clocks and caches go by (RFC 9110 6.6.1); once a second it is written anew. */
static void
put_date(struct writer *w, struct http_worker *hw)
{
	time_t now = time(NULL);

	if (now != hw->date_of) {
		http_date_write(hw->date, now);
		hw->date_of = now;
	}
	put(w, "Date: ", 6);
	put(w, hw->date, HTTP_DATE_LEN);
	put(w, "\r\n", 2);
}

static void
put_response(struct writer *w, const struct http_request *r, const struct rotor_http_response *res)
{
	int bodiless = res->status == 204 || res->status == 304;
	size_t i;

	put_text(w, "HTTP/1.1 ");
	put_number(w, res->status);
	put(w, " ", 1);
	put_text(w, http_reason(res->status));
	put(w, "\r\n", 2);
	if (res->content_type != NULL)
		put_field(w, "Content-Type", res->content_type);
	for (i = 0; i < res->n_headers; i++)
		if (is_field_safe(&res->headers[i]))
			put_field(w, res->headers[i].name, res->headers[i].value);
	put_date(w, r->conn->hw);
	if (!bodiless) {
		put_text(w, "Content-Length: ");
		put_number(w, res->body.len);
		put(w, "\r\n", 2);
	}
	if (!r->head.keep_alive)
		put_text(w, "Connection: close\r\n");
	else if (r->head.minor == 0)
		put_text(w, "Connection: keep-alive\r\n");
	put(w, "\r\n", 2);
	if (!bodiless && r->head.method != ROTOR_HTTP_HEAD)
		put(w, res->body.p, res->body.len);
}

/* Small responses go out of the worker's scratch memory, large ones are streamed. */
static void
send_response(struct http_conn *c, const struct http_request *r, const struct rotor_http_response *res)
{
	size_t size = response_size(res);
	int small = size <= SCRATCH_SIZE;
	struct writer w = { small ? c->hw->scratch : malloc(size), 0 };

	if (w.p == NULL) {
		conn_drop(c);
		return;
	}
	put_response(&w, r, res);
	if (small)
		(void)conn_write(c, w.p, w.at);
	else
		(void)conn_stream(c, w.p, w.at);
}

static void
respond(struct rotor_http_request *pub, const struct rotor_http_response *res)
{
	struct http_request *r = request_cast(pub);
	struct http_conn *c = r->conn;

	if (c != NULL) {
		c->req = NULL;
		send_response(c, r, res);
		if (r->head.keep_alive)
			conn_idle(c);
		else
			conn_finish(c);
	}
	http_request_free(r);
	if (c != NULL)
		conn_resume(c);
}

static struct rotor_str
header(struct rotor_http_request *pub, const char *name)
{
	return http_field(request_cast(pub)->head.fields, name);
}

static const struct rotor_http_ops request_ops = { sizeof request_ops, respond, header };

/* The field without which the status must not be (RFC 9110 15.5.2, 15.5.6). */
static struct rotor_http_header
status_field(const struct http_request *r, uint32_t status)
{
	const struct rotor_http_route *route = r->route != NULL ? &r->route->pub : NULL;

	if (status == 405)
		return (struct rotor_http_header){ "Allow",
		    route != NULL && route->allow != NULL ? route->allow : "" };
	if (status == 401 && route != NULL && route->challenge != NULL)
		return (struct rotor_http_header){ "WWW-Authenticate", route->challenge };
	return (struct rotor_http_header){ NULL, NULL };
}

void
http_request_text(struct http_request *r, uint32_t status, const char *body,
    const struct rotor_http_header *field)
{
	struct rotor_http_header fields[3] = { { "X-Content-Type-Options", "nosniff" } };
	uint32_t n = status >= 400 && body[0] != '\0';
	struct rotor_http_response res = {
		.size = sizeof res,
		.status = status,
		.headers = fields,
		.content_type = body[0] != '\0' ? CONTENT_TEXT : NULL,
		.body = { body, strlen(body) },
	};

	fields[n] = status_field(r, status);
	n += fields[n].name != NULL;
	if (field != NULL)
		fields[n++] = *field;
	res.n_headers = n;
	respond(&r->pub, &res);
}

/* Answers what cannot be served, and ends the connection: the rest of its input
 * cannot be made sense of, or is not wanted. */
static void
refuse(struct http_request *r, uint32_t status)
{
	char body[64];

	(void)snprintf(body, sizeof body, "%u %s\n", (unsigned)status, http_reason(status));
	r->head.keep_alive = 0;
	http_request_text(r, status, status == 404 ? TEXT_NOT_FOUND : body, NULL);
}

/*
 * Reading
 */
void
http_request_free(struct http_request *r)
{
	bytes_fini(&r->body);
	r->magic = 0;
	free(r);
}

void
http_request_gone(struct http_request *r)
{
	r->conn = NULL;
	if (!r->handed)
		http_request_free(r);
}

size_t
http_request_held(const struct http_request *r)
{
	return r->handed ? 0 : r->size + r->body.cap;
}

static size_t
body_max(const struct http_request *r)
{
	if (r->refusal != 0)
		return REFUSED_BODY_MAX;
	return r->route->pub.max_body != 0 ? r->route->pub.max_body : BODY_MAX;
}

static uint32_t
body_timeout_ms(const struct http_request *r)
{
	return r->route != NULL && r->route->pub.body_timeout_ms != 0 ? r->route->pub.body_timeout_ms
	    : BODY_TIMEOUT_MS;
}

void
http_request_handle(struct http_request *r)
{
	const struct http_route *route = r->route;

	rotor_worker_doing(r->pub.worker, route->pub.label != NULL ? route->pub.label : "http route",
	    (rotor_code_f *)route->pub.handle);
	route->pub.handle(route->ctx, &r->pub);
}

/* The request is complete: its handler has it from here on. */
static void
hand_over(struct http_request *r)
{
	const struct http_route *route = r->route;

	r->handed = 1;
	r->pub.body = (struct rotor_str){ r->body.p, r->body.len };
	conn_deadline(r->conn, 0);
	if (r->refusal == 307)
		http_redirect(r);
	else if (r->refusal != 0)
		http_request_text(r, r->refusal, r->refusal == 404 ? TEXT_NOT_FOUND : "", NULL);
	else if (route->pub.ws != NULL)
		http_upgrade(r);
	else
		http_request_handle(r);
}

static size_t
feed_length(struct http_request *r, const char *p, size_t len)
{
	size_t left = (size_t)r->head.content_length - r->body.len;
	size_t n = len < left ? len : left;

	if (bytes_append(&r->body, p, n) != 0) {
		refuse(r, 503);
		return len;
	}
	if (n == left)
		hand_over(r);
	return n;
}

static size_t
feed_chunked(struct http_request *r, const char *p, size_t len)
{
	long n = http_chunked_feed(&r->chunked, p, len, &r->body, body_max(r));

	if (n < 0) {
		refuse(r, n == -413 && r->refusal != 0 ? r->refusal : (uint32_t)-n);
		return len;
	}
	if (r->chunked.done)
		hand_over(r);
	return (size_t)n;
}

/* The status to answer with in the handler's place, or 0. */
static uint32_t
refusal_of(struct http_request *r)
{
	const struct http_route *route = r->route;

	if (rotor_str_is(r->head.path, "*"))
		return 200;	/* OPTIONS of the server as a whole asks for no more */
	if (!http_path_is_clean(r->head.path))
		return 307;
	if (route == NULL)
		return 404;
	return route->pub.admit != NULL ? route->pub.admit(route->ctx, &r->pub) : 0;
}

/* The head is read: finds the route, and the body if one follows. */
static void
start(struct http_request *r)
{
	struct http_conn *c = r->conn;

	r->route = http_routes_find(&c->hw->http->routes, c->listener, r->pub.path);
	r->refusal = refusal_of(r);
	if (r->head.content_length > body_max(r)) {
		refuse(r, r->refusal != 0 ? r->refusal : 413);
		return;
	}
	if (!r->head.chunked && r->head.content_length == 0) {
		hand_over(r);
		return;
	}
	if (r->head.expect_continue && r->refusal != 0) {
		/* Nobody needs the body, and whether it comes is the client's choice. */
		r->head.keep_alive = 0;
		hand_over(r);
		return;
	}
	conn_deadline(c, body_timeout_ms(r));
	if (r->head.expect_continue)
		(void)conn_write(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
}

static struct rotor_str
peer_text(struct http_conn *c, char dst[PEER_TEXT_MAX])
{
	struct http_worker *hw = c->hw;

	if (hw->peer_of != c) {
		hw->peer_len = conn_peer_text(&c->peer, hw->peer_text);
		hw->peer_of = c;
	}
	memcpy(dst, hw->peer_text, hw->peer_len);
	return (struct rotor_str){ dst, hw->peer_len };
}

/* A request of the connection with room for `text_len` bytes, or NULL. */
static struct http_request *
request_new(struct http_conn *c, size_t text_len)
{
	struct http_request *r = malloc(sizeof *r + text_len);

	if (r == NULL)
		return NULL;
	*r = (struct http_request){ .magic = HTTP_REQUEST_MAGIC };	/* not the text behind it */
	r->size = (uint32_t)(sizeof *r + text_len);
	r->conn = c;
	r->pub.ops = &request_ops;
	r->pub.worker = c->hw->worker;
	r->pub.listener = c->listener;
	r->pub.remote_addr = peer_text(c, r->peer);
	c->req = r;
	c->idle = 0;
	return r;
}

/* 0, or the status to refuse the request with, whose head of `len` bytes is at `head`. */
static int
parse_head(struct http_request *r, const char *head, size_t len)
{
	int status = http_head_parse(head, len, &r->head);
	long n;

	if (status != 0)
		return status;
	if ((n = http_path_decode(r->text, r->head.path)) < 0)
		return 400;
	r->pub.method = r->head.method;
	r->pub.path = (struct rotor_str){ r->text, (size_t)n };
	r->pub.query = r->head.query;
	return 0;
}

static void
read_head(struct http_conn *c, const char *p, size_t len)
{
	/* The path is in the first line. */
	size_t line = (size_t)((const char *)memchr(p, '\n', len) - p);
	struct http_request *r = request_new(c, line + len);
	int status;

	if (r == NULL) {
		conn_drop(c);
		return;
	}
	memcpy(r->text + line, p, len);
	if ((status = parse_head(r, r->text + line, len)) != 0)
		refuse(r, (uint32_t)status);
	else
		start(r);
}

/* What is too long, or no head from its first byte on, is refused unread. */
static void
refuse_head(struct http_conn *c, uint32_t status)
{
	struct http_request *r = request_new(c, 0);

	if (r == NULL)
		conn_drop(c);
	else
		refuse(r, status);
}

/* The bytes of empty lines in front of a request, which are allowed for (RFC 9112 2.2). */
static size_t
empty_lines(const char *p, size_t len)
{
	size_t n = 0;

	while (len - n >= 2 && p[n] == '\r' && p[n + 1] == '\n')
		n += 2;
	return n;
}

/* A request's first byte starts the time that its head may take. */
static size_t
await_head(struct http_conn *c, size_t len)
{
	c->seen = (uint32_t)len;
	if (c->idle) {
		c->idle = 0;
		conn_deadline(c, HEAD_TIMEOUT_MS);
	}
	return 0;
}

/* `p` is where a request starts. */
static size_t
feed_head(struct http_conn *c, const char *p, size_t len)
{
	size_t n = empty_lines(p, len), max = (size_t)c->hw->http->conf->max_header_size;

	if (n > 0)
		return n;
	n = http_head_end(p, len < max ? len : max, c->seen);
	c->seen = 0;
	if (n > 0)
		read_head(c, p, n);
	else if (!http_char_is(HTTP_TOKEN, p[0]) && !(p[0] == '\r' && len == 1))
		refuse_head(c, 400);
	else if (len >= max)
		refuse_head(c, 431);
	else
		return await_head(c, len);
	return n > 0 ? n : len;
}

size_t
http_request_feed(struct http_conn *c, const char *p, size_t len)
{
	struct http_request *r = c->req;

	if (r == NULL)
		return feed_head(c, p, len);
	return r->head.chunked ? feed_chunked(r, p, len) : feed_length(r, p, len);
}
