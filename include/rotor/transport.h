/* SPDX-License-Identifier: MIT */
/*
 * rotor/transport.h - how a transport module brings a connection to the core.
 *
 * The transport owns the socket, the core owns the client session and its queue
 * of outgoing messages.  All calls, both ways, on the thread of the worker that
 * the client was attached to.
 *
 *	client = rotor_client_attach(w, &my_transport, conn, &args);
 *	... each frame:   rotor_client_input(client, data, len);	(AGAIN: rest until resume())
 *	... room again:   rotor_client_writable(client);
 *	... socket gone:  rotor_client_detach(&client);
 */
#ifndef ROTOR_TRANSPORT_H
#define ROTOR_TRANSPORT_H

#include <rotor/abi.h>
#include <rotor/buf.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rotor_client;
struct rotor_server;
struct rotor_worker;

#define ROTOR_JSON	0u	/* newline-separated JSON */
#define ROTOR_PROTOBUF	1u	/* varint-length-prefixed Protobuf */

/* Capabilities of a transport */
#define ROTOR_TRANSPORT_CLOSE_CODE	1u	/* close() carries code and reason: no disconnect push */
#define ROTOR_TRANSPORT_EMULATED	2u	/* uplink by /emulation: reply names session and node */

struct rotor_transport {
	size_t		size;
	const char	*name;		/* "websocket"; static */
	uint32_t	flags;
	/* Sends one frame.  ROTOR_OK: sent, or taken with a reference.
	 * ROTOR_AGAIN: not now; the frame is offered again after
	 * rotor_client_writable().  < 0: the connection is broken. */
	int		(*write)(void *conn, struct rotor_buf *frame);
	/* The session is over: send what `code` needs, then close and call
	 * rotor_client_detach() (now or later). Nothing is written after this. */
	void		(*close)(void *conn, uint32_t code, const char *reason);
	/* Native ping, for clients attached with ROTOR_CLIENT_NATIVE_PING; its
	 * answer is reported by rotor_client_pong().  NULL: there is none. */
	void		(*ping)(void *conn);
	/* Input may come again after rotor_client_input() has answered ROTOR_AGAIN; it
	 * may come before this returns.  close() ends the rest as well, without this.
	 * NULL: the transport cannot rest. */
	void		(*resume)(void *conn);
	/* Writes the peer's address, for the log, such as "192.0.2.1:40312"; the length, at
	 * most `size`.  NULL: there is none to tell. */
	size_t		(*remote_addr)(void *conn, char *buf, size_t size);
};

#define ROTOR_CLIENT_NATIVE_PING	1u	/* no pings in the protocol stream */
#define ROTOR_CLIENT_UNIDIRECTIONAL	2u

struct rotor_client_args {
	size_t			size;
	uint32_t		protocol;	/* ROTOR_JSON, ROTOR_PROTOBUF */
	uint32_t		flags;
	struct rotor_str	user_id;	/* value of client.user_id_http_header, if sent */
};

/* Starts a session.  `args` is borrowed.  NULL: no memory, or shutting down (then
 * *ret_code says what to close with; ret_code may be NULL). */
ROTOR_API struct rotor_client *rotor_client_attach(struct rotor_worker *w,
    const struct rotor_transport *transport, void *conn,
    const struct rotor_client_args *args, uint32_t *ret_code);
/* One complete incoming frame, which is copied as far as it has to wait.  May call write()
 * and close() before it returns.  ROTOR_AGAIN: the client has enough to do, and its
 * transport is to read no more until resume(); frames given nevertheless are kept, but a
 * transport without resume() has the client closed (3013) beyond client.queue_max_size.
 * ROTOR_OK otherwise, whatever became of the frame. */
ROTOR_API int rotor_client_input(struct rotor_client *client, const void *data, size_t len);
/* The transport can write again after it answered ROTOR_AGAIN. */
ROTOR_API void rotor_client_writable(struct rotor_client *client);
/* A native pong has arrived. */
ROTOR_API void rotor_client_pong(struct rotor_client *client);
/* The connection is gone; the transport forgets the client.  Exactly once for
 * each attach, also after close().  Sets *clientp to NULL. */
ROTOR_API void rotor_client_detach(struct rotor_client **clientp);

/*
 * What every connection endpoint asks before it accepts.
 */

/* 1 when `client.allowed_origins` admits this Origin header (empty: none sent). */
ROTOR_API int rotor_origin_allowed(struct rotor_server *srv, struct rotor_str origin);
/* The same of a handshake, by which a refusal is logged; `remote_addr` says whose. */
ROTOR_API int rotor_origin_admit(struct rotor_server *srv, struct rotor_str origin,
    struct rotor_str remote_addr);
/* 1 when connection_limit and connection_rate_limit have room; counts against the
 * rate.  A refusal is logged.  Any thread. */
ROTOR_API int rotor_connection_admit(struct rotor_server *srv);
/* Name of the request header that `client.user_id_http_header` trusts, or "". */
ROTOR_API const char *rotor_user_id_header(const struct rotor_server *srv);

#ifdef __cplusplus
}
#endif

#endif
