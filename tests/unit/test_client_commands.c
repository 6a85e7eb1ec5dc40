/* SPDX-License-Identifier: MIT */
/* test_client_commands.c - commands that wait: their order, and clients that go, are
 * thrown out or are given orders meanwhile. */
#include "config.h"

#include "client_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/direct.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

static const char one_by_one[] =
    "workers: 2\n"
    "client: {allow_anonymous_connect_without_token: true, queue_max_size: 4000}\n" RIG_CHANNELS;
static const char three_at_once[] =
    "workers: 2\n"
    "client: {allow_anonymous_connect_without_token: true, concurrency: 3}\n" RIG_CHANNELS;

static const char two_channels[] =
    "workers: 2\n"
    "client: {concurrency: 3, channel_limit: 2}\n" RIG_CHANNELS;

static void
test_several_frames_behind_one_command(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	r->later = BIT(CALL_SUBSCRIBE);
	peer_send(&p, "{\"id\":2,\"subscribe\":{\"channel\":\"a\"}}\n{\"id\":3,\"subscribe\":{\"channel\":\"b\"}}");
	peer_send(&p, "{\"id\":4,\"unsubscribe\":{\"channel\":\"a\"}}\n{\"id\":5,\"subscribe\":{\"channel\":\"c\"}}");
	peer_send(&p, "{\"id\":6,\"unsubscribe\":{\"channel\":\"b\"}}\n{\"id\":7,\"unsubscribe\":{\"channel\":\"c\"}}");
	crig_turn(r);
	assert_string_equal(r->log, "+a ");
	crig_answer(r, CALL_SUBSCRIBE, 0);
	crig_turn(r);
	assert_string_equal(r->log, "+a +b ");
	peer_expect(&p, "{\"id\":2,\"subscribe\":{}}");
	crig_answer(r, CALL_SUBSCRIBE, 0);
	crig_turn(r);
	assert_string_equal(r->log, "+a +b -a +c ");
	peer_expect(&p, "{\"id\":3,\"subscribe\":{}}\n{\"id\":4,\"unsubscribe\":{}}");
	crig_answer(r, CALL_SUBSCRIBE, 0);
	crig_turn(r);
	assert_string_equal(r->log, "+a +b -a +c -b -c ");
	peer_expect(&p, "{\"id\":5,\"subscribe\":{}}\n{\"id\":6,\"unsubscribe\":{}}\n{\"id\":7,\"unsubscribe\":{}}");
	peer_close(&p);
}

/* The rest of a held frame goes in front of the frames behind it, again and again. */
static void
test_every_command_of_a_held_frame_waits(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	r->later = BIT(CALL_PUBLISH);
	peer_send(&p, "{\"id\":2,\"publish\":{\"channel\":\"x\",\"data\":1}}");
	peer_send(&p, "{\"id\":3,\"publish\":{\"channel\":\"x\",\"data\":1}}\n"
	    "{\"id\":4,\"publish\":{\"channel\":\"x\",\"data\":1}}\n{\"id\":5,\"publish\":{\"channel\":\"x\",\"data\":1}}");
	peer_send(&p, "{\"id\":6,\"publish\":{\"channel\":\"x\",\"data\":1}}");
	for (int id = 2; id <= 6; id++) {
		char reply[64];

		assert_int_equal(crig_waiting(r, CALL_PUBLISH), 1);
		crig_answer(r, CALL_PUBLISH, 0);
		crig_turn(r);
		snprintf(reply, sizeof reply, "{\"id\":%d,\"publish\":{}}", id);
		peer_expect(&p, reply);
	}
	peer_close(&p);
}

static void
test_held_protobuf_frames(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect_pb(r, &p, 0);
	r->later = BIT(CALL_SUBSCRIBE);
	rotor_client_input(p.client, "\x07\x08\x02\x2a\x03\x0a\x01""a\x07\x08\x03\x2a\x03\x0a\x01""b", 16);
	rotor_client_input(p.client, "\x07\x08\x04\x32\x03\x0a\x01""a", 8);
	crig_turn(r);
	crig_answer(r, CALL_SUBSCRIBE, 0);
	crig_turn(r);
	assert_string_equal(r->log, "+a +b ");
	crig_answer(r, CALL_SUBSCRIBE, 0);
	crig_turn(r);
	assert_string_equal(r->log, "+a +b -a ");
	assert_int_equal(p.n_closed, 0);
	peer_close(&p);
}

static void
test_concurrency(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	r->later = BIT(CALL_SUBSCRIBE);
	peer_send(&p, "{\"id\":2,\"subscribe\":{\"channel\":\"a\"}}\n{\"id\":3,\"subscribe\":{\"channel\":\"b\"}}\n"
	    "{\"id\":4,\"subscribe\":{\"channel\":\"c\"}}\n{\"id\":5,\"subscribe\":{\"channel\":\"d\"}}");
	peer_send(&p, "{\"id\":6,\"subscribe\":{\"channel\":\"e\"}}");
	crig_turn(r);
	assert_string_equal(r->log, "+a +b +c ");
	crig_answer_for(r, CALL_SUBSCRIBE, "c", 0);
	crig_turn(r);
	peer_expect(&p, "{\"id\":4,\"subscribe\":{}}");
	assert_string_equal(r->log, "+a +b +c +d ");
	crig_answer_for(r, CALL_SUBSCRIBE, "a", 0);
	crig_answer_for(r, CALL_SUBSCRIBE, "d", 0);
	crig_turn(r);
	peer_expect(&p, "{\"id\":2,\"subscribe\":{}}\n{\"id\":5,\"subscribe\":{}}");
	assert_string_equal(r->log, "+a +b +c +d +e ");
	crig_answer_for(r, CALL_SUBSCRIBE, "e", 0);
	crig_answer_for(r, CALL_SUBSCRIBE, "b", 0);
	crig_turn(r);
	peer_expect(&p, "{\"id\":6,\"subscribe\":{}}\n{\"id\":3,\"subscribe\":{}}");
	peer_close(&p);
}

static void
test_twice_the_same_channel_at_once(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	r->later = BIT(CALL_SUBSCRIBE);
	peer_ask(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"a\"}}\n{\"id\":3,\"subscribe\":{\"channel\":\"a\"}}",
	    "{\"id\":3,\"error\":{\"code\":105,\"message\":\"already subscribed\"}}");
	crig_answer(r, CALL_SUBSCRIBE, 0);
	crig_turn(r);
	peer_expect(&p, "{\"id\":2,\"subscribe\":{}}");
	peer_close(&p);
}

/* However many commands may run at once, none runs beside the connect. */
static void
test_connect_is_alone(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_open(r, &p, 0, ROTOR_JSON, 0);
	r->later = BIT(CALL_TOKEN);
	peer_send(&p, "{\"id\":1,\"connect\":{\"token\":\"u\"}}\n{\"id\":2,\"subscribe\":{\"channel\":\"a\"}}");
	peer_send(&p, "{\"id\":3,\"subscribe\":{\"channel\":\"b\"}}");
	crig_turn(r);
	assert_int_equal(p.n_frames, 0);
	assert_string_equal(r->log, "");
	crig_answer(r, CALL_TOKEN, ROTOR_TOKEN_VALID);
	crig_turn(r);
	assert_string_equal(r->log, "+a +b ");
	assert_int_equal(p.n_closed, 0);
	peer_close(&p);
}

static void
test_refused_connect_drops_what_is_held(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_open(r, &p, 0, ROTOR_JSON, 0);
	r->later = BIT(CALL_TOKEN);
	peer_send(&p, "{\"id\":1,\"connect\":{\"token\":\"u\"}}\n{\"id\":2,\"subscribe\":{\"channel\":\"a\"}}");
	peer_send(&p, "{\"id\":3,\"subscribe\":{\"channel\":\"b\"}}");
	crig_answer(r, CALL_TOKEN, ROTOR_TOKEN_EXPIRED);
	crig_turn(r);
	peer_expect(&p, "{\"id\":1,\"error\":{\"code\":109,\"message\":\"token expired\"}}");
	peer_ask(r, &p, "{\"id\":4,\"subscribe\":{\"channel\":\"c\"}}", "");
	assert_string_equal(r->log, "");
	peer_close(&p);
}

static void
test_too_much_held(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	r->later = BIT(CALL_SUBSCRIBE);
	peer_send(&p, "{\"id\":2,\"subscribe\":{\"channel\":\"a\"}}");
	for (int i = 0; i < 400 && p.n_closed == 0; i++)
		peer_send(&p, "{\"id\":3,\"subscribe\":{\"channel\":\"b\"}}");
	peer_expect_closed(&p, ROTOR_DISCONNECT_TOO_MANY_REQUESTS);
	crig_turn(r);
	crig_answer(r, CALL_SUBSCRIBE, 0);
	crig_turn(r);
	peer_expect(&p, "");
	peer_close(&p);
}

/* Every command that can wait, and what it waits for. */
static const struct wait_case {
	const char	*user;		/* NULL: this is a connect */
	const char	*before;	/* NULL: nothing */
	enum rig_call	call;
	const char	*frame;
} wait_cases[] = {
	{ NULL, NULL, CALL_TOKEN, "{\"id\":1,\"connect\":{\"token\":\"u\"}}" },
	{ NULL, NULL, CALL_SUBSCRIBE, "{\"id\":1,\"connect\":{\"token\":\"u\"}}" },
	{ NULL, NULL, CALL_ADD, "{\"id\":1,\"connect\":{\"token\":\"u\"}}" },
	{ "u", NULL, CALL_SUBSCRIBE, "{\"id\":2,\"subscribe\":{\"channel\":\"x\"}}" },
	{ "u", NULL, CALL_SUBSCRIBE, "{\"id\":2,\"subscribe\":{\"channel\":\"pres:x\"}}" },
	{ "u", NULL, CALL_ADD, "{\"id\":2,\"subscribe\":{\"channel\":\"pres:x\"}}" },
	{ "u", NULL, CALL_HISTORY, "{\"id\":2,\"subscribe\":{\"channel\":\"pos:x\"}}" },
	{ "u", NULL, CALL_HISTORY, "{\"id\":2,\"subscribe\":{\"channel\":\"rec:x\",\"recover\":true}}" },
	{ "u", NULL, CALL_SUB_TOKEN, "{\"id\":2,\"subscribe\":{\"channel\":\"$x\",\"token\":\"$x\"}}" },
	{ "u", NULL, CALL_PUBLISH, "{\"id\":2,\"publish\":{\"channel\":\"x\",\"data\":1}}" },
	{ "u", NULL, CALL_HISTORY, "{\"id\":2,\"history\":{\"channel\":\"pos:x\",\"limit\":5}}" },
	{ "u", NULL, CALL_PRESENCE, "{\"id\":2,\"presence\":{\"channel\":\"pres:x\"}}" },
	{ "u", NULL, CALL_STATS, "{\"id\":2,\"presence_stats\":{\"channel\":\"pres:x\"}}" },
	{ "u", NULL, CALL_TOKEN, "{\"id\":2,\"refresh\":{\"token\":\"u\"}}" },
	{ "u", "{\"id\":2,\"subscribe\":{\"channel\":\"$x\",\"token\":\"$x\"}}", CALL_SUB_TOKEN,
	    "{\"id\":3,\"sub_refresh\":{\"channel\":\"$x\",\"token\":\"$x\"}}" },
};

static void
begin_waiting(struct client_rig *r, struct peer *p, const struct wait_case *wc)
{
	static const struct rotor_sub_grant grant = { .size = sizeof grant, .channel = { "pres:s", 6 } };

	r->sub_user = "u";
	r->later = 0;
	r->grants = &grant;
	r->n_grants = wc->user == NULL;
	if (wc->user != NULL)
		peer_connect(r, p, 0, wc->user);
	else
		peer_open(r, p, 0, ROTOR_JSON, 0);
	if (wc->before != NULL)
		peer_send(p, wc->before);
	crig_turn(r);
	peer_forget(p);
	r->later = BIT(wc->call);
	peer_send(p, wc->frame);
	peer_send(p, "{\"id\":9,\"publish\":{\"channel\":\"x\",\"data\":1}}");	/* held */
	crig_turn(r);
	assert_int_equal(crig_waiting(r, wc->call), 1);
	assert_int_equal(p->n_frames, 0);
}

/* Late answers, good and bad ones, do nothing. */
static void
late_answer(struct client_rig *r, const struct wait_case *wc, uint32_t code)
{
	crig_answer(r, wc->call, code);
	crig_turn(r);
	r->later = 0;
	assert_int_equal(r->n_waiting, 0);
}

static void
go_away(struct peer *p)
{
	rotor_client_detach(&p->client);
}

static void
be_closed(struct peer *p)
{
	client_close(p->client, ROTOR_DISCONNECT_FORCE, NULL);
	peer_expect_closed(p, ROTOR_DISCONNECT_FORCE);
}

static void
be_closed_and_go(struct peer *p)
{
	p->detach_in_close = 1;
	be_closed(p);
	assert_null(p->client);
}

static void
all_waiting(struct client_rig *r, void (*end)(struct peer *))
{
	for (size_t i = 0; i < N(wait_cases); i++)
		for (uint32_t code = 0; code < 2; code++) {
			struct peer p;

			begin_waiting(r, &p, &wait_cases[i]);
			end(&p);
			late_answer(r, &wait_cases[i], code * ROTOR_ERR_INTERNAL);
			assert_int_equal(p.n_frames, 0);
			peer_close(&p);
			crig_turn(r);
			assert_int_equal(r->srv->workers[0]->hub->chans.n, 0);
			assert_int_equal(r->srv->workers[0]->hub->users.n, 0);
		}
}

static void
test_gone_while_waiting(void **state)
{
	all_waiting(*state, go_away);
}

static void
test_closed_while_waiting(void **state)
{
	all_waiting(*state, be_closed);
}

static void
test_closed_and_gone_while_waiting(void **state)
{
	all_waiting(*state, be_closed_and_go);
}

/* Whatever the answer, a client that is still there gets one, and goes on. */
static void
test_answered_after_all(void **state)
{
	struct client_rig *r = *state;

	for (size_t i = 0; i < N(wait_cases); i++) {
		const struct wait_case *wc = &wait_cases[i];
		struct peer p;

		begin_waiting(r, &p, wc);
		r->later = 0;
		crig_answer(r, wc->call, 0);
		crig_turn(r);
		assert_int_equal(p.n_frames, 1);
		assert_int_equal(p.n_closed, 0);
		peer_close(&p);
		crig_turn(r);
	}
}

static void
order(struct client_rig *r, enum direct_kind kind, const char *channel, uint32_t code)
{
	struct direct_order o = { .kind = kind, .user = STR_LIT("u"), .channel = rotor_str_of(channel),
	    .code = code, .reason = STR_LIT("ordered") };

	assert_int_equal(direct_give(r->srv->workers[1], &o, NULL, NULL), 0);
	crig_turn(r);
}

static void
peer_expect_end(const struct peer *p, const char *text)
{
	size_t len = strlen(text), have = rotor_buf_len(p->frames[0]);

	assert_true(have >= len);
	assert_memory_equal(rotor_buf_data(p->frames[0]) + have - len, text, len);
}

static const struct {
	enum rig_call	call;
	const char	*channel;
} stages[] = {
	{ CALL_SUBSCRIBE, "x" }, { CALL_SUBSCRIBE, "pos:x" }, { CALL_ADD, "pres:x" }, { CALL_HISTORY, "pos:x" },
};

/* At every stage of a subscribe: the command is answered, then the push comes, and no
 * publication after it. */
static void
test_unsubscribe_order_while_subscribing(void **state)
{
	struct client_rig *r = *state;

	for (size_t i = 0; i < N(stages); i++) {
		struct peer p;
		char text[256];

		r->later = 0;
		peer_connect(r, &p, 0, "u");
		r->later = BIT(stages[i].call);
		snprintf(text, sizeof text, "{\"id\":2,\"subscribe\":{\"channel\":\"%s\"}}", stages[i].channel);
		peer_ask(r, &p, text, "");
		order(r, DIRECT_UNSUBSCRIBE, stages[i].channel, ROTOR_UNSUB_SERVER);
		snprintf(text, sizeof text, "{\"push\":{\"channel\":\"%s\",\"unsubscribe\":"
		    "{\"code\":2000,\"reason\":\"server unsubscribe\"}}}", stages[i].channel);
		peer_expect(&p, "");
		crig_answer(r, stages[i].call, 0);
		crig_publish(r, stages[i].channel, "2", 0);
		crig_turn(r);
		assert_int_equal(p.n_frames, 1);
		peer_expect_start(&p, "{\"id\":2,\"subscribe\":{");
		peer_expect_end(&p, text);
		peer_forget(&p);
		assert_int_equal(p.client->n_subs, 0);
		peer_close(&p);
	}
}

static void
test_disconnect_order_while_subscribing(void **state)
{
	struct client_rig *r = *state;

	for (size_t i = 0; i < N(stages); i++) {
		struct peer p;
		char text[256];

		r->later = 0;
		peer_connect(r, &p, 0, "u");
		r->later = BIT(stages[i].call);
		snprintf(text, sizeof text, "{\"id\":2,\"subscribe\":{\"channel\":\"%s\"}}", stages[i].channel);
		peer_ask(r, &p, text, "");
		order(r, DIRECT_DISCONNECT, "", ROTOR_DISCONNECT_FORCE);
		assert_int_equal(p.code, ROTOR_DISCONNECT_FORCE);
		assert_string_equal(p.reason, "ordered");
		crig_answer(r, stages[i].call, 0);
		crig_turn(r);
		peer_expect(&p, "");
		peer_close(&p);
	}
}

static void
answer_all(struct client_rig *r, enum rig_call call)
{
	while (crig_waiting(r, call) > 0) {
		crig_answer(r, call, 0);
		crig_turn(r);
	}
}

#define PUSH_SUB(ch)	"{\"push\":{\"channel\":\"" ch "\",\"subscribe\":{}}}"
#define PUSH_UNSUB(ch)	"{\"push\":{\"channel\":\"" ch "\",\"unsubscribe\":{\"code\":2000,\"reason\":\"server unsubscribe\"}}}"

/* The server's subscription takes the place of the one that was being made. */
static void
test_subscribe_order_while_subscribing(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, "u");
	r->later = BIT(CALL_SUBSCRIBE);
	peer_ask(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"x\"}}", "");
	order(r, DIRECT_SUBSCRIBE, "x", 0);
	peer_expect(&p, "");
	crig_answer(r, CALL_SUBSCRIBE, 0);
	crig_turn(r);
	peer_expect(&p, "{\"id\":2,\"subscribe\":{}}");
	answer_all(r, CALL_SUBSCRIBE);
	peer_expect(&p, PUSH_SUB("x"));
	assert_int_equal(p.client->n_subs, 1);
	assert_true(p.client->subs[0]->flags & SUB_SERVER_SIDE);
	assert_int_equal(p.n_closed, 0);
	crig_publish(r, "x", "1", 0);
	crig_turn(r);
	peer_expect(&p, "{\"push\":{\"channel\":\"x\",\"pub\":{\"data\":1}}}");
	peer_close(&p);
}

/* Orders about one channel are carried out one after the other. */
static void
test_orders_in_a_row(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, "u");
	r->later = BIT(CALL_SUBSCRIBE);
	order(r, DIRECT_SUBSCRIBE, "x", 0);
	order(r, DIRECT_SUBSCRIBE, "x", 0);
	order(r, DIRECT_UNSUBSCRIBE, "x", ROTOR_UNSUB_SERVER);
	order(r, DIRECT_SUBSCRIBE, "y", 0);
	order(r, DIRECT_UNSUBSCRIBE, "", ROTOR_UNSUB_SERVER);
	peer_expect(&p, "");
	answer_all(r, CALL_SUBSCRIBE);
	peer_expect(&p, PUSH_SUB("x") "|" PUSH_SUB("y") "|" PUSH_SUB("x") "\n" PUSH_UNSUB("x") "\n"
	    "{\"push\":{\"unsubscribe\":{\"code\":2000,\"reason\":\"server unsubscribe\"}}}");
	assert_int_equal(p.client->n_subs, 0);
	assert_int_equal(p.n_closed, 0);
	peer_close(&p);
}

/* Those who wait are dropped with the client. */
static void
test_orders_for_one_that_goes(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, "u");
	r->later = BIT(CALL_SUBSCRIBE);
	peer_ask(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"x\"}}", "");
	order(r, DIRECT_UNSUBSCRIBE, "x", ROTOR_UNSUB_SERVER);
	order(r, DIRECT_SUBSCRIBE, "x", 0);
	peer_close(&p);
	answer_all(r, CALL_SUBSCRIBE);
}

/* An order finds a subscribe that is refused after all. */
static void
test_order_and_refused_subscribe(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, "u");
	r->later = BIT(CALL_SUB_TOKEN);
	peer_ask(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"$x\",\"token\":\"$x\"}}", "");
	order(r, DIRECT_UNSUBSCRIBE, "$x", ROTOR_UNSUB_SERVER);
	peer_expect(&p, "");
	crig_answer(r, CALL_SUB_TOKEN, ROTOR_TOKEN_EXPIRED);
	crig_turn(r);
	peer_expect(&p, "{\"id\":2,\"error\":{\"code\":109,\"message\":\"token expired\"}}\n" PUSH_UNSUB("$x"));
	peer_close(&p);
}

/* While a token is checked the channel is taken, and counts. */
static void
test_taken_while_the_token_is_checked(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, "u");
	r->sub_user = "u";
	r->later = BIT(CALL_SUB_TOKEN);
	peer_ask(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"$x\",\"token\":\"$x\"}}", "");
	peer_ask(r, &p, "{\"id\":3,\"subscribe\":{\"channel\":\"$x\",\"token\":\"$x\"}}",
	    "{\"id\":3,\"error\":{\"code\":105,\"message\":\"already subscribed\"}}");
	peer_ask(r, &p, "{\"id\":4,\"subscribe\":{\"channel\":\"y\"}}", "{\"id\":4,\"subscribe\":{}}");
	peer_ask(r, &p, "{\"id\":5,\"subscribe\":{\"channel\":\"z\"}}",
	    "{\"id\":5,\"error\":{\"code\":106,\"message\":\"limit exceeded\"}}");
	crig_answer(r, CALL_SUB_TOKEN, ROTOR_TOKEN_VALID);
	crig_turn(r);
	peer_expect(&p, "{\"id\":2,\"subscribe\":{}}");
	assert_int_equal(p.client->n_subs, 2);
	peer_close(&p);
}

/* The client leaves again before it is in: it is in first. */
static void
test_unsubscribe_beside_subscribe(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	r->later = BIT(CALL_SUBSCRIBE);
	peer_ask(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"x\"}}\n{\"id\":3,\"unsubscribe\":{\"channel\":\"x\"}}", "");
	crig_answer(r, CALL_SUBSCRIBE, 0);
	crig_turn(r);
	peer_expect(&p, "{\"id\":2,\"subscribe\":{}}\n{\"id\":3,\"unsubscribe\":{}}");
	assert_int_equal(p.client->n_subs, 0);
	peer_close(&p);
}

static const char four_publishes[] =
    "{\"id\":2,\"publish\":{\"channel\":\"x\",\"data\":1}}\n{\"id\":3,\"publish\":{\"channel\":\"x\",\"data\":1}}\n"
    "{\"id\":4,\"publish\":{\"channel\":\"x\",\"data\":1}}\n{\"id\":5,\"publish\":{\"channel\":\"x\",\"data\":1}}";

/* The first command uses up the turn: the others have one of their own, and what comes
 * meanwhile waits behind them. */
static void
test_commands_of_a_frame_take_turns(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	r->slow = 1;
	peer_send(&p, four_publishes);
	peer_send(&p, "{\"id\":6,\"unsubscribe\":{\"channel\":\"x\"}}");
	crig_turn(r);
	peer_expect(&p, "{\"id\":2,\"publish\":{}}");
	r->slow = 0;
	while (crig_jobs(r))
		;
	peer_expect(&p, "{\"id\":3,\"publish\":{}}\n{\"id\":4,\"publish\":{}}\n{\"id\":5,\"publish\":{}}\n"
	    "{\"id\":6,\"unsubscribe\":{}}");
	assert_null(p.client->held);
	peer_close(&p);
}

/* Others have used up the turn: one command is run all the same, so that who sends no more
 * never waits behind them; a second one has a turn of its own, and what follows is behind it. */
static void
test_one_command_in_a_turn_that_is_over(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	crig_turn_over(r);
	peer_send(&p, "{\"id\":2,\"unsubscribe\":{\"channel\":\"x\"}}");
	assert_null(p.client->held);
	peer_send(&p, "{\"id\":3,\"unsubscribe\":{\"channel\":\"x\"}}\n{\"id\":4,\"unsubscribe\":{\"channel\":\"x\"}}");
	peer_send(&p, "");	/* in its turn an empty frame is what it always is */
	assert_int_equal(p.n_closed, 0);
	crig_turn(r);
	peer_expect(&p, "{\"id\":2,\"unsubscribe\":{}}\n{\"id\":3,\"unsubscribe\":{}}");
	assert_true(crig_jobs(r));
	peer_expect(&p, "{\"id\":4,\"unsubscribe\":{}}");
	peer_expect_closed(&p, ROTOR_DISCONNECT_BAD_REQUEST);
	peer_close(&p);
}

static void
test_close_while_a_turn_is_awaited(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	r->slow = 1;
	peer_send(&p, four_publishes);
	peer_close(&p);
	assert_false(crig_jobs(r));
}

/* The bytes of frames are not all they take. */
static void
test_empty_frames_count(void **state)
{
	struct client_rig *r = *state;
	struct peer p;
	int n = 0;

	peer_connect(r, &p, 0, NULL);
	r->later = BIT(CALL_SUBSCRIBE);
	peer_send(&p, "{\"id\":2,\"subscribe\":{\"channel\":\"a\"}}");
	for (; n < 1000 && p.n_closed == 0; n++)
		peer_send(&p, "");
	peer_expect_closed(&p, ROTOR_DISCONNECT_TOO_MANY_REQUESTS);
	assert_in_range(n, 10, 4000 / 16);
	crig_turn(r);
	crig_answer(r, CALL_SUBSCRIBE, 0);
	peer_close(&p);
}

/* A transport that can rest is told to, and loses nothing. */
static void
test_transport_rests(void **state)
{
	static const char frame[] = "{\"id\":3,\"unsubscribe\":{\"channel\":\"b\"}}";
	struct client_rig *r = *state;
	size_t sent = 0;
	struct peer p;

	r->rests = 1;
	peer_connect(r, &p, 0, NULL);
	r->later = BIT(CALL_SUBSCRIBE);
	peer_send(&p, "{\"id\":2,\"subscribe\":{\"channel\":\"a\"}}");
	while (rotor_client_input(p.client, frame, sizeof frame - 1) == ROTOR_OK)
		assert_in_range(sent++, 0, 10000);
	assert_int_equal(rotor_client_input(p.client, frame, sizeof frame - 1), ROTOR_AGAIN);
	assert_int_equal(p.n_closed, 0);
	crig_turn(r);
	assert_int_equal(p.n_resumed, 0);
	crig_answer(r, CALL_SUBSCRIBE, 0);
	crig_turn(r);
	assert_int_equal(p.n_resumed, 0);	/* never from within a call of somebody else */
	assert_true(crig_jobs(r));
	assert_int_equal(p.n_resumed, 1);
	assert_null(p.client->held);
	assert_int_equal(p.n_closed, 0);
	peer_close(&p);
}

/* A refused connect drops what is held; the transport goes on to read, and finds the end. */
static void
test_transport_rests_no_more_after_a_failure(void **state)
{
	struct client_rig *r = *state;
	struct peer p;
	int i = 0;

	r->rests = 1;
	peer_open(r, &p, 0, ROTOR_JSON, 0);
	r->later = BIT(CALL_TOKEN);
	peer_send(&p, "{\"id\":1,\"connect\":{\"token\":\"u\"}}");
	while (rotor_client_input(p.client, "", 0) == ROTOR_OK)
		assert_in_range(i++, 0, 10000);
	crig_answer(r, CALL_TOKEN, ROTOR_TOKEN_EXPIRED);
	assert_true(crig_jobs(r));
	assert_int_equal(p.n_resumed, 1);
	assert_null(p.client->held);
	peer_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_several_frames_behind_one_command, one_by_one),
		RIG_TEST(test_every_command_of_a_held_frame_waits, one_by_one),
		RIG_TEST(test_held_protobuf_frames, one_by_one),
		RIG_TEST(test_concurrency, three_at_once),
		RIG_TEST(test_twice_the_same_channel_at_once, three_at_once),
		RIG_TEST(test_connect_is_alone, three_at_once),
		RIG_TEST(test_refused_connect_drops_what_is_held, three_at_once),
		RIG_TEST(test_commands_of_a_frame_take_turns, one_by_one),
		RIG_TEST(test_one_command_in_a_turn_that_is_over, one_by_one),
		RIG_TEST(test_close_while_a_turn_is_awaited, one_by_one),
		RIG_TEST(test_empty_frames_count, one_by_one),
		RIG_TEST(test_transport_rests, one_by_one),
		RIG_TEST(test_transport_rests_no_more_after_a_failure, one_by_one),
		RIG_TEST(test_too_much_held, one_by_one),
		RIG_TEST(test_gone_while_waiting, one_by_one),
		RIG_TEST(test_closed_while_waiting, one_by_one),
		RIG_TEST(test_closed_and_gone_while_waiting, one_by_one),
		RIG_TEST(test_answered_after_all, one_by_one),
		RIG_TEST(test_unsubscribe_order_while_subscribing, one_by_one),
		RIG_TEST(test_disconnect_order_while_subscribing, one_by_one),
		RIG_TEST(test_subscribe_order_while_subscribing, one_by_one),
		RIG_TEST(test_orders_in_a_row, three_at_once),
		RIG_TEST(test_orders_for_one_that_goes, one_by_one),
		RIG_TEST(test_order_and_refused_subscribe, one_by_one),
		RIG_TEST(test_taken_while_the_token_is_checked, two_channels),
		RIG_TEST(test_unsubscribe_beside_subscribe, three_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
