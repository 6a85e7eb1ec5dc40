/* SPDX-License-Identifier: MIT */
/* api.c - see api.h. */
#include "config.h"

#include "api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "net.h"

static void
request(struct api *a, const char *method, const char *body, size_t len)
{
	char head[512];
	struct out o = { .enc = JSON };
	int n = snprintf(head, sizeof head, "POST /api/%s HTTP/1.1\r\nHost: %s\r\nX-API-Key: %s\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n", method, opt.host,
	    opt.api_key, len);

	out_put(&o, head, (size_t)n);
	out_put(&o, body, len);
	/* One request at a time, smaller than any socket buffer. */
	if (send(a->fd, o.p, o.len, MSG_NOSIGNAL) != (ssize_t)o.len)
		fail("the API takes no request: %s", strerror(errno));
	free(o.p);
	a->waits = 1;
}

void
api_publish(struct api *a, struct channel *ch)
{
	char body[PAYLOAD_MAX + 256];
	size_t n = (size_t)snprintf(body, sizeof body, "{\"channel\":\"%s\",\"data\":", ch->name);

	a->ch = ch;
	a->number = writer_next(a->writer, ch);
	n += payload_make(body + n, a->writer, a->number, ch);
	body[n++] = '}';
	request(a, "publish", body, n);
}

/* Takes the history; the publication that follows is the first one surely left. */
static void
history_remove(struct api *a, struct channel *ch)
{
	char body[128];

	a->ch = ch;
	a->removes = 1;
	ch->gone_below = UINT64_MAX;
	ch->removing++;
	request(a, "history_remove", body,
	    (size_t)snprintf(body, sizeof body, "{\"channel\":\"%s\"}", ch->name));
}

static void
published(struct api *a, struct slice result)
{
	static const struct field fields[] = { { "offset", 1 }, { "epoch", 2 } };
	char payload[PAYLOAD_MAX], epoch[32] = "";
	struct slice v[2];
	struct channel *ch = a->ch;
	uint64_t offset;
	const char *wrong;

	writer_acknowledged(a->writer, a->number);
	(void)wire_split(JSON, result, fields, 2, v);
	offset = wire_uint(JSON, v[0]);
	v[1] = wire_text(JSON, v[1]);
	if ((offset > 0) != ((ch->kind->flags & KIND_POSITIONED) != 0) || v[1].len >= sizeof epoch)
		fail("%s: published by the API at offset %llu", ch->name, (unsigned long long)offset);
	if (offset == 0)
		return;
	memcpy(epoch, v[1].p, v[1].len);
	wrong = ledger_see(ch, epoch, offset, (struct slice){ payload,
	    payload_make(payload, a->writer, a->number, ch) });
	if (wrong != NULL)
		fail("%s: what the API published at offset %llu %s", ch->name,
		    (unsigned long long)offset, wrong);
	if (!a->removes)
		return;
	a->removes = 0;
	if (ch->gone_at < offset)
		ch->gone_at = offset;
	if (--ch->removing == 0)
		ch->gone_below = ch->gone_at;
}

static void
answered(struct api *a, struct slice body)
{
	static const struct field f_result = { "result", 1 };
	struct slice result;
	struct channel *ch = a->ch;

	a->waits = 0;
	if (wire_split(JSON, body, &f_result, 1, &result) < 0 || result.p == NULL)
		fail("the API answers %.*s", (int)body.len, body.p);
	if (ch == NULL)
		return;
	if (a->removes == 1) {
		a->removes = 2;
		api_publish(a, ch);
		return;
	}
	published(a, result);
	a->ch = NULL;
}

/* One answer: a head with its content's length, and the content. */
static void
consume(struct api *a)
{
	char *end, *field;
	size_t head, len;

	out_put(&a->in, "", 1);
	a->in.len--;
	end = strstr(a->in.p, "\r\n\r\n");
	if (end == NULL)
		return;
	head = (size_t)(end + 4 - a->in.p);
	field = strcasestr(a->in.p, "\r\ncontent-length:");
	if (memcmp(a->in.p, "HTTP/1.1 200", 12) != 0 || field == NULL || field > end)
		fail("the API answers %s", a->in.p);
	len = (size_t)strtoul(field + 17, NULL, 10);
	if (a->in.len < head + len)
		return;
	a->in.len = 0;
	answered(a, (struct slice){ a->in.p + head, len });
}

static void
on_events(struct pollable *poll, uint32_t events)
{
	struct api *a = (struct api *)poll;
	char data[16384];
	ssize_t n = recv(a->fd, data, sizeof data, 0);

	(void)events;
	if (n > 0) {
		out_put(&a->in, data, (size_t)n);
		consume(a);
	} else if (n == 0 || errno != EAGAIN) {
		fail("the API has ended its connection: %s", n == 0 ? "end of stream" : strerror(errno));
	}
}

static void
order(struct api *a, const char *method, const struct channel *ch)
{
	char body[256];
	unsigned users = (opt.clients + 1) / 2;
	unsigned user = 1 + rng_below(&a->rng, users > 1 ? users - 1 : 1);	/* 0: the witnesses */
	int n = snprintf(body, sizeof body, "{\"user\":\"u%u\"", user);

	if (ch != NULL)
		n += snprintf(body + n, sizeof body - (size_t)n, ",\"channel\":\"%s\"", ch->name);
	n += snprintf(body + n, sizeof body - (size_t)n, "}");
	request(a, method, body, (size_t)n);
}

void
api_step(struct api *a)
{
	uint32_t what = rng_below(&a->rng, 100), arg = (uint32_t)rng_next(&a->rng);
	struct channel *ch = &channels[arg % n_channels];

	a->due = now() + 0.001 * rng_below(&a->rng, 20);
	if (what < 6)
		order(a, "subscribe", ch);
	else if (what < 12)
		order(a, "unsubscribe", ch);
	else if (what < 16)
		order(a, "disconnect", NULL);
	else if (what < 17 && ch->kind->history_size > 0 && arg % 2 == 0)
		history_remove(a, ch);
	else if (what < 18)
		request(a, "channels", "{}", 2);
	else
		api_publish(a, ch);
}

void
api_init(struct api *a, unsigned index)
{
	memset(a, 0, sizeof *a);
	a->poll.on_events = on_events;
	a->writer = writer_new();
	a->rng = mix(opt.seed ^ mix(index + UINT64_C(0xa91)));
	a->fd = net_dial(0);
	poll_add(a->fd, &a->poll, EPOLLIN);
}
