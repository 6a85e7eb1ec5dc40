/* SPDX-License-Identifier: MIT */
/* http_sock.c - see http_sock.h. */
#include "config.h"

#include "http_sock.h"

#include <errno.h>
#include <rotor/loop.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bytes.h"

#define RECEIVE_BUFFER	(64u * 1024u)	/* of a worker, lent for each input() */

struct sock {
	struct socks		*set;
	struct rotor_watch	*watch;
	void			*conn;
	struct sock		*next, **prevp;		/* in set->all */
	struct sock		*next_dropped;
	struct bytes		kept;			/* what the kernel has not taken yet */
	int			fd;
	uint8_t			dropped;
	uint8_t			reading;
};

struct socks {
	const struct sock_handler	*handler;
	void				*owner;
	struct rotor_worker		*worker;
	struct sock			*all;
	struct sock			*dropped;	/* to be closed when the stack has unwound */
	int				kicked;		/* that has been asked for */
	unsigned			entered;	/* sock_enter() without sock_leave() */
	int				orphan;		/* socks_free() leaves the rest to the kick */
	unsigned char			buf[RECEIVE_BUFFER];
};

static void
sock_close(struct sock *s)
{
	if (s->conn != NULL)
		s->set->handler->closed(s->conn);
	*s->prevp = s->next;
	if (s->next != NULL)
		s->next->prevp = s->prevp;
	rotor_watch_free(&s->watch);
	(void)close(s->fd);
	bytes_fini(&s->kept);
	free(s);
}

static void
close_dropped(struct socks *set)
{
	struct sock *s;

	while ((s = set->dropped) != NULL) {
		set->dropped = s->next_dropped;
		sock_close(s);
	}
}

static void
on_kick(struct rotor_worker *w, void *priv)
{
	struct socks *set = priv;

	(void)w;
	set->kicked = 0;
	if (set->entered > 0)
		return;		/* the inbox is drained from inside: sock_leave() asks again */
	close_dropped(set);
	if (set->orphan)
		free(set);
}

/* Without memory they are closed with the next one, or with the worker. */
static void
kick(struct socks *set)
{
	if (!set->kicked && rotor_worker_post(set->worker, on_kick, set) == ROTOR_OK)
		set->kicked = 1;
}

void
sock_drop(struct sock *s)
{
	struct socks *set = s->set;

	if (s->dropped)
		return;
	s->dropped = 1;
	s->next_dropped = set->dropped;
	set->dropped = s;
	(void)rotor_watch_set(s->watch, 0);
	kick(set);
}

void
sock_enter(struct sock *s)
{
	s->set->entered++;
}

void
sock_leave(struct sock *s)
{
	struct socks *set = s->set;

	if (--set->entered == 0 && set->dropped != NULL)
		kick(set);
}

/* Waits for what concerns the socket now. */
static void
update_watch(struct sock *s)
{
	uint32_t events = (s->reading ? ROTOR_READ : 0) | (s->kept.len > 0 ? ROTOR_WRITE : 0);

	if (!s->dropped && rotor_watch_set(s->watch, events) != ROTOR_OK)
		sock_drop(s);
}

/* The bytes that the kernel took, or -1: broken. */
static ssize_t
send_some(struct sock *s, const void *p, size_t len)
{
	ssize_t n;

	do
		n = send(s->fd, p, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : n;
}

int
sock_write(struct sock *s, const void *p, size_t len)
{
	ssize_t n = 0;

	if (s->dropped)
		return -EPIPE;
	if (s->kept.len == 0)
		n = send_some(s, p, len);
	if (n == (ssize_t)len)
		return 0;
	if (n < 0 || bytes_append(&s->kept, (const char *)p + n, len - (size_t)n) != 0) {
		sock_drop(s);
		return -EPIPE;
	}
	update_watch(s);
	return s->dropped ? -EPIPE : 0;
}

int
sock_choked(const struct sock *s)
{
	return !s->dropped && s->kept.len > 0;
}

void
sock_read(struct sock *s, int on)
{
	if (s->dropped || s->reading == !!on)
		return;
	s->reading = !!on;
	update_watch(s);
}

void
sock_shutdown(struct sock *s)
{
	if (!s->dropped)
		(void)shutdown(s->fd, SHUT_WR);
}

static void
on_writable(struct sock *s)
{
	ssize_t n = send_some(s, s->kept.p, s->kept.len);

	if (n < 0) {
		sock_drop(s);
		return;
	}
	bytes_shift(&s->kept, (size_t)n);
	if (s->kept.len > 0)
		return;
	update_watch(s);
	if (!s->dropped)
		s->set->handler->writable(s->conn);
}

/* One read a turn: the others get theirs. */
static void
on_readable(struct sock *s)
{
	ssize_t n = recv(s->fd, s->set->buf, sizeof s->set->buf, 0);

	if (n > 0)
		s->set->handler->input(s->conn, s->set->buf, (size_t)n);
	else if (n == 0)
		s->set->handler->ended(s->conn);
	else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		sock_drop(s);
}

static void
on_ready(struct rotor_worker *w, int fd, uint32_t events, void *priv)
{
	struct sock *s = priv;

	(void)w;
	(void)fd;
	sock_enter(s);
	if (!s->dropped && (events & ROTOR_WRITE) && s->kept.len > 0)
		on_writable(s);
	if (!s->dropped && (events & ROTOR_READ) && s->reading)
		on_readable(s);
	sock_leave(s);
}

static void
link_in(struct socks *set, struct sock *s)
{
	s->next = set->all;
	s->prevp = &set->all;
	if (s->next != NULL)
		s->next->prevp = &s->next;
	set->all = s;
}

void
sock_adopt(struct socks *set, int fd, void *priv)
{
	struct sock *s = calloc(1, sizeof *s);

	if (s == NULL) {
		(void)close(fd);
		return;
	}
	s->set = set;
	s->fd = fd;
	s->reading = 1;
	link_in(set, s);
	s->watch = rotor_watch_new(set->worker, fd, ROTOR_READ, on_ready, s);
	if (s->watch != NULL)
		s->conn = set->handler->opened(set->owner, s, priv);
	if (s->conn == NULL && !s->dropped)
		sock_close(s);
}

struct socks *
socks_new(struct rotor_worker *w, const struct sock_handler *handler, void *owner)
{
	struct socks *set = calloc(1, sizeof *set);

	if (set == NULL)
		return NULL;
	set->worker = w;
	set->handler = handler;
	set->owner = owner;
	return set;
}

void
socks_free(struct socks **sp)
{
	struct socks *set = *sp;

	if (set == NULL)
		return;
	*sp = NULL;
	for (struct sock *s = set->all; s != NULL; s = s->next)
		sock_drop(s);
	close_dropped(set);
	if (set->kicked)
		set->orphan = 1;	/* the message in the inbox still points here */
	else
		free(set);
}
