/* SPDX-License-Identifier: MIT */
/* test_session.c - client sessions against a broker and a transport that wait, refuse
 * and break at will. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rotor/codes.h>

#include "session_rig.h"

static const char conf[] =
    "workers: 1\n"
    "client: {allow_anonymous_connect_without_token: true, queue_max_size: 2000, ping_interval: 10s,"
    " pong_timeout: 2s, stale_close_delay: 3s}\n"
    "channel:\n"
    "  without_namespace: {allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true,"
    " allow_publish_for_client: true, allow_publish_for_anonymous: true}\n"
    "  namespaces:\n"
    "    - {name: pos, allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true,"
    " history_size: 10, history_ttl: 60s, force_positioning: true}\n";

static int
setup(void **state)
{
	struct rig *r = malloc(sizeof *r);

	assert_non_null(r);
	rig_init(r, conf);
	*state = r;
	return 0;
}

static int
teardown(void **state)
{
	rig_fini(*state);
	free(*state);
	return 0;
}

static void
open_connected(struct rig *r, struct conn *c, uint32_t protocol)
{
	rig_open(r, c, protocol);
	if (protocol == ROTOR_JSON)
		rig_send(c, "{\"id\":1,\"connect\":{}}");
	else
		rotor_client_input(c->client, "\x04\x08\x01\x22\x00", 5);
	rig_turn(r);
	assert_int_equal(c->n_frames, 1);
	free(rig_take(c));
}

static void
expect(struct conn *c, const char *text)
{
	char *got = rig_take(c);

	assert_string_equal(got, text);
	free(got);
}

/* The rest of a frame whose first command waits comes before frames that came later. */
static void
test_held_input_keeps_its_order(void **state)
{
	struct rig *r = *state;
	struct conn c;

	open_connected(r, &c, ROTOR_JSON);
	r->later = 1;
	rig_send(&c, "{\"id\":2,\"subscribe\":{\"channel\":\"a\"}}\n{\"id\":3,\"subscribe\":{\"channel\":\"b\"}}");
	rig_send(&c, "{\"id\":4,\"unsubscribe\":{\"channel\":\"a\"}}\n{\"id\":5,\"unsubscribe\":{\"channel\":\"b\"}}");
	rig_turn(r);
	assert_int_equal(c.n_frames, 0);
	rig_answer(r, 0);
	rig_turn(r);
	expect(&c, "{\"id\":2,\"subscribe\":{}}");
	rig_answer(r, 0);
	rig_turn(r);
	expect(&c, "{\"id\":3,\"subscribe\":{}}\n{\"id\":4,\"unsubscribe\":{}}\n{\"id\":5,\"unsubscribe\":{}}");
	rig_close(&c);
}

static void
test_broker_refuses(void **state)
{
	struct rig *r = *state;
	struct conn c;

	open_connected(r, &c, ROTOR_JSON);
	r->later = 1;
	rig_send(&c, "{\"id\":2,\"subscribe\":{\"channel\":\"a\"}}");
	rig_turn(r);
	rig_answer(r, ROTOR_ERR_INTERNAL);
	rig_turn(r);
	expect(&c, "{\"id\":2,\"error\":{\"code\":100,\"message\":\"internal server error\",\"temporary\":true}}");
	rig_close(&c);
}

static void
test_gone_while_waiting(void **state)
{
	struct rig *r = *state;
	struct conn c;

	open_connected(r, &c, ROTOR_JSON);
	r->later = 1;
	rig_send(&c, "{\"id\":2,\"subscribe\":{\"channel\":\"a\"}}");
	rig_send(&c, "{\"id\":3,\"subscribe\":{\"channel\":\"b\"}}");
	rig_turn(r);
	rig_close(&c);
	rig_answer(r, 0);
	rig_turn(r);		/* rig_fini() and the sanitizers see whether anything is left */
}

static void
test_first_and_last(void **state)
{
	struct rig *r = *state;
	struct conn a, b;

	open_connected(r, &a, ROTOR_JSON);
	open_connected(r, &b, ROTOR_JSON);
	rig_send(&a, "{\"id\":2,\"subscribe\":{\"channel\":\"x\"}}");
	rig_turn(r);
	rig_send(&b, "{\"id\":2,\"subscribe\":{\"channel\":\"x\"}}");
	rig_turn(r);
	rig_send(&a, "{\"id\":3,\"unsubscribe\":{\"channel\":\"x\"}}");
	rig_turn(r);
	assert_string_equal(r->log, "+x ");
	rig_close(&b);
	rig_turn(r);
	assert_string_equal(r->log, "+x -x ");
	rig_close(&a);
}

static void
test_own_push_before_reply(void **state)
{
	struct rig *r = *state;
	struct conn c;

	open_connected(r, &c, ROTOR_JSON);
	rig_send(&c, "{\"id\":2,\"subscribe\":{\"channel\":\"x\"}}");
	rig_turn(r);
	free(rig_take(&c));
	rig_send(&c, "{\"id\":3,\"publish\":{\"channel\":\"x\",\"data\":1}}\n{\"id\":4,\"unsubscribe\":{\"channel\":\"x\"}}");
	rig_turn(r);
	assert_int_equal(c.n_frames, 1);
	assert_non_null(strstr(c.frames[0], "\"pub\":{\"data\":1"));
	assert_true(strstr(c.frames[0], "\"pub\"") < strstr(c.frames[0], "\"publish\":{}"));
	rig_close(&c);
}

/* Before the reply they wait; after it they follow, each once. */
static void
test_held_back_until_live(void **state)
{
	struct rig *r = *state;
	struct conn first, c;

	open_connected(r, &first, ROTOR_JSON);
	rig_send(&first, "{\"id\":2,\"subscribe\":{\"channel\":\"pos:x\"}}");
	rig_turn(r);
	open_connected(r, &c, ROTOR_JSON);
	rig_send(&c, "{\"id\":2,\"subscribe\":{\"channel\":\"pos:x\"}}");
	rig_publish(r, "pos:x", "1", ++r->top);
	rig_publish(r, "pos:x", "2", ++r->top);
	rig_turn(r);
	assert_int_equal(c.n_frames, 1);
	assert_non_null(strstr(c.frames[0], "{\"id\":2,\"subscribe\":{\"epoch\":\"abcdefgh\",\"positioned\":true}}\n"));
	assert_non_null(strstr(c.frames[0], "\"data\":1,\"offset\":1"));
	assert_non_null(strstr(c.frames[0], "\"data\":2,\"offset\":2"));
	free(rig_take(&c));
	rig_publish(r, "pos:x", "2", 2);	/* a duplicate */
	rig_turn(r);
	assert_int_equal(c.n_frames, 0);
	rig_close(&first);
	rig_close(&c);
}

static void
test_gap(void **state)
{
	struct rig *r = *state;
	struct conn c;

	open_connected(r, &c, ROTOR_JSON);
	rig_send(&c, "{\"id\":2,\"subscribe\":{\"channel\":\"pos:x\"}}");
	rig_turn(r);
	free(rig_take(&c));
	rig_publish(r, "pos:x", "5", 5);
	rig_turn(r);
	expect(&c, "{\"push\":{\"channel\":\"pos:x\",\"unsubscribe\":{\"code\":2500,\"reason\":\"insufficient state\"}}}");
	rig_close(&c);
}

static const char check_conf[] =
    "workers: 1\n"
    "client: {allow_anonymous_connect_without_token: true, ping_interval: 10h, pong_timeout: 2s,"
    " presence_update_interval: 10s, channel_position_check_delay: 20s}\n"
    "channel:\n"
    "  namespaces:\n"
    "    - {name: pos, allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true,"
    " history_size: 10, history_ttl: 60s, force_positioning: true}\n";

static int
setup_check(void **state)
{
	struct rig *r = malloc(sizeof *r);

	assert_non_null(r);
	rig_init(r, check_conf);
	*state = r;
	return 0;
}

/* A publication that the engine has, but that is still in our inbox, is not lost; one
 * that is nowhere is. */
static void
test_position_check(void **state)
{
	struct rig *r = *state;
	struct conn c;

	open_connected(r, &c, ROTOR_JSON);
	rig_send(&c, "{\"id\":2,\"subscribe\":{\"channel\":\"pos:x\"}}");
	rig_turn(r);
	free(rig_take(&c));
	rig_publish(r, "pos:x", "1", ++r->top);
	r->w->now_ms += 40000;
	wheel_advance(&r->w->wheel, r->w->now_ms);
	rig_turn(r);
	assert_int_equal(c.n_frames, 1);
	assert_non_null(strstr(c.frames[0], "\"data\":1"));
	free(rig_take(&c));
	r->top++;
	rig_wait(r, 12000);		/* a tick, but it was checked a moment ago */
	assert_int_equal(c.n_frames, 0);
	rig_wait(r, 12000);
	expect(&c, "{\"push\":{\"channel\":\"pos:x\",\"unsubscribe\":{\"code\":2500,\"reason\":\"insufficient state\"}}}");
	rig_close(&c);
}

static void
test_equal_queues_share_a_frame(void **state)
{
	struct rig *r = *state;
	struct conn a, b, p;

	open_connected(r, &a, ROTOR_JSON);
	open_connected(r, &b, ROTOR_JSON);
	open_connected(r, &p, ROTOR_PROTOBUF);
	rig_send(&a, "{\"id\":2,\"subscribe\":{\"channel\":\"x\"}}");
	rig_send(&b, "{\"id\":2,\"subscribe\":{\"channel\":\"x\"}}");
	rotor_client_input(p.client, "\x07\x08\x02\x2a\x03\x0a\x01x", 8);
	rig_turn(r);
	free(rig_take(&a));
	free(rig_take(&b));
	free(rig_take(&p));
	rig_publish(r, "x", "1", 0);
	rig_publish(r, "x", "2", 0);
	rig_turn(r);
	assert_int_equal(a.n_frames, 1);
	assert_int_equal(b.n_frames, 1);
	assert_int_equal(p.n_frames, 1);
	assert_ptr_equal(a.bufs[0], b.bufs[0]);
	assert_ptr_not_equal(a.bufs[0], p.bufs[0]);
	expect(&a, "{\"push\":{\"channel\":\"x\",\"pub\":{\"data\":1}}}\n{\"push\":{\"channel\":\"x\",\"pub\":{\"data\":2}}}");
	rig_close(&a);
	rig_close(&b);
	rig_close(&p);
}

static void
test_choked(void **state)
{
	struct rig *r = *state;
	struct conn c;

	open_connected(r, &c, ROTOR_JSON);
	c.write_result = ROTOR_AGAIN;
	rig_send(&c, "{\"id\":2,\"rpc\":{\"method\":\"x\"}}");
	rig_turn(r);
	rig_send(&c, "{\"id\":3,\"rpc\":{\"method\":\"x\"}}");
	rig_turn(r);
	c.write_result = ROTOR_OK;
	rotor_client_writable(c.client);
	assert_int_equal(c.n_frames, 2);
	assert_non_null(strstr(c.frames[0], "\"id\":2"));
	assert_non_null(strstr(c.frames[1], "\"id\":3"));
	rig_close(&c);
}

static void
test_slow(void **state)
{
	struct rig *r = *state;
	struct conn c;

	open_connected(r, &c, ROTOR_JSON);
	rig_send(&c, "{\"id\":2,\"subscribe\":{\"channel\":\"x\"}}");
	rig_turn(r);
	free(rig_take(&c));
	c.write_result = ROTOR_AGAIN;
	for (int i = 0; i < 100 && c.closed == 0; i++) {
		rig_publish(r, "x", "\"a payload of some length, sent many times\"", 0);
		rig_turn(r);
	}
	assert_int_equal(c.closed, ROTOR_DISCONNECT_SLOW);
	assert_int_equal(c.n_frames, 0);
	rig_close(&c);
}

static void
test_write_error(void **state)
{
	struct rig *r = *state;
	struct conn c;

	open_connected(r, &c, ROTOR_JSON);
	c.write_result = -32;
	rig_send(&c, "{\"id\":2,\"rpc\":{\"method\":\"x\"}}");
	rig_turn(r);
	assert_int_equal(c.closed, ROTOR_DISCONNECT_WRITE_ERROR);
	rig_close(&c);
}

/* What is no JSON cannot be pushed to a JSON client; to a Protobuf client it can. */
static void
test_binary_payload(void **state)
{
	struct rig *r = *state;
	struct conn j, p;

	open_connected(r, &j, ROTOR_JSON);
	open_connected(r, &p, ROTOR_PROTOBUF);
	rig_send(&j, "{\"id\":2,\"subscribe\":{\"channel\":\"x\"}}");
	rotor_client_input(p.client, "\x07\x08\x02\x2a\x03\x0a\x01x", 8);
	rig_turn(r);
	free(rig_take(&p));
	rig_publish(r, "x", "\xff no JSON", 0);
	rig_turn(r);
	assert_int_equal(j.closed, ROTOR_DISCONNECT_INAPPROPRIATE);
	assert_int_equal(p.closed, 0);
	assert_int_equal(p.n_frames, 1);
	rig_close(&j);
	rig_close(&p);
}

static void
test_ping_and_pong(void **state)
{
	struct rig *r = *state;
	struct conn c;
	uint64_t waited = 0;

	open_connected(r, &c, ROTOR_JSON);
	while (c.n_frames == 0 && waited <= 10000) {
		rig_wait(r, 100);
		waited += 100;
	}
	assert_in_range(waited, 5000, 10200);	/* [interval/2, interval), and a tick */
	expect(&c, "{}");
	rig_send(&c, "{}");
	rig_wait(r, 2500);
	assert_int_equal(c.closed, 0);
	rig_wait(r, 8000);
	expect(&c, "{}");
	rig_wait(r, 2100);
	assert_int_equal(c.closed, ROTOR_DISCONNECT_NO_PONG);
	rig_close(&c);
}

static void
test_pong_nobody_asked_for(void **state)
{
	struct rig *r = *state;
	struct conn c;

	open_connected(r, &c, ROTOR_JSON);
	rig_send(&c, "{}");
	assert_int_equal(c.closed, ROTOR_DISCONNECT_BAD_REQUEST);
	rig_close(&c);
}

static void
test_stale(void **state)
{
	struct rig *r = *state;
	struct conn c;

	rig_open(r, &c, ROTOR_JSON);
	rig_wait(r, 2900);
	assert_int_equal(c.closed, 0);
	rig_wait(r, 200);
	assert_int_equal(c.closed, ROTOR_DISCONNECT_STALE);
	rig_close(&c);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_held_input_keeps_its_order),
		TEST(test_broker_refuses),
		TEST(test_gone_while_waiting),
		TEST(test_first_and_last),
		TEST(test_own_push_before_reply),
		TEST(test_held_back_until_live),
		TEST(test_gap),
		cmocka_unit_test_setup_teardown(test_position_check, setup_check, teardown),
		TEST(test_equal_queues_share_a_frame),
		TEST(test_choked),
		TEST(test_slow),
		TEST(test_write_error),
		TEST(test_binary_payload),
		TEST(test_ping_and_pong),
		TEST(test_pong_nobody_asked_for),
		TEST(test_stale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
