/* SPDX-License-Identifier: MIT */
/*
 * http_priv.h - what the files of the http module share.
 *
 *	http.c           options, life of the module
 *	http_check.c     what is wrong with the options
 *	http_listener.c  listening sockets, accepting
 *	http_sock.c      sockets in the event loop
 *	http_gather.c    their writes of one flush
 *	http_conn.c      a connection: input, output, deadlines
 *	http_peers.c     how many of them an address has
 *	http_request.c   its requests: read, routed, answered
 *	http_upgrade.c   the WebSocket handshake
 *	http_ws.c        a WebSocket: messages, closing
 *	http_routes.c    the table of routes
 *	http_parse.c, http_host.c, http_chars.c, http_chunked.c, http_frame.c,
 *	http_offer.c, http_deflate.c: codecs
 *
 * Everything below struct http_worker belongs to one worker's thread.
 */
#ifndef HTTP_PRIV_H
#define HTTP_PRIV_H

#include <netinet/in.h>
#include <rotor/check.h>
#include <rotor/http.h>
#include <rotor/log.h>
#include <rotor/loop.h>
#include <rotor/metrics.h>
#include <rotor/module.h>
#include <sys/queue.h>

#include "bytes.h"
#include "http_chunked.h"
#include "http_date.h"
#include "http_parse.h"
#include "http_peers.h"
#include "http_sock.h"

struct http_conn;
struct http_request;
struct http_ws;

#define HEAD_TIMEOUT_MS		10000u	/* for a request's head, from its first byte or the accept */
#define BODY_TIMEOUT_MS		30000u	/* for its body */
#define WRITE_TIMEOUT_MS	60000u	/* for each piece of a response that does not fit the kernel */
#define LINGER_TIMEOUT_MS	2000u	/* for the peer to take the last response */
#define BODY_MAX		(64u * 1024u * 1024u)	/* where the route sets no limit */

#define SCRATCH_SIZE		(16u * 1024u)

/*
 * Options (http.c)
 */
struct http_tls_conf {
	int32_t		enabled;
	const char	*cert_pem, *key_pem, *client_ca_pem, *server_ca_pem, *server_name;
	int32_t		insecure_skip_verify;
};

struct http_conf {
	const char		*address;
	int64_t			port;
	const char		*internal_address;
	const char		*internal_port;
	const char		*unix_socket;
	const char		*internal_unix_socket;
	const char		*unix_socket_mode;
	struct http_tls_conf	tls, internal_tls;
	int32_t			autocert_enabled;
	struct rotor_strlist	autocert_host_whitelist;
	const char		*autocert_cache_dir, *autocert_email, *autocert_server_name,
				*autocert_http_addr;
	int32_t			autocert_http;
	int32_t			tls_external;
	int32_t			http3_enabled;
	int32_t			h2c_external;
	int32_t			io_uring;
	int64_t			max_header_size;	/* bytes of a request line and headers */
	int64_t			held_max_size;
	int64_t			idle_timeout_ms;	/* between requests; 0: none */
	int64_t			max_connections_per_address;	/* 0: any number */
	struct rotor_strlist	max_connections_exempt;	/* networks that it is not for */
};

/*
 * Routes (http_routes.c)
 */
struct http_route {
	struct rotor_http_route	pub;
	size_t			path_len;
	void			*ctx;
};

struct http_routes {
	struct http_route	*v;
	size_t			n;
};

/* Copies what the modules have registered.  0 or -ENOMEM. */
int http_routes_load(struct http_routes *rs, struct rotor_instance *inst);
void http_routes_fini(struct http_routes *rs);
/* The route for `path` on a listener with these flags, or NULL. */
const struct http_route *http_routes_find(const struct http_routes *rs, uint32_t listener,
    struct rotor_str path);
/* The labels of a listener's routes, each once, as "websocket, api". */
void http_routes_labels(const struct http_routes *rs, uint32_t listener, char *dst, size_t len);

/*
 * The module in one server, and its part on a worker
 */
struct http {
	struct rotor_instance	*inst;
	struct rotor_log	*log;
	const struct http_conf	*conf;
	struct http_routes	routes;
	struct http_listener	*listeners;
	struct http_peers	*peers;		/* NULL: no limit */
	struct http_worker	*workers;
	uint32_t		n_workers;
	int			started;
};

#define PEER_TEXT_MAX	64u	/* an address in words */

TAILQ_HEAD(http_conns, http_conn);

/* What a connection waits for, and so in which list of its worker it is. */
enum http_conn_list {
	LIST_NONE,
	LIST_TIMED,	/* a deadline, in any order */
	LIST_IDLE,	/* the same, but all for as long, and so in the order of the deadlines */
	LIST_READY,	/* its turn, to use the input it has */
	LIST_HELD,	/* no deadline, but the rest of a message; who has kept us longest first */
	N_LISTS
};

struct http_worker {
	struct http		*http;
	struct rotor_worker	*worker;
	struct socks		*socks;
	struct http_conns	lists[N_LISTS];	/* but for LIST_NONE */
	struct rotor_job	turns;		/* those of LIST_READY */
	rotor_metric_id		n_conns, n_held, n_unsent;	/* gauges: open connections; bytes of
					 * input held for them; of output */
	uint64_t		hoard, hoard_max;	/* bytes of unfinished input; 0: no limit */
	rotor_metric_id		n_refused;	/* of an address with too many */
	struct rotor_timer	*sweep;
	int			sweeping;	/* the timer is armed */
	struct deflater		*deflater;	/* made at the first compressed connection */
	struct rotor_flush	*deflated;	/* has it forget, when a fan-out is over */
	struct http_accept	*accepts;	/* listening sockets watched here */
	/* Whose address is in peer_text: a backend sends many requests on end. */
	const struct http_conn	*peer_of;
	size_t			peer_len;
	char			peer_text[PEER_TEXT_MAX];
	time_t			date_of;		/* the second that `date` tells */
	char			date[HTTP_DATE_LEN + 1];
	char			scratch[SCRATCH_SIZE];	/* small responses */
};

/*
 * Options (http_check.c)
 */
void http_check(struct rotor_check *chk);
/* The permissions that `unix_socket_mode` gives; -1: it is no octal number of them. */
int http_unix_mode(const struct http_conf *conf);

/*
 * Listeners (http_listener.c).  Control thread.
 */
/* Binds everything the options ask for and starts accepting on all workers.  0, or
 * -errno after having logged why; then nothing is left open. */
int http_listen(struct http *h);
/* Stops accepting; connections live on. */
void http_unlisten(struct http *h);
/* The same for one worker, on its thread, when it stops. */
void http_accepts_close(struct http_worker *hw);

/*
 * Connections (http_conn.c)
 */
struct http_peer {
	uint16_t	family;		/* AF_INET, AF_INET6; else a unix socket */
	uint16_t	port;
	uint8_t		addr[16];
};

/* What sock_adopt() hands to the new connection. */
struct http_origin {
	struct http_peer	peer;
	uint32_t		listener;	/* ROTOR_HTTP_EXTERNAL and/or _INTERNAL */
};

enum http_conn_mode { CONN_HTTP, CONN_WS, CONN_LINGER };

struct http_conn {
	uint32_t		magic;
#define HTTP_CONN_MAGIC		0x7c1d93e5u
	uint8_t			mode;		/* enum http_conn_mode */
	uint8_t			listener;
	uint8_t			feeding;	/* conn_feed() is on the stack */
	uint8_t			closing;	/* after what is being written */
	uint8_t			idle;		/* between two requests */
	uint8_t			ended;		/* the peer sends nothing more */
	uint8_t			list;		/* enum http_conn_list */
	uint8_t			hoards;		/* `held` is part of hw->hoard */
	uint32_t		seen;		/* bytes of a head in which its end was not found */
	struct sock		*sock;
	struct http_worker	*hw;
	TAILQ_ENTRY(http_conn)	entry;		/* in hw->lists[list] */
	uint64_t		deadline_ms;	/* 0: none */
	struct bytes		in;		/* input that could not be used yet */
	struct http_request	*req;		/* being read or handled */
	struct http_body	*out;		/* rest of a large response */
	struct http_ws		*ws;
	struct http_peer	peer;
	uint32_t		held;		/* bytes that hw->n_held counts for it */
};

extern const struct sock_handler http_conn_handler;	/* owner: struct http_worker */

/* Uses the kept input, and goes on reading when there is room. */
void conn_resume(struct http_conn *c);
/* Drops what has passed its deadline: the timer of hw->sweep. */
void http_sweep(struct rotor_worker *w, void *priv);
/* (Re)sets the time at which the connection is dropped; 0: never. */
void conn_deadline(struct http_conn *c, uint32_t ms);
/* Has it be idle until the next request, or for as long as it may. */
void conn_idle(struct http_conn *c);
/* The job of hw->turns. */
int http_take_turns(struct rotor_worker *w, void *priv);
/* 0, or -EPIPE: broken, and closed soon. */
int conn_write(struct http_conn *c, const void *p, size_t len);
/* Takes over malloc'd bytes and sends them piece by piece. */
int conn_stream(struct http_conn *c, char *p, size_t len);
/* Closes now. */
void conn_drop(struct http_conn *c);
/* Closes once what is being written has been taken by the peer. */
void conn_finish(struct http_conn *c);
/* Writes "address:port"; the length. */
size_t conn_peer_text(const struct http_peer *peer, char dst[PEER_TEXT_MAX]);

/*
 * Requests (http_request.c)
 */
struct http_request {
	struct rotor_http_request	pub;		/* first: what handlers see */
	uint32_t			magic;
#define HTTP_REQUEST_MAGIC		0x2f86b04du
	uint8_t				handed;		/* to its handler */
	uint32_t			size;		/* bytes of all this */
	uint32_t			refusal;	/* status to answer with; 0: its handler answers */
	struct http_conn		*conn;		/* NULL: the client has gone */
	const struct http_route		*route;		/* NULL: none */
	struct http_head		head;
	struct bytes			body;
	struct http_chunked		chunked;
	char				peer[PEER_TEXT_MAX];
	char				text[];		/* decoded path, then the head as sent */
};

/* Uses input of a connection in CONN_HTTP mode.  The bytes used; 0: it must wait. */
size_t http_request_feed(struct http_conn *c, const char *p, size_t len);
/* The connection has gone: drops its request, unless its handler has it. */
void http_request_gone(struct http_request *r);
void http_request_free(struct http_request *r);
/* The bytes it holds while it is read. */
size_t http_request_held(const struct http_request *r);
/* Has the handler of its route answer it. */
void http_request_handle(struct http_request *r);
/* Answers with a text body ("" for none) and, unless `field` is NULL, one header more than
 * the status asks for; an error with a body also says that it is no other type. */
void http_request_text(struct http_request *r, uint32_t status, const char *body,
    const struct rotor_http_header *field);
/* Whether the path has no "//", "/./" or "/../" (http_redirect.c). */
int http_path_is_clean(struct rotor_str path);
/* Answers a path that has, by the one it means. */
void http_redirect(struct http_request *r);
/* "Not Found" for 404; never NULL. */
const char *http_reason(uint32_t status);

/*
 * WebSocket (http_upgrade.c, http_ws.c)
 */
/* Answers a request on a route that has WebSocket handlers: upgrades, or refuses. */
void http_upgrade(struct http_request *r);

struct http_ws_params {
	uint32_t	window_bits;	/* permessage-deflate for what we send; 0: off */
};

/* 1 when the worker can compress; makes what it takes. */
int http_compressor_ready(struct http_worker *hw);
void http_compressor_free(struct http_worker *hw);
/* Makes the connection a WebSocket of `h`.  NULL: no memory. */
struct http_ws *http_ws_new(struct http_conn *c, const struct rotor_ws_handler *h,
    const struct http_ws_params *params);
/* Calls the handler's open(); `r` lives on. */
void http_ws_open(struct http_ws *ws, struct http_request *r, struct rotor_str subprotocol);
/* Uses input.  The bytes used. */
size_t http_ws_feed(struct http_ws *ws, unsigned char *p, size_t len);
void http_ws_writable(struct http_ws *ws);
/* 1 when its handler takes no message now. */
int http_ws_resting(const struct http_ws *ws);
/* Memory of the message in fragments. */
size_t http_ws_held(const struct http_ws *ws);
/* Calls the handler's closed() and frees. */
void http_ws_gone(struct http_ws **wsp);

#endif
