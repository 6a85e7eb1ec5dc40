/* SPDX-License-Identifier: MIT */
/* test_engine_memory.c - the memory engine's broker. */
#include "config.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <rotor/codes.h>

#include "engine_memory/history.h"

#define STR(s)		((struct rotor_str){ (s), sizeof(s) - 1 })
#define MINUTE_MS	60000
#define META_MS		(60 * MINUTE_MS)
#define MAX_PUBS	64
#define N_THREADS	4
#define N_EACH		500

/* The clock and the deliveries of the running test. */
static int64_t test_now_ms;
static int test_deliver_result;
static size_t n_delivered;
static struct rotor_publication *delivered[N_THREADS * N_EACH];
static uint64_t delivered_prev;		/* offset of the last one's predecessor; 0: none came along */

static int64_t
test_clock(void)
{
	return (test_now_ms);
}

static int64_t
test_unix(void)
{
	return (1700000000000 + test_now_ms);
}

/* The broker's order is what keeps this from being a race; see test_threads(). */
static int
test_deliver(struct rotor_server *srv, struct rotor_publication *pub, struct rotor_publication *prev)
{
	(void)srv;
	assert_true(n_delivered < N_THREADS * N_EACH);
	delivered[n_delivered++] = rotor_publication_ref(pub);
	delivered_prev = prev != NULL ? prev->offset : 0;
	return (test_deliver_result);
}

/* Channels that begin with this have subscribers. */
static char test_wanted_prefix;
static int64_t test_max_bytes;

static int
test_wanted(struct rotor_server *srv, struct rotor_str channel)
{
	(void)srv;
	return (channel.len > 0 && channel.p[0] == test_wanted_prefix);
}

static void
delivered_clear(void)
{
	while (n_delivered > 0)
		rotor_publication_unref(&delivered[--n_delivered]);
}

static int
setup(void **state)
{
	const struct history_env env = { test_clock, test_unix, test_deliver, NULL, test_wanted,
	    test_max_bytes };

	test_now_ms = 1000;
	test_deliver_result = 1;
	test_wanted_prefix = '\0';
	*state = history_new(&env);
	return (*state == NULL);
}

#define SMALL_BYTES	(256 * 1024)

static int
setup_small(void **state)
{
	int r;

	test_max_bytes = SMALL_BYTES;
	r = setup(state);
	test_max_bytes = 0;
	return (r);
}

static size_t
held(struct history *h)
{
	struct history_totals t;

	history_count(h, &t);
	return (t.streams + t.results);
}

static int
teardown(void **state)
{
	struct history *h = *state;

	history_free(&h);
	assert_null(h);
	delivered_clear();
	return (0);
}

struct published {
	uint32_t	calls, code, suppressed;
	uint64_t	offset;
	char		epoch[64];
};

static void
str_keep(char *to, size_t size, struct rotor_str s)
{
	assert_true(s.len < size);
	if (s.len > 0)
		memcpy(to, s.p, s.len);
	to[s.len] = '\0';
}

static void
on_published(void *token, uint32_t code, const struct rotor_publish_result *res)
{
	struct published *p = token;

	p->calls++;
	p->code = code;
	p->suppressed = res->suppressed;
	p->offset = res->position.offset;
	str_keep(p->epoch, sizeof p->epoch, res->position.epoch);
}

/* A publish request, and the publication in it. */
struct request {
	struct rotor_publish		req;
	struct rotor_publication	pub;
};

static void
request_init(struct request *r, const char *channel, const char *data)
{
	memset(r, 0, sizeof *r);
	r->pub.size = sizeof r->pub;
	r->pub.channel = (struct rotor_str){ channel, strlen(channel) };
	r->pub.data = (struct rotor_str){ data, strlen(data) };
	r->req.size = sizeof r->req;
	r->req.history_size = 10;
	r->req.history_ttl_ms = MINUTE_MS;
	r->req.history_meta_ttl_ms = META_MS;
	r->req.idempotency_ttl_ms = 300000;
	r->req.pub = &r->pub;
}

static struct published
request_send(struct history *h, const struct request *r)
{
	struct published p = { 0 };

	history_broker.publish(h, NULL, &r->req, on_published, &p);
	assert_int_equal(p.calls, 1);
	return (p);
}

static struct published
publish(struct history *h, const char *channel, const char *data)
{
	struct request r;

	request_init(&r, channel, data);
	return (request_send(h, &r));
}

static void
publish_n(struct history *h, const char *channel, int n)
{
	while (n-- > 0)
		assert_int_equal(publish(h, channel, "{}").code, 0);
}

struct got {
	uint32_t	calls, code;
	uint64_t	top;
	char		epoch[64];
	size_t		n;
	uint64_t	offsets[MAX_PUBS];
	const struct rotor_publication	*pubs[MAX_PUBS];
};

static void
on_history(void *token, uint32_t code, const struct rotor_history *res)
{
	struct got *g = token;
	size_t i;

	g->calls++;
	g->code = code;
	g->top = res->top.offset;
	str_keep(g->epoch, sizeof g->epoch, res->top.epoch);
	g->n = res->n_pubs;
	assert_true(g->n <= MAX_PUBS);
	for (i = 0; i < g->n; i++) {
		g->offsets[i] = res->pubs[i]->offset;
		g->pubs[i] = res->pubs[i];
	}
}

static struct got
query(struct history *h, const char *channel, const struct rotor_history_query *q)
{
	struct rotor_history_query full = *q;
	struct got g = { 0 };

	full.size = sizeof full;
	full.history_meta_ttl_ms = META_MS;
	history_broker.history(h, NULL, (struct rotor_str){ channel, strlen(channel) }, &full,
	    on_history, &g);
	assert_int_equal(g.calls, 1);
	return (g);
}

static struct got
query_all(struct history *h, const char *channel)
{
	return (query(h, channel, &(struct rotor_history_query){ .limit = -1 }));
}

/* `want` ends with 0. */
static void
assert_offsets(const struct got *g, const uint64_t *want)
{
	size_t i;

	assert_int_equal(g->code, 0);
	for (i = 0; want[i] != 0; i++) {
		assert_true(i < g->n);
		assert_int_equal(g->offsets[i], want[i]);
	}
	assert_int_equal(g->n, i);
}

#define OFFSETS(...)	((const uint64_t[]){ __VA_ARGS__ })

static void
on_done(void *token, uint32_t code)
{
	uint32_t *calls = token;

	assert_int_equal(code, 0);
	++*calls;
}

static void
history_remove_ok(struct history *h, struct rotor_str channel)
{
	uint32_t calls = 0;

	history_broker.history_remove(h, NULL, channel, on_done, &calls);
	assert_int_equal(calls, 1);
}

static void
test_offsets_and_epoch(void **state)
{
	struct history *h = *state;
	struct published a = publish(h, "c", "{\"n\":1}"), b = publish(h, "c", "{\"n\":2}");
	struct published other = publish(h, "d", "{}");
	size_t i;

	assert_int_equal(a.offset, 1);
	assert_int_equal(b.offset, 2);
	assert_int_equal(other.offset, 1);
	assert_string_equal(a.epoch, b.epoch);
	assert_string_not_equal(a.epoch, other.epoch);
	assert_int_equal(strlen(a.epoch), 8);
	for (i = 0; i < 8; i++)
		assert_true(isalpha((unsigned char)a.epoch[i]));
	assert_int_equal(n_delivered, 3);
	assert_int_equal(delivered[1]->offset, 2);
	assert_int_equal(delivered[1]->epoch.len, 8);
	assert_memory_equal(delivered[1]->epoch.p, a.epoch, 8);
	assert_int_equal(delivered[1]->time_ms, test_unix());
	assert_int_equal(delivered[1]->data.len, 7);
	assert_memory_equal(delivered[1]->data.p, "{\"n\":2}", 7);
}

static void
test_stored_is_delivered(void **state)
{
	struct history *h = *state;
	struct got g;

	publish_n(h, "c", 1);
	g = query_all(h, "c");
	assert_int_equal(g.n, 1);
	assert_ptr_equal(g.pubs[0], delivered[0]);
}

/* Of a history of one too, where it goes as its successor comes. */
static void
test_predecessor_for_deltas(void **state)
{
	struct history *h = *state;
	struct request r;

	request_init(&r, "c", "{}");
	r.req.history_size = 1;
	r.pub.flags = ROTOR_PUB_DELTA;
	(void)request_send(h, &r);
	assert_int_equal(delivered_prev, 0);
	(void)request_send(h, &r);
	assert_int_equal(delivered_prev, 1);
	r.pub.flags = 0;
	(void)request_send(h, &r);
	assert_int_equal(delivered_prev, 0);
	r.pub.flags = ROTOR_PUB_DELTA;
	history_remove_ok(h, r.pub.channel);
	(void)request_send(h, &r);
	assert_int_equal(delivered[3]->offset, 4);
	assert_int_equal(delivered_prev, 0);
}

static void
test_without_history(void **state)
{
	struct history *h = *state;
	struct published p;
	struct request r;

	request_init(&r, "c", "{}");
	r.req.history_size = 0;
	p = request_send(h, &r);
	assert_int_equal(p.code, 0);
	assert_int_equal(p.offset, 0);
	assert_string_equal(p.epoch, "");
	assert_int_equal(delivered[0]->offset, 0);
	assert_int_equal(delivered[0]->epoch.len, 0);
	assert_int_equal(held(h), 0);
}

static void
test_skip_history(void **state)
{
	struct history *h = *state;
	struct request r;

	publish_n(h, "c", 2);
	request_init(&r, "c", "{}");
	r.req.flags = ROTOR_SKIP_HISTORY;
	assert_int_equal(request_send(h, &r).offset, 0);
	assert_int_equal(delivered[2]->offset, 0);
	assert_int_equal(query_all(h, "c").top, 2);
	assert_int_equal(query_all(h, "c").n, 2);
}

static void
test_join_and_leave(void **state)
{
	const struct rotor_client_info info = { STR("u"), STR("id"), STR("{}"), { NULL, 0 } };
	struct history *h = *state;
	struct request r;

	request_init(&r, "c", "");
	r.pub.kind = ROTOR_JOIN;
	r.pub.info = &info;
	assert_int_equal(request_send(h, &r).offset, 0);
	r.pub.kind = ROTOR_LEAVE;
	assert_int_equal(request_send(h, &r).code, 0);
	assert_int_equal(n_delivered, 2);
	assert_int_equal(delivered[0]->kind, ROTOR_JOIN);
	assert_int_equal(delivered[1]->kind, ROTOR_LEAVE);
	assert_int_equal(delivered[0]->offset, 0);
	assert_memory_equal(delivered[0]->info->user.p, "u", 1);
	assert_int_equal(held(h), 0);
}

static void
test_read_creates(void **state)
{
	struct history *h = *state;
	struct got g = query(h, "c", &(struct rotor_history_query){ .limit = 0 });

	assert_int_equal(g.code, 0);
	assert_int_equal(g.top, 0);
	assert_int_equal(g.n, 0);
	assert_int_equal(strlen(g.epoch), 8);
	assert_string_equal(publish(h, "c", "{}").epoch, g.epoch);
}

static void
test_read_without_since(void **state)
{
	struct history *h = *state;
	struct got g;

	publish_n(h, "c", 5);
	g = query_all(h, "c");
	assert_offsets(&g, OFFSETS(1, 2, 3, 4, 5, 0));
	g = query(h, "c", &(struct rotor_history_query){ .limit = 2 });
	assert_offsets(&g, OFFSETS(1, 2, 0));
	g = query(h, "c", &(struct rotor_history_query){ .limit = 2, .reverse = 1 });
	assert_offsets(&g, OFFSETS(5, 4, 0));
	g = query(h, "c", &(struct rotor_history_query){ .limit = 0, .reverse = 1 });
	assert_offsets(&g, OFFSETS(0));
	assert_int_equal(g.top, 5);
}

/* Offsets 1-15 published, 6-15 kept. */
static void
test_read_since(void **state)
{
	static const struct {
		uint64_t	since;
		uint32_t	reverse;
		int32_t		limit;
		uint64_t	want[12];
	} rows[] = {
		{ 12, 0, -1, { 13, 14, 15, 0 } },
		{ 12, 0, 2, { 13, 14, 0 } },
		{ 12, 0, 0, { 0 } },
		{ 15, 0, -1, { 0 } },
		{ 16, 0, -1, { 0 } },
		{ UINT64_MAX, 0, -1, { 0 } },
		{ 5, 0, 1, { 6, 0 } },
		{ 2, 0, 2, { 6, 7, 0 } },	/* 3 is gone: from the oldest */
		{ 0, 0, 1, { 6, 0 } },
		{ 9, 1, -1, { 8, 7, 6, 0 } },
		{ 9, 1, 2, { 8, 7, 0 } },
		{ 16, 1, 1, { 15, 0 } },
		{ 17, 1, -1, { 0 } },		/* 16 was never there */
		{ 7, 1, -1, { 6, 0 } },
		{ 6, 1, -1, { 0 } },		/* 5 is gone */
		{ 1, 1, -1, { 0 } },
		{ 0, 1, -1, { 0 } },
		{ UINT64_MAX, 1, -1, { 0 } },
	};
	struct history *h = *state;
	struct rotor_history_query q;
	struct got g;
	size_t i;

	publish_n(h, "c", 15);
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		q = (struct rotor_history_query){ .has_since = 1, .reverse = rows[i].reverse,
		    .limit = rows[i].limit, .since = { rows[i].since, { NULL, 0 } } };
		g = query(h, "c", &q);
		assert_offsets(&g, rows[i].want);
		assert_int_equal(g.top, 15);
	}
}

static void
test_read_epoch(void **state)
{
	struct history *h = *state;
	struct rotor_history_query q = { .has_since = 1, .limit = -1 };
	struct got g;

	publish_n(h, "c", 2);
	g = query_all(h, "c");
	q.since.epoch = (struct rotor_str){ g.epoch, 8 };
	g = query(h, "c", &q);
	assert_offsets(&g, OFFSETS(1, 2, 0));
	q.since.epoch = STR("nonesuch");
	g = query(h, "c", &q);
	assert_int_equal(g.code, ROTOR_ERR_UNRECOVERABLE);
	assert_int_equal(g.top, 2);
	assert_int_equal(strlen(g.epoch), 8);
	assert_int_equal(g.n, 0);
	q.since.epoch = STR("x");
	q.limit = 0;
	assert_int_equal(query(h, "c", &q).code, ROTOR_ERR_UNRECOVERABLE);
}

static void
test_read_many(void **state)
{
	struct history *h = *state;
	struct request r;
	struct got g;
	uint64_t i;

	request_init(&r, "c", "{}");
	r.req.history_size = MAX_PUBS;
	for (i = 0; i < 200; i++)
		request_send(h, &r);
	g = query_all(h, "c");
	assert_int_equal(g.n, MAX_PUBS);
	for (i = 0; i < g.n; i++)
		assert_int_equal(g.offsets[i], 200 - MAX_PUBS + 1 + i);
}

static void
test_size_changes(void **state)
{
	static const struct {
		uint32_t	size;
		uint64_t	oldest;
	} rows[] = {
		{ 10, 1 }, { 10, 1 }, { 10, 1 }, { 10, 1 }, { 10, 1 }, { 10, 1 }, { 2, 6 }, { 2, 7 },
		{ 20, 7 }, { 20, 7 }, { 1, 11 }, { 5, 11 }, { 5, 11 }, { 5, 11 }, { 5, 11 }, { 5, 12 },
		{ UINT32_MAX, 12 }, { 3, 16 },
	};
	struct history *h = *state;
	struct request r;
	struct got g;
	size_t i, k;

	request_init(&r, "c", "{}");
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		r.req.history_size = rows[i].size;
		assert_int_equal(request_send(h, &r).offset, i + 1);
		g = query_all(h, "c");
		assert_int_equal(g.n, i + 2 - rows[i].oldest);
		for (k = 0; k < g.n; k++)
			assert_int_equal(g.offsets[k], rows[i].oldest + k);
	}
}

static void
test_history_remove(void **state)
{
	struct history *h = *state;
	struct got before, after;

	history_remove_ok(h, STR("never"));
	publish_n(h, "c", 3);
	before = query_all(h, "c");
	history_remove_ok(h, STR("c"));
	after = query_all(h, "c");
	assert_offsets(&after, OFFSETS(0));
	assert_int_equal(after.top, 3);
	assert_string_equal(after.epoch, before.epoch);
	assert_int_equal(publish(h, "c", "{}").offset, 4);
	after = query_all(h, "c");
	assert_offsets(&after, OFFSETS(4, 0));
}

static void
test_items_expire(void **state)
{
	struct history *h = *state;
	struct published p = publish(h, "c", "{}");
	struct got g;

	test_now_ms += MINUTE_MS - 1;
	publish_n(h, "c", 1);			/* restarts the clock of both */
	test_now_ms += MINUTE_MS - 1;
	assert_int_equal(query_all(h, "c").n, 2);	/* reading does not */
	test_now_ms += 1;
	g = query_all(h, "c");
	assert_offsets(&g, OFFSETS(0));
	assert_int_equal(g.top, 2);
	assert_string_equal(g.epoch, p.epoch);
	assert_int_equal(publish(h, "c", "{}").offset, 3);
}

static void
test_meta_expires(void **state)
{
	struct history *h = *state;
	struct published p = publish(h, "c", "{}");
	struct got g;

	test_now_ms += META_MS - 1;
	assert_int_equal(query_all(h, "c").top, 1);	/* restarts the clock */
	test_now_ms += META_MS - 1;
	assert_string_equal(query_all(h, "c").epoch, p.epoch);
	test_now_ms += META_MS;
	g = query_all(h, "c");
	assert_int_equal(g.top, 0);
	assert_string_not_equal(g.epoch, p.epoch);
	test_now_ms += META_MS;
	assert_int_equal(publish(h, "c", "{}").offset, 1);
}

static void
test_ttl_shortened(void **state)
{
	struct history *h = *state;
	struct request r;

	request_init(&r, "c", "{}");
	request_send(h, &r);
	r.req.history_ttl_ms = 1000;
	request_send(h, &r);
	test_now_ms += 1000;
	assert_int_equal(query_all(h, "c").n, 0);
	r.req.history_meta_ttl_ms = 2000;
	request_send(h, &r);
	test_now_ms += 2000;
	assert_int_equal(history_sweep(h, 1000), 0);
	assert_int_equal(held(h), 0);
}

static void
test_ttl_extremes(void **state)
{
	struct history *h = *state;
	struct request r;

	request_init(&r, "c", "{}");
	r.req.history_ttl_ms = INT64_MAX;
	r.req.history_meta_ttl_ms = INT64_MAX;
	r.req.idempotency_ttl_ms = INT64_MAX;
	r.req.idempotency_key = STR("k");
	request_send(h, &r);
	r.req.history_meta_ttl_ms = 0;		/* never */
	r.req.idempotency_key = STR("l");
	request_send(h, &r);
	test_now_ms = INT64_MAX - 1;
	assert_int_equal(history_sweep(h, 1000), 0);
	assert_int_equal(query_all(h, "c").n, 2);
	assert_int_equal(held(h), 3);
}

static void
test_sweep(void **state)
{
	struct history *h = *state;
	char name[32];
	int i;

	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "c%d", i);
		publish(h, name, "{}");
	}
	delivered_clear();
	assert_int_equal(held(h), 1000);
	test_now_ms += MINUTE_MS;
	assert_int_equal(history_sweep(h, SIZE_MAX), 0);
	assert_int_equal(held(h), 1000);	/* empty, but still numbered */
	test_now_ms += META_MS - MINUTE_MS - 1;
	publish(h, "c7", "{}");
	test_now_ms += 1;
	assert_int_equal(history_sweep(h, 300), 1);	/* a part at a time */
	while (history_sweep(h, 300))
		assert_true(held(h) > 1);
	assert_int_equal(held(h), 1);
	assert_int_equal(query_all(h, "c7").top, 2);
}

static struct history_totals
totals(struct history *h)
{
	struct history_totals t;

	history_count(h, &t);
	return (t);
}

/* Looks at `n` channels that nobody has ever heard of, or publishes to them. */
static void
invent(struct history *h, const char *prefix, int n, int with_publication)
{
	char name[32];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof name, "%s%d", prefix, i);
		if (with_publication)
			assert_int_equal(publish(h, name, "{}").code, 0);
		else
			assert_int_equal(query_all(h, name).code, 0);
		delivered_clear();
	}
}

/* Whoever invents names does not get more memory than there is for it. */
static void
test_evict_bound(void **state)
{
	struct history *h = *state;
	struct request r;
	char key[32];

	invent(h, "look", 20000, 0);
	assert_in_range(totals(h).bytes, SMALL_BYTES / 2, SMALL_BYTES * 17 / 16);
	assert_true(totals(h).evicted > 10000);
	invent(h, "pub", 20000, 1);
	assert_in_range(totals(h).bytes, SMALL_BYTES / 2, SMALL_BYTES * 17 / 16);
	assert_true(totals(h).publications > 100);
	request_init(&r, "keys", "{}");
	r.req.history_size = 0;
	for (int i = 0; i < 20000; i++) {
		snprintf(key, sizeof key, "%d", i);
		r.req.idempotency_key = (struct rotor_str){ key, strlen(key) };
		assert_int_equal(request_send(h, &r).suppressed, 0);
		delivered_clear();
	}
	assert_in_range(totals(h).bytes, SMALL_BYTES / 2, SMALL_BYTES * 17 / 16);
	test_now_ms += META_MS;
	while (history_sweep(h, SIZE_MAX))
		;
	assert_int_equal(held(h), 0);
	assert_int_equal(totals(h).bytes, 0);
	assert_int_equal(totals(h).publications, 0);
}

/* What is empty goes first.  A stream that is gone has no past: who held a position in it
 * learns so, whatever the offset. */
static void
test_evict_order(void **state)
{
	struct history *h = *state;
	struct got before, after;

	publish_n(h, "mine", 3);
	before = query_all(h, "mine");
	invent(h, "look", 5000, 0);
	after = query_all(h, "mine");
	assert_string_equal(after.epoch, before.epoch);
	assert_int_equal(after.n, 3);
	invent(h, "pub", 10000, 1);
	publish_n(h, "mine", 5);
	after = query(h, "mine", &(struct rotor_history_query){ .limit = -1, .has_since = 1,
	    .since = { 3, { before.epoch, strlen(before.epoch) } } });
	assert_int_equal(after.code, ROTOR_ERR_UNRECOVERABLE);
	assert_string_not_equal(after.epoch, before.epoch);
	assert_int_equal(after.top, 5);
}

/* A channel with subscribers loses its publications at most: offsets go on. */
static void
test_evict_wanted(void **state)
{
	struct history *h = *state;
	struct published first, next;

	test_wanted_prefix = 'w';
	first = publish(h, "with", "{}");
	publish_n(h, "with", 2);
	invent(h, "pub", 20000, 1);
	invent(h, "w", 200, 1);
	next = publish(h, "with", "{}");
	assert_int_equal(next.offset, 4);
	assert_string_equal(next.epoch, first.epoch);
}

/* One stream that takes all there is: nobody comes to its shard, but the sweep does. */
static void
test_evict_sweep(void **state)
{
	static char data[SMALL_BYTES / 4];
	struct history *h = *state;
	struct request r;
	struct got got;

	test_wanted_prefix = 'w';
	memset(data, '1', sizeof data - 1);
	request_init(&r, "w", data);
	r.req.history_size = 1000;
	for (int i = 0; i < 6; i++)
		request_send(h, &r);
	delivered_clear();
	assert_true(totals(h).bytes > SMALL_BYTES);
	assert_int_equal(history_sweep(h, SIZE_MAX), 0);
	assert_true(totals(h).bytes <= SMALL_BYTES);
	got = query_all(h, "w");
	assert_int_equal(got.top, 6);
	assert_int_equal(got.n, 0);
}

static void
test_idempotency(void **state)
{
	struct history *h = *state;
	struct published first, again;
	struct request r;

	request_init(&r, "c", "{}");
	r.req.idempotency_key = STR("k");
	first = request_send(h, &r);
	publish_n(h, "c", 3);
	test_now_ms += 299999;
	again = request_send(h, &r);
	assert_int_equal(again.code, 0);
	assert_int_equal(again.suppressed, ROTOR_SUPPRESSED_KEY);
	assert_int_equal(again.offset, first.offset);
	assert_string_equal(again.epoch, first.epoch);
	assert_int_equal(n_delivered, 4);

	r.req.idempotency_key = STR("k2");
	assert_int_equal(request_send(h, &r).offset, 5);
	r.req.idempotency_key = STR("k");
	r.pub.channel = STR("d");		/* keys are per channel */
	assert_int_equal(request_send(h, &r).offset, 1);
	r.pub.channel = STR("c");
	test_now_ms += 1;			/* forgotten */
	again = request_send(h, &r);
	assert_int_equal(again.suppressed, 0);
	assert_int_equal(again.offset, 6);
}

/* "ab" + "c" is not "a" + "bc". */
static void
test_idempotency_names(void **state)
{
	struct history *h = *state;
	struct request r;

	request_init(&r, "ab", "{}");
	r.req.history_size = 0;
	r.req.idempotency_key = STR("c");
	request_send(h, &r);
	r.pub.channel = STR("a");
	r.req.idempotency_key = STR("bc");
	assert_int_equal(request_send(h, &r).suppressed, 0);
	assert_int_equal(request_send(h, &r).suppressed, ROTOR_SUPPRESSED_KEY);
	assert_int_equal(request_send(h, &r).offset, 0);
	assert_int_equal(n_delivered, 2);
	test_now_ms += 300000;
	assert_int_equal(history_sweep(h, SIZE_MAX), 0);
	assert_int_equal(held(h), 0);
}

static struct published
publish_version(struct history *h, uint64_t version, struct rotor_str epoch)
{
	struct request r;

	request_init(&r, "c", "{}");
	r.pub.version = version;
	r.req.version_epoch = epoch;
	return (request_send(h, &r));
}

static void
test_versions(void **state)
{
	static const struct {
		uint64_t	version;
		struct rotor_str	epoch;
		uint32_t	suppressed;
		uint64_t	offset;
	} rows[] = {
		{ 5, STR(""), 0, 1 },
		{ 5, STR(""), ROTOR_SUPPRESSED_VERSION, 1 },
		{ 4, STR(""), ROTOR_SUPPRESSED_VERSION, 1 },
		{ 6, STR("a"), 0, 2 },
		{ 6, STR("a"), ROTOR_SUPPRESSED_VERSION, 2 },
		{ 6, STR(""), ROTOR_SUPPRESSED_VERSION, 2 },
		{ 1, STR("b"), 0, 3 },		/* versions of another life */
		{ 1, STR("b"), ROTOR_SUPPRESSED_VERSION, 3 },
		{ 2, STR("b"), 0, 4 },
	};
	struct history *h = *state;
	struct published p;
	size_t i, n = 0;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		p = publish_version(h, rows[i].version, rows[i].epoch);
		n += rows[i].suppressed == 0;
		assert_int_equal(p.code, 0);
		assert_int_equal(p.suppressed, rows[i].suppressed);
		assert_int_equal(p.offset, rows[i].offset);
		assert_int_equal(strlen(p.epoch), 8);
		assert_int_equal(n_delivered, n);
	}
}

static void
test_versions_need_history(void **state)
{
	struct history *h = *state;
	struct request r;

	request_init(&r, "c", "{}");
	r.pub.version = 3;
	r.req.history_ttl_ms = 0;
	assert_int_equal(request_send(h, &r).suppressed, 0);
	assert_int_equal(request_send(h, &r).suppressed, 0);
	assert_int_equal(n_delivered, 2);
}

/* An idempotency key is looked at before a version. */
static void
test_key_before_version(void **state)
{
	struct history *h = *state;
	struct request r;

	request_init(&r, "c", "{}");
	r.pub.version = 1;
	r.req.idempotency_key = STR("k");
	request_send(h, &r);
	publish_version(h, 2, STR(""));
	assert_int_equal(request_send(h, &r).suppressed, ROTOR_SUPPRESSED_KEY);
	assert_int_equal(request_send(h, &r).offset, 1);
	r.req.idempotency_key = STR("k2");
	assert_int_equal(request_send(h, &r).suppressed, ROTOR_SUPPRESSED_VERSION);
	assert_int_equal(request_send(h, &r).suppressed, ROTOR_SUPPRESSED_VERSION);
}

/* What is in the history although it could not be delivered is not stored twice. */
static void
test_delivery_fails(void **state)
{
	struct history *h = *state;
	struct published p;
	struct request r;

	test_deliver_result = -12;
	request_init(&r, "c", "{}");
	r.req.idempotency_key = STR("k");
	p = request_send(h, &r);
	assert_int_equal(p.code, ROTOR_ERR_INTERNAL);
	assert_int_equal(p.offset, 1);
	test_deliver_result = 1;
	p = request_send(h, &r);
	assert_int_equal(p.code, 0);
	assert_int_equal(p.offset, 1);
	assert_int_equal(query_all(h, "c").n, 1);
}

static void
on_published_again(void *token, uint32_t code, const struct rotor_publish_result *res)
{
	struct history *h = token;

	assert_int_equal(code, 0);
	assert_int_equal(res->position.offset, 1);
	assert_int_equal(publish(h, "c", "{}").offset, 2);
	assert_int_equal(query_all(h, "c").n, 2);
}

/* `done` may use the broker. */
static void
test_reentry(void **state)
{
	struct history *h = *state;
	struct request r;

	request_init(&r, "c", "{}");
	history_broker.publish(h, NULL, &r.req, on_published_again, h);
}

static void *
publisher(void *arg)
{
	struct published p = { 0 };
	struct request r;
	uint64_t last = 0;
	int i;

	request_init(&r, "c", "{}");
	for (i = 0; i < N_EACH; i++) {
		history_broker.publish(arg, NULL, &r.req, on_published, &p);
		if (p.code != 0 || p.offset <= last)
			return (arg);
		last = p.offset;
	}
	return (NULL);
}

/* Several publishers of one channel, with readers: no offset is left out, and they are
 * delivered in order.  test_deliver() has no lock of its own. */
static void
test_threads(void **state)
{
	struct history *h = *state;
	pthread_t threads[N_THREADS];
	struct got g;
	void *failed;
	uint64_t i;

	for (i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, publisher, h), 0);
	for (i = 0; i < 50; i++) {
		g = query_all(h, "c");
		assert_true(g.n == 0 || g.offsets[g.n - 1] == g.top);
		(void)history_sweep(h, 100);
	}
	for (i = 0; i < N_THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	assert_int_equal(n_delivered, N_THREADS * N_EACH);
	for (i = 0; i < n_delivered; i++)
		assert_int_equal(delivered[i]->offset, i + 1);
}

#define HISTORY_TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
#define SMALL_TEST(f)	cmocka_unit_test_setup_teardown(f, setup_small, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HISTORY_TEST(test_offsets_and_epoch),
		HISTORY_TEST(test_stored_is_delivered),
		HISTORY_TEST(test_predecessor_for_deltas),
		HISTORY_TEST(test_without_history),
		HISTORY_TEST(test_skip_history),
		HISTORY_TEST(test_join_and_leave),
		HISTORY_TEST(test_read_creates),
		HISTORY_TEST(test_read_without_since),
		HISTORY_TEST(test_read_since),
		HISTORY_TEST(test_read_epoch),
		HISTORY_TEST(test_read_many),
		HISTORY_TEST(test_size_changes),
		HISTORY_TEST(test_history_remove),
		HISTORY_TEST(test_items_expire),
		HISTORY_TEST(test_meta_expires),
		HISTORY_TEST(test_ttl_shortened),
		HISTORY_TEST(test_ttl_extremes),
		HISTORY_TEST(test_sweep),
		SMALL_TEST(test_evict_bound),
		SMALL_TEST(test_evict_order),
		SMALL_TEST(test_evict_wanted),
		SMALL_TEST(test_evict_sweep),
		HISTORY_TEST(test_idempotency),
		HISTORY_TEST(test_idempotency_names),
		HISTORY_TEST(test_versions),
		HISTORY_TEST(test_versions_need_history),
		HISTORY_TEST(test_key_before_version),
		HISTORY_TEST(test_delivery_fails),
		HISTORY_TEST(test_reentry),
		HISTORY_TEST(test_threads),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
