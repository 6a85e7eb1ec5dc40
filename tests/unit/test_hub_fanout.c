/* SPDX-License-Identifier: MIT */
/* test_hub_fanout.c - from one publication to every subscriber: who gets it, in which
 * form and in how many frames; and clients that end in the middle of it. */
#include "config.h"

#include "client_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUB(n)		"{\"push\":{\"channel\":\"x\",\"pub\":{\"data\":" #n "}}}"
#define BINARY		"\xff\xfe no JSON"
#define NO_RPC(id)	"{\"id\":" #id ",\"error\":{\"code\":108,\"message\":\"not available\"}}"

static const char conf[] =
    "workers: 2\n"
    "client: {allow_anonymous_connect_without_token: true}\n" RIG_CHANNELS;

static void
join_x(struct client_rig *r, struct peer *p)
{
	if (p->client->protocol == ROTOR_PROTOBUF)
		rotor_client_input(p->client, "\x07\x08\x02\x2a\x03\x0a\x01x", 8);
	else
		peer_send(p, "{\"id\":2,\"subscribe\":{\"channel\":\"x\"}}");
	crig_turn(r);
	assert_int_equal(p->n_frames, 1);
	peer_forget(p);
}

/* Publishes first, first + 1 ... */
static void
publish_numbers(struct client_rig *r, int first, int n)
{
	for (int i = first; i < first + n; i++) {
		char data[16];

		snprintf(data, sizeof data, "%d", i);
		crig_publish(r, "x", data, 0);
	}
}

static size_t
count_lines(struct rotor_buf *b)
{
	const char *p = (const char *)rotor_buf_data(b), *end = p + rotor_buf_len(b);
	size_t n = 1;

	for (; p < end; p++)
		n += *p == '\n';
	return n;
}

/* Protobuf: one message after the other, each with its length. */
static size_t
count_messages(struct rotor_buf *b)
{
	const unsigned char *p = rotor_buf_data(b), *end = p + rotor_buf_len(b);
	size_t n = 0;

	for (; p < end; p += 1 + p[0])
		n++;
	assert_ptr_equal(p, end);
	return n;
}

static void
test_equal_queues_share_one_frame(void **state)
{
	struct client_rig *r = *state;
	struct peer p[6];

	for (size_t i = 0; i < 6; i++) {
		if (i < 3)
			peer_connect(r, &p[i], 0, NULL);
		else
			peer_connect_pb(r, &p[i], 0);
		join_x(r, &p[i]);
	}
	publish_numbers(r, 1, 3);
	crig_turn(r);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(p[i].n_frames, 1);
		assert_ptr_equal(p[i].frames[0], p[i < 3 ? 0 : 3].frames[0]);
	}
	assert_ptr_not_equal(p[0].frames[0], p[3].frames[0]);
	peer_expect(&p[0], PUB(1) "\n" PUB(2) "\n" PUB(3));
	assert_int_equal(count_messages(p[3].frames[0]), 3);
	for (size_t i = 0; i < 6; i++)
		peer_close(&p[i]);
}

/* A single message needs no joining: all get the very same. */
static void
test_single_message_is_shared(void **state)
{
	struct client_rig *r = *state;
	struct peer a, b;

	peer_connect(r, &a, 0, NULL);
	peer_connect(r, &b, 0, NULL);
	join_x(r, &a);
	join_x(r, &b);
	publish_numbers(r, 1, 1);
	crig_turn(r);
	assert_int_equal(a.n_frames, 1);
	assert_ptr_equal(a.frames[0], b.frames[0]);
	peer_expect(&a, PUB(1));
	peer_close(&a);
	peer_close(&b);
}

/* Queues that differ in their last, first or number of messages are their own. */
static void
test_different_queues_do_not_share(void **state)
{
	struct client_rig *r = *state;
	struct peer p[4];

	for (size_t i = 0; i < 4; i++) {
		peer_connect(r, &p[i], 0, NULL);
		join_x(r, &p[i]);
	}
	peer_send(&p[1], "{\"id\":3,\"rpc\":{\"method\":\"m\"}}");
	publish_numbers(r, 1, 2);
	worker_drain(r->srv->workers[0]);
	peer_send(&p[2], "{\"id\":4,\"rpc\":{\"method\":\"m\"}}");
	crig_turn(r);
	peer_expect(&p[1], NO_RPC(3) "\n" PUB(1) "\n" PUB(2));
	peer_expect(&p[2], PUB(1) "\n" PUB(2) "\n" NO_RPC(4));
	peer_expect(&p[0], PUB(1) "\n" PUB(2));
	peer_expect(&p[3], PUB(1) "\n" PUB(2));
	/* Nor is a later queue of the same length taken for an earlier one. */
	publish_numbers(r, 7, 2);
	crig_turn(r);
	peer_expect(&p[0], PUB(7) "\n" PUB(8));
	peer_expect(&p[2], PUB(7) "\n" PUB(8));
	for (size_t i = 0; i < 4; i++)
		peer_close(&p[i]);
}

static void
test_many_messages_are_split(void **state)
{
	struct client_rig *r = *state;
	struct peer a, b;
	char *want = calloc(1, 16384);

	assert_non_null(want);
	peer_connect(r, &a, 0, NULL);
	peer_connect(r, &b, 0, NULL);
	join_x(r, &a);
	join_x(r, &b);
	publish_numbers(r, 1, 2 * HUB_JOIN_MAX + 2);
	crig_turn(r);
	assert_int_equal(a.n_frames, 3);
	assert_int_equal(count_lines(a.frames[0]), HUB_JOIN_MAX);
	assert_int_equal(count_lines(a.frames[1]), HUB_JOIN_MAX);
	assert_int_equal(count_lines(a.frames[2]), 2);
	for (unsigned i = 1; i <= 2 * HUB_JOIN_MAX + 2; i++)
		sprintf(want + strlen(want), "%s{\"push\":{\"channel\":\"x\",\"pub\":{\"data\":%u}}}",
		    i == 1 ? "" : i % HUB_JOIN_MAX == 1 ? "|" : "\n", i);
	peer_expect(&a, want);
	peer_expect(&b, want);
	peer_close(&a);
	peer_close(&b);
	free(want);
}

/* A long queue does not wait for the end of the turn, and is no single giant frame. */
static void
test_big_messages(void **state)
{
	struct client_rig *r = *state;
	struct peer p;
	char *data = malloc(40003);

	assert_non_null(data);
	memset(data, '1', 40002);
	data[40002] = '\0';
	peer_connect(r, &p, 0, NULL);
	join_x(r, &p);
	crig_publish(r, "x", data, 0);
	crig_publish(r, "x", data, 0);
	worker_drain(r->srv->workers[0]);
	assert_int_equal(p.n_frames, 2);
	crig_publish(r, "x", "1", 0);
	crig_turn(r);
	assert_int_equal(p.n_frames, 3);
	peer_close(&p);
	free(data);
}

/* A payload that is no JSON: the Protobuf clients get the bytes, the JSON clients are
 * closed in the middle of the fan-out; whichever they are and however they go. */
static void
test_clients_close_in_the_fan_out(void **state)
{
	struct client_rig *r = *state;

	for (unsigned json = 0; json < 16; json++)
		for (int detach = 0; detach < 2; detach++) {
			struct peer p[4];

			for (unsigned i = 0; i < 4; i++) {
				if (json & 1u << i)
					peer_connect(r, &p[i], 0, NULL);
				else
					peer_connect_pb(r, &p[i], 0);
				join_x(r, &p[i]);
				p[i].detach_in_close = detach;
			}
			crig_publish(r, "x", BINARY, 0);
			crig_publish(r, "x", BINARY, 0);
			crig_turn(r);
			for (unsigned i = 0; i < 4; i++) {
				struct rotor_buf *b = p[i].frames[0];
				size_t len = sizeof BINARY - 1;

				assert_int_equal(p[i].n_frames, !(json & 1u << i));
				if (json & 1u << i)
					peer_expect_closed(&p[i], ROTOR_DISCONNECT_INAPPROPRIATE);
				else
					assert_memory_equal(rotor_buf_data(b) + rotor_buf_len(b) - len, BINARY, len);
				peer_close(&p[i]);
			}
			crig_turn(r);
			assert_int_equal(r->srv->workers[0]->hub->chans.n, 0);
		}
}

/* What the closed client was owed before is written first. */
static void
test_closed_in_fan_out_after_what_it_was_owed(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	join_x(r, &p);
	crig_publish(r, "x", "1", 0);
	crig_publish(r, "x", BINARY, 0);
	crig_publish(r, "x", "2", 0);
	crig_turn(r);
	peer_expect(&p, PUB(1));
	peer_expect_closed(&p, ROTOR_DISCONNECT_INAPPROPRIATE);
	peer_close(&p);
}

/* Many clients leave one by one, from the front, the back and the middle: the others
 * go on being served. */
static void
test_leaving_keeps_the_others(void **state)
{
	struct client_rig *r = *state;
	static const int order[] = { 0, 6, 3, 1, 5, 2, 4 };
	struct peer p[7];
	int here[7];

	for (size_t i = 0; i < 7; i++) {
		peer_connect(r, &p[i], 0, NULL);
		join_x(r, &p[i]);
		here[i] = 1;
	}
	for (size_t k = 0; k < 7; k++) {
		peer_close(&p[order[k]]);
		here[order[k]] = 0;
		crig_publish(r, "x", "1", 0);
		crig_turn(r);
		for (size_t i = 0; i < 7; i++)
			if (here[i])
				peer_expect(&p[i], PUB(1));
	}
}

/* A client with something to send goes before the flush. */
static void
test_gone_before_the_flush(void **state)
{
	struct client_rig *r = *state;
	struct peer a, b;

	peer_connect(r, &a, 0, NULL);
	peer_connect(r, &b, 0, NULL);
	join_x(r, &a);
	join_x(r, &b);
	crig_publish(r, "x", "1", 0);
	worker_drain(r->srv->workers[0]);
	peer_close(&a);
	crig_turn(r);
	assert_int_equal(a.n_frames, 0);
	peer_expect(&b, PUB(1));
	peer_close(&b);
}

static void
test_users_and_clients(void **state)
{
	struct client_rig *r = *state;
	struct hub *hub = r->srv->workers[0]->hub;
	struct peer p[3];
	unsigned char id[16];

	peer_connect(r, &p[0], 0, "ann");
	peer_connect(r, &p[1], 0, "ann");
	peer_connect(r, &p[2], 0, "bob");
	assert_int_equal(hub_user_get(hub, STR_LIT("ann"))->n_clients, 2);
	assert_int_equal(hub_user_get(hub, STR_LIT("bob"))->n_clients, 1);
	assert_null(hub_user_get(hub, STR_LIT("eve")));
	assert_null(hub_user_get(r->srv->workers[1]->hub, STR_LIT("ann")));
	memcpy(id, p[1].client->id, sizeof id);
	assert_ptr_equal(hub_client_get(hub, id), p[1].client);
	peer_close(&p[1]);
	assert_null(hub_client_get(hub, id));
	assert_int_equal(hub_user_get(hub, STR_LIT("ann"))->n_clients, 1);
	assert_ptr_equal(hub_user_get(hub, STR_LIT("ann"))->clients, p[0].client);
	peer_close(&p[0]);
	assert_null(hub_user_get(hub, STR_LIT("ann")));
	assert_int_equal(hub->n_attached, 1);
	peer_close(&p[2]);
	assert_int_equal(hub->n_attached, 0);
	assert_null(hub->open);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_equal_queues_share_one_frame, conf),
		RIG_TEST(test_single_message_is_shared, conf),
		RIG_TEST(test_different_queues_do_not_share, conf),
		RIG_TEST(test_many_messages_are_split, conf),
		RIG_TEST(test_big_messages, conf),
		RIG_TEST(test_clients_close_in_the_fan_out, conf),
		RIG_TEST(test_closed_in_fan_out_after_what_it_was_owed, conf),
		RIG_TEST(test_leaving_keeps_the_others, conf),
		RIG_TEST(test_gone_before_the_flush, conf),
		RIG_TEST(test_users_and_clients, conf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
