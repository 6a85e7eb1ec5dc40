/* SPDX-License-Identifier: MIT */
/*
 * websocket.c - the bidirectional WebSocket transport: frames of a socket to a
 * client session and back.
 */
#include "config.h"

#include <errno.h>
#include <rotor/check.h>
#include <rotor/codes.h>
#include <rotor/http.h>
#include <rotor/log.h>
#include <rotor/loop.h>
#include <rotor/module.h>
#include <rotor/str.h>
#include <rotor/transport.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define CLOSE_TIMEOUT_MS	5000u	/* for the peer's Close */
#define INFLATED_FACTOR		10	/* of message_size_limit, where no limit is set */

struct websocket_conf {
	int32_t		disabled;
	const char	*handler_prefix;
	int32_t		compression;
	int64_t		compression_min_size;
	int64_t		compression_level;
	int64_t		message_size_limit;
	int64_t		decompressed_message_size_limit;
	int64_t		write_timeout_ms;
	int64_t		read_buffer_size;
	int64_t		write_buffer_size;
	int32_t		use_write_buffer_pool;
};

#define OFF(m)	offsetof(struct websocket_conf, m)

static const struct rotor_option rows[] = {
	{ "disabled", ROTOR_OPT_BOOL, 0, OFF(disabled), "false",
	    "Do not serve the endpoint.", 0, 0, NULL, NULL },
	{ "handler_prefix", ROTOR_OPT_STR, 0, OFF(handler_prefix), "/connection/websocket",
	    "Path of the endpoint.", 0, 0, NULL, NULL },
	{ "compression", ROTOR_OPT_BOOL, 0, OFF(compression), "false",
	    "Offer permessage-deflate.", 0, 0, NULL, NULL },
	{ "compression_min_size", ROTOR_OPT_INT, 0, OFF(compression_min_size), "0",
	    "Size in bytes from which on messages are compressed.", 0, INT32_MAX, NULL, NULL },
	{ "compression_level", ROTOR_OPT_INT, 0, OFF(compression_level), "1",
	    "Effort of the compression: 1 is the fastest.", 1, 9, NULL, NULL },
	{ "message_size_limit", ROTOR_OPT_INT, 0, OFF(message_size_limit), "65536",
	    "Largest message accepted, in bytes as received.", 1, INT32_MAX, NULL, NULL },
	{ "decompressed_message_size_limit", ROTOR_OPT_INT, 0, OFF(decompressed_message_size_limit), "0",
	    "Largest message accepted once inflated, in bytes; 0: ten times `message_size_limit`.",
	    0, INT32_MAX, NULL, NULL },
	{ "write_timeout", ROTOR_OPT_DURATION, 0, OFF(write_timeout_ms), "1000ms",
	    "Time a client has to take a message before it is disconnected.", 0, 0, NULL, NULL },
	{ "read_buffer_size", ROTOR_OPT_INT, ROTOR_OPT_F_NOEFFECT, OFF(read_buffer_size), "0",
	    "Not used: connections own no buffers.", 0, 0, NULL, NULL },
	{ "write_buffer_size", ROTOR_OPT_INT, ROTOR_OPT_F_NOEFFECT, OFF(write_buffer_size), "0",
	    "Not used: connections own no buffers.", 0, 0, NULL, NULL },
	{ "use_write_buffer_pool", ROTOR_OPT_BOOL, ROTOR_OPT_F_NOEFFECT, OFF(use_write_buffer_pool),
	    "false", "Not used: connections own no buffers.", 0, 0, NULL, NULL },
};

static const struct rotor_option_table options =
    ROTOR_OPTION_TABLE("websocket", rows, struct websocket_conf);

/* The module in one server. */
struct websocket {
	struct rotor_server		*srv;
	const struct websocket_conf	*conf;
	struct rotor_ws_handler		handler;
	uint32_t			write_timeout_ms;
};

/* A connection.  There may be very many: keep it small. */
struct wsconn {
	struct rotor_ws		*ws;
	struct rotor_client	*client;	/* NULL: not attached yet */
	const struct websocket	*wb;
	struct rotor_timer	*stuck;		/* only while the socket takes nothing */
	uint8_t			opcode;
	uint8_t			closing;
};

/*
 * The core's side: struct rotor_transport
 */
static void
on_stuck(struct rotor_worker *w, void *priv)
{
	struct wsconn *c = priv;

	(void)w;
	c->closing = 1;
	c->ws->ops->close(c->ws, ROTOR_DISCONNECT_WRITE_ERROR,
	    rotor_disconnect_text(ROTOR_DISCONNECT_WRITE_ERROR));
}

/* The socket takes nothing: it has write_timeout to change that. */
static void
watch_stuck(struct wsconn *c)
{
	if (c->stuck != NULL || c->wb->write_timeout_ms == 0)
		return;
	c->stuck = rotor_timer_new(c->ws->worker, on_stuck, c);
	if (c->stuck != NULL)
		rotor_timer_set(c->stuck, c->wb->write_timeout_ms);
}

static int
transport_write(void *conn, struct rotor_buf *frame)
{
	struct wsconn *c = conn;
	int ret;

	if (c->closing)
		return -EPIPE;
	if ((ret = c->ws->ops->write(c->ws, frame, c->opcode)) == ROTOR_AGAIN)
		watch_stuck(c);
	return ret;
}

static void
transport_close(void *conn, uint32_t code, const char *reason)
{
	struct wsconn *c = conn;

	c->closing = 1;
	c->ws->ops->close(c->ws, code, reason);
}

static void
transport_ping(void *conn)
{
	struct wsconn *c = conn;

	if (!c->closing)
		c->ws->ops->ping(c->ws);
}

static void
transport_resume(void *conn)
{
	struct wsconn *c = conn;

	c->ws->ops->rest(c->ws, 0);
}

static size_t
transport_remote_addr(void *conn, char *buf, size_t size)
{
	struct wsconn *c = conn;

	return c->ws->ops->remote_addr(c->ws, buf, size);
}

static const struct rotor_transport transport = {
	.size = sizeof transport,
	.name = "websocket",
	.flags = ROTOR_TRANSPORT_CLOSE_CODE,
	.write = transport_write,
	.close = transport_close,
	.ping = transport_ping,
	.resume = transport_resume,
	.remote_addr = transport_remote_addr,
};

/*
 * The socket's side: struct rotor_ws_handler
 */
/* 1 when the query has name=value. */
static int
query_has(struct rotor_str query, const char *pair)
{
	const char *p = query.p, *end, *amp;

	if (query.len == 0)
		return 0;
	for (end = p + query.len; p < end; p = amp + 1) {
		if ((amp = memchr(p, '&', (size_t)(end - p))) == NULL)
			amp = end;
		if (rotor_str_is((struct rotor_str){ p, (size_t)(amp - p) }, pair))
			return 1;
	}
	return 0;
}

static int
is_protobuf(struct rotor_str subprotocol, struct rotor_str query)
{
	return rotor_str_is(subprotocol, "centrifuge-protobuf") ||
	    query_has(query, "cf_protocol=protobuf") || query_has(query, "format=protobuf");
}

static uint32_t
ws_accept(void *ctx, struct rotor_http_request *r)
{
	struct websocket *wb = ctx;

	if (!rotor_connection_admit(wb->srv))
		return 503;
	return rotor_origin_admit(wb->srv, rotor_http_header(r, "Origin"), r->remote_addr) ? 0 : 403;
}

/* What a page of an allowed origin may see: up to three fields.  The number of them. */
static uint32_t
cors_fields(const struct websocket *wb, struct rotor_http_request *r, struct rotor_http_header f[3],
    char *text)
{
	struct rotor_str origin = rotor_http_header(r, "Origin");
	struct rotor_str asked = rotor_http_header(r, "Access-Control-Request-Headers");
	uint32_t n = 0;

	if (!rotor_origin_allowed(wb->srv, origin))
		return 0;
	f[n++] = (struct rotor_http_header){ "Access-Control-Allow-Credentials", "true" };
	if (asked.len > 0) {
		f[n++] = (struct rotor_http_header){ "Access-Control-Allow-Headers", text };
		text = mempcpy(text, asked.p, asked.len);
		*text++ = '\0';
	}
	f[n++] = (struct rotor_http_header){ "Access-Control-Allow-Origin", text };
	memcpy(text, origin.len > 0 ? origin.p : "", origin.len);
	text[origin.len] = '\0';
	return n;
}

/* A request that does not ask for an upgrade. */
static void
ws_plain(void *ctx, struct rotor_http_request *r)
{
	struct websocket *wb = ctx;
	char *text = malloc(rotor_http_header(r, "Origin").len +
	    rotor_http_header(r, "Access-Control-Request-Headers").len + 2);
	struct rotor_http_header fields[5] = {
		{ "Sec-Websocket-Version", "13" }, { "X-Content-Type-Options", "nosniff" },
	};
	struct rotor_http_response res = {
		.size = sizeof res, .status = 400, .headers = fields, .n_headers = 2,
		.content_type = "text/plain; charset=utf-8", .body = { "Bad Request\n", 12 },
	};

	if (text == NULL || !rotor_connection_admit(wb->srv))
		res = (struct rotor_http_response){ .size = sizeof res, .status = 503 };
	else
		res.n_headers += cors_fields(wb, r, fields + 2, text);
	rotor_http_respond(r, &res);
	free(text);
}

static void *
ws_open(void *ctx, struct rotor_http_request *r, struct rotor_ws *ws, struct rotor_str subprotocol)
{
	const struct websocket *wb = ctx;
	const char *user_header = rotor_user_id_header(wb->srv);
	int protobuf = is_protobuf(subprotocol, r->query);
	struct rotor_client_args args = {
		.size = sizeof args,
		.protocol = protobuf ? ROTOR_PROTOBUF : ROTOR_JSON,
	};
	uint32_t code = ROTOR_DISCONNECT_INTERNAL;
	struct wsconn *c = calloc(1, sizeof *c);

	if (query_has(r->query, "cf_ws_frame_ping_pong=true"))
		args.flags |= ROTOR_CLIENT_NATIVE_PING;
	if (user_header[0] != '\0')
		args.user_id = rotor_http_header(r, user_header);
	if (c != NULL) {
		*c = (struct wsconn){ .ws = ws, .wb = wb,
		    .opcode = protobuf ? ROTOR_WS_BINARY : ROTOR_WS_TEXT };
		c->client = rotor_client_attach(r->worker, &transport, c, &args, &code);
	}
	if (c != NULL && c->client != NULL)
		return c;
	free(c);
	ws->ops->close(ws, code, rotor_disconnect_text(code));
	return NULL;
}

static void
ws_message(void *conn, const void *data, size_t len)
{
	struct wsconn *c = conn;

	if (!c->closing && rotor_client_input(c->client, data, len) == ROTOR_AGAIN)
		c->ws->ops->rest(c->ws, 1);
}

static void
ws_writable(void *conn)
{
	struct wsconn *c = conn;

	rotor_timer_free(&c->stuck);
	if (!c->closing)
		rotor_client_writable(c->client);
}

static void
ws_pong(void *conn)
{
	struct wsconn *c = conn;

	if (!c->closing)
		rotor_client_pong(c->client);
}

static void
ws_closed(void *conn)
{
	struct wsconn *c = conn;

	rotor_timer_free(&c->stuck);
	rotor_client_detach(&c->client);
	free(c);
}

/*
 * Life
 */
static void
handler_init(struct websocket *wb)
{
	const struct websocket_conf *cf = wb->conf;
	int64_t inflated = cf->decompressed_message_size_limit;

	if (inflated == 0)
		inflated = cf->message_size_limit * INFLATED_FACTOR;
	wb->write_timeout_ms = cf->write_timeout_ms < UINT32_MAX ? (uint32_t)cf->write_timeout_ms : UINT32_MAX;
	wb->handler = (struct rotor_ws_handler){
		.size = sizeof wb->handler,
		.subprotocols = "centrifuge-json,centrifuge-protobuf",
		.max_message = (uint32_t)cf->message_size_limit,
		.max_inflated = inflated < INT32_MAX ? (uint32_t)inflated : INT32_MAX,
		.deflate = (uint32_t)cf->compression,
		.deflate_level = (uint32_t)cf->compression_level,
		.deflate_min = (uint32_t)cf->compression_min_size,
		.close_timeout_ms = CLOSE_TIMEOUT_MS,
		.accept = ws_accept,
		.open = ws_open,
		.message = ws_message,
		.writable = ws_writable,
		.pong = ws_pong,
		.closed = ws_closed,
	};
}

static void
websocket_check(struct rotor_check *chk)
{
	const struct websocket_conf *conf = rotor_check_conf(chk);

	if (!conf->disabled)
		rotor_check_route(chk, "websocket.handler_prefix", conf->handler_prefix,
		    ROTOR_HTTP_EXTERNAL);
}

static int
websocket_load(struct rotor_instance *inst, void **ret_ctx)
{
	const struct websocket_conf *conf = rotor_instance_conf(inst);
	struct websocket *wb;
	struct rotor_http_route route = {
		.size = sizeof route,
		.path = conf->handler_prefix,
		.flags = ROTOR_HTTP_EXTERNAL,
		.max_body = 65536,
		.label = "websocket",
		.allow = "GET",
	};
	int ret;

	*ret_ctx = NULL;
	if (conf->disabled)
		return ROTOR_OK;
	if ((wb = calloc(1, sizeof *wb)) == NULL)
		return -ENOMEM;
	wb->srv = rotor_instance_server(inst);
	wb->conf = conf;
	handler_init(wb);
	route.ws = &wb->handler;
	route.handle = ws_plain;
	if ((ret = rotor_http_route_add(inst, &route, wb)) != ROTOR_OK) {
		free(wb);
		return ret;
	}
	*ret_ctx = wb;
	return ROTOR_OK;
}

ROTOR_MODULE_DEFINE(websocket,
    .summary = "bidirectional WebSocket transport, JSON and Protobuf",
    .provides = "transport:websocket",
    .needs = "http",
    .options = &options,
    .load = websocket_load,
    .unload = free,
    .check = websocket_check);
