/* SPDX-License-Identifier: MIT */
/* client.c - connections and commands.  See client.h; what comes back: check.c. */
#include "config.h"

#include "client.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct field F_ID = { "id", 1 }, F_CHANNEL = { "channel", 1 }, F_EPOCH = { "epoch", 6 },
    F_OFFSET = { "offset", 7 }, F_PUBLICATIONS = { "publications", 7 }, F_SUBS = { "subs", 3 };

static const struct field F_RECOVER = { "recover", 3 }, F_DELTA = { "delta", 12 },
    F_TOKEN = { "token", 1 }, F_DATA = { "data", 2 }, F_LIMIT = { "limit", 7 };

/* By enum command. */
static const struct field envelope[CMD_N] = {
	[CMD_CONNECT] = { "connect", 4 },
	[CMD_SUBSCRIBE] = { "subscribe", 5 },
	[CMD_UNSUBSCRIBE] = { "unsubscribe", 6 },
	[CMD_PUBLISH] = { "publish", 7 },
	[CMD_PRESENCE] = { "presence", 8 },
	[CMD_PRESENCE_STATS] = { "presence_stats", 9 },
	[CMD_HISTORY] = { "history", 10 },
};

struct tally tally;

/*
 * What is said when something is wrong
 */
void
client_trace(struct client *c, const char *what, struct slice bytes)
{
	char *line = c->trace[c->n_trace++ % TRACE_LINES];
	int n = snprintf(line, TRACE_CHARS, "%.3f %s ", now(), what);
	size_t room = TRACE_CHARS - (size_t)n - 1, i;

	for (i = 0; i < bytes.len && i < room; i++)
		line[(size_t)n + i] = isprint((unsigned char)bytes.p[i]) ? bytes.p[i] : '.';
	line[(size_t)n + i] = '\0';
}

void
client_fail(struct client *c, const struct channel *ch, const char *format, ...)
{
	const struct view *v = ch != NULL ? client_view(c, ch) : NULL;
	char text[1024];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	printf("client %u (%s, user %s, id %s, connection %u), %.3f; its last frames:\n", c->index,
	    c->enc == JSON ? "json" : "protobuf", c->user, c->id, c->connections, now());
	for (unsigned i = c->n_trace > TRACE_LINES ? c->n_trace - TRACE_LINES : 0; i < c->n_trace; i++)
		printf("  %s\n", c->trace[i % TRACE_LINES]);
	if (v != NULL)
		printf("channel %s: on %d, server-side %d, epoch %s, offset %llu, subscription %u, "
		    "removed below %llu\n", ch->name, v->on, v->server_side, v->epoch,
		    (unsigned long long)v->offset, v->restarts, (unsigned long long)ch->gone_below);
	fail("client %u, %s: %s", c->index, ch != NULL ? ch->name : "no channel", text);
}

/*
 * Commands
 */
struct view *
client_view(struct client *c, const struct channel *ch)
{
	return &c->views[ch->index];
}

int
client_quiet(const struct client *c)
{
	return c->life == LIFE_LIVE && c->n_pending == 0 && c->out.n == 0;
}

void
client_send(struct client *c)
{
	struct slice frame = { c->out.p, c->out.len };

	if (c->out.n == 0 || c->ws.fd < 0)
		return;
	client_trace(c, ">", frame);
	ws_send(&c->ws, c->enc == JSON ? WS_TEXT : WS_BINARY, frame);
	c->out.len = c->out.n = 0;
}

/* The command's id goes first; the result is for out_end(). */
static size_t
begin(struct client *c, enum command command, struct channel *ch, struct pending **ret)
{
	struct pending *p = &c->pending[(c->first_pending + c->n_pending) % PENDING_MAX];
	size_t at;

	if (c->n_pending++ == 0)
		c->waits_since = now();
	*p = (struct pending){ .id = ++c->next_id, .command = command, .ch = ch };
	at = out_begin(&c->out);
	out_uint(&c->out, F_ID, p->id);
	*ret = p;
	return at;
}

static int
may_begin(const struct client *c)
{
	return c->life == LIFE_LIVE && c->n_pending < PENDING_MAX - 1 && c->out.len < 40000;
}

static void
put_position(struct out *o, const struct position *pos)
{
	if (pos->recover)
		out_bool(o, F_RECOVER, 1);
	if (pos->epoch[0] != '\0')
		out_text(o, F_EPOCH, str(pos->epoch));
	if (pos->offset > 0)
		out_uint(o, F_OFFSET, pos->offset);
	if (pos->delta)
		out_text(o, F_DELTA, str("fossil"));
}

static struct position
position_of(const struct view *v, const struct channel *ch, int recover, int with_epoch)
{
	struct position pos = { .delta = (ch->kind->flags & KIND_DELTA) != 0 };

	if (!recover || !v->has_position || !(ch->kind->flags & KIND_RECOVERS))
		return pos;
	pos.recover = 1;
	/* To the server, as to the reference, a client that was here has the payload of its
	 * position, even if it is but what a first subscribe replied. */
	pos.delta &= v->has_base;
	pos.offset = v->offset;
	if (with_epoch)
		memcpy(pos.epoch, v->epoch, sizeof pos.epoch);
	return pos;
}

static void
put_subscribe(struct client *c, struct channel *ch, int recover, int with_epoch)
{
	struct pending *p;
	size_t at = begin(c, CMD_SUBSCRIBE, ch, &p), body = out_open(&c->out, envelope[CMD_SUBSCRIBE]);

	p->asked = position_of(client_view(c, ch), ch, recover, with_epoch);
	out_text(&c->out, F_CHANNEL, str(ch->name));
	put_position(&c->out, &p->asked);
	out_close(&c->out, body);
	out_end(&c->out, at);
}

int
client_subscribe(struct client *c, struct channel *ch, int recover, int with_epoch)
{
	if (!may_begin(c))
		return 0;
	put_subscribe(c, ch, recover, with_epoch);
	return 1;
}

int
client_command(struct client *c, enum command command, struct channel *ch)
{
	struct pending *p;
	size_t at, body;

	if (!may_begin(c))
		return 0;
	at = begin(c, command, ch, &p);
	body = out_open(&c->out, envelope[command]);
	out_text(&c->out, F_CHANNEL, str(ch->name));
	if (command == CMD_HISTORY)
		out_uint(&c->out, F_LIMIT, 1 + rng_below(&c->life_rng, 40));
	out_close(&c->out, body);
	out_end(&c->out, at);
	return 1;
}

int
client_publish(struct client *c, struct channel *ch)
{
	char payload[PAYLOAD_MAX];
	struct pending *p;
	size_t at, body;

	if (!may_begin(c))
		return 0;
	at = begin(c, CMD_PUBLISH, ch, &p);
	body = out_open(&c->out, envelope[CMD_PUBLISH]);
	p->number = writer_next(c->writer, ch);
	p->restarts = client_view(c, ch)->restarts;
	out_text(&c->out, F_CHANNEL, str(ch->name));
	out_data(&c->out, F_DATA, (struct slice){ payload, payload_make(payload, c->writer, p->number, ch) });
	out_close(&c->out, body);
	out_end(&c->out, at);
	return 1;
}

/*
 * The connection
 */
int
client_has_by_token(const struct client *c, const struct channel *ch)
{
	unsigned nth = ch->index;

	if (!(ch->kind->flags & KIND_SERVER))
		return 0;
	return c->witness || nth % 6 == c->index % 6 || nth % 6 == c->index / 6 % 6;
}

/* Whether the connect command says where the client was, which subscribes it, or a
 * subscribe does. */
static int
in_connect(struct client *c, const struct channel *ch)
{
	const struct view *v = client_view(c, ch);

	return client_has_by_token(c, ch) || (v->was_on && (v->server_side ||
	    (v->has_position && mix(c->life_rng + ch->index) % 4 == 0)));
}

static void
put_connect_subs(struct client *c)
{
	size_t map = out_open_map(&c->out, F_SUBS), at;

	for (unsigned i = 0; i < n_channels; i++) {
		struct view *v = &c->views[i];

		v->asked = position_of(v, &channels[i], 1, 1);
		if (!in_connect(c, &channels[i]) || (!v->was_on && !v->asked.recover))
			continue;
		at = out_open_entry(&c->out, F_SUBS, str(channels[i].name));
		put_position(&c->out, &v->asked);
		out_close_entry(&c->out, at);
	}
	out_close_map(&c->out, map);
}

static void
put_connect(struct client *c)
{
	char names[1024] = "", token[2048];
	struct pending *p;
	size_t at, body, n = 0;

	for (unsigned i = 0; i < n_channels; i++)
		if (client_has_by_token(c, &channels[i]))
			n += (size_t)snprintf(names + n, sizeof names - n, "%s\"%s\"", n > 0 ? "," : "",
			    channels[i].name);
	token_make(c->user, names, token, sizeof token);
	at = begin(c, CMD_CONNECT, NULL, &p);
	body = out_open(&c->out, envelope[CMD_CONNECT]);
	out_text(&c->out, F_TOKEN, str(token));
	put_connect_subs(c);
	out_close(&c->out, body);
	out_end(&c->out, at);
}

/* The rest of what the client was subscribed to follows in the same frame. */
static void
put_resubscribes(struct client *c)
{
	for (unsigned i = 0; i < n_channels; i++)
		if (c->views[i].was_on && !in_connect(c, &channels[i]) &&
		    c->n_pending < PENDING_MAX - 1)
			put_subscribe(c, &channels[i], 1, 1);
}

static void
on_opened(void *priv)
{
	struct client *c = priv;

	c->life = LIFE_CONNECTING;
	put_connect(c);
	put_resubscribes(c);
	client_send(c);
}

static void
on_message(void *priv, struct slice frame)
{
	struct client *c = priv;
	unsigned connection = c->connections;
	struct slice message;
	int r;

	client_trace(c, "<", frame);
	while ((r = wire_next(c->enc, &frame, &message)) == 1) {
		check_message(c, message);
		if (c->ws.fd < 0 || c->connections != connection)
			return;
	}
	if (r < 0)
		client_fail(c, NULL, "a frame is malformed");
}

/* The connection is no more: what it was subscribed to waits to be recovered. */
static void
disconnected(struct client *c, double again)
{
	for (unsigned i = 0; i < n_channels; i++) {
		struct view *v = &c->views[i];

		v->was_on |= v->on;
		v->on = 0;
	}
	c->n_pending = c->first_pending = 0;
	c->out.len = c->out.n = 0;
	c->life = LIFE_AWAY;
	c->due = now() + again;
	tally.disconnects++;
}

/* Half of the clients give the system little room, so that they choke soon. */
static int
is_small(const struct client *c)
{
	return c->index % 4 >= 2;
}

/* Why a server may end a connection here; without a Close frame only if that had to wait
 * for the client to read. */
static int
may_close(struct client *c, unsigned code)
{
	static const struct {
		unsigned code;
		unsigned long *count;
	} rows[] = {
		{ 3008, &tally.slow },
		{ 3009, &tally.slow },
		{ 3012, &tally.no_pong },
		{ 3503, &tally.forced },
		{ 0, &tally.cut },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].code == code) {
			++*rows[i].count;
			return code != 0 || c->has_paused || is_small(c);
		}
	return 0;
}

static void
on_closed(void *priv, unsigned code, struct slice reason)
{
	struct client *c = priv;

	client_trace(c, "closed", reason);
	if (!may_close(c, code))
		client_fail(c, NULL, "closed with code %u", code);
	c->cut_off = 1;
	disconnected(c, 0.001 * rng_below(&c->life_rng, 300));
}

static const struct ws_events ws_events = { on_opened, on_message, on_closed };

void
client_dial(struct client *c)
{
	if (c->life != LIFE_AWAY)
		return;
	c->connections++;
	c->life = LIFE_DIALING;
	c->has_paused = 0;
	c->resume_at = 0;
	c->next_id = 0;
	c->id[0] = '\0';
	c->writer = writer_new();
	for (unsigned i = 0; i < n_channels; i++)
		c->views[i].own_seen = 0;
	c->life_rng = mix(opt.seed ^ mix((uint64_t)c->index << 32 | c->connections));
	c->ws.rng = c->life_rng + 1;
	ws_dial(&c->ws, c->enc, is_small(c));
}

void
client_leave(struct client *c, enum goodbye how, double secs)
{
	static const char *const names[BYE_N] = { "reset", "end of stream", "close" };

	if (c->life == LIFE_AWAY)
		return;
	client_trace(c, "leaves by", str(names[how]));
	ws_leave(&c->ws, how);
	disconnected(c, secs);
}

void
client_init(struct client *c, unsigned index)
{
	memset(c, 0, sizeof *c);
	c->ws.on = &ws_events;
	c->ws.priv = c;
	c->ws.fd = -1;
	c->index = index;
	c->witness = index < 2;
	c->enc = c->out.enc = index % 2 == 0 ? JSON : PROTOBUF;
	/* Two clients are one user, but for the witnesses, whom no order is to reach. */
	(void)snprintf(c->user, sizeof c->user, "%s%u", c->witness ? "witness" : "u", index / 2);
	c->rng = mix(opt.seed ^ mix((index + UINT64_C(1)) << 40));
	c->views = must_alloc(NULL, n_channels * sizeof *c->views);
	memset(c->views, 0, n_channels * sizeof *c->views);
	c->trace = must_alloc(NULL, TRACE_LINES * sizeof *c->trace);
}
