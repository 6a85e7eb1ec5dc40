/* SPDX-License-Identifier: MIT */
/* test_long_reply.c - replies that are too long for a loop are made on another thread:
 * the order of replies, clients that go meanwhile, and what is longer than the limit. */
#include "config.h"

#include "client_rig.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/long_reply.h"

#define N_PUBS		3u
#define PUB_BYTES	65536u
#define HISTORY		"{\"id\":2,\"history\":{\"channel\":\"rec:x\",\"limit\":10}}"
#define RECOVER		"{\"id\":2,\"subscribe\":{\"channel\":\"rec:x\",\"recover\":true,\"epoch\":\"" RIG_EPOCH "\"}}"
#define CONNECT		"{\"id\":2,\"connect\":{\"subs\":{\"rec:x\":{\"recover\":true,\"epoch\":\"" RIG_EPOCH "\"}}}}"
#define UNSUBSCRIBE	"{\"id\":3,\"unsubscribe\":{\"channel\":\"y\"}}"
#define UNSUBSCRIBED	"{\"id\":3,\"unsubscribe\":{}}"

_Static_assert(N_PUBS * PUB_BYTES > LONG_REPLY_BYTES, "is made aside");

static const char roomy[] =
    "workers: 1\n"
    "client: {allow_anonymous_connect_without_token: true, queue_max_size: 4194304}\n" RIG_CHANNELS;
static const char narrow[] =
    "workers: 1\n"
    "client: {allow_anonymous_connect_without_token: true, queue_max_size: 150000}\n" RIG_CHANNELS;

static void
publish_large(struct client_rig *r)
{
	char *data = malloc(PUB_BYTES + 1);

	assert_non_null(data);
	memset(data, 'x', PUB_BYTES);
	data[0] = data[PUB_BYTES - 1] = '"';
	data[PUB_BYTES] = '\0';
	for (unsigned i = 1; i <= N_PUBS; i++)
		crig_publish(r, "rec:x", data, i);
	crig_turn(r);
	free(data);
}

/* The other thread's work comes home through the inbox; it ends with a frame, or the end. */
static void
wait_for_aside(struct client_rig *r, const struct peer *p)
{
	struct inbox *in = &r->srv->workers[0]->inbox;
	struct pollfd fd = { .fd = in->fd, .events = POLLIN };

	for (crig_turn(r); p->n_frames == 0 && p->n_closed == 0; crig_turn(r)) {
		inbox_disarm(in);
		if (inbox_last(in) == NULL)
			assert_int_equal(poll(&fd, 1, 30000), 1);
	}
	while (crig_jobs(r))
		;
}

static size_t
frames_len(const struct peer *p)
{
	size_t len = 0;

	for (size_t i = 0; i < p->n_frames; i++)
		len += rotor_buf_len(p->frames[i]);
	return len;
}

static void
expect_long(const struct peer *p, const char *start, const char *end)
{
	const struct rotor_buf *last = p->frames[p->n_frames - 1];

	assert_true(frames_len(p) > N_PUBS * PUB_BYTES);
	assert_memory_equal(rotor_buf_data(p->frames[0]), start, strlen(start));
	assert_memory_equal(rotor_buf_data(p->frames[p->n_frames - 1]) + rotor_buf_len(last) - strlen(end),
	    end, strlen(end));
}

/* What is asked behind it waits, as behind any command. */
static void
test_history(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	publish_large(r);
	peer_send(&p, HISTORY "\n" UNSUBSCRIBE);
	assert_int_equal(p.n_frames, 0);
	wait_for_aside(r, &p);
	expect_long(&p, "{\"id\":2,\"history\":{\"publications\":[{\"data\":\"xx", UNSUBSCRIBED);
	peer_close(&p);
}

/* A publication that comes while the reply is made follows it. */
static void
test_recovery(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	publish_large(r);
	peer_send(&p, RECOVER);
	crig_turn(r);
	crig_publish(r, "rec:x", "4", 4);
	wait_for_aside(r, &p);
	expect_long(&p, "{\"id\":2,\"subscribe\":{\"recoverable\":true",
	    "{\"push\":{\"channel\":\"rec:x\",\"pub\":{\"data\":4,\"offset\":4}}}");
	peer_close(&p);
}

static void
test_connect(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	publish_large(r);
	peer_open(r, &p, 0, ROTOR_JSON, 0);
	peer_send(&p, CONNECT);
	wait_for_aside(r, &p);
	assert_int_equal(p.client->state, CLIENT_CONNECTED);
	expect_long(&p, "{\"id\":2,\"connect\":{\"client\":\"", "}}");
	assert_true(p.client->subs[0]->flags & SUB_LIVE);
	peer_close(&p);
}

/* The client goes while a reply is made: it is forgotten, with all it was made of. */
static void
test_gone_meanwhile(void **state)
{
	static const char *const asked[] = { HISTORY, RECOVER, CONNECT };
	struct client_rig *r = *state;
	struct peer p;

	publish_large(r);
	for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
		if (asked[i] != asked[2])
			peer_connect(r, &p, 0, NULL);
		else
			peer_open(r, &p, 0, ROTOR_JSON, 0);
		peer_send(&p, asked[i]);
		peer_close(&p);
		crig_turn(r);
	}
	aside_stop(r->srv->aside);	/* what it has is home then */
	crig_turn(r);
}

static void
test_longer_than_the_limit(void **state)
{
	static const char *const asked[] = { HISTORY, RECOVER };
	struct client_rig *r = *state;
	struct peer p;

	publish_large(r);
	for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
		peer_connect(r, &p, 0, NULL);
		peer_send(&p, asked[i]);
		crig_turn(r);
		wait_for_aside(r, &p);
		peer_expect_closed(&p, ROTOR_DISCONNECT_SLOW);
		assert_int_equal(p.n_frames, 0);
		peer_close(&p);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		RIG_TEST(test_history, roomy),
		RIG_TEST(test_recovery, roomy),
		RIG_TEST(test_connect, roomy),
		RIG_TEST(test_gone_meanwhile, roomy),
		RIG_TEST(test_longer_than_the_limit, narrow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
