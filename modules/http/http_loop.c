/* SPDX-License-Identifier: MIT */
/*
 * http_loop.c - see http_loop.h.
 *
 * libwebsockets runs on a libuv loop, and that loop inside the worker's: its epoll
 * descriptor is watched, its next timeout is a timer.  libuv applies changed
 * interests (epoll_ctl) only when it runs, so everything that changes them from
 * outside asks for a turn (`kick`).
 *
 * Connections use the raw role of libwebsockets: no header table, no protocol
 * timers, one receive buffer for all.
 */
#include "config.h"

#include "http_loop.h"

#include <assert.h>
#include <errno.h>
#include <libwebsockets.h>
#include <rotor/loop.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <uv.h>

#define RECEIVE_BUFFER	(64u * 1024u)	/* of a loop, lent for each input() */
#define TURNS_MAX	8		/* of libuv in one turn of the worker */
#define CLOSE_TURNS_MAX	1000		/* of libuv while it shuts down */

struct sock {
	struct lws	*wsi;
	struct loop	*loop;
	void		*conn;
	struct sock	*next, **prevp;		/* in loop->dropped */
	uint8_t		dropped;
	uint8_t		reading;
};

struct loop {
	const struct loop_handler	*handler;
	void				*owner;
	struct lws_context		*lws;	/* set to NULL by libwebsockets when it is gone */
	uv_loop_t			uv;
	struct rotor_worker		*worker;
	struct rotor_watch		*watch;
	struct rotor_timer		*timer;
	struct sock			*dropped;
	void				*adopting;	/* priv of the adoption going on */
	int				running;	/* inside uv_run() */
	int				kicked;		/* a turn has been asked for */
	int				detached;	/* loop_free() waits for the last kick */
};

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

/* tx_packet_size: the most that one send() is given; the rest would be copied. */
static const struct lws_protocols protocols[] = {
	{ .name = "rotor", .callback = on_lws, .tx_packet_size = 1u << 30 },
	{ 0 },
};

static void kick(struct loop *l);

/* Forgets that the socket was to be dropped. */
static void
dropped_remove(struct sock *s)
{
	if (!s->dropped)
		return;
	*s->prevp = s->next;
	if (s->next != NULL)
		s->next->prevp = s->prevp;
	s->dropped = 0;
}

static void
close_dropped(struct loop *l)
{
	struct sock *s;

	while ((s = l->dropped) != NULL) {
		dropped_remove(s);
		/* Calls back with RAW_CLOSE, which frees s. */
		lws_set_timeout(s->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
	}
}

/* One turn of libuv, or more while it has work that no descriptor announces. */
static void
turn(struct loop *l)
{
	int n = 0, timeout;

	if (l->running)
		return;
	l->running = 1;
	do {
		close_dropped(l);
		uv_run(&l->uv, UV_RUN_NOWAIT);
		timeout = uv_backend_timeout(&l->uv);
	} while ((timeout == 0 || l->dropped != NULL) && ++n < TURNS_MAX);
	l->running = 0;
	if (timeout == 0 || l->dropped != NULL)
		kick(l);
	else if (timeout > 0)
		rotor_timer_set(l->timer, (uint64_t)timeout);
}

static void
on_kick(struct rotor_worker *w, void *priv)
{
	struct loop *l = priv;

	(void)w;
	l->kicked = 0;
	if (l->detached)
		free(l);
	else
		turn(l);
}

/* Has turn() called when the stack has unwound. */
static void
kick(struct loop *l)
{
	if (l->kicked || l->running || l->worker == NULL)
		return;
	/* Without memory the next turn is the next event's or timer's. */
	if (rotor_worker_post(l->worker, on_kick, l) == ROTOR_OK)
		l->kicked = 1;
	else
		rotor_timer_set(l->timer, 1);
}

static void
on_watch(struct rotor_worker *w, int fd, uint32_t events, void *priv)
{
	(void)w;
	(void)fd;
	(void)events;
	turn(priv);
}

static void
on_timer(struct rotor_worker *w, void *priv)
{
	(void)w;
	turn(priv);
}

/*
 * What libwebsockets reports.  A negative result has it close the socket.
 */
static int
on_adopted(struct loop *l, struct lws *wsi)
{
	struct sock *s = calloc(1, sizeof *s);

	if (s == NULL)
		return -1;
	s->wsi = wsi;
	s->loop = l;
	s->reading = 1;
	if ((s->conn = l->handler->opened(l->owner, s, l->adopting)) == NULL) {
		free(s);
		return -1;
	}
	lws_set_opaque_user_data(wsi, s);
	return s->dropped ? -1 : 0;
}

static int
on_received(struct sock *s, void *in, size_t len)
{
	if (!s->dropped && len > 0)
		s->loop->handler->input(s->conn, in, len);
	return s->dropped ? -1 : 0;
}

static int
on_writeable(struct sock *s)
{
	/* Called after the last kept byte has been sent, and only then. */
	if (!s->dropped && !lws_partial_buffered(s->wsi))
		s->loop->handler->writable(s->conn);
	return s->dropped ? -1 : 0;
}

static int
on_closed(struct sock *s)
{
	lws_set_opaque_user_data(s->wsi, NULL);
	dropped_remove(s);
	s->loop->handler->closed(s->conn);
	free(s);
	return 0;
}

static int
on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct sock *s = lws_get_opaque_user_data(wsi);

	(void)user;
	if (reason == LWS_CALLBACK_RAW_ADOPT)
		return on_adopted(lws_context_user(lws_get_context(wsi)), wsi);
	if (s == NULL)
		return 0;
	switch (reason) {
	case LWS_CALLBACK_RAW_RX:
		return on_received(s, in, len);
	case LWS_CALLBACK_RAW_WRITEABLE:
		return on_writeable(s);
	case LWS_CALLBACK_RAW_CLOSE:
		return on_closed(s);
	default:
		return 0;
	}
}

int
sock_write(struct sock *s, const void *p, size_t len)
{
	if (s->dropped)
		return -EPIPE;
	/* lws_write() does not change what it is given in the raw role. */
	if (lws_write(s->wsi, (unsigned char *)(uintptr_t)p, len, LWS_WRITE_RAW) < 0) {
		sock_drop(s);
		return -EPIPE;
	}
	if (lws_partial_buffered(s->wsi))
		kick(s->loop);
	return 0;
}

int
sock_choked(struct sock *s)
{
	return !s->dropped && lws_partial_buffered(s->wsi);
}

void
sock_read(struct sock *s, int on)
{
	if (s->dropped || s->reading == !!on)
		return;
	s->reading = !!on;
	lws_rx_flow_control(s->wsi, on);
	kick(s->loop);
}

void
sock_shutdown(struct sock *s)
{
	if (!s->dropped)
		(void)shutdown(lws_get_socket_fd(s->wsi), SHUT_WR);
}

void
sock_drop(struct sock *s)
{
	struct loop *l = s->loop;

	if (s->dropped)
		return;
	s->dropped = 1;
	s->next = l->dropped;
	s->prevp = &l->dropped;
	if (s->next != NULL)
		s->next->prevp = &s->next;
	l->dropped = s;
	kick(l);
}

void
loop_adopt(struct loop *l, int fd, void *priv)
{
	lws_adopt_desc_t desc = {
		.vh = lws_get_vhost_by_name(l->lws, "default"),
		.type = LWS_ADOPT_SOCKET,
		.fd.sockfd = fd,
		.opaque = NULL,
	};

	l->adopting = priv;
	(void)lws_adopt_descriptor_vhost_via_info(&desc);
	l->adopting = NULL;
	kick(l);
}

/* Without SSL_GLOBAL_INIT and a listener of its own; see lws-context-vhost.h. */
static struct lws_context *
context_new(struct loop *l)
{
	/* All zeros: no timers of libwebsockets for each connection. */
	static const lws_retry_bo_t no_retry;
	void *loops[1] = { &l->uv };
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.protocols = protocols,
		.options = LWS_SERVER_OPTION_LIBUV,
		.foreign_loops = loops,
		.pt_serv_buf_size = RECEIVE_BUFFER,
		.retry_and_idle_policy = &no_retry,
		.pcontext = &l->lws,
		.user = l,
		.gid = (gid_t)-1,
		.uid = (uid_t)-1,
	};

	/* Its log is the process's, and says nothing that results do not. */
	lws_set_log_level(0, NULL);
	return lws_create_context(&info);
}

struct loop *
loop_new(const struct loop_handler *handler, void *owner)
{
	struct loop *l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	l->handler = handler;
	l->owner = owner;
	if (uv_loop_init(&l->uv) != 0) {
		free(l);
		return NULL;
	}
	if ((l->lws = context_new(l)) == NULL) {
		(void)uv_loop_close(&l->uv);
		free(l);
		return NULL;
	}
	return l;
}

int
loop_attach(struct loop *l, struct rotor_worker *w)
{
	l->worker = w;
	l->timer = rotor_timer_new(w, on_timer, l);
	if (l->timer == NULL)
		return -ENOMEM;
	l->watch = rotor_watch_new(w, uv_backend_fd(&l->uv), ROTOR_READ, on_watch, l);
	if (l->watch == NULL) {
		rotor_timer_free(&l->timer);
		return -ENOMEM;
	}
	turn(l);
	return 0;
}

/* Runs libuv until no handle is left, so that each close is seen to its end. */
static void
run_down(struct loop *l)
{
	int n = 0;

	while (uv_loop_alive(&l->uv) && ++n < CLOSE_TURNS_MAX)
		uv_run(&l->uv, UV_RUN_NOWAIT);
}

void
loop_free(struct loop **lp)
{
	struct loop *l = *lp;

	*lp = NULL;
	if (l == NULL)
		return;
	l->running = 1;		/* no more turns */
	rotor_watch_free(&l->watch);
	rotor_timer_free(&l->timer);
	/* With a foreign loop libwebsockets is destroyed in two steps: the first
	 * closes its handles, the second frees, after libuv has run. */
	lws_context_destroy(l->lws);
	run_down(l);
	if (l->lws != NULL)
		lws_context_destroy(l->lws);
	run_down(l);
	(void)uv_loop_close(&l->uv);
	l->detached = 1;
	if (!l->kicked)
		free(l);	/* else the last kick does */
}
