/* SPDX-License-Identifier: MIT */
/*
 * rotor/http.h - routes on the server's HTTP listeners.
 *
 * A module registers routes from load(); the `http` module serves them.  A route
 * is a plain request (body read whole, one response) or a WebSocket endpoint.
 * Handlers run on the worker that accepted the connection, and everything about
 * one request or socket stays on it.
 */
#ifndef ROTOR_HTTP_H
#define ROTOR_HTTP_H

#include <rotor/abi.h>
#include <rotor/buf.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rotor_instance;
struct rotor_worker;
struct rotor_http_request;
struct rotor_ws;

#define ROTOR_HTTP_EXTERNAL	1u	/* served on the external listener */
#define ROTOR_HTTP_INTERNAL	2u	/* served on the internal listener */
#define ROTOR_HTTP_PREFIX	4u	/* `path` + "/..." as well as `path` */

enum rotor_http_method {		/* values are stable; passed as uint32_t */
	ROTOR_HTTP_OTHER = 0, ROTOR_HTTP_GET, ROTOR_HTTP_HEAD, ROTOR_HTTP_POST,
	ROTOR_HTTP_PUT, ROTOR_HTTP_DELETE, ROTOR_HTTP_OPTIONS, ROTOR_HTTP_PATCH
};

/* A response header; `name` without the colon. */
struct rotor_http_header {
	const char	*name;
	const char	*value;
};

struct rotor_http_response {
	size_t				size;
	uint32_t			status;
	uint32_t			n_headers;
	const struct rotor_http_header	*headers;
	const char			*content_type;	/* NULL: none */
	struct rotor_str		body;
};

/* Implemented by the server of the request. */
struct rotor_http_ops {
	size_t	size;
	void	(*respond)(struct rotor_http_request *r, const struct rotor_http_response *res);
	struct rotor_str (*header)(struct rotor_http_request *r, const char *name);
};

/* The public part of a request; read-only.  It lives until it is responded to. */
struct rotor_http_request {
	const struct rotor_http_ops	*ops;
	struct rotor_worker		*worker;
	uint32_t			method;
	uint32_t			listener;	/* ROTOR_HTTP_EXTERNAL and/or _INTERNAL */
	struct rotor_str		path;		/* decoded but for %2F, without the query */
	struct rotor_str		query;		/* raw, without the '?' */
	struct rotor_str		body;
	struct rotor_str		remote_addr;
	const void			*admitted;	/* what admit() may leave here for handle(); NULL before */
};

/* Value of a request header (any case of `name`), or an empty slice.  Valid until
 * the handler returns or the request is responded to, whichever is first. */
static inline struct rotor_str
rotor_http_header(struct rotor_http_request *r, const char *name)
{
	return r->ops->header(r, name);
}

/* Answers, once, now or later, on the request's worker; `res` is copied.  The
 * request is gone afterwards. */
static inline void
rotor_http_respond(struct rotor_http_request *r, const struct rotor_http_response *res)
{
	r->ops->respond(r, res);
}

/* A WebSocket connection's handlers.  `conn` is what open() returned. */
struct rotor_ws_handler {
	size_t		size;
	const char	*subprotocols;	/* supported, comma-separated; "" for none */
	uint32_t	max_message;	/* bytes of a message on the wire; more closes with 1009 */
	uint32_t	max_inflated;	/* bytes after permessage-deflate */
	uint32_t	deflate;	/* 1: permessage-deflate is offered */
	uint32_t	deflate_level;	/* 1..9 */
	uint32_t	close_timeout_ms;	/* wait for the peer's Close */
	/* Before the upgrade: 0 accepts, anything else is the HTTP status to
	 * refuse with.  Must not respond itself. */
	uint32_t	(*accept)(void *ctx, struct rotor_http_request *r);
	/* After the upgrade.  `r` is still readable (headers, query).  Returns the
	 * connection's state, or NULL after it called rotor_ws_close(). */
	void		*(*open)(void *ctx, struct rotor_http_request *r, struct rotor_ws *ws,
			    struct rotor_str subprotocol);
	void		(*message)(void *conn, const void *data, size_t len);
	void		(*writable)(void *conn);	/* after ROTOR_AGAIN */
	void		(*pong)(void *conn);
	void		(*closed)(void *conn);		/* last call; `ws` is gone */
	uint32_t	deflate_min;	/* bytes; what is shorter is sent as it is */
};

#define ROTOR_WS_TEXT	1u
#define ROTOR_WS_BINARY	2u

struct rotor_ws_ops {
	size_t	size;
	/* ROTOR_OK: sent or buffered.  ROTOR_AGAIN: choked; writable() follows.
	 * < 0: broken; closed() follows. */
	int	(*write)(struct rotor_ws *ws, struct rotor_buf *b, uint32_t opcode);
	void	(*ping)(struct rotor_ws *ws);
	/* Sends Close (code 0: drops the connection without one), then waits for
	 * the peer's.  closed() follows, never from inside this call. */
	void	(*close)(struct rotor_ws *ws, uint32_t code, const char *reason);
	/* 1: no message() until it is 0 again, when what has come meanwhile may be given
	 * before this returns; the peer's sending is held up.  close() ends it too. */
	void	(*rest)(struct rotor_ws *ws, int on);
	/* Writes the peer's address, as the request had it; the length, at most `size`. */
	size_t	(*remote_addr)(struct rotor_ws *ws, char *buf, size_t size);
};

struct rotor_ws {
	const struct rotor_ws_ops	*ops;
	struct rotor_worker		*worker;
};

struct rotor_http_route {
	size_t		size;
	const char	*path;		/* "/health"; copied */
	uint32_t	flags;
	uint32_t	max_body;	/* bytes; more is answered 413.  0: no limit but the server's */
	/* Asked when the head has been read, before any body: 0 to go on, else the
	 * status to refuse with.  Whoever may not call cannot make us buffer.  Must
	 * not respond itself.  NULL: everybody may. */
	uint32_t	(*admit)(void *ctx, struct rotor_http_request *r);
	void		(*handle)(void *ctx, struct rotor_http_request *r);
	const struct rotor_ws_handler	*ws;	/* not NULL: upgrades go here; `handle` gets the rest, or 400 when NULL */
	const char	*label;		/* static; for the start-up log and slow callbacks: "websocket", "api" */
	uint32_t	body_timeout_ms;	/* for a body to arrive; 0: the server's 30 s */
	const char	*allow;		/* "GET, HEAD": what a 405 of admit() or an upgrade says; NULL: "" */
	const char	*challenge;	/* "Basic realm=\"x\"": what a 401 of admit() says; NULL: nothing */
};

/* From load() only.  ROTOR_OK, or -EEXIST when the path is taken on that listener. */
ROTOR_API int rotor_http_route_add(struct rotor_instance *inst,
    const struct rotor_http_route *route, void *ctx);

/* For the module that serves the routes: walks the table in registration order. */
typedef void rotor_http_route_f(void *priv, const struct rotor_http_route *route, void *ctx);
ROTOR_API void rotor_http_route_foreach(struct rotor_instance *inst, rotor_http_route_f *fn, void *priv);

#ifdef __cplusplus
}
#endif

#endif
