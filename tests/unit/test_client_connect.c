/* SPDX-License-Identifier: MIT */
/* test_client_connect.c - connects with many server-side channels: limits come before the
 * work, the work takes turns, and clients end in between. */
#include "config.h"

#include "client_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char few[] =
    "workers: 2\n"
    "client: {allow_anonymous_connect_without_token: true, channel_limit: 4}\n" RIG_CHANNELS
    "    - {name: shut}\n";
static const char many[] =
    "workers: 2\n"
    "client: {allow_anonymous_connect_without_token: true, channel_limit: 100000, queue_max_size: 67108864}\n"
    RIG_CHANNELS
    "    - {name: shut}\n";

/* `n` channels of a namespace, and what comes behind them. */
static char *
connect_with(const char *ns, unsigned n, const char *rest)
{
	size_t cap = 64 + strlen(rest) + n * (strlen(ns) + 16), len;
	char *text = malloc(cap);

	assert_non_null(text);
	len = (size_t)snprintf(text, cap, "{\"id\":1,\"connect\":{\"subs\":{");
	for (unsigned i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, cap - len, "%s\"%s%u\":{}", i > 0 ? "," : "", ns, i);
	snprintf(text + len, cap - len, "%s}}}", rest);
	return text;
}

static void
send_connect(struct peer *p, const char *ns, unsigned n, const char *rest)
{
	char *text = connect_with(ns, n, rest);

	peer_send(p, text);
	free(text);
}

static void
jobs(struct client_rig *r)
{
	while (crig_jobs(r))
		;
}

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

static void
test_more_than_the_limit(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_open(r, &p, 0, ROTOR_JSON, 0);
	send_connect(&p, "c", 5, "");
	peer_expect_closed(&p, ROTOR_DISCONNECT_CHANNEL_LIMIT);
	assert_string_equal(r->log, "");
	peer_close(&p);
}

/* What a client may not have counts for nothing. */
static void
test_what_is_not_permitted_is_passed_over(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_open(r, &p, 0, ROTOR_JSON, 0);
	send_connect(&p, "shut:", 500, ",\"a\":{},\"$p\":{},\"b\":{},\"c\":{},\"d\":{}");
	crig_turn(r);
	assert_int_equal(p.n_closed, 0);
	assert_int_equal(p.client->n_subs, 4);
	assert_string_equal(r->log, "+a +b +c +d ");
	peer_close(&p);
}

/* A namespace that nobody has defined ends the connection, as soon as it is come to. */
static void
test_unknown_channel(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	peer_open(r, &p, 0, ROTOR_JSON, 0);
	send_connect(&p, "c", 4, ",\"nobody:x\":{},\"e\":{}");
	peer_expect_closed(&p, ROTOR_DISCONNECT_BAD_REQUEST);
	peer_close(&p);
	peer_open(r, &p, 0, ROTOR_JSON, 0);
	send_connect(&p, "c", 5, ",\"nobody:x\":{}");
	peer_expect_closed(&p, ROTOR_DISCONNECT_CHANNEL_LIMIT);
	assert_string_equal(r->log, "");
	peer_close(&p);
}

static void
test_limit_of_grants(void **state)
{
	struct client_rig *r = *state;
	struct rotor_sub_grant g[6];
	struct peer p;

	for (size_t i = 0; i < 6; i++)
		g[i] = (struct rotor_sub_grant){ .size = sizeof g[i], .channel = { "abcabc" + i % 3, 1 } };
	r->grants = g;
	r->n_grants = 6;		/* of three channels */
	peer_connect(r, &p, 0, "u");
	assert_int_equal(p.client->n_subs, 3);
	peer_close(&p);
	g[5].channel = STR_LIT("e");
	g[4].channel = STR_LIT("f");
	peer_open(r, &p, 0, ROTOR_JSON, 0);
	peer_send(&p, "{\"id\":1,\"connect\":{\"token\":\"u\"}}");
	peer_expect_closed(&p, ROTOR_DISCONNECT_CHANNEL_LIMIT);
	peer_close(&p);
}

/* Every channel uses up a turn; what is sent meanwhile waits for the reply. */
static void
test_many_take_turns(void **state)
{
	enum { MANY = 200 };
	struct client_rig *r = *state;
	struct peer p;
	char *text;

	crig_one_node(r);
	peer_open(r, &p, 0, ROTOR_JSON, 0);
	r->slow = 1;
	send_connect(&p, "pres:", MANY, "");
	peer_send(&p, "{\"id\":2,\"unsubscribe\":{\"channel\":\"pres:7\"}}");
	assert_int_equal(p.client->n_subs, 1);
	assert_int_equal(p.client->state, CLIENT_CONNECTING);
	assert_true(crig_jobs(r));
	r->slow = 0;
	jobs(r);
	assert_int_equal(p.client->n_subs, MANY - 1);
	assert_int_equal(count(r->log, "presence+pres:"), MANY);
	text = strndup((char *)rotor_buf_data(p.frames[0]), rotor_buf_len(p.frames[0]));
	assert_int_equal(count(text, "\"pres:"), MANY);
	free(text);
	text = strndup((char *)rotor_buf_data(p.frames[p.n_frames - 1]), rotor_buf_len(p.frames[p.n_frames - 1]));
	assert_non_null(strstr(text, "{\"id\":2,\"unsubscribe\":{}}"));
	free(text);
	/* It leaves in turns as well, and is not found from the first one on. */
	r->log[0] = '\0';
	r->slow = 1;
	peer_close(&p);
	assert_int_equal(r->srv->workers[0]->hub->clients.n, 0);
	assert_int_equal(atomic_load(&r->srv->n_clients), 0);
	assert_true(count(r->log, "presence-pres:") < MANY - 1);
	r->slow = 0;
	jobs(r);
	assert_int_equal(count(r->log, "presence-pres:"), MANY - 1);
}

/* The client ends while its channels are being made: whatever was begun is undone. */
static void
test_closed_in_between(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	crig_one_node(r);
	peer_open(r, &p, 0, ROTOR_JSON, 0);
	r->slow = 1;
	send_connect(&p, "pres:", 100, "");
	assert_int_equal(p.client->n_subs, 1);
	client_close(p.client, ROTOR_DISCONNECT_FORCE, NULL);
	peer_expect_closed(&p, ROTOR_DISCONNECT_FORCE);
	peer_close(&p);
	jobs(r);
	assert_int_equal(count(r->log, "presence+"), count(r->log, "presence-"));
}

/* The same while one waits for the engine, whose answer comes afterwards. */
static void
test_closed_while_waiting(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	r->later = BIT(CALL_ADD);
	crig_one_node(r);
	peer_open(r, &p, 0, ROTOR_JSON, 0);
	send_connect(&p, "pres:", 50, "");
	crig_turn(r);
	for (int i = 0; i < 20; i++) {
		crig_answer(r, CALL_ADD, 0);
		crig_turn(r);
	}
	assert_int_equal(p.client->n_subs, 21);
	crig_turn_over(r);
	peer_close(&p);
	assert_int_equal(crig_waiting(r, CALL_ADD), 1);
	crig_answer(r, CALL_ADD, 0);
	jobs(r);
	assert_int_equal(count(r->log, "presence+"), 21);
	assert_int_equal(count(r->log, "presence-"), 21);
}

/* One cannot be made: the connect fails, and the others go, before the connection does. */
static void
test_one_fails(void **state)
{
	struct client_rig *r = *state;
	struct peer p;

	r->later = BIT(CALL_ADD);
	peer_open(r, &p, 0, ROTOR_JSON, 0);
	send_connect(&p, "pres:", 50, "");
	crig_turn(r);
	for (int i = 0; i < 20; i++) {
		crig_answer(r, CALL_ADD, i < 19 ? 0 : ROTOR_ERR_INTERNAL);
		crig_turn(r);
	}
	jobs(r);
	peer_expect(&p, "{\"id\":1,\"error\":{\"code\":100,\"message\":\"internal server error\",\"temporary\":true}}");
	assert_int_equal(p.client->state, CLIENT_FAILED);
	assert_int_equal(p.client->n_subs, 0);
	assert_int_equal(count(r->log, "presence-"), 20);
	peer_close(&p);
}

/* The recursion that one channel after the other once was does not fit any stack. */
static void
test_very_many(void **state)
{
	enum { MANY = 30000 };
	struct client_rig *r = *state;
	struct peer p;
	char *text = connect_with("c", MANY, "");

	r->silent = 1;
	crig_one_node(r);
	peer_open(r, &p, 0, ROTOR_JSON, 0);
	peer_send(&p, text);
	crig_turn(r);
	jobs(r);
	assert_int_equal(p.n_closed, 0);
	assert_int_equal(p.client->n_subs, MANY);
	free(text);
	peer_close(&p);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		RIG_TEST(test_more_than_the_limit, few),
		RIG_TEST(test_what_is_not_permitted_is_passed_over, few),
		RIG_TEST(test_unknown_channel, few),
		RIG_TEST(test_limit_of_grants, few),
		RIG_TEST(test_many_take_turns, many),
		RIG_TEST(test_closed_in_between, many),
		RIG_TEST(test_closed_while_waiting, many),
		RIG_TEST(test_one_fails, many),
		RIG_TEST(test_very_many, many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
