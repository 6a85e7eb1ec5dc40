/* SPDX-License-Identifier: MIT */
/*
 * http_conn.c - a client's connection: where its input goes, what is still to be
 * written, and when it has taken too long.
 *
 * At rest a connection owns no buffer.  Input is used in place; only what is
 * incomplete, or has to wait for an answer, is kept in `in`.
 */
#include "config.h"

#include "http_priv.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>

#define SWEEP_MS	250u
#define PIECE_MAX	(64u * 1024u)	/* of a large response, handed to the kernel at once */

/* The rest of a large response. */
struct http_body {
	char	*p;
	size_t	len, at;
};

static struct http_conn *
conn_cast(void *priv)
{
	struct http_conn *c = priv;

	assert(c != NULL && c->magic == HTTP_CONN_MAGIC);
	return c;
}

/*
 * Lists: a connection is in one at most.  Those with a deadline are walked a few times a
 * second as long as there are any, but of the idle ones, which may be many, only those
 * that are due.  Open WebSockets have no deadline; those that hold the beginning of a
 * message stand in a row, for the case that they hold too much (make_room()).
 */
static void
list_leave(struct http_conn *c)
{
	if (c->list != LIST_NONE)
		TAILQ_REMOVE(&c->hw->lists[c->list], c, entry);
	c->list = LIST_NONE;
}

static void
list_join(struct http_conn *c, enum http_conn_list list)
{
	struct http_worker *hw = c->hw;

	list_leave(c);
	TAILQ_INSERT_TAIL(&hw->lists[list], c, entry);
	c->list = (uint8_t)list;
}

static void
timed_join(struct http_conn *c, enum http_conn_list list)
{
	struct http_worker *hw = c->hw;

	list_join(c, list);
	if (!hw->sweeping) {
		hw->sweeping = 1;
		rotor_timer_set(hw->sweep, SWEEP_MS);
	}
}

/* Back to where it waits when nothing else keeps it: for its deadline. */
static void
list_rest(struct http_conn *c)
{
	if (c->deadline_ms != 0)
		timed_join(c, LIST_TIMED);
	else if (c->hoards && c->list != LIST_HELD)
		list_join(c, LIST_HELD);
	else if (!c->hoards)
		list_leave(c);
}

void
conn_deadline(struct http_conn *c, uint32_t ms)
{
	c->deadline_ms = ms != 0 ? rotor_worker_now_ms(c->hw->worker) + ms : 0;
	if (c->list != LIST_READY)
		list_rest(c);
}

void
conn_idle(struct http_conn *c)
{
	uint64_t ms = (uint64_t)c->hw->http->conf->idle_timeout_ms;

	c->idle = 1;
	if (c->out != NULL || sock_choked(c->sock)) {
		conn_deadline(c, WRITE_TIMEOUT_MS);
		return;
	}
	c->deadline_ms = ms != 0 ? rotor_worker_now_ms(c->hw->worker) + ms : 0;
	if (ms == 0)
		list_leave(c);
	else
		timed_join(c, LIST_IDLE);
}

void
http_sweep(struct rotor_worker *w, void *priv)
{
	struct http_worker *hw = priv;
	struct http_conns *timed = &hw->lists[LIST_TIMED], *idle = &hw->lists[LIST_IDLE];
	struct http_conn *c, *next;
	uint64_t now = rotor_worker_now_ms(w);

	/* conn_drop() closes later, hence takes nothing out of the lists but c.  Those who are
	 * too many for this turn are found by the next sweep. */
	for (c = TAILQ_FIRST(timed); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (c->deadline_ms > now)
			continue;
		conn_drop(c);
		if (rotor_turn_over(w))
			break;
	}
	while ((c = TAILQ_FIRST(idle)) != NULL && c->deadline_ms <= now && !rotor_turn_over(w))
		conn_drop(c);
	hw->sweeping = !TAILQ_EMPTY(timed) || !TAILQ_EMPTY(idle);
	if (hw->sweeping)
		rotor_timer_set(hw->sweep, SWEEP_MS);
}

/*
 * Turns: many requests may come at once, and others want to be served too.
 */
static void
await_turn(struct http_conn *c)
{
	list_join(c, LIST_READY);
	rotor_job_start(c->hw->worker, &c->hw->turns);
}

int
http_take_turns(struct rotor_worker *w, void *priv)
{
	struct http_worker *hw = priv;
	struct http_conns *ready = &hw->lists[LIST_READY];
	struct http_conn *c;

	do {
		if ((c = TAILQ_FIRST(ready)) == NULL)
			return ROTOR_OK;
		list_rest(c);
		conn_resume(c);
	} while (!rotor_turn_over(w));
	return TAILQ_EMPTY(ready) ? ROTOR_OK : ROTOR_AGAIN;
}

/*
 * Output
 */
int
conn_write(struct http_conn *c, const void *p, size_t len)
{
	int ret = sock_write(c->sock, p, len);

	if (ret != 0)
		c->closing = 1;
	return ret;
}

void
conn_drop(struct http_conn *c)
{
	c->closing = 1;
	c->deadline_ms = 0;
	list_leave(c);
	sock_drop(c->sock);
}

/* Waits for the peer to close first: closing with unread input would reset the
 * connection, and the peer might lose what was sent last. */
static void
linger(struct http_conn *c)
{
	c->mode = CONN_LINGER;
	sock_shutdown(c->sock);
	bytes_fini(&c->in);
	sock_read(c->sock, 1);
	conn_deadline(c, LINGER_TIMEOUT_MS);
}

void
conn_finish(struct http_conn *c)
{
	c->closing = 1;
	conn_deadline(c, WRITE_TIMEOUT_MS);
	if (c->out == NULL && !sock_choked(c->sock))
		linger(c);
}

static void
body_free(struct http_body **bp)
{
	if (*bp != NULL)
		free((*bp)->p);
	free(*bp);
	*bp = NULL;
}

/* Sends as many pieces as the kernel takes. */
static void
stream_some(struct http_conn *c)
{
	struct http_body *b = c->out;
	size_t n;

	while (b->at < b->len && !sock_choked(c->sock)) {
		n = b->len - b->at < PIECE_MAX ? b->len - b->at : PIECE_MAX;
		if (conn_write(c, b->p + b->at, n) != 0)
			return;
		b->at += n;
	}
	if (b->at == b->len)
		body_free(&c->out);
	else
		conn_deadline(c, WRITE_TIMEOUT_MS);
}

int
conn_stream(struct http_conn *c, char *p, size_t len)
{
	struct http_body *b = calloc(1, sizeof *b);

	if (b == NULL) {
		free(p);
		conn_drop(c);
		return -ENOMEM;
	}
	*b = (struct http_body){ p, len, 0 };
	c->out = b;
	stream_some(c);
	return 0;
}

static void
conn_writable(void *priv)
{
	struct http_conn *c = conn_cast(priv);

	if (c->out != NULL)
		stream_some(c);
	if (c->out != NULL || sock_choked(c->sock))
		return;
	if (c->closing && c->mode != CONN_LINGER)
		linger(c);
	else if (c->mode == CONN_WS)
		http_ws_writable(c->ws);
	else if (c->mode == CONN_HTTP && c->idle)
		conn_idle(c);
	conn_resume(c);
}

/*
 * Input
 */
static size_t
feed_http(struct http_conn *c, unsigned char *p, size_t len)
{
	return http_request_feed(c, (const char *)p, len);
}

static size_t
feed_ws(struct http_conn *c, unsigned char *p, size_t len)
{
	return http_ws_feed(c->ws, p, len);
}

static size_t
feed_nobody(struct http_conn *c, unsigned char *p, size_t len)
{
	(void)c;
	(void)p;
	return len;
}

/* 1 when no input may be used now: others have their turn, an answer is due or has not
 * left, or nobody takes it. */
static int
is_busy(const struct http_conn *c)
{
	if (c->list == LIST_READY)
		return 1;
	if (c->mode == CONN_WS)
		return http_ws_resting(c->ws);
	if (c->mode != CONN_HTTP)
		return 0;
	return c->out != NULL || (c->req != NULL && c->req->handed) || sock_choked(c->sock);
}

/* Uses as much of the input as possible in its turn; the bytes used. */
static size_t
feed(struct http_conn *c, unsigned char *p, size_t len)
{
	static size_t (*const feeds[])(struct http_conn *, unsigned char *, size_t) = {
		[CONN_HTTP] = feed_http, [CONN_WS] = feed_ws, [CONN_LINGER] = feed_nobody,
	};
	size_t at = 0, n;

	c->feeding = 1;
	while (at < len && !is_busy(c)) {
		/* Closing is decided: nothing the peer says matters any more. */
		n = feeds[c->closing ? CONN_LINGER : c->mode](c, p + at, len - at);
		if (n == 0)
			break;
		at += n;
		/* In the middle of a request there is little left of it. */
		if (at < len && c->req == NULL && !is_busy(c) && rotor_turn_over(c->hw->worker))
			await_turn(c);
	}
	c->feeding = 0;
	return at;
}

/* What strangers have begun and not ended must not fill the memory: of a connection it is
 * bounded, of all it is here.  Whoever sends whole messages has nothing to lose. */
static void
make_room(struct http_conn *asker)
{
	struct http_worker *hw = asker->hw;
	struct http_conn *c;

	while (hw->hoard_max != 0 && hw->hoard > hw->hoard_max) {
		c = TAILQ_FIRST(&hw->lists[LIST_HELD]);
		if (c == NULL)
			c = asker;
		hw->hoard -= c->hoards ? c->held : 0;
		c->hoards = 0;
		bytes_fini(&c->in);
		conn_drop(c);
		if (c == asker)
			break;
	}
}

/* A message or a head that has not arrived whole, as against a body that is expected. */
static int
is_unfinished(const struct http_conn *c)
{
	return !c->closing && (c->mode == CONN_WS || (c->mode == CONN_HTTP && c->req == NULL));
}

/* Counts the connection in, or out, of what is unfinished. */
static void
count_hoard(struct http_conn *c, size_t held)
{
	uint8_t before = c->hoards;

	c->hw->hoard -= before ? c->held : 0;
	c->hoards = held > 0 && is_unfinished(c);
	c->hw->hoard += c->hoards ? held : 0;
	if (c->hoards != before && c->list != LIST_READY && c->list != LIST_IDLE)
		list_rest(c);
}

/* Tells the gauge what is held for the connection before a handler has it. */
static void
count_held(struct http_conn *c)
{
	size_t held = c->in.cap + (c->req != NULL ? http_request_held(c->req) : 0) +
	    (c->ws != NULL ? http_ws_held(c->ws) : 0);

	if (held == c->held && c->hoards == (held > 0 && is_unfinished(c)))
		return;
	count_hoard(c, held);
	rotor_metric_add(c->hw->worker, c->hw->n_held, (int64_t)held - c->held);
	c->held = (uint32_t)held;
}

/* Reads unless that would only pile up input. */
static void
update_reading(struct http_conn *c)
{
	count_held(c);
	make_room(c);
	sock_read(c->sock, !sock_choked(c->sock) && !(is_busy(c) && (c->in.len > 0 || c->ended)));
}

static void
conn_input(void *priv, unsigned char *p, size_t len)
{
	struct http_conn *c = conn_cast(priv);
	size_t n;

	if (c->in.len > 0 || is_busy(c)) {
		if (bytes_append(&c->in, p, len) != 0)
			conn_drop(c);
		else
			conn_resume(c);
		return;
	}
	n = feed(c, p, len);
	if (n < len && bytes_append(&c->in, p + n, len - n) != 0)
		conn_drop(c);
	update_reading(c);
}

/* Whoever only ends its direction still gets what it has asked for: reading rests while
 * an answer is due, and finds the end again when nothing is. */
static void
conn_ended(void *priv)
{
	struct http_conn *c = conn_cast(priv);

	if (c->closing || !is_busy(c)) {
		conn_drop(c);
		return;
	}
	c->ended = 1;
	sock_read(c->sock, 0);
}

void
conn_resume(struct http_conn *c)
{
	struct bytes kept;
	size_t n;

	if (c->feeding || c->list == LIST_READY)
		return;
	if (c->in.len > 0) {
		/* Lifted out, for the case that the connection gives up its input. */
		kept = c->in;
		c->in = (struct bytes){ 0 };
		n = feed(c, (unsigned char *)kept.p, kept.len);
		bytes_shift(&kept, n);
		c->in = kept;
	}
	update_reading(c);
}

/*
 * Life
 */
static void
refuse_peer(struct http_worker *hw, const struct http_peer *peer)
{
	char addr[PEER_TEXT_MAX];

	(void)conn_peer_text(peer, addr);
	rotor_metric_add(hw->worker, hw->n_refused, 1);
	ROTOR_LOG_LIMITED(hw->http->log, ROTOR_LOG_INFO, "http",
	    "connection refused: its address has as many as http_server.max_connections_per_address allows",
	    ROTOR_F_STR("address", addr));
}

static void *
conn_opened(void *owner, struct sock *s, void *priv)
{
	const struct http_origin *from = priv;
	struct http_worker *hw = owner;
	struct http_conn *c;

	if (!http_peers_enter(hw->http->peers, &from->peer)) {
		refuse_peer(hw, &from->peer);
		return NULL;
	}
	if ((c = calloc(1, sizeof *c)) == NULL) {
		http_peers_leave(hw->http->peers, &from->peer);
		return NULL;
	}
	c->magic = HTTP_CONN_MAGIC;
	c->hw = hw;
	c->sock = s;
	c->listener = (uint8_t)from->listener;
	c->peer = from->peer;
	conn_deadline(c, HEAD_TIMEOUT_MS);
	rotor_metric_add(c->hw->worker, c->hw->n_conns, 1);
	return c;
}

static void
conn_closed(void *priv)
{
	struct http_conn *c = conn_cast(priv);

	c->closing = 1;
	http_peers_leave(c->hw->http->peers, &c->peer);
	if (c->hw->peer_of == c)
		c->hw->peer_of = NULL;
	if (c->ws != NULL)
		http_ws_gone(&c->ws);
	if (c->req != NULL)
		http_request_gone(c->req);
	c->req = NULL;
	body_free(&c->out);
	bytes_fini(&c->in);
	count_held(c);
	list_leave(c);
	rotor_metric_add(c->hw->worker, c->hw->n_conns, -1);
	c->magic = 0;
	free(c);
}

const struct sock_handler http_conn_handler = {
	.opened = conn_opened,
	.input = conn_input,
	.ended = conn_ended,
	.writable = conn_writable,
	.closed = conn_closed,
};

size_t
conn_peer_text(const struct http_peer *peer, char dst[PEER_TEXT_MAX])
{
	char addr[INET6_ADDRSTRLEN];
	int n;

	if (peer->family != AF_INET && peer->family != AF_INET6) {
		memcpy(dst, "unix", 5);
		return 4;
	}
	if (inet_ntop(peer->family, peer->addr, addr, sizeof addr) == NULL)
		addr[0] = '\0';
	n = snprintf(dst, PEER_TEXT_MAX, peer->family == AF_INET6 ? "[%s]:%u" : "%s:%u",
	    addr, (unsigned)peer->port);
	return n > 0 ? (size_t)n : 0;
}
