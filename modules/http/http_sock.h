/* SPDX-License-Identifier: MIT */
/*
 * http_sock.h - connected sockets in a worker's event loop: bytes in, bytes out.
 *
 * What a socket is made of is known here only, so that TLS can be put in at this
 * place.  Writing goes straight to the kernel, or, within a flush of the worker, at its
 * end, with all others; what the kernel does not take is kept until it does.  All calls
 * on the worker's thread.
 *
 * This is not libwebsockets, because Debian 12's 4.1.6 was measured unfit to face the
 * internet: of four pipelined POSTs it takes the head of the second for its body and
 * answers two; it accepts frames that are not masked; and it is built with its debug
 * checks, one of which walks a table of `ulimit -n` entries for every connection that
 * closes.
 */
#ifndef HTTP_SOCK_H
#define HTTP_SOCK_H

#include <rotor/metrics.h>
#include <stddef.h>

struct rotor_worker;
struct sock;		/* an open connection */
struct socks;		/* those of one worker */

struct sock_handler {
	/* A connection has been adopted; `priv` is what sock_adopt() got.  The state
	 * for the calls below, or NULL: it is closed again, without closed(). */
	void	*(*opened)(void *owner, struct sock *s, void *priv);
	/* Input, to be used or kept before this returns; may be changed in place. */
	void	(*input)(void *conn, unsigned char *p, size_t len);
	/* The peer will send nothing more.  May stop reading and go on writing. */
	void	(*ended)(void *conn);
	/* Everything written has left, after sock_choked() was true. */
	void	(*writable)(void *conn);
	/* The socket is gone.  Never called from inside a sock_*() call. */
	void	(*closed)(void *conn);
};

/* NULL: no memory.  `handler` must outlive the set.  Without `gather`, or where it cannot
 * be, a flush writes to one socket after the other.  `unsent` is a gauge of the bytes that
 * are kept because the kernel does not take them. */
struct socks *socks_new(struct rotor_worker *w, const struct sock_handler *handler, void *owner, int gather,
    rotor_metric_id unsent);
/* 1 when the writes of a flush are gathered. */
int socks_gather(const struct socks *set);
/* Closes all connections first.  NULL in *sp is a no-op. */
void socks_free(struct socks **sp);

/* Takes over a connected, non-blocking descriptor, also when it fails. */
void sock_adopt(struct socks *set, int fd, void *priv);

/* Sends, or keeps what the kernel does not take now and stops reading.  0, or -EPIPE:
 * broken, and closed soon. */
int sock_write(struct sock *s, const void *p, size_t len);
/* 1 while something is kept; then whatever is written is kept too. */
int sock_choked(struct sock *s);
/* How many bytes that are. */
size_t sock_unsent(struct sock *s);
/* Stops and resumes reading. */
void sock_read(struct sock *s, int on);
/* Ends our direction; the peer sees the end of the stream. */
void sock_shutdown(struct sock *s);
/* Closes soon, in a job of the worker, hence never while the stack has not unwound, be it
 * that the core drains the worker's inbox inside a callback.  No call but closed() follows.
 * With something kept the peer gets a reset. */
void sock_drop(struct sock *s);

#endif
