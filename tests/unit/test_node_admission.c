/* SPDX-License-Identifier: MIT */
/* test_node_admission.c - who may connect: origins, numbers, rates, users. */
#include "config.h"

#include "client_rig.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "node/user_counts.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

static const char origins[] =
    "workers: 1\n"
    "client:\n"
    "  allowed_origins: [\"https://example.com\", \"https://*.example.org\", \"http://localhost:[0-9]*\","
    " \"https://{a,b}.test\", \"https://x?.test\"]\n" RIG_CHANNELS;
static const char any_origin[] = "workers: 1\nclient: {allowed_origins: [\"*\"]}\n" RIG_CHANNELS;
static const char limits[] =
    "workers: 2\n"
    "client: {allow_anonymous_connect_without_token: true, connection_limit: 3, user_connection_limit: 2}\n"
    RIG_CHANNELS;
static const char rate[] = "workers: 1\nclient: {connection_rate_limit: 3}\n" RIG_CHANNELS;
static const char nothing[] = "workers: 1\n" RIG_CHANNELS;

static void
test_origins(void **state)
{
	struct client_rig *r = *state;
	static const struct {
		const char *origin;
		int allowed;
	} rows[] = {
		{ "", 1 },			/* none was sent */
		{ "https://example.com", 1 },
		{ "HTTPS://Example.COM", 1 },
		{ "http://example.com", 0 },
		{ "https://example.com.evil.net", 0 },
		{ "https://example.com/", 0 },
		{ "xhttps://example.com", 0 },
		{ "https://example.co", 0 },
		{ "https://www.example.org", 1 },
		{ "https://a.b.example.org", 1 },
		{ "https://example.org", 0 },
		{ "https://www.example.org.evil.net", 0 },
		{ "http://localhost:8080", 1 },
		{ "http://localhost:", 0 },
		{ "http://localhost:x", 0 },
		{ "https://a.test", 1 },
		{ "https://b.test", 1 },
		{ "https://c.test", 0 },
		{ "https://x1.test", 1 },
		{ "https://x12.test", 0 },
		{ "null", 0 },
	};

	for (size_t i = 0; i < N(rows); i++)
		if (rotor_origin_allowed(r->srv, rotor_str_of(rows[i].origin)) != rows[i].allowed)
			fail_msg("\"%s\" should %sbe allowed", rows[i].origin, rows[i].allowed ? "" : "not ");
}

static void
test_any_origin(void **state)
{
	struct client_rig *r = *state;
	char longest[2048];

	assert_int_equal(rotor_origin_allowed(r->srv, STR_LIT("https://whoever")), 1);
	assert_int_equal(rotor_origin_allowed(r->srv, STR_LIT("null")), 1);
	memset(longest, 'a', sizeof longest);	/* no crash; no browser sends that */
	(void)rotor_origin_allowed(r->srv, (struct rotor_str){ longest, sizeof longest });
}

static void
test_no_origin(void **state)
{
	struct client_rig *r = *state;

	assert_int_equal(rotor_origin_allowed(r->srv, STR_LIT("")), 1);
	assert_int_equal(rotor_origin_allowed(r->srv, STR_LIT("https://example.com")), 0);
}

/* Sessions of all workers count, connected or not, until they close. */
static void
test_connection_limit(void **state)
{
	struct client_rig *r = *state;
	struct peer p[3];

	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(rotor_connection_admit(r->srv), 1);
		peer_open(r, &p[i], i % 2, ROTOR_JSON, 0);
	}
	assert_int_equal(rotor_connection_admit(r->srv), 0);
	assert_int_equal(rotor_connection_admit(r->srv), 0);
	client_close(p[1].client, ROTOR_DISCONNECT_FORCE, NULL);
	assert_int_equal(rotor_connection_admit(r->srv), 1);
	for (uint32_t i = 0; i < 3; i++)
		peer_close(&p[i]);
}

/* As if the last token had come `ms` ago. */
static void
age(struct client_rig *r, int64_t ms)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	atomic_store(&r->srv->rate_refilled_ms, ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000 - ms);
}

static int
admitted(struct client_rig *r, int tries)
{
	int n = 0;

	while (tries-- > 0)
		n += rotor_connection_admit(r->srv);
	return n;
}

/* A bucket of three, and one more each second: not three a second. */
static void
test_connection_rate(void **state)
{
	struct client_rig *r = *state;

	assert_int_equal(admitted(r, 3), 3);
	age(r, 0);
	assert_int_equal(admitted(r, 10), 0);
	age(r, 1000);
	assert_int_equal(admitted(r, 10), 1);
	age(r, 2000);
	assert_int_equal(admitted(r, 10), 2);
	age(r, 3600 * 1000);
	assert_int_equal(admitted(r, 3), 3);
}

/* What is left of a second is not lost. */
static void
test_connection_rate_keeps_the_rest(void **state)
{
	struct client_rig *r = *state;
	int64_t before, after;

	assert_int_equal(admitted(r, 3), 3);
	age(r, 1500);
	before = atomic_load(&r->srv->rate_refilled_ms);
	assert_int_equal(admitted(r, 10), 1);
	after = atomic_load(&r->srv->rate_refilled_ms);
	assert_int_equal(after - before, 1000);
}

static void
test_no_limits(void **state)
{
	struct client_rig *r = *state;

	assert_int_equal(admitted(r, 1000), 1000);
	assert_null(r->srv->user_counts);
}

static void
refused(struct client_rig *r, struct peer *p, uint32_t worker, const char *user)
{
	char text[64];

	peer_open(r, p, worker, ROTOR_JSON, 0);
	snprintf(text, sizeof text, "{\"id\":1,\"connect\":{\"token\":\"%s\"}}", user);
	peer_ask(r, p, text, "");
	peer_expect_closed(p, ROTOR_DISCONNECT_CONNECTION_LIMIT);
	peer_close(p);
}

/* Over all workers, each user apart; the anonymous are no user. */
static void
test_user_connection_limit(void **state)
{
	struct client_rig *r = *state;
	struct peer p[6], no;

	peer_connect(r, &p[0], 0, "ann");
	peer_connect(r, &p[1], 1, "ann");
	refused(r, &no, 0, "ann");
	refused(r, &no, 1, "ann");
	peer_connect(r, &p[2], 0, "bob");
	for (int i = 3; i < 6; i++)
		peer_connect(r, &p[i], 0, NULL);
	/* Closed, not yet detached: that is enough. */
	client_close(p[1].client, ROTOR_DISCONNECT_FORCE, NULL);
	peer_close(&p[3]);
	peer_connect(r, &p[3], 0, "ann");
	refused(r, &no, 0, "ann");
	for (int i = 0; i < 6; i++)
		peer_close(&p[i]);
	peer_connect(r, &p[0], 0, "ann");
	peer_connect(r, &p[1], 0, "ann");
	peer_close(&p[0]);
	peer_close(&p[1]);
}

/* A connect that fails behind the count gives its place back, and does not wait for the
 * connection to go. */
static void
test_failed_connect_is_not_counted(void **state)
{
	static const struct rotor_sub_grant grant = { .size = sizeof grant, .channel = { "nowhere:x", 9 } };
	struct client_rig *r = *state;
	struct peer p[5];

	r->grants = &grant;
	for (int i = 0; i < 3; i++) {
		r->n_grants = 1;
		peer_open(r, &p[i], 0, ROTOR_JSON, 0);
		peer_ask(r, &p[i], "{\"id\":1,\"connect\":{\"token\":\"ann\"}}",
		    "{\"id\":1,\"error\":{\"code\":102,\"message\":\"unknown channel\"}}");
	}
	assert_int_equal(r->srv->workers[0]->hub->users.n, 0);
	r->n_grants = 0;
	peer_connect(r, &p[3], 0, "ann");
	peer_connect(r, &p[4], 0, "ann");
	for (size_t i = 0; i < 5; i++)
		peer_close(&p[i]);
}

static void
test_user_counts(void **state)
{
	struct user_counts *u = user_counts_new();

	(void)state;
	assert_non_null(u);
	user_counts_remove(u, STR_LIT("nobody"));
	assert_int_equal(user_counts_add(u, STR_LIT("a"), 2), 0);
	assert_int_equal(user_counts_add(u, STR_LIT("a"), 2), 0);
	assert_true(user_counts_add(u, STR_LIT("a"), 2) < 0);
	assert_int_equal(user_counts_add(u, STR_LIT("aa"), 2), 0);
	user_counts_remove(u, STR_LIT("a"));
	assert_int_equal(user_counts_add(u, STR_LIT("a"), 2), 0);
	assert_true(user_counts_add(u, STR_LIT("a"), 2) < 0);
	user_counts_free(&u);	/* with entries in it */
	assert_null(u);
	user_counts_free(&u);
}

/* Nobody new once the server stops. */
static void
test_attach_while_stopping(void **state)
{
	static const struct rotor_transport none = { .size = sizeof none, .name = "none" };
	struct client_rig *r = *state;
	struct rotor_client_args args = { .size = sizeof args };
	uint32_t code = 0;

	atomic_store(&r->srv->stopping, 1);
	assert_null(rotor_client_attach(r->srv->workers[0], &none, NULL, &args, &code));
	assert_int_equal(code, ROTOR_DISCONNECT_SHUTDOWN);
	assert_null(rotor_client_attach(r->srv->workers[0], &none, NULL, &args, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_origins, origins),
		RIG_TEST(test_any_origin, any_origin),
		RIG_TEST(test_no_origin, nothing),
		RIG_TEST(test_connection_limit, limits),
		RIG_TEST(test_connection_rate, rate),
		RIG_TEST(test_connection_rate_keeps_the_rest, rate),
		RIG_TEST(test_no_limits, nothing),
		RIG_TEST(test_user_connection_limit, limits),
		RIG_TEST(test_failed_connect_is_not_counted, limits),
		cmocka_unit_test(test_user_counts),
		RIG_TEST(test_attach_while_stopping, nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
