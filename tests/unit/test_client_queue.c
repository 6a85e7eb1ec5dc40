/* SPDX-License-Identifier: MIT */
/* test_client_queue.c - what waits for a transport that cannot write, and the end of
 * those who do not read. */
#include "config.h"

#include "client_rig.h"

#include <stdio.h>
#include <string.h>

#define PUB(n)		"{\"push\":{\"channel\":\"x\",\"pub\":{\"data\":" #n "}}}"

static const char conf[] =
    "workers: 1\n"
    "client: {allow_anonymous_connect_without_token: true, queue_max_size: 2000}\n" RIG_CHANNELS;

static const char large[] =
    "workers: 1\n"
    "client: {allow_anonymous_connect_without_token: true, queue_max_size: 67108864}\n" RIG_CHANNELS;

static void
begin(struct client_rig *r, struct peer *p)
{
	peer_connect(r, p, 0, NULL);
	peer_ask(r, p, "{\"id\":2,\"subscribe\":{\"channel\":\"x\"}}", "{\"id\":2,\"subscribe\":{}}");
}

static void
publish(struct client_rig *r, const char *data)
{
	crig_publish(r, "x", data, 0);
	crig_turn(r);
}

/* A frame that could not go is offered again as it was, before what came later; what
 * came later is one frame. */
static void
test_again_keeps_frame_and_order(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	begin(r, &p);
	p.write_result = ROTOR_AGAIN;
	p.n_offered = 0;
	crig_publish(r, "x", "1", 0);
	crig_publish(r, "x", "2", 0);
	crig_turn(r);
	assert_int_equal(p.n_offered, 1);
	publish(r, "3");
	publish(r, "4");
	assert_int_equal(p.n_offered, 1);	/* not before it says that there is room */
	rotor_client_writable(p.client);
	assert_int_equal(p.n_offered, 2);
	publish(r, "5");
	p.write_result = ROTOR_OK;
	rotor_client_writable(p.client);
	peer_expect(&p, PUB(1) "\n" PUB(2) "|" PUB(3) "\n" PUB(4) "\n" PUB(5));
	publish(r, "6");
	peer_expect(&p, PUB(6));
	peer_close(&p);
}

/* What a transport of two peers sees when a flush is over. */
struct flushes {
	struct peer	p, q;
	unsigned	n;
	size_t		n_frames;	/* of both, at the last one */
};

static void
on_flushed(struct rotor_worker *w, void *priv)
{
	struct flushes *f = priv;

	assert_false(rotor_worker_flushing(w));
	f->n++;
	f->n_frames = f->p.n_frames + f->q.n_frames;
}

/* All that a flush writes, to whomever, is written before it is said to be over. */
static void
test_flush_is_over_once(void **state)
{
	struct client_rig *r = *state;
	struct rotor_worker *w = r->srv->workers[0];
	struct flushes f = { .n = 0 };
	struct rotor_flush *over;

	begin(r, &f.p);
	begin(r, &f.q);
	over = rotor_flush_new(w, on_flushed, &f);
	assert_non_null(over);
	assert_false(rotor_worker_flushing(w));
	publish(r, "1");
	assert_int_equal(f.n, 1);
	assert_int_equal(f.n_frames, 2);
	rotor_flush_free(&over);
	assert_null(over);
	rotor_flush_free(&over);
	publish(r, "2");
	assert_int_equal(f.n, 1);
	peer_expect(&f.p, PUB(1) "|" PUB(2));
	peer_close(&f.p);
	peer_close(&f.q);
}

static void
test_gone_with_a_stuck_frame(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	begin(r, &p);
	p.write_result = ROTOR_AGAIN;
	publish(r, "1");
	publish(r, "2");
	peer_close(&p);
}

/* Bytes are counted while they are stuck, and no longer when they are gone. */
static void
test_slow_by_the_byte(void **state)
{
	struct client_rig *r = *state;
	static const char quarter[] = "\"" "0123456789012345678901234567890123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789012345678901234567890123456789" "\"";
	struct peer p;

	begin(r, &p);
	for (int round = 0; round < 3; round++) {
		p.write_result = ROTOR_AGAIN;
		for (int i = 0; i < 4; i++)
			publish(r, quarter);
		assert_int_equal(p.n_closed, 0);	/* 4 * 465 bytes */
		p.write_result = ROTOR_OK;
		rotor_client_writable(p.client);
		assert_int_equal(p.n_frames, 2);
		peer_forget(&p);
	}
	p.write_result = ROTOR_AGAIN;
	for (int i = 0; i < 5; i++)
		publish(r, quarter);
	peer_expect_closed(&p, ROTOR_DISCONNECT_SLOW);
	assert_int_equal(p.n_frames, 0);
	rotor_client_writable(p.client);
	assert_int_equal(p.n_frames, 0);
	peer_close(&p);
}

/* Nobody is slow who has not been given anything to read yet, however much comes in one
 * turn of the loop. */
static void
test_fast_within_a_turn(void **state)
{
	struct client_rig *r = *state;
	struct peer p;
	char data[1200];

	begin(r, &p);
	memset(data, '7', sizeof data - 1);
	data[sizeof data - 1] = '\0';
	p.n_offered = 0;
	for (int i = 0; i < 5; i++)
		crig_publish(r, "x", data, 0);
	crig_turn(r);
	assert_int_equal(p.n_closed, 0);
	assert_int_equal(p.n_offered, 5);
	peer_forget(&p);
	p.write_result = ROTOR_AGAIN;
	for (int i = 0; i < 2; i++)
		crig_publish(r, "x", data, 0);
	crig_turn(r);
	peer_expect_closed(&p, ROTOR_DISCONNECT_SLOW);
	peer_close(&p);
}

/* One message over the limit is enough, and what was before it does not go either. */
static void
test_one_message_over_the_limit(void **state)
{
	struct client_rig *r = *state;
	struct peer p;
	char data[2100];

	begin(r, &p);
	memset(data, '7', sizeof data - 1);
	data[sizeof data - 1] = '\0';
	crig_publish(r, "x", "1", 0);
	crig_publish(r, "x", data, 0);
	crig_turn(r);
	peer_expect_closed(&p, ROTOR_DISCONNECT_SLOW);
	peer_expect(&p, "");
	peer_close(&p);
}

static void
test_write_error(void **state)
{
	struct client_rig *r = *state;

	for (int detach = 0; detach < 2; detach++) {
		struct peer p, other;

		begin(r, &p);
		begin(r, &other);
		p.write_result = -32;
		p.detach_in_close = detach;
		p.n_offered = 0;
		crig_publish(r, "x", "1", 0);
		crig_turn(r);
		peer_expect_closed(&p, ROTOR_DISCONNECT_WRITE_ERROR);
		assert_int_equal(p.n_offered, 1);
		peer_expect(&other, PUB(1));
		peer_close(&p);
		peer_close(&other);
	}
}

/* A stuck frame meets a broken connection. */
static void
test_write_error_after_again(void **state)
{
	struct client_rig *r = *state;

	for (int detach = 0; detach < 2; detach++) {
		struct peer p;

		begin(r, &p);
		p.detach_in_close = detach;
		p.write_result = ROTOR_AGAIN;
		publish(r, "1");
		publish(r, "2");
		p.write_result = -32;
		rotor_client_writable(p.client);
		peer_expect_closed(&p, ROTOR_DISCONNECT_WRITE_ERROR);
		peer_close(&p);
	}
}

/* The connection breaks when the last words are being said: one close, not two. */
static void
test_write_error_while_closing(void **state)
{
	struct client_rig *r = *state;

	for (int i = 0; i < 4; i++) {
		struct peer p;

		begin(r, &p);
		p.detach_in_close = i & 1;
		crig_publish(r, "x", "1", 0);
		worker_drain(r->srv->workers[0]);
		p.write_result = -32;
		if (i & 2)
			client_close(p.client, ROTOR_DISCONNECT_FORCE, NULL);
		else
			crig_publish(r, "x", "\xff no JSON", 0);
		worker_drain(r->srv->workers[0]);
		peer_expect_closed(&p, ROTOR_DISCONNECT_WRITE_ERROR);
		peer_close(&p);
	}
}

static void
test_close_flushes(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	begin(r, &p);
	crig_publish(r, "x", "1", 0);
	crig_publish(r, "x", "2", 0);
	worker_drain(r->srv->workers[0]);
	client_close(p.client, ROTOR_DISCONNECT_FORCE, "bye");
	peer_expect(&p, PUB(1) "\n" PUB(2));
	assert_int_equal(p.n_closed, 1);
	assert_int_equal(p.code, ROTOR_DISCONNECT_FORCE);
	assert_string_equal(p.reason, "bye");
	client_close(p.client, ROTOR_DISCONNECT_SHUTDOWN, NULL);
	assert_int_equal(p.n_closed, 1);
	peer_close(&p);
}

/* A choked connection is not written to on its end. */
static void
test_close_when_choked(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	begin(r, &p);
	p.write_result = ROTOR_AGAIN;
	p.n_offered = 0;
	publish(r, "1");
	publish(r, "2");
	client_close(p.client, ROTOR_DISCONNECT_FORCE, NULL);
	peer_expect_closed(&p, ROTOR_DISCONNECT_FORCE);
	assert_int_equal(p.n_offered, 1);
	peer_close(&p);
}

/* The limit is in bytes, however small the messages. */
static void
test_many_small_messages_wait(void **state)
{
	enum { MANY = 70000 };
	struct client_rig *r = *state;
	struct peer p;
	size_t got = 0;

	begin(r, &p);
	p.write_result = ROTOR_AGAIN;
	for (int i = 0; i < MANY; i++)
		publish(r, "1");
	assert_int_equal(p.n_closed, 0);
	p.write_result = ROTOR_OK;
	while (p.client->n_queue > 0) {
		rotor_client_writable(p.client);
		for (size_t i = 0; i < p.n_frames; i++)
			for (size_t k = 0; k < rotor_buf_len(p.frames[i]); k++)
				got += rotor_buf_data(p.frames[i])[k] == '\n';
		got += p.n_frames;
		peer_forget(&p);
	}
	assert_int_equal(got, MANY);
	peer_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_many_small_messages_wait, large),
		RIG_TEST(test_again_keeps_frame_and_order, conf),
		RIG_TEST(test_gone_with_a_stuck_frame, conf),
		RIG_TEST(test_slow_by_the_byte, conf),
		RIG_TEST(test_fast_within_a_turn, conf),
		RIG_TEST(test_one_message_over_the_limit, conf),
		RIG_TEST(test_flush_is_over_once, conf),
		RIG_TEST(test_write_error, conf),
		RIG_TEST(test_write_error_after_again, conf),
		RIG_TEST(test_write_error_while_closing, conf),
		RIG_TEST(test_close_flushes, conf),
		RIG_TEST(test_close_when_choked, conf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
