/* SPDX-License-Identifier: MIT */
/* test_client_timers.c - everything a client waits for, by a clock that the test moves:
 * pings, staleness, expiry, and the presence tick with its checks. */
#include "config.h"

#include "client_rig.h"

#include <stdio.h>
#include <string.h>

#include "node/direct.h"

#define TICK		50u	/* of the wheel: how late a timer may be */
#define JSON_PING	"{}"

static const char conf[] =
    "workers: 1\n"
    "client: {allow_anonymous_connect_without_token: true, ping_interval: 10s, pong_timeout: 2s,"
    " stale_close_delay: 3s, expired_close_delay: 4s, presence_update_interval: 1h}\n" RIG_CHANNELS;

/* No pings; a presence tick every 10 s, the first after 5 to 10. */
static const char tick_conf[] =
    "workers: 1\n"
    "client: {allow_anonymous_connect_without_token: true, ping_interval: 10h, expired_sub_close_delay: 20s,"
    " presence_update_interval: 10s, channel_position_check_delay: 30s}\n" RIG_CHANNELS;

static struct rotor_worker *
w_of(struct client_rig *r)
{
	return r->srv->workers[0];
}

static int64_t
now_s(struct client_rig *r)
{
	return w_of(r)->now_unix_ms / 1000;
}

/* Waits until something is written or it closes; how long that was. */
static uint64_t
wait_for(struct client_rig *r, const struct peer *p, uint64_t max_ms)
{
	uint64_t waited = 0;

	while (p->n_frames == 0 && p->n_pings == 0 && p->n_closed == 0 && waited < max_ms) {
		crig_wait(r, TICK);
		waited += TICK;
	}
	return waited;
}

static void
test_first_ping_is_spread(void **state)
{
	struct client_rig *r = *state;
	uint64_t least = UINT64_MAX, most = 0;

	for (int i = 0; i < 300; i++) {
		struct peer p;
		uint64_t in;

		peer_connect(r, &p, 0, NULL);
		in = p.client->due[DUE_PING] - w_of(r)->now_ms;
		least = in < least ? in : least;
		most = in > most ? in : most;
		peer_close(&p);
	}
	assert_in_range(least, 5000, 6000);
	assert_in_range(most, 9000, 9999);
}

static void
test_ping_by_ping(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	assert_in_range(wait_for(r, &p, 20000), 5000, 10000 + TICK);
	for (int i = 0; i < 5; i++) {
		peer_expect(&p, JSON_PING);
		crig_wait(r, 1900);
		peer_send(&p, "{}");
		assert_in_range(1900 + wait_for(r, &p, 20000), 10000, 10000 + 2 * TICK);
		assert_int_equal(p.n_closed, 0);
	}
	peer_close(&p);
}

static void
test_protobuf_ping(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect_pb(r, &p, 0);
	wait_for(r, &p, 20000);
	assert_int_equal(p.n_frames, 1);
	assert_int_equal(rotor_buf_len(p.frames[0]), 1);
	assert_int_equal(rotor_buf_data(p.frames[0])[0], 0);
	rotor_client_input(p.client, "\0", 1);
	crig_wait(r, 2100);
	assert_int_equal(p.n_closed, 0);
	peer_close(&p);
}

static void
test_no_pong(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	wait_for(r, &p, 20000);
	peer_expect(&p, JSON_PING);
	/* Other input is no pong. */
	peer_ask(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"x\"}}", "{\"id\":2,\"subscribe\":{}}");
	crig_wait(r, 1900);
	assert_int_equal(p.n_closed, 0);
	crig_wait(r, 100 + TICK);
	peer_expect_closed(&p, ROTOR_DISCONNECT_NO_PONG);
	peer_close(&p);
}

/* The loop has been held up until the next ping is due as well: the pong is late all the
 * same, and no second ping goes out, whose pong nobody would be waiting for. */
static void
test_no_pong_and_next_ping_due(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	wait_for(r, &p, 20000);
	peer_expect(&p, JSON_PING);
	crig_wait(r, 15000);
	peer_expect_closed(&p, ROTOR_DISCONNECT_NO_PONG);
	assert_int_equal(p.n_frames, 0);
	peer_close(&p);
}

/* One pong for one ping. */
static void
test_pongs_nobody_asked_for(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	peer_send(&p, "{}");
	peer_expect_closed(&p, ROTOR_DISCONNECT_BAD_REQUEST);
	peer_close(&p);
	peer_connect(r, &p, 0, NULL);
	wait_for(r, &p, 20000);
	peer_send(&p, "{}");
	assert_int_equal(p.n_closed, 0);
	peer_send(&p, "{}");
	peer_expect_closed(&p, ROTOR_DISCONNECT_BAD_REQUEST);
	peer_close(&p);
}

static void
connect_native(struct client_rig *r, struct peer *p)
{
	peer_open(r, p, 0, ROTOR_JSON, ROTOR_CLIENT_NATIVE_PING);
	peer_send(p, "{\"id\":1,\"connect\":{}}");
	crig_turn(r);
	peer_expect_start(p, "{\"id\":1,\"connect\":");
	assert_null(memmem(rotor_buf_data(p->frames[0]), rotor_buf_len(p->frames[0]), "ping", 4));
	peer_forget(p);
}

static void
test_native_ping(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	connect_native(r, &p);
	wait_for(r, &p, 20000);
	assert_int_equal(p.n_pings, 1);
	assert_int_equal(p.n_frames, 0);
	rotor_client_pong(p.client);
	rotor_client_pong(p.client);	/* as the RFC allows at any time */
	crig_wait(r, 3000);
	assert_int_equal(p.n_closed, 0);
	crig_wait(r, 7000 + TICK);
	assert_int_equal(p.n_pings, 2);
	crig_wait(r, 2000 + TICK);
	peer_expect_closed(&p, 0);	/* dropped without a word */
	rotor_client_pong(p.client);
	peer_close(&p);
}

static void
test_no_protocol_pong_for_native_ping(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	connect_native(r, &p);
	wait_for(r, &p, 20000);
	peer_send(&p, "{}");
	peer_expect_closed(&p, ROTOR_DISCONNECT_BAD_REQUEST);
	peer_close(&p);
}

static void
test_stale(void **state)
{
	struct client_rig *r = *state;
	struct peer p, q;

	peer_open(r, &p, 0, ROTOR_JSON, 0);
	peer_connect(r, &q, 0, NULL);
	crig_wait(r, 2900);
	assert_int_equal(p.n_closed, 0);
	crig_wait(r, 100 + TICK);
	peer_expect_closed(&p, ROTOR_DISCONNECT_STALE);
	assert_int_equal(q.n_closed, 0);
	peer_close(&p);
	peer_close(&q);
}

static void
test_stale_while_the_token_is_checked(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_open(r, &p, 0, ROTOR_JSON, 0);
	r->later = BIT(CALL_TOKEN);
	peer_send(&p, "{\"id\":1,\"connect\":{\"token\":\"u\"}}");
	crig_wait(r, 3000 + TICK);
	peer_expect_closed(&p, ROTOR_DISCONNECT_STALE);
	crig_answer(r, CALL_TOKEN, ROTOR_TOKEN_VALID);
	crig_turn(r);
	peer_expect(&p, "");
	peer_close(&p);
}

static void
test_refused_connect_is_dropped(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	w_of(r)->srv->cc.client.stale_close_delay_ms = 10000;
	peer_open(r, &p, 0, ROTOR_JSON, 0);
	peer_ask(r, &p, "{\"id\":1,\"connect\":{\"token\":\"old\"}}",
	    "{\"id\":1,\"error\":{\"code\":109,\"message\":\"token expired\"}}");
	crig_wait(r, 4900);
	assert_int_equal(p.n_closed, 0);
	crig_wait(r, 100 + TICK);
	peer_expect_closed(&p, 0);
	peer_close(&p);
}

static void
test_connection_expires(void **state)
{
	struct client_rig *r = *state;
	struct peer p;
	int64_t left_ms;

	r->srv->cc.client.ping_interval_ms = 0;
	r->expire_at = now_s(r) + 10;
	left_ms = (r->expire_at - now_s(r)) * 1000;	/* whole seconds, as the client was told */
	peer_connect(r, &p, 0, "u");
	crig_wait(r, (uint64_t)left_ms + 3900);
	assert_int_equal(p.n_closed, 0);
	crig_wait(r, 100 + TICK);
	peer_expect_closed(&p, ROTOR_DISCONNECT_EXPIRED);
	peer_close(&p);
}

static void
test_refresh_puts_expiry_off(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	r->srv->cc.client.ping_interval_ms = 0;
	r->expire_at = now_s(r) + 10;
	peer_connect(r, &p, 0, "u");
	crig_wait(r, 9000);
	r->expire_at = now_s(r) + 20;
	peer_ask(r, &p, "{\"id\":2,\"refresh\":{\"token\":\"u\"}}", "{\"id\":2,\"refresh\":{\"expires\":true,\"ttl\":20}}");
	crig_wait(r, 20000);
	assert_int_equal(p.n_closed, 0);
	r->expire_at = 0;
	peer_ask(r, &p, "{\"id\":3,\"refresh\":{\"token\":\"u\"}}", "{\"id\":3,\"refresh\":{}}");
	crig_wait(r, 3600 * 1000);
	assert_int_equal(p.n_closed, 0);
	peer_close(&p);
}

/* An expiry at the end of time is one, not an overflow. */
static void
test_expiry_of_ages(void **state)
{
	struct client_rig *r = *state;
	struct direct_order o = { .kind = DIRECT_REFRESH, .user = STR_LIT("u"), .expire_at = INT64_MAX };
	struct peer p;

	r->srv->cc.client.ping_interval_ms = 0;
	r->sub_user = "u";
	r->expire_at = INT64_MAX;
	peer_connect(r, &p, 0, "u");
	peer_ask(r, &p, "{\"id\":2,\"refresh\":{\"token\":\"u\"}}",
	    "{\"id\":2,\"refresh\":{\"expires\":true,\"ttl\":31536000}}");
	peer_ask(r, &p, "{\"id\":3,\"subscribe\":{\"channel\":\"$x\",\"token\":\"$x\"}}",
	    "{\"id\":3,\"subscribe\":{\"expires\":true,\"ttl\":31536000}}");
	assert_int_equal(direct_give(w_of(r), &o, NULL, NULL), 0);
	crig_turn(r);
	peer_expect(&p, "{\"push\":{\"refresh\":{\"expires\":true,\"ttl\":31536000}}}");
	crig_wait(r, 24 * 3600 * 1000);		/* with presence ticks */
	assert_int_equal(p.n_closed, 0);
	assert_int_equal(p.client->n_subs, 1);
	peer_close(&p);
}

static void
test_presence_is_refreshed(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	peer_ask(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"pres:x\"}}", "{\"id\":2,\"subscribe\":{}}");
	peer_ask(r, &p, "{\"id\":3,\"subscribe\":{\"channel\":\"x\"}}", "{\"id\":3,\"subscribe\":{}}");
	r->log[0] = '\0';
	crig_wait(r, 4900);
	assert_string_equal(r->log, "");
	crig_wait(r, 5100 + TICK);
	assert_string_equal(r->log, "presence+pres:x ");
	crig_wait(r, 10000);
	assert_string_equal(r->log, "presence+pres:x presence+pres:x ");
	peer_close(&p);
	assert_string_equal(r->log, "presence+pres:x presence+pres:x presence-pres:x ");
}

static void
test_only_what_needs_it_ticks(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	peer_ask(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"x\"}}", "{\"id\":2,\"subscribe\":{}}");
	crig_wait(r, 30000);
	assert_int_equal(p.client->due[DUE_PRESENCE], 0);
	peer_ask(r, &p, "{\"id\":3,\"subscribe\":{\"channel\":\"pres:x\"}}", "{\"id\":3,\"subscribe\":{}}");
	r->log[0] = '\0';
	crig_wait(r, 4900);
	assert_string_equal(r->log, "");
	crig_wait(r, 5100 + TICK);
	assert_string_equal(r->log, "presence+pres:x ");
	peer_ask(r, &p, "{\"id\":4,\"unsubscribe\":{\"channel\":\"pres:x\"}}", "{\"id\":4,\"unsubscribe\":{}}");
	crig_wait(r, 10000 + TICK);
	assert_int_equal(p.client->due[DUE_PRESENCE], 0);
	peer_close(&p);
}

static void
test_subscription_expires(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	r->expire_at = now_s(r) + 5;
	peer_ask(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"$x\",\"token\":\"$x\"}}",
	    "{\"id\":2,\"subscribe\":{\"expires\":true,\"ttl\":5}}");
	/* Not before 25 s; then with the next tick, which is 10 s away at most. */
	crig_wait(r, 12000);
	crig_wait(r, 11900);
	peer_expect(&p, "");
	assert_in_range(wait_for(r, &p, 20000), 0, 11100 + 2 * TICK);
	peer_expect(&p, "{\"push\":{\"channel\":\"$x\",\"unsubscribe\":{\"code\":2501,\"reason\":\"subscription expired\"}}}");
	assert_int_equal(p.client->n_subs, 0);
	assert_int_equal(p.n_closed, 0);
	peer_close(&p);
}

static void
test_server_side_subscription_expires(void **state)
{
	struct client_rig *r = *state;
	struct direct_order o = { .kind = DIRECT_SUBSCRIBE, .user = STR_LIT("u"), .channel = STR_LIT("x") };
	struct peer p;

	peer_connect(r, &p, 0, "u");
	o.expire_at = now_s(r) + 5;
	assert_int_equal(direct_give(w_of(r), &o, NULL, NULL), 0);
	crig_turn(r);
	peer_expect(&p, "{\"push\":{\"channel\":\"x\",\"subscribe\":{}}}");
	crig_wait(r, 24000);
	assert_int_equal(p.n_closed, 0);
	wait_for(r, &p, 20000);
	peer_expect_closed(&p, ROTOR_DISCONNECT_SUB_EXPIRED);
	peer_close(&p);
}

static void
begin_positioned(struct client_rig *r, struct peer *p)
{
	peer_connect(r, p, 0, NULL);
	peer_ask(r, p, "{\"id\":2,\"subscribe\":{\"channel\":\"pos:x\"}}",
	    "{\"id\":2,\"subscribe\":{\"epoch\":\"" RIG_EPOCH "\",\"positioned\":true}}");
	r->n_history = 0;
}

#define UNSUB_2500	"{\"push\":{\"channel\":\"pos:x\",\"unsubscribe\":{\"code\":2500,\"reason\":\"insufficient state\"}}}"

static void
test_position_is_checked_now_and_then(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	begin_positioned(r, &p);
	crig_wait(r, 20000);
	crig_wait(r, 9000);
	assert_int_equal(r->n_history, 0);
	for (int i = 0; i < 4; i++)
		crig_wait(r, 10000);
	assert_int_equal(r->n_history, 1);
	assert_int_equal(p.n_frames + p.n_closed, 0);
	/* A publication tells as much as a check. */
	crig_publish(r, "pos:x", "1", 1);
	crig_turn(r);
	peer_forget(&p);
	crig_wait(r, 10000);
	crig_wait(r, 10000);
	assert_int_equal(r->n_history, 1);
	peer_close(&p);
}

static void
test_lost_publication_is_found(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	begin_positioned(r, &p);
	r->top = 1;		/* and nothing has come */
	for (int i = 0; i < 5; i++)
		crig_wait(r, 10000);
	peer_expect(&p, UNSUB_2500);
	peer_close(&p);
}

/* What would come next has offsets that the client knows: it would be lost. */
static void
test_stream_that_went_back_is_found(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	begin_positioned(r, &p);
	crig_publish(r, "pos:x", "1", 1);
	crig_publish(r, "pos:x", "2", 2);
	crig_turn(r);
	peer_forget(&p);
	r->top = 1;
	for (int i = 0; i < 5; i++)
		crig_wait(r, 10000);
	peer_expect(&p, UNSUB_2500);
	peer_close(&p);
}

static void
test_lost_stream_is_found(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	begin_positioned(r, &p);
	r->epoch = "another";
	for (int i = 0; i < 5; i++)
		crig_wait(r, 10000);
	peer_expect(&p, UNSUB_2500);
	peer_close(&p);
}

/* What is missing is in the inbox: no cry of wolf.  At once, or from a broker that
 * answers late. */
static void
test_missing_one_is_in_the_inbox(void **state)
{
	struct client_rig *r = *state;

	for (int late = 0; late < 2; late++) {
		struct rotor_worker *w = w_of(r);
		struct peer p;

		r->later = 0;
		r->top = 0;
		begin_positioned(r, &p);
		w->now_ms += 40000;
		r->later = late ? BIT(CALL_HISTORY) : 0;
		if (!late)
			crig_publish(r, "pos:x", "1", 1);
		wheel_advance(&w->wheel, w->now_ms);
		while (wheel_fire(&w->wheel))
			;
		assert_int_equal(r->n_history, 1);
		if (late) {
			crig_publish(r, "pos:x", "1", 1);
			crig_answer(r, CALL_HISTORY, 0);
		}
		crig_turn(r);
		peer_expect(&p, "{\"push\":{\"channel\":\"pos:x\",\"pub\":{\"data\":1,\"offset\":1,\"epoch\":\""
		    RIG_EPOCH "\"}}}");
		assert_int_equal(p.client->n_subs, 1);
		peer_close(&p);
	}
}

static void
test_checked_client_is_gone(void **state)
{
	struct client_rig *r = *state;

	for (int by_channel = 0; by_channel < 2; by_channel++) {
		struct peer p;

		r->later = 0;
		r->top = 0;
		begin_positioned(r, &p);
		r->later = BIT(CALL_HISTORY);
		for (int i = 0; i < 5 && r->n_history == 0; i++)
			crig_wait(r, 10000);
		assert_int_equal(crig_waiting(r, CALL_HISTORY), 1);
		if (by_channel)
			peer_ask(r, &p, "{\"id\":3,\"unsubscribe\":{\"channel\":\"pos:x\"}}", "{\"id\":3,\"unsubscribe\":{}}");
		else
			peer_close(&p);
		r->top = 7;
		crig_answer(r, CALL_HISTORY, 0);
		crig_turn(r);
		assert_int_equal(p.n_frames + p.n_closed, 0);
		peer_close(&p);
	}
}

/* A check empties the inbox, where an order waits that ends all subscriptions in the
 * middle of the tick's walk over them. */
static void
test_subscriptions_end_in_the_tick(void **state)
{
	struct client_rig *r = *state;
	struct rotor_worker *w = w_of(r);
	struct direct_order o = { .kind = DIRECT_UNSUBSCRIBE, .user = STR_LIT("u"), .code = ROTOR_UNSUB_SERVER };
	struct peer p;

	peer_connect(r, &p, 0, "u");
	for (int i = 0; i < 6; i++) {
		char text[64];

		snprintf(text, sizeof text, "{\"id\":2,\"subscribe\":{\"channel\":\"pos:%d\"}}", i);
		peer_send(&p, text);
		crig_turn(r);
	}
	peer_forget(&p);
	assert_int_equal(p.client->n_subs, 6);
	w->now_ms += 40000;
	assert_int_equal(direct_give(w, &o, NULL, NULL), 0);
	wheel_advance(&w->wheel, w->now_ms);
	while (wheel_fire(&w->wheel))
		;
	crig_turn(r);
	assert_int_equal(p.client->n_subs, 0);
	assert_int_equal(p.n_closed, 0);
	peer_close(&p);
}

/* The same, with a disconnect. */
static void
test_client_ends_in_the_tick(void **state)
{
	struct client_rig *r = *state;
	struct rotor_worker *w = w_of(r);
	struct direct_order o = { .kind = DIRECT_DISCONNECT, .user = STR_LIT("u"), .code = ROTOR_DISCONNECT_FORCE,
	    .reason = STR_LIT("force disconnect") };
	struct peer p;

	peer_connect(r, &p, 0, "u");
	p.detach_in_close = 1;
	peer_send(&p, "{\"id\":2,\"subscribe\":{\"channel\":\"pos:x\"}}");
	peer_send(&p, "{\"id\":3,\"subscribe\":{\"channel\":\"pos:y\"}}");
	crig_turn(r);
	w->now_ms += 40000;
	assert_int_equal(direct_give(w, &o, NULL, NULL), 0);
	wheel_advance(&w->wheel, w->now_ms);
	while (wheel_fire(&w->wheel))
		;
	crig_turn(r);
	peer_expect_closed(&p, ROTOR_DISCONNECT_FORCE);
	assert_null(p.client);
	peer_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_first_ping_is_spread, conf),
		RIG_TEST(test_ping_by_ping, conf),
		RIG_TEST(test_protobuf_ping, conf),
		RIG_TEST(test_no_pong, conf),
		RIG_TEST(test_no_pong_and_next_ping_due, conf),
		RIG_TEST(test_pongs_nobody_asked_for, conf),
		RIG_TEST(test_native_ping, conf),
		RIG_TEST(test_no_protocol_pong_for_native_ping, conf),
		RIG_TEST(test_stale, conf),
		RIG_TEST(test_stale_while_the_token_is_checked, conf),
		RIG_TEST(test_refused_connect_is_dropped, conf),
		RIG_TEST(test_connection_expires, conf),
		RIG_TEST(test_refresh_puts_expiry_off, conf),
		RIG_TEST(test_expiry_of_ages, conf),
		RIG_TEST(test_presence_is_refreshed, tick_conf),
		RIG_TEST(test_only_what_needs_it_ticks, tick_conf),
		RIG_TEST(test_subscription_expires, tick_conf),
		RIG_TEST(test_server_side_subscription_expires, tick_conf),
		RIG_TEST(test_position_is_checked_now_and_then, tick_conf),
		RIG_TEST(test_lost_publication_is_found, tick_conf),
		RIG_TEST(test_stream_that_went_back_is_found, tick_conf),
		RIG_TEST(test_lost_stream_is_found, tick_conf),
		RIG_TEST(test_missing_one_is_in_the_inbox, tick_conf),
		RIG_TEST(test_checked_client_is_gone, tick_conf),
		RIG_TEST(test_subscriptions_end_in_the_tick, tick_conf),
		RIG_TEST(test_client_ends_in_the_tick, tick_conf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
