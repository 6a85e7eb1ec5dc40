/* SPDX-License-Identifier: MIT */
/* test_node_interest.c - which workers a publication goes to, and when the broker is told
 * that a channel is wanted. */
#include "config.h"

#include "client_rig.h"

#include <stdio.h>

#include "loop/worker.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))
#define SUB(ch)		"{\"id\":2,\"subscribe\":{\"channel\":\"" ch "\"}}"
#define SUBBED		"{\"id\":2,\"subscribe\":{}}"
#define UNSUB(ch)	"{\"id\":3,\"unsubscribe\":{\"channel\":\"" ch "\"}}"
#define UNSUBBED	"{\"id\":3,\"unsubscribe\":{}}"
#define PUB(ch, n)	"{\"push\":{\"channel\":\"" ch "\",\"pub\":{\"data\":" #n "}}}"

static const char conf[] =
    "workers: 3\n"
    "client: {allow_anonymous_connect_without_token: true}\n" RIG_CHANNELS;

/* First and last over all workers, however they come and go. */
static void
test_first_and_last_worker(void **state)
{
	struct client_rig *r = *state;
	struct peer p[3];

	for (uint32_t i = 0; i < 3; i++) {
		peer_connect(r, &p[i], i, NULL);
		peer_ask(r, &p[i], SUB("x"), SUBBED);
	}
	peer_ask(r, &p[0], UNSUB("x"), UNSUBBED);
	peer_ask(r, &p[0], SUB("x"), SUBBED);
	peer_ask(r, &p[2], UNSUB("x"), UNSUBBED);
	peer_ask(r, &p[1], UNSUB("x"), UNSUBBED);
	assert_string_equal(r->log, "+x ");
	peer_close(&p[0]);
	crig_turn(r);
	assert_string_equal(r->log, "+x -x ");
	peer_ask(r, &p[1], SUB("x"), SUBBED);
	assert_string_equal(r->log, "+x -x +x ");
	peer_close(&p[1]);
	peer_close(&p[2]);
	crig_turn(r);
	assert_string_equal(r->log, "+x -x +x -x ");
}

/* The calls keep the order of the changes, even when the control thread is late. */
static void
test_calls_in_order(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	r->later = BIT(CALL_SUBSCRIBE);
	for (int i = 0; i < 3; i++) {
		/* Subscribed when control and worker have both been through. */
		peer_ask(r, &p, SUB("x"), "");
		crig_answer(r, CALL_SUBSCRIBE, 0);
		worker_drain(r->srv->workers[0]);
		peer_send(&p, UNSUB("x"));
		crig_flush(r);
		peer_expect(&p, SUBBED "\n" UNSUBBED);
	}
	peer_ask(r, &p, SUB("y"), "");
	assert_string_equal(r->log, "+x -x +x -x +x -x +y ");
	crig_answer(r, CALL_SUBSCRIBE, 0);
	crig_turn(r);
	peer_close(&p);
}

/* A subscribe that is under way is not repeated for others, and not undone for those
 * who leave while somebody stays. */
static void
test_one_call_for_all_who_wait(void **state)
{
	struct client_rig *r = *state;
	struct peer p[3];

	r->later = BIT(CALL_SUBSCRIBE);
	for (uint32_t i = 0; i < 3; i++) {
		peer_connect(r, &p[i], i, NULL);
		peer_ask(r, &p[i], SUB("x"), "");
	}
	peer_close(&p[1]);
	crig_turn(r);
	crig_answer(r, CALL_SUBSCRIBE, 0);
	crig_turn(r);
	peer_expect(&p[0], SUBBED);
	peer_expect(&p[2], SUBBED);
	assert_string_equal(r->log, "+x ");
	assert_int_equal(crig_publish(r, "x", "1", 0), 2);
	peer_close(&p[0]);
	peer_close(&p[2]);
	crig_turn(r);
	assert_string_equal(r->log, "+x -x ");
}

/* All who waited have left: the broker does not go on delivering for nobody. */
static void
test_all_leave_while_the_broker_thinks(void **state)
{
	struct client_rig *r = *state;
	struct peer p[2];

	r->later = BIT(CALL_SUBSCRIBE);
	for (uint32_t i = 0; i < 2; i++) {
		peer_connect(r, &p[i], i, NULL);
		peer_ask(r, &p[i], SUB("x"), "");
	}
	peer_close(&p[0]);
	peer_close(&p[1]);
	crig_turn(r);
	assert_string_equal(r->log, "+x ");
	crig_answer(r, CALL_SUBSCRIBE, 0);
	crig_turn(r);
	assert_string_equal(r->log, "+x -x ");
	assert_int_equal(crig_publish(r, "x", "1", 0), 0);
	/* And who comes next asks again. */
	peer_connect(r, &p[0], 0, NULL);
	peer_ask(r, &p[0], SUB("x"), "");
	assert_string_equal(r->log, "+x -x +x ");
	crig_answer(r, CALL_SUBSCRIBE, 0);
	crig_turn(r);
	peer_expect(&p[0], SUBBED);
	peer_close(&p[0]);
}

/* All left, one came back, all before the answer. */
static void
test_back_before_the_broker_answers(void **state)
{
	struct client_rig *r = *state;
	struct peer a, b;

	r->later = BIT(CALL_SUBSCRIBE);
	peer_connect(r, &a, 0, NULL);
	peer_connect(r, &b, 1, NULL);
	peer_ask(r, &a, SUB("x"), "");
	peer_close(&a);
	peer_ask(r, &b, SUB("x"), "");
	crig_answer(r, CALL_SUBSCRIBE, 0);
	crig_turn(r);
	peer_expect(&b, SUBBED);
	assert_string_equal(r->log, "+x ");
	peer_close(&b);
	crig_turn(r);
	assert_string_equal(r->log, "+x -x ");
}

/* Left by all, and wanted again when the answer is there but not yet the unsubscribe. */
static void
test_wanted_again_behind_the_answer(void **state)
{
	struct client_rig *r = *state;
	struct peer a, b;

	r->later = BIT(CALL_SUBSCRIBE);
	peer_connect(r, &a, 0, NULL);
	peer_connect(r, &b, 1, NULL);
	peer_ask(r, &a, SUB("x"), "");
	peer_close(&a);
	crig_answer(r, CALL_SUBSCRIBE, 0);
	peer_ask(r, &b, SUB("x"), "");
	assert_string_equal(r->log, "+x -x +x ");
	crig_answer(r, CALL_SUBSCRIBE, 0);
	crig_turn(r);
	peer_expect(&b, SUBBED);
	peer_close(&b);
}

static const struct rotor_broker *
without_subscribe(const struct rotor_broker *from, struct rotor_broker *to)
{
	*to = *from;
	to->subscribe = NULL;
	to->unsubscribe = NULL;
	return to;
}

static void
test_broker_that_need_not_be_told(void **state)
{
	struct client_rig *r = *state;
	struct rotor_broker plain;
	struct peer p;

	r->srv->broker = without_subscribe(r->srv->broker, &plain);
	peer_connect(r, &p, 1, NULL);
	peer_ask(r, &p, SUB("x"), SUBBED);
	assert_int_equal(crig_publish(r, "x", "1", 0), 1);
	crig_turn(r);
	peer_expect(&p, PUB("x", 1));
	peer_close(&p);
	crig_turn(r);
	assert_string_equal(r->log, "");
}

/* Every set of workers: each has one message in its inbox, and the others none. */
static void
test_delivery_to_the_workers_that_want_it(void **state)
{
	struct client_rig *r = *state;

	for (unsigned set = 0; set < 8; set++) {
		struct peer p[3][2];
		int n = 0;

		for (uint32_t i = 0; i < 3; i++)
			for (int k = 0; k < 2 && set & 1u << i; k++) {
				peer_connect(r, &p[i][k], i, NULL);
				peer_ask(r, &p[i][k], SUB("x"), SUBBED);
				n += k == 0;
			}
		assert_int_equal(crig_publish(r, "x", "1", 0), n);
		assert_int_equal(crig_publish(r, "y", "2", 0), 0);
		for (uint32_t i = 0; i < 3; i++)
			assert_int_equal(inbox_last(&r->srv->workers[i]->inbox) != NULL, (set >> i) & 1u);
		crig_turn(r);
		for (uint32_t i = 0; i < 3; i++)
			for (int k = 0; k < 2 && set & 1u << i; k++) {
				peer_expect(&p[i][k], PUB("x", 1));
				peer_close(&p[i][k]);
			}
	}
}

/* The last subscriber leaves while a publication is on its way. */
static void
test_delivery_that_finds_nobody(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_connect(r, &p, 0, NULL);
	peer_ask(r, &p, SUB("x"), SUBBED);
	assert_int_equal(crig_publish(r, "x", "1", 0), 1);
	peer_close(&p);
	crig_turn(r);
}

/* Names that are prefixes of each other are told apart. */
static void
test_names_are_not_confused(void **state)
{
	struct client_rig *r = *state;
	static const char *const names[] = { "a", "aa", "aaa", "A", "a-", "-a" };
	struct peer p[N(names)];
	char text[128];

	for (size_t i = 0; i < N(names); i++) {
		peer_connect(r, &p[i], (uint32_t)i % 3, NULL);
		snprintf(text, sizeof text, "{\"id\":2,\"subscribe\":{\"channel\":\"%s\"}}", names[i]);
		peer_ask(r, &p[i], text, SUBBED);
	}
	assert_int_equal(crig_publish(r, "", "1", 0), 0);
	assert_int_equal(crig_publish(r, "aaaa", "1", 0), 0);
	for (size_t i = 0; i < N(names); i++) {
		assert_int_equal(crig_publish(r, names[i], "1", 0), 1);
		crig_turn(r);
		snprintf(text, sizeof text, "{\"push\":{\"channel\":\"%s\",\"pub\":{\"data\":1}}}", names[i]);
		for (size_t k = 0; k < N(names); k++)
			peer_expect(&p[k], k == i ? text : "");
	}
	for (size_t i = 0; i < N(names); i++)
		peer_close(&p[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_first_and_last_worker, conf),
		RIG_TEST(test_calls_in_order, conf),
		RIG_TEST(test_one_call_for_all_who_wait, conf),
		RIG_TEST(test_all_leave_while_the_broker_thinks, conf),
		RIG_TEST(test_back_before_the_broker_answers, conf),
		RIG_TEST(test_wanted_again_behind_the_answer, conf),
		RIG_TEST(test_broker_that_need_not_be_told, conf),
		RIG_TEST(test_delivery_to_the_workers_that_want_it, conf),
		RIG_TEST(test_delivery_that_finds_nobody, conf),
		RIG_TEST(test_names_are_not_confused, conf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
