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
#include "http_gather.h"

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
	uint8_t			gathered;		/* a write is in set->gather */
};

struct socks {
	const struct sock_handler	*handler;
	void				*owner;
	struct rotor_worker		*worker;
	rotor_metric_id			n_unsent;
	struct rotor_flush		*flush;
	struct gather			*gather;	/* what a flush writes; NULL: one by one */
	struct sock			*all;
	struct sock			*dropped, **dropped_end;	/* to be closed */
	struct rotor_job		closing;	/* does it, when the stack has unwound */
	unsigned char			buf[RECEIVE_BUFFER];
};

/* Has what was written before leave now: nothing may overtake it. */
static void
settle(struct sock *s)
{
	if (s->gathered)
		gather_submit(s->set->gather);
}

/* What the kernel has not taken is in the middle of something: there is no use in its
 * keeping the part that it has, for as long as the peer takes nothing. */
static void
give_up(const struct sock *s)
{
	static const struct linger reset = { 1, 0 };

	if (s->kept.len > 0)
		(void)setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

/* Tells the gauge what `kept` takes now. */
static void
count_kept(struct sock *s, uint32_t before)
{
	if (s->kept.cap != before)
		rotor_metric_add(s->set->worker, s->set->n_unsent, (int64_t)s->kept.cap - before);
}

static void
sock_close(struct sock *s)
{
	uint32_t before;

	settle(s);
	if (s->conn != NULL)
		s->set->handler->closed(s->conn);
	*s->prevp = s->next;
	if (s->next != NULL)
		s->next->prevp = s->prevp;
	rotor_watch_free(&s->watch);
	give_up(s);
	(void)close(s->fd);
	before = s->kept.cap;
	bytes_fini(&s->kept);
	count_kept(s, before);
	free(s);
}

/* Ten thousand may leave at once, and each tells its channels: a step of the job. */
static int
close_some(struct rotor_worker *w, void *priv)
{
	struct socks *set = priv;
	struct sock *s;

	while ((s = set->dropped) != NULL) {
		set->dropped = s->next_dropped;
		if (set->dropped == NULL)
			set->dropped_end = &set->dropped;
		sock_close(s);
		if (rotor_turn_over(w))
			break;
	}
	return set->dropped != NULL ? ROTOR_AGAIN : ROTOR_OK;
}

void
sock_drop(struct sock *s)
{
	struct socks *set = s->set;

	if (s->dropped)
		return;
	s->dropped = 1;
	*set->dropped_end = s;
	set->dropped_end = &s->next_dropped;
	(void)rotor_watch_set(s->watch, 0);
	rotor_job_start(set->worker, &set->closing);
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

/* Whatever is kept stops the reading: who does not take answers must not ask on. */
static void
keep(struct sock *s, const void *p, size_t len)
{
	uint32_t before = s->kept.cap;

	if (bytes_append(&s->kept, p, len) != 0) {
		sock_drop(s);
		return;
	}
	count_kept(s, before);
	s->reading = 0;
	update_watch(s);
}

/* The kernel took `n` bytes of a write, or -1: broken. */
static void
taken(struct sock *s, const void *p, size_t len, ssize_t n)
{
	if (n < 0)
		sock_drop(s);
	else if (n < (ssize_t)len)
		keep(s, (const char *)p + n, len - (size_t)n);
}

static void
on_gathered(void *who, const void *p, size_t len, ssize_t n)
{
	struct sock *s = who;

	s->gathered = 0;
	if (!s->dropped)
		taken(s, p, len, n == -EAGAIN || n == -EWOULDBLOCK ? 0 : n);
}

/* 1 when the write waits for the end of the flush. */
static int
gathered(struct sock *s, const void *p, size_t len)
{
	struct gather *g = s->set->gather;

	if (g == NULL || len > GATHER_LEN_MAX || !rotor_worker_flushing(s->set->worker))
		return 0;
	if (!gather_add(g, s->fd, p, len, s)) {
		gather_submit(g);
		(void)gather_add(g, s->fd, p, len, s);
	}
	s->gathered = 1;
	return 1;
}

int
sock_write(struct sock *s, const void *p, size_t len)
{
	settle(s);
	if (s->dropped)
		return -EPIPE;
	if (s->kept.len > 0)
		keep(s, p, len);
	else if (!gathered(s, p, len))
		taken(s, p, len, send_some(s, p, len));
	return s->dropped ? -EPIPE : 0;
}

size_t
sock_unsent(struct sock *s)
{
	settle(s);
	return s->dropped ? 0 : s->kept.len;
}

int
sock_choked(struct sock *s)
{
	return sock_unsent(s) > 0;
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
	settle(s);
	if (!s->dropped)
		(void)shutdown(s->fd, SHUT_WR);
}

static void
on_writable(struct sock *s)
{
	ssize_t n = send_some(s, s->kept.p, s->kept.len);
	uint32_t before = s->kept.cap;

	if (n < 0) {
		sock_drop(s);
		return;
	}
	bytes_shift(&s->kept, (size_t)n);
	count_kept(s, before);
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
	if (!s->dropped && (events & ROTOR_WRITE) && s->kept.len > 0)
		on_writable(s);
	if (!s->dropped && (events & ROTOR_READ) && s->reading)
		on_readable(s);
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

static void
on_flushed(struct rotor_worker *w, void *priv)
{
	struct socks *set = priv;

	(void)w;
	if (set->gather != NULL)
		gather_submit(set->gather);
}

struct socks *
socks_new(struct rotor_worker *w, const struct sock_handler *handler, void *owner, int gather,
    rotor_metric_id unsent)
{
	struct socks *set = calloc(1, sizeof *set);

	if (set == NULL)
		return NULL;
	set->worker = w;
	set->handler = handler;
	set->owner = owner;
	set->n_unsent = unsent;
	set->flush = rotor_flush_new(w, on_flushed, set);
	if (set->flush == NULL) {
		free(set);
		return NULL;
	}
	set->dropped_end = &set->dropped;
	rotor_job_init(&set->closing, "http close", close_some, set);
	set->gather = gather ? gather_new(on_gathered) : NULL;
	return set;
}

int
socks_gather(const struct socks *set)
{
	return set->gather != NULL;
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
	while (close_some(set->worker, set) == ROTOR_AGAIN)
		;
	rotor_job_cancel(&set->closing);
	rotor_flush_free(&set->flush);
	gather_free(&set->gather);
	free(set);
}
