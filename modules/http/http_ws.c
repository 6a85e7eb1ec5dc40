/* SPDX-License-Identifier: MIT */
/*
 * http_ws.c - a WebSocket connection after its handshake.
 *
 * A frame that has arrived whole is unmasked where it lies and handed on without a
 * copy; only the fragments of a message in parts are collected.  What is sent goes
 * straight to the socket, its header built in front of the payload.
 */
#include "config.h"

#include "http_priv.h"

#include <assert.h>
#include <rotor/str.h>
#include <time.h>

#include "http_deflate.h"
#include "http_frame.h"

#define CLOSE_TIMEOUT_MS	5000u	/* where the handler sets none */

/* A peer that takes nothing may still find our Close, behind some frames; but not behind
 * megabytes, for which nobody waits. */
#define UNSENT_MAX		(128u * 1024u)

#define CLOSE_PROTOCOL		1002u
#define CLOSE_BAD_DATA		1007u
#define CLOSE_TOO_BIG		1009u
#define CLOSE_INTERNAL		1011u

enum phase {
	WS_OPEN,
	WS_CLOSING,	/* our Close is sent, the peer's awaited */
	WS_OVER		/* nothing more is read or sent */
};

struct http_ws {
	struct rotor_ws			pub;		/* first: what handlers see */
	uint32_t			magic;
#define HTTP_WS_MAGIC			0x91e4a27bu
	uint8_t				phase;
	uint8_t				in_message;	/* fragments are awaited */
	uint8_t				compressed;	/* the message they belong to */
	uint8_t				is_text;	/* likewise */
	uint8_t				want_writable;
	uint8_t				resting;	/* its handler takes no message now */
	struct http_ws_params		params;
	struct http_conn		*conn;
	const struct rotor_ws_handler	*h;
	void				*state;		/* the handler's; NULL: none */
	struct bytes			msg;		/* fragments so far */
};

static struct http_ws *
ws_cast(struct rotor_ws *pub)
{
	struct http_ws *ws = (struct http_ws *)pub;

	assert(ws != NULL && ws->magic == HTTP_WS_MAGIC);
	return ws;
}

/*
 * Sending
 */
/* Control frames may always be sent: behind what is kept, between two messages. */
static void
send_control(struct http_ws *ws, uint8_t opcode, const void *payload, size_t len)
{
	unsigned char buf[FRAME_HEAD_MAX + FRAME_CONTROL_MAX], *p;

	p = frame_head_write(buf + FRAME_HEAD_MAX, opcode, 0, len);
	if (len > 0)
		memcpy(buf + FRAME_HEAD_MAX, payload, len);
	(void)conn_write(ws->conn, p, (size_t)(buf + FRAME_HEAD_MAX + len - p));
}

static int
send_message(struct http_ws *ws, struct rotor_buf *b, uint8_t opcode, int compressed)
{
	unsigned char *data = rotor_buf_data(b);
	unsigned char *p = frame_head_write(data, opcode, compressed, rotor_buf_len(b));

	return conn_write(ws->conn, p, (size_t)(data - p) + rotor_buf_len(b)) == 0 ? ROTOR_OK : -EPIPE;
}

static uint64_t
clock_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void
on_flushed(struct rotor_worker *w, void *priv)
{
	struct http_worker *hw = priv;

	(void)w;
	deflater_forget(hw->deflater);
}

int
http_compressor_ready(struct http_worker *hw)
{
	if (hw->deflater == NULL)
		hw->deflater = deflater_new(clock_us);
	if (hw->deflated == NULL && hw->deflater != NULL)
		hw->deflated = rotor_flush_new(hw->worker, on_flushed, hw);
	return hw->deflated != NULL;
}

void
http_compressor_free(struct http_worker *hw)
{
	rotor_flush_free(&hw->deflated);
	deflater_free(&hw->deflater);
}

/* The compressed form of `b` with a reference, or NULL when it is not worth it. */
static struct rotor_buf *
compress(struct http_ws *ws, struct rotor_buf *b)
{
	uint32_t level = ws->h->deflate_level >= 1 && ws->h->deflate_level <= 9 ? ws->h->deflate_level : 1;
	struct rotor_buf *to;

	if (ws->params.window_bits == 0 || rotor_buf_len(b) < ws->h->deflate_min)
		return NULL;
	to = deflater_deflate(ws->conn->hw->deflater, b, level, ws->params.window_bits);
	if (to != NULL && rotor_buf_len(to) >= rotor_buf_len(b))
		rotor_buf_unref(&to);
	return to;
}

static int
ws_write(struct rotor_ws *pub, struct rotor_buf *b, uint32_t opcode)
{
	struct http_ws *ws = ws_cast(pub);
	struct rotor_buf *small;
	int ret;

	if (ws->phase != WS_OPEN)
		return -EPIPE;
	if (sock_choked(ws->conn->sock)) {
		ws->want_writable = 1;
		return ROTOR_AGAIN;
	}
	if ((small = compress(ws, b)) == NULL)
		return send_message(ws, b, (uint8_t)opcode, 0);
	ret = send_message(ws, small, (uint8_t)opcode, 1);
	rotor_buf_unref(&small);
	return ret;
}

static void
ws_ping(struct rotor_ws *pub)
{
	struct http_ws *ws = ws_cast(pub);

	if (ws->phase == WS_OPEN)
		send_control(ws, FRAME_PING, NULL, 0);
}

static void
ws_rest(struct rotor_ws *pub, int on)
{
	struct http_ws *ws = ws_cast(pub);
	int rested = ws->resting;

	ws->resting = on != 0;
	if (rested && !on)
		conn_resume(ws->conn);
}

int
http_ws_resting(const struct http_ws *ws)
{
	return ws->resting;
}

/* At most `max` bytes of `s`, and no part of a character. */
static size_t
cut(const char *s, size_t max)
{
	size_t n = strlen(s);

	if (n <= max)
		return n;
	for (n = max; n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80; n--)
		;
	return n;
}

static void
start_closing(struct http_ws *ws, uint32_t code, const char *reason)
{
	unsigned char payload[FRAME_CONTROL_MAX];
	size_t n = cut(reason, sizeof payload - 2);

	payload[0] = (unsigned char)(code >> 8);
	payload[1] = (unsigned char)code;
	memcpy(payload + 2, reason, n);
	ws->phase = WS_CLOSING;
	bytes_fini(&ws->msg);
	send_control(ws, FRAME_CLOSE, payload, n + 2);
	if (sock_unsent(ws->conn->sock) > UNSENT_MAX) {
		ws->phase = WS_OVER;
		conn_drop(ws->conn);
		return;
	}
	conn_deadline(ws->conn, ws->h->close_timeout_ms != 0 ? ws->h->close_timeout_ms : CLOSE_TIMEOUT_MS);
	ws_rest(&ws->pub, 0);
}

static void
ws_close(struct rotor_ws *pub, uint32_t code, const char *reason)
{
	struct http_ws *ws = ws_cast(pub);

	if (code == 0) {
		ws->phase = WS_OVER;
		conn_drop(ws->conn);
	} else if (ws->phase == WS_OPEN) {
		start_closing(ws, code, reason != NULL ? reason : "");
	}
}

static size_t
ws_remote_addr(struct rotor_ws *pub, char *buf, size_t size)
{
	char text[PEER_TEXT_MAX];
	size_t len = conn_peer_text(&ws_cast(pub)->conn->peer, text);

	len = len < size ? len : size;
	memcpy(buf, text, len);
	return len;
}

static const struct rotor_ws_ops ws_ops = {
	sizeof ws_ops, ws_write, ws_ping, ws_close, ws_rest, ws_remote_addr
};

/*
 * Receiving
 */
/* The peer broke the rules: says so, and reads no more.  No Close of the peer can be
 * found in what follows, so nobody waits for one: there are peers who wait for us. */
static void
fail(struct http_ws *ws, uint32_t code)
{
	if (ws->phase == WS_OPEN)
		start_closing(ws, code, "");
	ws->phase = WS_OVER;
	conn_finish(ws->conn);
}

/* A whole message. */
static void
deliver(struct http_ws *ws, const void *p, size_t len, int compressed)
{
	struct rotor_str text = { p, len };
	int err = 0;

	if (ws->phase != WS_OPEN)
		return;
	if (compressed)
		err = deflater_inflate(ws->conn->hw->deflater, p, len, ws->h->max_inflated, &text);
	if (err == 0 && ws->is_text && !rotor_utf8_valid(text))
		err = -EINVAL;
	if (err != 0) {
		fail(ws, err == -EMSGSIZE ? CLOSE_TOO_BIG : err == -EINVAL ? CLOSE_BAD_DATA : CLOSE_INTERNAL);
		return;
	}
	rotor_worker_doing(ws->pub.worker, "websocket message", (rotor_code_f *)ws->h->message);
	ws->h->message(ws->state, text.p, text.len);
}

static void
on_fragment(struct http_ws *ws, const struct frame *f, const unsigned char *p)
{
	struct bytes whole;

	if (ws->phase == WS_OPEN && bytes_append(&ws->msg, p, (size_t)f->len) != 0) {
		fail(ws, CLOSE_INTERNAL);
		return;
	}
	ws->in_message = !f->fin;
	if (!f->fin)
		return;
	whole = ws->msg;
	ws->msg = (struct bytes){ 0 };
	deliver(ws, whole.p, whole.len, ws->compressed);
	bytes_fini(&whole);
}

static void
on_data(struct http_ws *ws, const struct frame *f, const unsigned char *p)
{
	if ((f->opcode == FRAME_CONT) != ws->in_message) {
		fail(ws, CLOSE_PROTOCOL);
		return;
	}
	if (f->opcode != FRAME_CONT) {
		ws->compressed = f->compressed;
		ws->is_text = f->opcode == FRAME_TEXT;
	}
	if (f->fin && !ws->in_message)
		deliver(ws, p, (size_t)f->len, f->compressed);
	else
		on_fragment(ws, f, p);
}

/* 0, or the code to fail with (RFC 6455 5.5.1). */
static uint32_t
check_close(const unsigned char *p, size_t len)
{
	if (len == 0)
		return 0;
	if (len == 1 || !frame_close_code_valid((uint32_t)p[0] << 8 | p[1]))
		return CLOSE_PROTOCOL;
	return rotor_utf8_valid((struct rotor_str){ (const char *)p + 2, len - 2 }) ? 0 : CLOSE_BAD_DATA;
}

/* Answers the peer's Close with its code, or takes it as the answer to ours. */
static void
on_close(struct http_ws *ws, const struct frame *f, const unsigned char *p)
{
	uint32_t bad = check_close(p, (size_t)f->len);

	if (ws->phase == WS_OPEN) {
		if (bad != 0) {
			fail(ws, bad);
			return;
		}
		send_control(ws, FRAME_CLOSE, p, f->len >= 2 ? 2 : 0);
	}
	ws->phase = WS_OVER;
	if (!sock_choked(ws->conn->sock)) {
		conn_drop(ws->conn);
		return;
	}
	conn_finish(ws->conn);
	conn_deadline(ws->conn, CLOSE_TIMEOUT_MS);
}

static void
on_ping(struct http_ws *ws, const struct frame *f, const unsigned char *p)
{
	if (ws->phase == WS_OPEN)
		send_control(ws, FRAME_PONG, p, (size_t)f->len);
}

static void
on_pong(struct http_ws *ws, const struct frame *f, const unsigned char *p)
{
	(void)f;
	(void)p;
	if (ws->phase == WS_OPEN && ws->h->pong != NULL)
		ws->h->pong(ws->state);
}

static void (*const on_frame[16])(struct http_ws *, const struct frame *, const unsigned char *) = {
	[FRAME_CONT] = on_data, [FRAME_TEXT] = on_data, [FRAME_BINARY] = on_data,
	[FRAME_CLOSE] = on_close, [FRAME_PING] = on_ping, [FRAME_PONG] = on_pong,
};

/* 0, or the code to close with. */
static uint32_t
check_frame(const struct http_ws *ws, const struct frame *f)
{
	if (f->compressed && ws->params.window_bits == 0)
		return CLOSE_PROTOCOL;
	if ((f->opcode & 8) == 0 &&
	    (f->len > ws->h->max_message || ws->msg.len > ws->h->max_message - f->len))
		return CLOSE_TOO_BIG;
	return 0;
}

size_t
http_ws_feed(struct http_ws *ws, unsigned char *p, size_t len)
{
	struct frame f;
	uint32_t code;
	int n;

	if (ws->phase == WS_OVER)
		return len;
	if ((n = frame_head_read(p, len, &f)) == 0)
		return 0;
	code = n < 0 ? CLOSE_PROTOCOL : check_frame(ws, &f);
	if (code != 0) {
		fail(ws, code);
		return len;
	}
	if (len - (size_t)n < f.len)
		return 0;
	frame_unmask(p + n, (size_t)f.len, f.mask);
	on_frame[f.opcode](ws, &f, p + n);
	return (size_t)n + (size_t)f.len;
}

void
http_ws_writable(struct http_ws *ws)
{
	if (ws->phase != WS_OPEN || !ws->want_writable || ws->state == NULL)
		return;
	ws->want_writable = 0;
	ws->h->writable(ws->state);
}

size_t
http_ws_held(const struct http_ws *ws)
{
	return ws->msg.cap;
}

/*
 * Life
 */
struct http_ws *
http_ws_new(struct http_conn *c, const struct rotor_ws_handler *h, const struct http_ws_params *params)
{
	struct http_ws *ws = calloc(1, sizeof *ws);

	if (ws == NULL)
		return NULL;
	ws->magic = HTTP_WS_MAGIC;
	ws->pub.ops = &ws_ops;
	ws->pub.worker = c->hw->worker;
	ws->conn = c;
	ws->h = h;
	ws->params = *params;
	return ws;
}

void
http_ws_open(struct http_ws *ws, struct http_request *r, struct rotor_str subprotocol)
{
	ws->state = ws->h->open(r->route->ctx, &r->pub, &ws->pub, subprotocol);
	if (ws->state == NULL && ws->phase == WS_OPEN)
		start_closing(ws, CLOSE_INTERNAL, "");
}

void
http_ws_gone(struct http_ws **wsp)
{
	struct http_ws *ws = *wsp;

	*wsp = NULL;
	if (ws->state != NULL)
		ws->h->closed(ws->state);
	bytes_fini(&ws->msg);
	ws->magic = 0;
	free(ws);
}
