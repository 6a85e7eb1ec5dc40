/* SPDX-License-Identifier: MIT */
/* ws.c - see ws.h. */
#include "config.h"

#include "ws.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"

static void
await(struct ws *ws)
{
	poll_change(ws->fd, &ws->poll, (ws->paused ? 0 : (uint32_t)EPOLLIN) |
	    (ws->out.len > 0 || !ws->is_open ? (uint32_t)EPOLLOUT : 0));
}

static void
forget(struct ws *ws)
{
	if (ws->fd >= 0)
		(void)close(ws->fd);
	ws->fd = -1;
	ws->is_open = ws->paused = 0;
	ws->in.len = ws->out.len = 0;
}

static void
gone(struct ws *ws, unsigned code, struct slice reason)
{
	char text[128];
	size_t n = reason.len < sizeof text ? reason.len : sizeof text;

	if (n > 0)
		memcpy(text, reason.p, n);	/* it lies in what is forgotten */
	forget(ws);
	ws->on->closed(ws->priv, code, (struct slice){ text, n });
}

static void
flush(struct ws *ws)
{
	ssize_t n = send(ws->fd, ws->out.p, ws->out.len, MSG_NOSIGNAL);

	if (n > 0) {
		ws->out.len -= (size_t)n;
		memmove(ws->out.p, ws->out.p + n, ws->out.len);
	}
	/* An error is met again by who reads. */
	await(ws);
}

static void
put_frame(struct ws *ws, unsigned head, struct slice payload)
{
	unsigned char h[14], mask[4];
	size_t n = 0, at;

	h[n++] = (unsigned char)head;
	if (payload.len < 126) {
		h[n++] = (unsigned char)(0x80 | payload.len);
	} else {
		h[n++] = 0x80 | 126;
		h[n++] = (unsigned char)(payload.len >> 8);
		h[n++] = (unsigned char)payload.len;
	}
	for (unsigned i = 0; i < sizeof mask; i++)
		h[n++] = mask[i] = (unsigned char)rng_next(&ws->rng);
	out_put(&ws->out, h, n);
	at = ws->out.len;
	out_put(&ws->out, payload.p, payload.len);
	for (size_t i = 0; i < payload.len; i++)
		ws->out.p[at + i] ^= (char)mask[i & 3];
}

void
ws_send(struct ws *ws, unsigned opcode, struct slice message)
{
	size_t cut = rng_below(&ws->rng, (uint32_t)message.len + 1);

	if (message.len > UINT16_MAX)
		fail("a frame of %zu bytes is too long for this program", message.len);
	if (opcode <= WS_BINARY && rng_below(&ws->rng, 8) == 0) {
		put_frame(ws, opcode, (struct slice){ message.p, cut });
		put_frame(ws, 0x80, (struct slice){ message.p + cut, message.len - cut });
	} else {
		put_frame(ws, 0x80 | opcode, message);
	}
	flush(ws);
}

void
ws_leave(struct ws *ws, enum goodbye how)
{
	static const struct linger reset = { 1, 0 };

	if (ws->fd < 0)
		return;
	if (how == BYE_CLOSE && ws->is_open)
		ws_send(ws, WS_CLOSE, (struct slice){ "\x03\xe8", 2 });
	if (how == BYE_RESET)
		(void)setsockopt(ws->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	forget(ws);
}

/* One frame out of `in`: its size, 0 when it is not whole.  The server fragments
 * nothing and masks nothing. */
static size_t
take_frame(struct ws *ws, size_t at, unsigned *ret_opcode, struct slice *ret)
{
	const unsigned char *p = (const unsigned char *)ws->in.p + at;
	size_t have = ws->in.len - at, head = 2;
	uint64_t len;

	if (have < 2)
		return 0;
	if (!(p[0] & 0x80) || (p[0] & 0x70) || (p[1] & 0x80))
		fail("a frame begins with %02x %02x", p[0], p[1]);
	len = p[1];
	if (len >= 126)
		head = len == 126 ? 4 : 10;
	if (have < head)
		return 0;
	for (size_t i = 2, first = 1; i < head; i++, first = 0)
		len = (first ? 0 : len << 8) | p[i];
	if (have - head < len)
		return 0;
	*ret_opcode = p[0] & 15;
	*ret = (struct slice){ (const char *)p + head, (size_t)len };
	return head + (size_t)len;
}

/* 0 when it has ended. */
static int
on_frame(struct ws *ws, unsigned opcode, struct slice payload)
{
	int fd = ws->fd;

	switch (opcode) {
	case WS_TEXT:
	case WS_BINARY:
		ws->on->message(ws->priv, payload);
		return ws->fd == fd;
	case WS_PING:
		ws_send(ws, WS_PONG, payload);
		return 1;
	case WS_CLOSE:
		gone(ws, payload.len >= 2 ? (unsigned)(unsigned char)payload.p[0] << 8 |
		    (unsigned char)payload.p[1] : 1005,
		    payload.len > 2 ? (struct slice){ payload.p + 2, payload.len - 2 } : str(""));
		return 0;
	default:
		fail("a frame has opcode %u", opcode);
	}
}

/* The length of the answer to the upgrade, 0 when it is not whole. */
static size_t
take_upgrade(struct ws *ws)
{
	const char *end = memmem(ws->in.p, ws->in.len, "\r\n\r\n", 4);

	if (end == NULL)
		return 0;
	if (memcmp(ws->in.p, "HTTP/1.1 101", 12) != 0)
		fail("no upgrade: %.*s", (int)(end - ws->in.p), ws->in.p);
	return (size_t)(end + 4 - ws->in.p);
}

static void
consume(struct ws *ws)
{
	size_t at = 0, n;
	struct slice payload;
	unsigned opcode;

	if (!ws->is_open) {
		if ((at = take_upgrade(ws)) == 0)
			return;
		ws->is_open = 1;
		ws->on->opened(ws->priv);
	}
	while (ws->fd >= 0 && !ws->paused && (n = take_frame(ws, at, &opcode, &payload)) > 0) {
		at += n;
		if (!on_frame(ws, opcode, payload))
			return;
	}
	if (ws->fd < 0)
		return;
	ws->in.len -= at;
	memmove(ws->in.p, ws->in.p + at, ws->in.len);
}

void
ws_pause(struct ws *ws, int paused)
{
	if (ws->fd < 0 || ws->paused == paused)
		return;
	ws->paused = paused;
	await(ws);
	if (!paused)
		consume(ws);	/* what had come before */
}

static void
on_events(struct pollable *poll, uint32_t events)
{
	struct ws *ws = (struct ws *)poll;
	char data[65536];
	ssize_t n;

	if (ws->fd < 0)
		return;
	if (events & EPOLLOUT)
		flush(ws);
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	n = recv(ws->fd, data, sizeof data, 0);
	if (n > 0) {
		out_put(&ws->in, data, (size_t)n);
		consume(ws);
	} else if (n == 0 || errno != EAGAIN) {
		gone(ws, 0, str(n == 0 ? "end of stream" : strerror(errno)));
	}
}

void
ws_dial(struct ws *ws, enum encoding enc, int small)
{
	char request[512];
	int n = snprintf(request, sizeof request, "GET /connection/websocket%s HTTP/1.1\r\n"
	    "Host: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
	    enc == PROTOBUF ? "?cf_protocol=protobuf" : "", opt.host);

	forget(ws);
	ws->poll.on_events = on_events;
	ws->fd = net_dial(small);
	out_put(&ws->out, request, (size_t)n);
	poll_add(ws->fd, &ws->poll, EPOLLIN | EPOLLOUT);
}
