/* SPDX-License-Identifier: MIT */
/*
 * http_gather.c - see http_gather.h.
 *
 * A send with MSG_DONTWAIT is over when the kernel has looked at it, so each submit is
 * followed by the results of all it took, and nothing is ever under way in between.
 */
#include "config.h"

#include "http_gather.h"

#ifdef HAVE_LIBURING

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define WRITES_MAX	256u
#define BYTES_MAX	(64u * 1024u)

struct write {
	void		*who;
	uint32_t	at, len;	/* of `bytes` */
	int		fd;
	int		result;		/* as of send(), or -errno */
};

struct gather {
	struct io_uring	ring;
	int		broken;		/* the ring is gone: send() does it */
	gather_sent_f	*sent;
	uint32_t	n, used;	/* of `writes`, `bytes` */
	struct write	writes[WRITES_MAX];
	char		bytes[BYTES_MAX];
};

struct gather *
gather_new(gather_sent_f *sent)
{
	struct gather *g = calloc(1, sizeof *g);

	if (g == NULL || io_uring_queue_init(WRITES_MAX, &g->ring, 0) != 0) {
		free(g);
		return NULL;
	}
	g->sent = sent;
	return g;
}

void
gather_free(struct gather **gp)
{
	if (*gp == NULL)
		return;
	if (!(*gp)->broken)
		io_uring_queue_exit(&(*gp)->ring);
	free(*gp);
	*gp = NULL;
}

int
gather_add(struct gather *g, int fd, const void *p, size_t len, void *who)
{
	if (g->n == WRITES_MAX || len > BYTES_MAX - g->used)
		return 0;
	memcpy(g->bytes + g->used, p, len);
	g->writes[g->n++] = (struct write){ who, g->used, (uint32_t)len, fd, -EIO };
	g->used += (uint32_t)len;
	return 1;
}

/* Puts all writes in the ring, which is empty. */
static void
fill(struct gather *g)
{
	for (uint32_t i = 0; i < g->n; i++) {
		struct write *w = &g->writes[i];
		struct io_uring_sqe *e = io_uring_get_sqe(&g->ring);

		io_uring_prep_send(e, w->fd, g->bytes + w->at, w->len, MSG_NOSIGNAL | MSG_DONTWAIT);
		io_uring_sqe_set_data(e, w);
	}
}

/* Takes `n` results.  One that does not come leaves its write an error: nobody knows
 * whether it was sent. */
static int
reap(struct gather *g, uint32_t n)
{
	struct io_uring_cqe *e;
	int err;

	for (; n > 0; n--) {
		while ((err = io_uring_wait_cqe(&g->ring, &e)) == -EINTR)
			;
		if (err != 0)
			return err;
		((struct write *)io_uring_cqe_get_data(e))->result = e->res;
		io_uring_cqe_seen(&g->ring, e);
	}
	return 0;
}

/* The writes that the kernel took.  When it does not take all, the ring is given up. */
static uint32_t
send_by_ring(struct gather *g)
{
	uint32_t done = 0;
	int n = 0;

	fill(g);
	while (done < g->n) {
		while ((n = io_uring_submit(&g->ring)) == -EINTR)
			;
		if (n <= 0)
			break;
		done += (uint32_t)n;
		if (reap(g, (uint32_t)n) != 0)
			break;
	}
	if (done < g->n) {
		io_uring_queue_exit(&g->ring);
		g->broken = 1;
	}
	return done;
}

static void
send_by_hand(struct gather *g, uint32_t first)
{
	for (uint32_t i = first; i < g->n; i++) {
		struct write *w = &g->writes[i];
		ssize_t n;

		do
			n = send(w->fd, g->bytes + w->at, w->len, MSG_NOSIGNAL | MSG_DONTWAIT);
		while (n < 0 && errno == EINTR);
		w->result = n < 0 ? -errno : (int)n;
	}
}

void
gather_submit(struct gather *g)
{
	/* For one alone send() is the shorter way. */
	send_by_hand(g, g->n > 1 && !g->broken ? send_by_ring(g) : 0);
	for (uint32_t i = 0; i < g->n; i++) {
		const struct write *w = &g->writes[i];

		g->sent(w->who, g->bytes + w->at, w->len, w->result);
	}
	g->n = 0;
	g->used = 0;
}

#else

struct gather *
gather_new(gather_sent_f *sent)
{
	(void)sent;
	return NULL;
}

void
gather_free(struct gather **gp)
{
	(void)gp;
}

int
gather_add(struct gather *g, int fd, const void *p, size_t len, void *who)
{
	(void)g;
	(void)fd;
	(void)p;
	(void)len;
	(void)who;
	return 0;
}

void
gather_submit(struct gather *g)
{
	(void)g;
}

#endif
