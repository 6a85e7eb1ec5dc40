/* SPDX-License-Identifier: MIT */
/*
 * http_loop.h - sockets, by libwebsockets, inside a worker's event loop.
 *
 * The only border to libwebsockets (and to libuv, which its 4.1 needs for an event
 * loop that does not cost O(connections)): nothing else of this module includes
 * them.  A socket is bytes in, bytes out; libwebsockets does the I/O, and TLS when
 * that comes.  HTTP/1.1 and WebSocket framing are this module's own: the parser of
 * 4.1 reads the head of a pipelined POST as its body and then never leaves its
 * loop, accepts frames that are not masked, and asserts on deflate data.
 */
#ifndef HTTP_LOOP_H
#define HTTP_LOOP_H

#include <stddef.h>

struct loop;
struct rotor_worker;
struct sock;		/* an open connection */

struct loop_handler {
	/* A connection has been adopted; `priv` is what loop_adopt() got.  The state
	 * for the calls below, or NULL: it is closed again, without closed(). */
	void	*(*opened)(void *owner, struct sock *s, void *priv);
	/* Input, to be used or kept before this returns; may be changed in place. */
	void	(*input)(void *conn, unsigned char *p, size_t len);
	/* Everything written has left, after sock_choked() was true. */
	void	(*writable)(void *conn);
	/* The socket is gone.  Never called from inside a sock_*() call. */
	void	(*closed)(void *conn);
};

/* Control thread.  NULL when libwebsockets cannot start (its libuv plugin missing,
 * no memory).  `handler` must outlive the loop. */
struct loop *loop_new(const struct loop_handler *handler, void *owner);
/* Starts on the worker's thread.  0 or -ENOMEM. */
int loop_attach(struct loop *l, struct rotor_worker *w);
/* Closes all connections, then everything; on the thread it was attached on. */
void loop_free(struct loop **lp);

/* Takes over a connected socket, also when it fails. */
void loop_adopt(struct loop *l, int fd, void *priv);

/* Sends, or keeps what the kernel does not take now.  0, or -EPIPE: broken, and
 * closed soon. */
int sock_write(struct sock *s, const void *p, size_t len);
/* 1 while something is kept; then whatever is written is kept too. */
int sock_choked(struct sock *s);
/* Stops and resumes reading.  A choked socket must not be read. */
void sock_read(struct sock *s, int on);
/* Ends our direction; the peer sees the end of the stream. */
void sock_shutdown(struct sock *s);
/* Closes as soon as the stack has unwound; no call but closed() follows. */
void sock_drop(struct sock *s);

#endif
