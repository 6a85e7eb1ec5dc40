/* SPDX-License-Identifier: MIT */
/* test_node_gather.c - one question to every worker, and the orders that are carried out
 * by it. */
#include "config.h"

#include "client_rig.h"

#include <stdio.h>
#include <string.h>

#include "loop/worker.h"
#include "node/direct.h"
#include "node/gather.h"

#define WORKERS	3u

static const char conf[] =
    "workers: 3\n"
    "client: {allow_anonymous_connect_without_token: true}\n" RIG_CHANNELS;
static const char single_conf[] =
    "workers: 3\n"
    "client: {subscribe_to_user_personal_channel: {enabled: true, single_connection: true,"
    " personal_channel_namespace: pres}}\n" RIG_CHANNELS;

struct question {
	unsigned		visits[WORKERS];
	unsigned		done;
	struct rotor_worker	*answered;
};

static void
visit(struct rotor_worker *w, void *priv)
{
	struct question *q = priv;

	assert_int_equal(q->done, 0);
	q->visits[w->index]++;
}

static void
done(struct rotor_worker *w, void *priv)
{
	struct question *q = priv;

	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(q->visits[i], 1);
	q->done++;
	q->answered = w;
}

/* The asker is a worker or control; the workers take their share in any order. */
static void
test_each_once_then_the_asker(void **state)
{
	struct client_rig *r = *state;
	static const unsigned orders[][WORKERS] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};

	for (unsigned a = 0; a <= WORKERS; a++)
		for (size_t o = 0; o < sizeof orders / sizeof orders[0]; o++) {
			struct rotor_worker *asker = a < WORKERS ? r->srv->workers[a] : r->srv->control;
			struct question q = { .done = 0 };

			assert_int_equal(gather(asker, visit, done, &q), 0);
			for (unsigned i = 0; i < WORKERS; i++) {
				assert_int_equal(q.done, 0);
				worker_drain(r->srv->workers[orders[o][i]]);
				assert_int_equal(q.visits[orders[o][i]], 1);
			}
			worker_drain(asker);
			assert_int_equal(q.done, 1);
			assert_ptr_equal(q.answered, asker);
		}
}

/* Questions do not overtake each other, and each is answered. */
static void
test_questions_under_way_together(void **state)
{
	struct client_rig *r = *state;
	struct question q[4];

	memset(q, 0, sizeof q);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(gather(r->srv->workers[i % WORKERS], visit, done, &q[i]), 0);
	crig_turn(r);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(q[i].done, 1);
		assert_ptr_equal(q[i].answered, r->srv->workers[i % WORKERS]);
	}
}

struct steps {
	unsigned	taken[WORKERS], done;
	struct steps	*before;	/* which must be over on a worker before this one begins */
};

/* Three a worker, each of which uses up its turn. */
static int
three_steps(struct rotor_worker *w, void *priv, uint64_t *pos)
{
	struct steps *s = priv;

	assert_int_equal(*pos, s->taken[w->index]);
	if (s->before != NULL)
		assert_int_equal(s->before->taken[w->index], 3);
	s->taken[w->index]++;
	w->share.over_us = 1;
	return ++*pos < 3 ? ROTOR_AGAIN : ROTOR_OK;
}

static void
steps_done(struct rotor_worker *w, void *priv)
{
	(void)w;
	((struct steps *)priv)->done++;
}

/* What takes several turns is through before what was asked for after it begins. */
static void
test_steps_in_turns_and_in_order(void **state)
{
	struct client_rig *r = *state;
	struct steps first = { .done = 0 }, second = { .before = &first };

	assert_int_equal(gather_steps(r->srv->control, three_steps, steps_done, &first), 0);
	assert_int_equal(gather_steps(r->srv->workers[1], three_steps, steps_done, &second), 0);
	crig_turn(r);
	assert_int_equal(first.done, 0);
	while (crig_jobs(r))
		;
	assert_int_equal(first.done, 1);
	assert_int_equal(second.done, 1);
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(second.taken[i], 3);
}

static void
give(struct client_rig *r, const struct direct_order *o)
{
	assert_int_equal(direct_give(r->srv->control, o, NULL, NULL), 0);
	crig_turn(r);
}

static void
connect_several(struct client_rig *r, struct peer p[4])
{
	static const char *const users[4] = { "ann", "ann", "bob", "ann" };

	for (uint32_t i = 0; i < 4; i++)
		peer_connect(r, &p[i], i % WORKERS, users[i]);
}

/* All connections of a user, on whatever worker; the order's memory is its own. */
static void
test_order_reaches_all_of_a_user(void **state)
{
	struct client_rig *r = *state;
	struct peer p[4];
	char user[] = "ann", reason[] = "go";
	struct direct_order o = { .kind = DIRECT_DISCONNECT, .user = rotor_str_of(user), .code = 4321,
	    .reason = rotor_str_of(reason) };

	connect_several(r, p);
	assert_int_equal(direct_give(r->srv->control, &o, NULL, NULL), 0);
	memset(user, 'X', 3);
	memset(reason, 'X', 2);
	crig_turn(r);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(p[i].n_closed, i != 2);
		if (i == 2)
			continue;
		assert_int_equal(p[i].code, 4321);
		assert_string_equal(p[i].reason, "go");
	}
	for (unsigned i = 0; i < 4; i++)
		peer_close(&p[i]);
}

static void
test_order_for_one_and_for_all_but_one(void **state)
{
	struct client_rig *r = *state;
	struct peer p[4];
	char id[36];
	struct rotor_str one = { id, sizeof id };
	struct direct_order o = { .kind = DIRECT_DISCONNECT, .user = STR_LIT("ann"),
	    .code = ROTOR_DISCONNECT_FORCE, .reason = STR_LIT("force disconnect") };

	connect_several(r, p);
	uuid_text(p[1].client->id, id);
	o.client = one;
	o.user = STR_LIT("bob");	/* it is not his */
	give(r, &o);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(p[i].n_closed, 0);
	o.user = STR_LIT("ann");
	give(r, &o);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(p[i].n_closed, i == 1);
	uuid_text(p[0].client->id, id);
	o.client = (struct rotor_str){ 0 };
	o.except = &one;
	o.n_except = 1;
	give(r, &o);
	assert_int_equal(p[0].n_closed, 0);
	assert_int_equal(p[2].n_closed, 0);
	peer_expect_closed(&p[3], ROTOR_DISCONNECT_FORCE);
	for (unsigned i = 0; i < 4; i++)
		peer_close(&p[i]);
}

/* Nobody is there; the answer still comes. */
static void
test_order_for_nobody(void **state)
{
	struct client_rig *r = *state;
	struct direct_order o = { .kind = DIRECT_UNSUBSCRIBE, .user = STR_LIT("nobody"), .channel = STR_LIT("x") };
	struct question q = { .visits = { 1, 1, 1 } };

	assert_int_equal(direct_give(r->srv->workers[1], &o, done, &q), 0);
	crig_turn(r);
	assert_int_equal(q.done, 1);
	assert_ptr_equal(q.answered, r->srv->workers[1]);
}

/* A client that closes and is freed while its user's list is being walked. */
static void
test_order_that_frees_the_clients(void **state)
{
	struct client_rig *r = *state;
	struct direct_order o = { .kind = DIRECT_DISCONNECT, .user = STR_LIT("ann"),
	    .code = ROTOR_DISCONNECT_FORCE, .reason = STR_LIT("force disconnect") };
	struct peer p[5];

	for (unsigned i = 0; i < 5; i++) {
		peer_connect(r, &p[i], 0, "ann");
		p[i].detach_in_close = 1;
	}
	give(r, &o);
	for (unsigned i = 0; i < 5; i++)
		peer_expect_closed(&p[i], ROTOR_DISCONNECT_FORCE);
}

/* The newest connection of a user ends the others, on all workers. */
static void
test_single_connection(void **state)
{
	struct client_rig *r = *state;
	struct peer a, b, c, d;

	peer_connect(r, &a, 0, "ann");
	peer_connect(r, &b, 0, "bob");
	peer_connect(r, &c, 1, "ann");
	peer_expect_closed(&a, ROTOR_DISCONNECT_CONNECTION_LIMIT);
	peer_connect(r, &d, 1, "ann");
	peer_expect_closed(&c, ROTOR_DISCONNECT_CONNECTION_LIMIT);
	assert_int_equal(b.n_closed, 0);
	assert_int_equal(d.n_closed, 0);
	peer_close(&a);
	peer_close(&b);
	peer_close(&c);
	peer_close(&d);
}

/* Both are on their way when they learn of each other: the later one stays. */
static void
test_single_connection_at_once(void **state)
{
	static const char frame[] = "{\"id\":1,\"connect\":{\"token\":\"ann\"}}";
	struct client_rig *r = *state;

	for (uint32_t first = 0; first < 2; first++) {
		struct peer p[2];

		peer_open(r, &p[0], first, ROTOR_JSON, 0);
		peer_open(r, &p[1], 1 - first, ROTOR_JSON, 0);
		peer_send(&p[0], frame);
		peer_send(&p[1], frame);
		crig_turn(r);
		peer_expect_closed(&p[0], ROTOR_DISCONNECT_CONNECTION_LIMIT);
		assert_int_equal(p[1].n_closed, 0);
		peer_expect_start(&p[1], "{\"id\":1,\"connect\":{");
		peer_close(&p[0]);
		peer_close(&p[1]);
	}
}

/* It goes away itself while the others are being told. */
static void
test_single_connection_that_goes_away(void **state)
{
	struct client_rig *r = *state;
	struct peer a, b;

	peer_connect(r, &a, 0, "ann");
	peer_open(r, &b, 1, ROTOR_JSON, 0);
	peer_send(&b, "{\"id\":1,\"connect\":{\"token\":\"ann\"}}");
	peer_close(&b);
	crig_turn(r);
	assert_int_equal(b.n_closed, 0);
	peer_close(&a);
}

static size_t
n_of(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

/* An unsubscribe from everything goes on where it was, and the push comes at its end. */
static void
test_unsubscribe_all_in_turns(void **state)
{
	struct client_rig *r = *state;
	struct direct_order o = { .kind = DIRECT_UNSUBSCRIBE, .user = STR_LIT("ann"), .code = 2000 };
	struct peer p;
	char text[80];

	peer_connect(r, &p, 0, "ann");
	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof text, "{\"id\":2,\"subscribe\":{\"channel\":\"pres:%d\"}}", i);
		peer_send(&p, text);
		crig_turn(r);
	}
	peer_forget(&p);
	r->slow = 1;
	assert_int_equal(direct_give(r->srv->control, &o, NULL, NULL), 0);
	crig_turn(r);
	peer_expect(&p, "");
	assert_in_range(p.client->n_subs, 1, 19);
	while (crig_jobs(r))
		;
	assert_int_equal(p.client->n_subs, 0);
	assert_int_equal(n_of(r->log, "presence-"), 20);
	peer_expect(&p, "{\"push\":{\"unsubscribe\":{\"code\":2000,\"reason\":\"server unsubscribe\"}}}");
	r->slow = 0;
	peer_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_each_once_then_the_asker, conf),
		RIG_TEST(test_questions_under_way_together, conf),
		RIG_TEST(test_steps_in_turns_and_in_order, conf),
		RIG_TEST(test_unsubscribe_all_in_turns, conf),
		RIG_TEST(test_order_reaches_all_of_a_user, conf),
		RIG_TEST(test_order_for_one_and_for_all_but_one, conf),
		RIG_TEST(test_order_for_nobody, conf),
		RIG_TEST(test_order_that_frees_the_clients, conf),
		RIG_TEST(test_single_connection, single_conf),
		RIG_TEST(test_single_connection_at_once, single_conf),
		RIG_TEST(test_single_connection_that_goes_away, single_conf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
