/* SPDX-License-Identifier: MIT */
/*
 * fuzz_http.c - a connection of the http module, HTTP and WebSocket, over a socket of
 * ours.
 *
 * The input is sent twice: whole, to handlers that answer at once and a peer that takes
 * everything; and cut into pieces, to handlers that answer late, with writes that choke
 * and turns that end, as its first four bytes say.  Both must come to the same: the same
 * requests and messages seen, the same bytes sent, the connection open or not.  A third
 * time the peer is gone in the middle.
 */
#include "config.h"

#include "fuzz.h"

#include <string.h>

#include "base/obj.h"
#include "http_priv.h"
#include "log/log.h"

#define SEED_LEN	4u
#define HEAD_MAX	700u
#define BODY_LIMIT	64u
#define LARGE_ANSWER	(70u * 1024u)	/* two pieces */

/* The socket, which http_sock.h leaves opaque. */
struct sock {
	void	*conn;
	int	reading, choked, shut, dropped;
};

static struct rig {
	struct http		http;
	struct http_conf	conf;
	struct http_worker	hw;
	struct sock		sock;
	int			rough;		/* cut, choking, late */
	uint64_t		random;
	int			job;		/* hw.turns is to be called */
	int			n_metric;	/* the sum of the gauges' changes */
	int64_t			held;
	struct rotor_http_request	*late;	/* to be answered */
	struct rotor_ws		*ws;
	int			ws_open;
	struct bytes		out;		/* what was sent */
	struct bytes		seen;		/* what the handlers saw */
} rig;

static unsigned
draw(unsigned n)
{
	rig.random = rig.random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(rig.random >> 33) % n;
}

static int
by_chance(unsigned one_in)
{
	return rig.rough && draw(one_in) == 0;
}

/*
 * The worker
 */
uint64_t
rotor_worker_now_ms(const struct rotor_worker *w)
{
	(void)w;
	return 1000;
}

void
rotor_timer_set(struct rotor_timer *t, uint64_t ms)
{
	(void)t;
	(void)ms;
}

struct rotor_flush *
rotor_flush_new(struct rotor_worker *w, rotor_task_f *fn, void *priv)
{
	(void)w;
	(void)fn;
	(void)priv;
	return (struct rotor_flush *)&rig;	/* nothing is flushed here */
}

void
rotor_flush_free(struct rotor_flush **fp)
{
	*fp = NULL;
}

void
rotor_job_start(struct rotor_worker *w, struct rotor_job *j)
{
	(void)w;
	ASSERT(j == &rig.hw.turns);
	rig.job = 1;
}

void
rotor_worker_doing(struct rotor_worker *w, const char *what, rotor_code_f *code)
{
	(void)w;
	(void)what;
	(void)code;
}

int
rotor_turn_over(const struct rotor_worker *w)
{
	(void)w;
	return by_chance(2);
}

void
rotor_metric_add(struct rotor_worker *w, rotor_metric_id id, int64_t n)
{
	(void)w;
	if (id == rig.hw.n_conns)
		rig.n_metric += (int)n;
	else if (id == rig.hw.n_held)
		rig.held += n;
}

/*
 * The socket
 */
int
sock_write(struct sock *s, const void *p, size_t len)
{
	if (s->dropped)
		return -EPIPE;
	ASSERT(!s->shut);
	ASSERT(bytes_append(&rig.out, p, len) == 0);
	if (by_chance(3)) {
		s->choked = 1;
		s->reading = 0;
	}
	return 0;
}

size_t
sock_unsent(struct sock *s)
{
	return !s->dropped && s->choked;
}

int
sock_choked(struct sock *s)
{
	return sock_unsent(s) > 0;
}

void
sock_read(struct sock *s, int on)
{
	if (!s->dropped)
		s->reading = on;
}

void
sock_shutdown(struct sock *s)
{
	ASSERT(s->dropped || !s->choked);
	s->shut = 1;
}

void
sock_drop(struct sock *s)
{
	s->dropped = 1;
	s->reading = 0;
}

/*
 * The handlers
 */
static void
note(char what, struct rotor_str s)
{
	char head[2] = { what, ' ' };

	ASSERT(bytes_append(&rig.seen, head, 2) == 0 && bytes_append(&rig.seen, s.p, s.len) == 0 &&
	    bytes_append(&rig.seen, "\n", 1) == 0);
}

static void
answer(struct rotor_http_request *r)
{
	static char large[LARGE_ANSWER];
	int is_large = r->query.len > 0 && r->query.p[0] == 'L';
	struct rotor_http_header fields[] = { { "X-A", "b" }, { "X-Bad", "c\nd" } };
	struct rotor_http_response res = { .size = sizeof res, .status = 200, .n_headers = 2,
	    .headers = fields, .content_type = "text/plain", .body = r->body };

	if (is_large)
		res.body = (struct rotor_str){ large, sizeof large };
	note('=', rotor_http_header(r, "x-id"));
	rotor_http_respond(r, &res);
}

static void
handle(void *ctx, struct rotor_http_request *r)
{
	ASSERT(ctx == &rig && rig.late == NULL && r->body.len <= BODY_LIMIT);
	note('0' + (char)r->method, r->path);
	note('?', r->query);
	note('b', r->body);
	if (rig.rough && draw(2) == 0)
		rig.late = r;
	else
		answer(r);
}

static uint32_t
admit(void *ctx, struct rotor_http_request *r)
{
	(void)ctx;
	return r->method == ROTOR_HTTP_POST ? 0 : r->method == ROTOR_HTTP_GET ? 405 : 401;
}

static uint32_t
ws_accept(void *ctx, struct rotor_http_request *r)
{
	(void)ctx;
	return rotor_http_header(r, "origin").len > 0 ? 403 : 0;
}

static void *
ws_open(void *ctx, struct rotor_http_request *r, struct rotor_ws *ws, struct rotor_str subprotocol)
{
	note('w', r->query);
	note('s', subprotocol);
	rig.ws = ws;
	rig.ws_open = 1;
	return ctx;
}

static void
ws_message(void *conn, const void *data, size_t len)
{
	ASSERT(conn == &rig && rig.ws_open);
	note('m', (struct rotor_str){ data, len });
	if (len > 0 && *(const char *)data == 'X')
		rig.ws->ops->close(rig.ws, 3000, "X");
}

static void
ws_writable(void *conn)
{
	ASSERT(conn == &rig && rig.ws_open);
}

static void
ws_pong(void *conn)
{
	ASSERT(conn == &rig && rig.ws_open);
	note('p', (struct rotor_str){ NULL, 0 });
}

static void
ws_closed(void *conn)
{
	ASSERT(conn == &rig && rig.ws_open);
	rig.ws_open = 0;
}

static const struct rotor_ws_handler ws_handler = {
	.size = sizeof ws_handler, .subprotocols = "a,b", .max_message = 200, .max_inflated = 400,
	.deflate = 1, .deflate_level = 1, .accept = ws_accept, .open = ws_open, .message = ws_message,
	.writable = ws_writable, .pong = ws_pong, .closed = ws_closed,
};

#define ROUTE	.size = sizeof(struct rotor_http_route), .flags = ROTOR_HTTP_EXTERNAL

static const struct rotor_http_route routes[] = {
	{ ROUTE | ROTOR_HTTP_PREFIX, .path = "/a", .max_body = BODY_LIMIT, .handle = handle },
	{ ROUTE, .path = "/p", .max_body = BODY_LIMIT, .admit = admit, .handle = handle, .allow = "POST",
	    .challenge = "x" },
	{ ROUTE, .path = "/w", .max_body = BODY_LIMIT, .handle = handle, .ws = &ws_handler, .allow = "GET" },
	{ ROUTE, .path = "/v", .max_body = BODY_LIMIT, .ws = &ws_handler },
};

void
rotor_http_route_foreach(struct rotor_instance *inst, rotor_http_route_f *fn, void *priv)
{
	(void)inst;
	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
		fn(priv, &routes[i], &rig);
}

/*
 * A connection's life
 */
static void
rig_open(int rough, uint64_t seed)
{
	struct http_origin from = { .listener = ROTOR_HTTP_EXTERNAL };

	rig.rough = rough;
	rig.random = seed;
	rig.conf.max_header_size = HEAD_MAX;
	rig.http.conf = &rig.conf;
	rig.hw.http = &rig.http;
	if (rig.http.log == NULL)
		rig.http.log = log_new("/dev/null", ROTOR_LOG_INFO, LOG_JSON);
	rig.hw.n_conns = 1;
	rig.hw.n_held = 2;
	rig.sock = (struct sock){ .reading = 1 };
	for (int i = 0; i < N_LISTS; i++)
		TAILQ_INIT(&rig.hw.lists[i]);
	ASSERT(http_routes_load(&rig.http.routes, NULL) == 0);
	rig.sock.conn = http_conn_handler.opened(&rig.hw, &rig.sock, &from);
	ASSERT(rig.sock.conn != NULL && rig.n_metric == 1);
}

static void
rig_close(void)
{
	http_conn_handler.closed(rig.sock.conn);
	if (rig.late != NULL) {
		struct rotor_http_request *r = rig.late;

		rig.late = NULL;
		answer(r);
	}
	for (int i = 0; i < N_LISTS; i++)
		ASSERT(TAILQ_EMPTY(&rig.hw.lists[i]));
	ASSERT(rig.n_metric == 0 && rig.held == 0 && rig.hw.hoard == 0 && !rig.ws_open);
	rig.job = 0;
	http_compressor_free(&rig.hw);
	http_routes_fini(&rig.http.routes);
}

/* Lets one thing happen that the connection waits for.  0: there is none. */
static int
settle_one(void)
{
	struct rotor_http_request *r = rig.late;

	if (rig.sock.dropped)
		return 0;
	if (rig.sock.choked) {
		rig.sock.choked = 0;
		http_conn_handler.writable(rig.sock.conn);
	} else if (r != NULL) {
		rig.late = NULL;
		answer(r);
	} else if (rig.job) {
		rig.job = http_take_turns(NULL, &rig.hw) == ROTOR_AGAIN;
	} else {
		return 0;
	}
	return 1;
}

static void
settle(void)
{
	while (settle_one())
		;
}

/* In a block of its own: the last byte is the last of it, and it may be written to. */
static void
send_piece(const uint8_t *p, size_t len)
{
	unsigned char *copy = malloc(len);

	ASSERT(copy != NULL);
	memcpy(copy, p, len);
	http_conn_handler.input(rig.sock.conn, copy, len);
	free(copy);
}

/* Sends all of it, or until the connection is dropped. */
static void
send_all(const uint8_t *p, size_t len)
{
	size_t at = 0, n;

	while (at < len && !rig.sock.dropped) {
		if (by_chance(2) && settle_one())
			continue;
		if (!rig.sock.reading) {
			/* Whoever does not read waits for something. */
			ASSERT(settle_one());
			continue;
		}
		n = len - at;
		if (rig.rough)
			n = 1 + draw(draw(3) == 0 ? (unsigned)n : n < 8 ? (unsigned)n : 8);
		send_piece(p + at, n);
		at += n;
	}
}

/* Dates are no difference. */
static void
blank_dates(struct bytes *b)
{
	static const char name[] = "\r\nDate: ";
	size_t at = 0;
	char *p;

	while (at < b->len && (p = memmem(b->p + at, b->len - at, name, sizeof name - 1)) != NULL) {
		at = (size_t)(p - b->p) + sizeof name - 1;
		memset(b->p + at, '-', HTTP_DATE_LEN);
	}
}

/* What came of it. */
struct outcome {
	struct bytes	out, seen;
	int		over;
};

static struct outcome
run(int rough, uint64_t seed, const uint8_t *p, size_t len, int go_away)
{
	struct outcome o;

	rig_open(rough, seed);
	send_all(p, len);
	if (!go_away)
		settle();
	if (!go_away && !rig.sock.dropped && rig.sock.reading && !rig.sock.shut) {
		o.over = 0;
		http_conn_handler.ended(rig.sock.conn);
		settle();
		ASSERT(rig.sock.dropped);
	} else {
		o.over = rig.sock.dropped || rig.sock.shut;
		ASSERT(go_away || o.over);
	}
	rig_close();
	blank_dates(&rig.out);
	o.out = rig.out;
	o.seen = rig.seen;
	rig.out = (struct bytes){ 0 };
	rig.seen = (struct bytes){ 0 };
	return o;
}

static int
is_same(const struct bytes *a, const struct bytes *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->p, b->p, a->len) == 0);
}

static void
outcome_fini(struct outcome *o)
{
	bytes_fini(&o->out);
	bytes_fini(&o->seen);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct outcome whole, cut, gone;
	uint32_t seed;

	if (len <= SEED_LEN)
		return 0;
	memcpy(&seed, data, SEED_LEN);
	data += SEED_LEN;
	len -= SEED_LEN;
	whole = run(0, 0, data, len, 0);
	cut = run(1, seed, data, len, 0);
	ASSERT(is_same(&whole.seen, &cut.seen) && is_same(&whole.out, &cut.out) && whole.over == cut.over);
	gone = run(1, seed + 1, data, 1 + seed % len, 1);
	outcome_fini(&whole);
	outcome_fini(&cut);
	outcome_fini(&gone);
	return 0;
}
