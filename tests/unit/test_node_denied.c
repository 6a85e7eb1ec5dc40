/* SPDX-License-Identifier: MIT */
/* test_node_denied.c - who is not let in, how those who are in already are ended, and the
 * tour that goes through all there are. */
#include "config.h"

#include "client_rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "hub/hub.h"
#include "loop/wheel.h"
#include "loop/worker.h"
#include "node/denied.h"
#include "node/enforce.h"
#include "node/tour.h"

#define NOW	1000
#define MANY	1500u		/* more than one turn looks at */

static const char conf[] =
    "workers: 2\n"
    "api: {max_denied: 3}\n"
    "client: {allow_anonymous_connect_without_token: true}\n" RIG_CHANNELS;

static int
add(struct client_rig *r, const struct denial *what)
{
	return denied_add(r->srv->denied, r->srv->workers[0], what);
}

static void
test_users(void **state)
{
	struct client_rig *r = *state;
	struct denied *d = r->srv->denied;
	struct denial ann = { .kind = DENIED_USER, .name = STR_LIT("ann"), .expire_at = NOW + 5 };

	assert_false(denied_user(d, ann.name, NOW));
	assert_int_equal(add(r, &ann), 0);
	assert_true(denied_user(d, ann.name, NOW + 4));
	assert_false(denied_user(d, ann.name, NOW + 5));
	assert_false(denied_user(d, STR_LIT("an"), NOW));
	assert_false(denied_user(d, STR_LIT(""), NOW));
	ann.expire_at = 0;
	assert_int_equal(add(r, &ann), 0);
	assert_true(denied_user(d, ann.name, INT64_MAX));
	denied_remove(d, r->srv->workers[1], &ann);
	assert_false(denied_user(d, ann.name, NOW));
	denied_remove(d, r->srv->workers[1], &ann);
}

static void
test_tokens(void **state)
{
	struct client_rig *r = *state;
	struct denied *d = r->srv->denied;
	struct denial id = { .kind = DENIED_TOKEN, .name = STR_LIT("t") };
	struct denial old = { .kind = DENIED_ISSUED, .name = STR_LIT("ann"), .issued_before = 100 };
	struct denial in_x = { .kind = DENIED_ISSUED, .name = STR_LIT("ann"), .channel = STR_LIT("x"),
	    .issued_before = 200 };
	struct token_facts t = { .user = STR_LIT("ann"), .issued_at = 99 };
	struct token_facts none = { .user = STR_LIT("bob") };

	assert_int_equal(add(r, &id), 0);
	assert_false(denied_token(d, &t, NOW));
	assert_false(denied_token(d, &none, NOW));
	none.id = STR_LIT("t");
	assert_true(denied_token(d, &none, NOW));
	assert_int_equal(add(r, &old), 0);
	assert_true(denied_token(d, &t, NOW));
	t.issued_at = 0;
	assert_true(denied_token(d, &t, NOW));
	t.issued_at = 100;
	assert_false(denied_token(d, &t, NOW));
	t.channel = STR_LIT("x");
	assert_false(denied_token(d, &t, NOW));
	assert_int_equal(add(r, &in_x), 0);
	assert_true(denied_token(d, &t, NOW));
	t.channel = STR_LIT("y");
	assert_false(denied_token(d, &t, NOW));
}

/* Entries count until they are swept out. */
static void
test_bounds(void **state)
{
	struct client_rig *r = *state;
	int64_t now = r->srv->control->now_unix_ms / 1000;
	struct denial soon = { .kind = DENIED_USER, .name = STR_LIT("a"), .expire_at = now + 1 };
	struct denial b = { .kind = DENIED_USER, .name = STR_LIT("b") };
	struct denial c = { .kind = DENIED_TOKEN, .name = STR_LIT("b") };
	struct denial d = { .kind = DENIED_TOKEN, .name = STR_LIT("d") };
	struct denial name_too_long = { .kind = DENIED_USER, .name = { soon.name.p, 5000 } };
	struct denial all_too_long = { .kind = DENIED_ISSUED, .name = STR_LIT("a"), .channel = { soon.name.p, 1277 } };
	struct rotor_worker *control = r->srv->control;

	assert_int_equal(add(r, &name_too_long), -E2BIG);
	assert_int_equal(add(r, &all_too_long), -E2BIG);
	assert_false(denied_user(r->srv->denied, name_too_long.name, now));
	assert_int_equal(add(r, &soon), 0);
	assert_int_equal(add(r, &b), 0);
	assert_int_equal(add(r, &c), 0);
	assert_int_equal(add(r, &d), -ENOSPC);
	assert_int_equal(add(r, &soon), 0);	/* takes no more room */
	control->now_ms += 2000;
	control->now_unix_ms += 2000;
	wheel_advance(&control->wheel, control->now_ms);
	while (wheel_fire(&control->wheel))
		;
	assert_int_equal(add(r, &d), 0);
	assert_false(denied_user(r->srv->denied, soon.name, now));
	assert_true(denied_user(r->srv->denied, b.name, now));
}

static void
test_connect_refused(void **state)
{
	struct client_rig *r = *state;
	struct denial ann = { .kind = DENIED_USER, .name = STR_LIT("ann") };
	struct peer p;

	assert_int_equal(add(r, &ann), 0);
	peer_open(r, &p, 0, ROTOR_JSON, 0);
	peer_send(&p, "{\"id\":1,\"connect\":{\"token\":\"ann\"}}");
	crig_turn(r);
	peer_expect_closed(&p, ROTOR_DISCONNECT_PERMISSION_DENIED);
	peer_close(&p);
}

static void
count_done(struct rotor_worker *w, void *priv)
{
	(void)w;
	++*(unsigned *)priv;
}

/* A client that is blocked while its connect waits for something. */
static void
test_caught_while_connecting(void **state)
{
	struct client_rig *r = *state;
	struct denial ann = { .kind = DENIED_USER, .name = STR_LIT("ann") };
	struct rotor_sub_grant grant = { .size = sizeof grant, .channel = STR_LIT("pres:x") };
	unsigned done = 0;
	struct peer p;

	r->grants = &grant;
	r->n_grants = 1;
	r->later = BIT(CALL_ADD);
	peer_open(r, &p, 1, ROTOR_JSON, 0);
	peer_send(&p, "{\"id\":1,\"connect\":{\"token\":\"ann\"}}");
	crig_turn(r);
	assert_int_equal(crig_waiting(r, CALL_ADD), 1);
	assert_int_equal(add(r, &ann), 0);
	assert_int_equal(enforce(r->srv->workers[0], &ann.name, count_done, &done), 0);
	crig_turn(r);
	assert_int_equal(done, 1);
	peer_expect_closed(&p, ROTOR_DISCONNECT_PERMISSION_DENIED);
	crig_answer(r, CALL_ADD, 0);
	crig_turn(r);
	peer_close(&p);
}

static struct peer *
connect_many(struct client_rig *r, unsigned n, const char *user)
{
	struct peer *p = calloc(n, sizeof *p);

	assert_non_null(p);
	for (unsigned i = 0; i < n; i++)
		peer_connect(r, &p[i], 0, user);
	return p;
}

static void
close_many(struct peer *p, unsigned n, uint32_t code)
{
	for (unsigned i = 0; i < n; i++) {
		if (code != 0)
			peer_expect_closed(&p[i], code);
		peer_close(&p[i]);
	}
	free(p);
}

/* What a turn looks at is bounded, whether all are meant or a user with very many. */
static void
test_many_take_several_turns(void **state)
{
	struct client_rig *r = *state;
	struct denial ann = { .kind = DENIED_USER, .name = STR_LIT("ann") };
	const struct rotor_str *orders[] = { &ann.name, NULL };
	struct rotor_worker *w = r->srv->workers[0];

	for (size_t o = 0; o < 2; o++) {
		struct peer *p = connect_many(r, MANY, "ann");
		unsigned done = 0, closed = 0;
		struct peer bob;

		peer_connect(r, &bob, 1, "bob");
		assert_int_equal(add(r, &ann), 0);
		assert_int_equal(enforce(w, orders[o], count_done, &done), 0);
		assert_int_equal(enforce(w, orders[o], count_done, &done), 0);
		worker_drain(w);
		for (unsigned i = 0; i < MANY; i++)
			closed += p[i].n_closed > 0;
		assert_true(closed <= 2 * 512);
		while (crig_jobs(r))
			;
		assert_int_equal(done, 2);
		assert_int_equal(bob.n_closed, 0);
		close_many(p, MANY, ROTOR_DISCONNECT_PERMISSION_DENIED);
		peer_close(&bob);
		denied_remove(r->srv->denied, w, &ann);
	}
}

/* Each client once, in order, through the list of a user and through the table. */
static void
test_walk(void **state)
{
	static const struct {
		unsigned	anns, bobs;
	} rows[] = { { 0, 3 }, { 1, 0 }, { 20, 20 }, { 100, 30 }, { 64, 0 }, { 65, 1 } };
	struct client_rig *r = *state;
	struct hub *hub = r->srv->workers[0]->hub;
	struct rotor_str ann = STR_LIT("ann");

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct peer *a = connect_many(r, rows[i].anns, "ann"), *b = connect_many(r, rows[i].bobs, "bob");
		unsigned n = 0, all = 0;
		const struct rotor_client *c;
		uint64_t pos = 0, last = 0;
		uint32_t work;

		do {		/* a few at a time */
			for (work = 7; (c = hub_client_next(hub, &ann, &pos, &work)) != NULL; n++) {
				assert_true(pos > last);
				assert_true(rotor_str_eq(client_user(c), ann));
				last = pos;
			}
		} while (pos != MAP_SCAN_END);
		assert_int_equal(n, rows[i].anns);
		pos = 0;
		work = UINT32_MAX;
		while (hub_client_next(hub, NULL, &pos, &work) != NULL)
			all++;
		assert_int_equal(all, rows[i].anns + rows[i].bobs);
		close_many(a, rows[i].anns, 0);
		close_many(b, rows[i].bobs, 0);
	}
}

struct trip {
	struct tour	tour;
	char		log[64];
	unsigned	stop_after;	/* visits; 0: none */
	unsigned	visits, done;
	struct rotor_worker	*home;
};

/* Three pieces a worker. */
static int
trip_visit(struct rotor_worker *w, struct tour *t)
{
	struct trip *tr = (struct trip *)t;
	size_t n = strlen(tr->log);

	tr->log[n] = (char)('0' + w->index);
	t->pos = t->pos < 2 ? t->pos + 1 : MAP_SCAN_END;
	return ++tr->visits == tr->stop_after;
}

static void
trip_done(struct rotor_worker *w, struct tour *t)
{
	struct trip *tr = (struct trip *)t;

	tr->done++;
	tr->home = w;
}

static void
test_tour(void **state)
{
	static const struct {
		uint32_t	at;
		uint64_t	pos;
		unsigned	stop_after;
		const char	*log;
		uint32_t	ends_at;
	} rows[] = {
		{ 0, 0, 0, "000111", 2 },
		{ 0, 2, 0, "0111", 2 },
		{ 1, 1, 0, "11", 2 },
		{ 0, 0, 4, "0001", 1 },
		{ 2, 0, 0, "", 2 },
	};
	struct client_rig *r = *state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (size_t asker = 0; asker < 3; asker++) {
			struct trip tr = { .tour = { .at = rows[i].at, .pos = rows[i].pos,
			    .visit = trip_visit, .done = trip_done }, .stop_after = rows[i].stop_after };
			struct rotor_worker *w = asker < 2 ? r->srv->workers[asker] : r->srv->control;

			tour_start(&tr.tour, w);
			assert_int_equal(tr.visits, 0);		/* not before this turn is over */
			crig_turn(r);
			while (crig_jobs(r))
				;
			worker_drain(w);
			assert_int_equal(tr.done, 1);
			assert_ptr_equal(tr.home, w);
			assert_string_equal(tr.log, rows[i].log);
			assert_int_equal(tr.tour.at, rows[i].ends_at);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_users, conf),
		RIG_TEST(test_tokens, conf),
		RIG_TEST(test_bounds, conf),
		RIG_TEST(test_connect_refused, conf),
		RIG_TEST(test_caught_while_connecting, conf),
		RIG_TEST(test_many_take_several_turns, conf),
		RIG_TEST(test_walk, conf),
		RIG_TEST(test_tour, conf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
