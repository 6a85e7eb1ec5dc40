/* SPDX-License-Identifier: MIT */
/* test_client_subscribe.c - what a subscription gets and when: held back until its
 * reply, each once, in order; and what happens when something is missing. */
#include "config.h"

#include "client_rig.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/direct.h"

#define UNSUB_2500	"{\"push\":{\"channel\":\"pos:x\",\"unsubscribe\":{\"code\":2500,\"reason\":\"insufficient state\"}}}"
#define PUB(ch, n)	"{\"push\":{\"channel\":\"" ch "\",\"pub\":{\"data\":" #n ",\"offset\":" #n "}}}"
/* The first of a stream tells the epoch. */
#define PUB_1(ch)	"{\"push\":{\"channel\":\"" ch "\",\"pub\":{\"data\":1,\"offset\":1,\"epoch\":\"" RIG_EPOCH "\"}}}"

static const char conf[] =
    "workers: 2\n"
    "client: {allow_anonymous_connect_without_token: true, channel_limit: 4}\n" RIG_CHANNELS;

static const char lag_conf[] =
    "workers: 1\n"
    "client: {allow_anonymous_connect_without_token: true, channel_position_max_time_lag: 5s}\n" RIG_CHANNELS;

static const char many[] =
    "workers: 1\n"
    "client: {allow_anonymous_connect_without_token: true, channel_limit: 100000}\n" RIG_CHANNELS;

static void
peer_expect_end(const struct peer *p, const char *text)
{
	size_t len = strlen(text), have = rotor_buf_len(p->frames[0]);

	assert_true(have >= len);
	assert_memory_equal(rotor_buf_data(p->frames[0]) + have - len, text, len);
}

/* Connected, with a subscribe of `channel` under way that waits for the stream. */
static void
begin(struct client_rig *r, struct peer *p, const char *frame)
{
	peer_connect(r, p, 0, NULL);
	r->later = BIT(CALL_HISTORY);
	peer_ask(r, p, frame, "");
	assert_int_equal(crig_waiting(r, CALL_HISTORY), 1);
}

static void
test_held_back_and_each_once(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	begin(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"pos:x\"}}");
	crig_publish(r, "pos:x", "1", 1);
	crig_publish(r, "pos:x", "2", 2);
	crig_publish(r, "pos:x", "3", 3);
	crig_turn(r);
	assert_int_equal(p.n_frames, 0);
	r->top = 2;		/* the stream was read before the third came */
	crig_answer(r, CALL_HISTORY, 0);
	crig_turn(r);
	peer_expect(&p, "{\"id\":2,\"subscribe\":{\"epoch\":\"" RIG_EPOCH "\",\"offset\":2,\"positioned\":true}}\n"
	    PUB("pos:x", 3));
	crig_publish(r, "pos:x", "2", 2);
	crig_publish(r, "pos:x", "3", 3);
	crig_publish(r, "pos:x", "4", 4);
	crig_turn(r);
	peer_expect(&p, PUB("pos:x", 4));
	peer_close(&p);
}

/* Channels without a stream: nothing tells duplicates, so all that came is given. */
static void
test_held_back_without_position(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	r->later = BIT(CALL_ADD);
	peer_ask(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"pres:x\"}}", "");
	crig_publish(r, "pres:x", "1", 0);
	crig_publish(r, "pres:x", "2", 0);
	crig_turn(r);
	assert_int_equal(p.n_frames, 0);
	crig_answer(r, CALL_ADD, 0);
	crig_turn(r);
	peer_expect(&p, "{\"id\":2,\"subscribe\":{}}\n"
	    "{\"push\":{\"channel\":\"pres:x\",\"pub\":{\"data\":1}}}\n"
	    "{\"push\":{\"channel\":\"pres:x\",\"pub\":{\"data\":2}}}");
	peer_close(&p);
}

#define LONG(n)		"[\"a payload that is long enough to have a delta\"," n "]"
#define LONG_TEXT(n)	"\"[\\\"a payload that is long enough to have a delta\\\"," n "]\""
#define DELTA(text, offset) \
    "{\"push\":{\"channel\":\"fos:x\",\"pub\":{\"data\":\"" text "\",\"offset\":" #offset ",\"delta\":true}}}"

/* The first after the position is whole; what a delta is from comes along with what was
 * held back. */
static void
test_deltas_held_back(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	begin(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"fos:x\",\"delta\":\"fossil\"}}");
	crig_publish(r, "fos:x", LONG("1"), 1);
	crig_publish(r, "fos:x", LONG("2"), 2);
	crig_publish(r, "fos:x", LONG("3"), 3);
	crig_turn(r);
	r->top = 1;		/* the stream was read before the second came */
	crig_answer(r, CALL_HISTORY, 0);
	crig_turn(r);
	peer_expect(&p, "{\"id\":2,\"subscribe\":{\"recoverable\":true,\"epoch\":\"" RIG_EPOCH "\",\"offset\":1,"
	    "\"positioned\":true,\"delta\":true}}\n"
	    "{\"push\":{\"channel\":\"fos:x\",\"pub\":{\"data\":" LONG_TEXT("2") ",\"offset\":2}}}\n"
	    DELTA("o\\nm@0,2:3]2XdG15;", 3));
	peer_close(&p);
}

/* It is not what the next delta is from, but the client takes it for that. */
static void
test_whole_after_one_outside_the_stream(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	crig_publish(r, "fos:x", LONG("1"), 1);
	peer_send(&p, "{\"id\":2,\"subscribe\":{\"channel\":\"fos:x\",\"delta\":\"fossil\",\"recover\":true,"
	    "\"epoch\":\"" RIG_EPOCH "\"}}");
	crig_turn(r);
	peer_forget(&p);
	crig_publish(r, "fos:x", "0", 0);
	crig_publish(r, "fos:x", LONG("2"), 2);
	crig_turn(r);
	peer_expect(&p, "{\"push\":{\"channel\":\"fos:x\",\"pub\":{\"data\":\"0\"}}}\n"
	    "{\"push\":{\"channel\":\"fos:x\",\"pub\":{\"data\":" LONG_TEXT("2") ",\"offset\":2}}}");
	peer_close(&p);
}

/* Without tags nothing passes here; the position goes on all the same. */
static void
test_filtered_while_held_back(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	begin(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"fos:x\",\"tf\":{\"key\":\"k\",\"cmp\":\"ex\"}}}");
	crig_publish(r, "fos:x", "1", 1);
	crig_publish(r, "fos:x", "2", 2);
	crig_turn(r);
	r->top = 1;
	crig_answer(r, CALL_HISTORY, 0);
	crig_publish(r, "fos:x", "3", 3);
	crig_turn(r);
	peer_expect(&p, "{\"id\":2,\"subscribe\":{\"recoverable\":true,\"epoch\":\"" RIG_EPOCH "\",\"offset\":1,"
	    "\"positioned\":true}}");
	crig_publish(r, "fos:x", "5", 5);
	crig_turn(r);
	peer_expect(&p, "{\"push\":{\"channel\":\"fos:x\",\"unsubscribe\":{\"code\":2500,"
	    "\"reason\":\"insufficient state\"}}}");
	peer_close(&p);
}

/* An engine that does not answer must not make us keep everything. */
static void
test_too_much_held_back(void **state)
{
	struct client_rig *r = *state;
	struct peer p, q;
	static char data[40000];

	memset(data, '1', sizeof data);
	data[sizeof data - 1] = '\0';
	begin(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"pos:x\"}}");
	r->later = 0;
	peer_connect(r, &q, 0, NULL);
	peer_ask(r, &q, "{\"id\":2,\"subscribe\":{\"channel\":\"x\"}}", "{\"id\":2,\"subscribe\":{}}");
	for (uint64_t i = 1; i < 31 && p.n_closed == 0; i++) {
		crig_publish(r, "pos:x", data, i);
		crig_turn(r);
	}
	peer_expect_closed(&p, ROTOR_DISCONNECT_SLOW);
	crig_answer(r, CALL_HISTORY, 0);
	crig_turn(r);
	peer_expect(&p, "");
	assert_int_equal(q.n_closed, 0);
	peer_close(&p);
	peer_close(&q);
}

static void
test_recovered_and_held_back_meet(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	crig_publish(r, "rec:x", "1", 1);
	crig_publish(r, "rec:x", "2", 2);
	begin(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"rec:x\",\"recover\":true,\"offset\":1,"
	    "\"epoch\":\"" RIG_EPOCH "\"}}");
	crig_publish(r, "rec:x", "3", 3);
	crig_turn(r);
	crig_answer(r, CALL_HISTORY, 0);	/* has 2 and 3, and 3 is held back as well */
	crig_publish(r, "rec:x", "4", 4);
	crig_turn(r);
	peer_expect(&p, "{\"id\":2,\"subscribe\":{\"recoverable\":true,\"epoch\":\"" RIG_EPOCH "\","
	    "\"publications\":[{\"data\":2,\"offset\":2},{\"data\":3,\"offset\":3}],"
	    "\"recovered\":true,\"offset\":1,\"positioned\":true,\"was_recovering\":true}}\n"
	    PUB("rec:x", 4));
	peer_close(&p);
}

static void
test_gap_while_held_back(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	begin(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"pos:x\"}}");
	crig_publish(r, "pos:x", "3", 3);
	crig_publish(r, "pos:x", "4", 4);
	crig_turn(r);
	r->top = 1;
	crig_answer(r, CALL_HISTORY, 0);
	crig_turn(r);
	peer_expect(&p, "{\"id\":2,\"subscribe\":{\"epoch\":\"" RIG_EPOCH "\",\"offset\":1,\"positioned\":true}}\n"
	    UNSUB_2500);
	assert_int_equal(p.client->n_subs, 0);
	crig_publish(r, "pos:x", "5", 5);
	crig_turn(r);
	peer_expect(&p, "");
	r->later = 0;		/* and it can come back */
	peer_send(&p, "{\"id\":3,\"subscribe\":{\"channel\":\"pos:x\"}}");
	crig_turn(r);
	peer_expect(&p, "{\"id\":3,\"subscribe\":{\"epoch\":\"" RIG_EPOCH "\",\"offset\":5,\"positioned\":true}}");
	peer_close(&p);
}

static void
test_gap_when_live(void **state)
{
	struct client_rig *r = *state;
	struct peer p, other;

	peer_connect(r, &p, 0, NULL);
	peer_connect(r, &other, 1, NULL);
	peer_ask(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"pos:x\"}}",
	    "{\"id\":2,\"subscribe\":{\"epoch\":\"" RIG_EPOCH "\",\"positioned\":true}}");
	crig_publish(r, "pos:x", "1", 1);
	crig_turn(r);
	peer_expect(&p, PUB_1("pos:x"));
	r->top = 2;		/* the second never arrives; who subscribes now is past it */
	peer_ask(r, &other, "{\"id\":2,\"subscribe\":{\"channel\":\"pos:x\"}}",
	    "{\"id\":2,\"subscribe\":{\"epoch\":\"" RIG_EPOCH "\",\"offset\":2,\"positioned\":true}}");
	crig_publish(r, "pos:x", "3", 3);
	crig_turn(r);
	peer_expect(&p, UNSUB_2500);
	peer_expect(&other, PUB("pos:x", 3));
	peer_close(&p);
	peer_close(&other);
}

static void
test_new_epoch(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	peer_ask(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"pos:x\"}}",
	    "{\"id\":2,\"subscribe\":{\"epoch\":\"" RIG_EPOCH "\",\"positioned\":true}}");
	r->epoch = "another";
	crig_publish(r, "pos:x", "1", 1);
	crig_turn(r);
	peer_expect(&p, UNSUB_2500);
	peer_close(&p);
}

/* Subscribed before there was a stream: the first publication tells its epoch. */
static void
test_epoch_comes_later(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	r->epoch = "";
	peer_connect(r, &p, 0, NULL);
	peer_ask(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"pos:x\"}}",
	    "{\"id\":2,\"subscribe\":{\"positioned\":true}}");
	r->epoch = RIG_EPOCH;
	crig_publish(r, "pos:x", "1", 1);
	crig_turn(r);
	peer_expect(&p, PUB_1("pos:x"));
	r->epoch = "another";
	crig_publish(r, "pos:x", "2", 2);
	crig_turn(r);
	peer_expect(&p, UNSUB_2500);
	peer_close(&p);
}

/* What comes late may have been overtaken: the client is to ask.  A publication that does
 * not say when it was made is never late, and nobody without a position cares. */
static void
test_late_publication(void **state)
{
	struct client_rig *r = *state;
	struct rotor_publication from = { .size = sizeof from, .channel = STR_LIT("pos:x"),
	    .data = STR_LIT("2"), .offset = 2, .epoch = STR_LIT(RIG_EPOCH),
	    .time_ms = r->srv->workers[0]->now_unix_ms - 5001 }, *pub;
	struct peer p, q;

	peer_connect(r, &p, 0, NULL);
	peer_connect(r, &q, 0, NULL);
	peer_ask(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"pos:x\"}}",
	    "{\"id\":2,\"subscribe\":{\"epoch\":\"" RIG_EPOCH "\",\"positioned\":true}}");
	peer_ask(r, &q, "{\"id\":2,\"subscribe\":{\"channel\":\"x\"}}", "{\"id\":2,\"subscribe\":{}}");
	crig_publish(r, "pos:x", "1", 1);
	crig_turn(r);
	peer_expect(&p, PUB_1("pos:x"));
	pub = rotor_publication_new(&from);
	rotor_deliver(r->srv, pub, NULL);
	rotor_publication_unref(&pub);
	from.channel = STR_LIT("x");
	pub = rotor_publication_new(&from);
	rotor_deliver(r->srv, pub, NULL);
	rotor_publication_unref(&pub);
	crig_turn(r);
	peer_expect(&p, UNSUB_2500);
	peer_expect(&q, PUB("x", 2));
	peer_close(&p);
	peer_close(&q);
}

static void
test_gap_in_server_side_subscription(void **state)
{
	static const struct rotor_sub_grant grant = { .size = sizeof grant, .channel = { "pos:x", 5 } };
	struct client_rig *r = *state;
	struct peer p;

	r->grants = &grant;
	r->n_grants = 1;
	peer_connect(r, &p, 0, "u");
	crig_publish(r, "pos:x", "1", 1);
	crig_publish(r, "pos:x", "3", 3);
	crig_turn(r);
	peer_expect(&p, PUB_1("pos:x"));	/* what was owed is still sent */
	peer_expect_closed(&p, ROTOR_DISCONNECT_INSUFFICIENT);
	peer_close(&p);
}

/* Held back for one that the connect subscribes, given after the connect's reply. */
static void
test_connect_holds_back_too(void **state)
{
	static const struct rotor_sub_grant grants[] = {
		{ .size = sizeof grants[0], .channel = { "pos:x", 5 } },
		{ .size = sizeof grants[0], .channel = { "x", 1 } },
	};
	struct client_rig *r = *state;
	struct peer p;

	r->grants = grants;
	r->n_grants = 2;
	r->later = BIT(CALL_SUBSCRIBE);
	peer_open(r, &p, 1, ROTOR_JSON, 0);
	peer_send(&p, "{\"id\":1,\"connect\":{\"token\":\"u\"}}");
	crig_turn(r);
	crig_answer_for(r, CALL_SUBSCRIBE, "pos:x", 0);
	crig_turn(r);
	crig_publish(r, "pos:x", "1", 1);
	crig_turn(r);
	assert_int_equal(p.n_frames, 0);
	crig_answer_for(r, CALL_SUBSCRIBE, "x", 0);
	crig_turn(r);
	peer_expect_start(&p, "{\"id\":1,\"connect\":");
	peer_expect_end(&p, "}\n" PUB_1("pos:x"));
	peer_close(&p);
}

/* One of the connect's subscriptions fails: so does the connect, and nothing stays. */
static void
test_connect_fails_with_its_subscription(void **state)
{
	static const struct rotor_sub_grant grants[] = {
		{ .size = sizeof grants[0], .channel = { "pres:a", 6 } },
		{ .size = sizeof grants[0], .channel = { "b", 1 } },
	};
	struct client_rig *r = *state;
	struct peer p;

	r->grants = grants;
	r->n_grants = 2;
	r->later = BIT(CALL_SUBSCRIBE);
	peer_open(r, &p, 0, ROTOR_JSON, 0);
	peer_send(&p, "{\"id\":1,\"connect\":{\"token\":\"u\"}}");
	crig_turn(r);
	crig_answer(r, CALL_SUBSCRIBE, 0);
	crig_turn(r);
	crig_answer(r, CALL_SUBSCRIBE, ROTOR_ERR_INTERNAL);
	crig_turn(r);
	peer_expect(&p, "{\"id\":1,\"error\":{\"code\":100,\"message\":\"internal server error\",\"temporary\":true}}");
	assert_int_equal(p.client->n_subs, 0);
	assert_string_equal(r->log, "+pres:a presence+pres:a +b presence-pres:a -pres:a ");
	peer_close(&p);
}

/* Those who wait for the same channel are all told of a failure, on every worker; who
 * comes after them asks anew. */
static void
test_broker_refuses_everyone(void **state)
{
	struct client_rig *r = *state;
	struct peer p[4];

	for (uint32_t i = 0; i < 4; i++)
		peer_connect(r, &p[i], i % 2, NULL);
	r->later = BIT(CALL_SUBSCRIBE);
	for (uint32_t i = 0; i < 4; i++)
		peer_ask(r, &p[i], "{\"id\":2,\"subscribe\":{\"channel\":\"x\"}}", "");
	assert_int_equal(crig_waiting(r, CALL_SUBSCRIBE), 1);
	crig_answer(r, CALL_SUBSCRIBE, ROTOR_ERR_INTERNAL);
	crig_turn(r);
	for (uint32_t i = 0; i < 4; i++)
		peer_expect(&p[i],
		    "{\"id\":2,\"error\":{\"code\":100,\"message\":\"internal server error\",\"temporary\":true}}");
	r->later = 0;
	peer_ask(r, &p[0], "{\"id\":3,\"subscribe\":{\"channel\":\"x\"}}", "{\"id\":3,\"subscribe\":{}}");
	assert_string_equal(r->log, "+x +x ");
	for (uint32_t i = 0; i < 4; i++)
		peer_close(&p[i]);
}

/* The failure is on its way when the next one subscribes. */
static void
test_subscribe_between_refusal_and_its_arrival(void **state)
{
	struct client_rig *r = *state;
	struct peer a, b;

	peer_connect(r, &a, 0, NULL);
	peer_connect(r, &b, 0, NULL);
	r->later = BIT(CALL_SUBSCRIBE);
	peer_ask(r, &a, "{\"id\":2,\"subscribe\":{\"channel\":\"x\"}}", "");
	crig_answer(r, CALL_SUBSCRIBE, ROTOR_ERR_INTERNAL);
	peer_ask(r, &b, "{\"id\":2,\"subscribe\":{\"channel\":\"x\"}}", "");
	peer_expect(&a, "{\"id\":2,\"error\":{\"code\":100,\"message\":\"internal server error\",\"temporary\":true}}");
	crig_answer(r, CALL_SUBSCRIBE, 0);
	crig_turn(r);
	peer_expect(&b, "{\"id\":2,\"subscribe\":{}}");
	assert_int_equal(crig_publish(r, "x", "1", 0), 1);
	crig_turn(r);
	peer_expect(&b, "{\"push\":{\"channel\":\"x\",\"pub\":{\"data\":1}}}");
	peer_close(&a);
	peer_close(&b);
}

static void
test_presence_comes_and_goes(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	peer_ask(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"pres:x\"}}", "{\"id\":2,\"subscribe\":{}}");
	assert_string_equal(r->log, "+pres:x presence+pres:x ");
	peer_ask(r, &p, "{\"id\":3,\"unsubscribe\":{\"channel\":\"pres:x\"}}", "{\"id\":3,\"unsubscribe\":{}}");
	assert_string_equal(r->log, "+pres:x presence+pres:x presence-pres:x -pres:x ");
	peer_close(&p);
}

/* Who leaves while its entry is being made does not leave the entry behind. */
static void
test_no_presence_left_behind(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	r->later = BIT(CALL_ADD);
	peer_ask(r, &p, "{\"id\":2,\"subscribe\":{\"channel\":\"pres:x\"}}", "");
	peer_close(&p);
	crig_turn(r);
	crig_answer(r, CALL_ADD, 0);
	crig_turn(r);
	assert_non_null(strstr(r->log, "presence-pres:x"));
}

static void
test_joins_and_leaves(void **state)
{
	struct client_rig *r = *state;
	struct peer a, b;

	peer_connect(r, &a, 0, NULL);
	peer_connect(r, &b, 1, NULL);
	peer_send(&a, "{\"id\":2,\"subscribe\":{\"channel\":\"jl:x\"}}");
	crig_turn(r);
	/* The reply, then our own join. */
	peer_expect_start(&a, "{\"id\":2,\"subscribe\":{}}\n{\"push\":{\"channel\":\"jl:x\",\"join\":");
	peer_forget(&a);
	peer_send(&b, "{\"id\":2,\"subscribe\":{\"channel\":\"jl:x\"}}");
	crig_turn(r);
	peer_expect_start(&a, "{\"push\":{\"channel\":\"jl:x\",\"join\":");
	peer_forget(&a);
	peer_forget(&b);
	peer_close(&b);
	crig_turn(r);
	peer_expect_start(&a, "{\"push\":{\"channel\":\"jl:x\",\"leave\":");
	peer_close(&a);
	crig_turn(r);
	assert_string_equal(r->log, "+jl:x join+jl:x join+jl:x leave+jl:x leave+jl:x -jl:x ");
}

/* Another subscribe by the API makes it anew, in silence; one too many ends it all. */
static void
test_api_subscribes(void **state)
{
	struct client_rig *r = *state;
	struct direct_order o = { .kind = DIRECT_SUBSCRIBE, .user = STR_LIT("u"), .channel = STR_LIT("jl:x") };
	struct peer p;

	peer_connect(r, &p, 0, "u");
	assert_int_equal(direct_give(r->srv->workers[1], &o, NULL, NULL), 0);
	crig_turn(r);
	assert_int_equal(direct_give(r->srv->workers[1], &o, NULL, NULL), 0);
	crig_turn(r);
	assert_null(strstr(r->log, "leave"));
	assert_int_equal(p.client->n_subs, 1);
	for (int i = 0; i < 4; i++) {
		static const char *const more[] = { "a", "b", "c", "d" };

		o.channel = rotor_str_of(more[i]);
		assert_int_equal(direct_give(r->srv->workers[1], &o, NULL, NULL), 0);
		crig_turn(r);
		assert_int_equal(p.n_closed, i == 3);
	}
	peer_expect_closed(&p, ROTOR_DISCONNECT_CHANNEL_LIMIT);
	peer_close(&p);
}

static void
ask_about(struct client_rig *r, struct peer *p, const char *what, unsigned n)
{
	char text[80];

	snprintf(text, sizeof text, "{\"id\":2,\"%s\":{\"channel\":\"many%u\"}}", what, n);
	peer_send(p, text);
	crig_turn(r);
	peer_forget(p);
	r->log[0] = '\0';
}

static struct sub *
many_get(const struct peer *p, unsigned n)
{
	char name[16];

	snprintf(name, sizeof name, "many%u", n);
	return client_sub_get(p->client, rotor_str_of(name));
}

/* Found by name however many there are, and whatever has gone in between. */
static void
test_many_channels(void **state)
{
	enum { MANY = 1000, STRIDE = 7 };
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	for (unsigned i = 0; i < MANY; i++)
		ask_about(r, &p, "subscribe", i);
	assert_int_equal(p.client->n_subs, MANY);
	for (unsigned k = 0; k < MANY / 2; k++)
		ask_about(r, &p, "unsubscribe", 2 * (k * STRIDE % (MANY / 2)));
	assert_int_equal(p.client->n_subs, MANY / 2);
	for (unsigned i = 0; i < MANY; i++) {
		struct sub *s = many_get(&p, i);

		assert_int_equal(s != NULL, i % 2);
		if (s != NULL)
			assert_int_equal(strtoul(s->chan->text + 4, NULL, 10), i);
	}
	ask_about(r, &p, "subscribe", 4);
	assert_non_null(many_get(&p, 4));
	peer_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_held_back_and_each_once, conf),
		RIG_TEST(test_held_back_without_position, conf),
		RIG_TEST(test_deltas_held_back, conf),
		RIG_TEST(test_whole_after_one_outside_the_stream, conf),
		RIG_TEST(test_filtered_while_held_back, conf),
		RIG_TEST(test_too_much_held_back, conf),
		RIG_TEST(test_recovered_and_held_back_meet, conf),
		RIG_TEST(test_gap_while_held_back, conf),
		RIG_TEST(test_gap_when_live, conf),
		RIG_TEST(test_new_epoch, conf),
		RIG_TEST(test_epoch_comes_later, conf),
		RIG_TEST(test_late_publication, lag_conf),
		RIG_TEST(test_gap_in_server_side_subscription, conf),
		RIG_TEST(test_connect_holds_back_too, conf),
		RIG_TEST(test_many_channels, many),
		RIG_TEST(test_connect_fails_with_its_subscription, conf),
		RIG_TEST(test_broker_refuses_everyone, conf),
		RIG_TEST(test_subscribe_between_refusal_and_its_arrival, conf),
		RIG_TEST(test_presence_comes_and_goes, conf),
		RIG_TEST(test_no_presence_left_behind, conf),
		RIG_TEST(test_joins_and_leaves, conf),
		RIG_TEST(test_api_subscribes, conf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
