/* SPDX-License-Identifier: MIT */
/* test_peers.c - connections an address: counting, /64s, exempt networks. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "http_priv.h"

static struct http_peer
peer(const char *addr)
{
	struct http_peer p = { .family = strchr(addr, ':') != NULL ? AF_INET6 : AF_INET };

	assert_int_equal(inet_pton(p.family, addr, p.addr), 1);
	return p;
}

static int
enter(struct http_peers *ps, const char *addr)
{
	struct http_peer p = peer(addr);

	return http_peers_enter(ps, &p);
}

static void
leave(struct http_peers *ps, const char *addr)
{
	struct http_peer p = peer(addr);

	http_peers_leave(ps, &p);
}

static void
counts(void **state)
{
	static const struct rotor_strlist none = { NULL, 0 };
	struct http_peers *ps = http_peers_new(2, &none);

	(void)state;
	assert_non_null(ps);
	assert_true(enter(ps, "1.2.3.4") && enter(ps, "1.2.3.4"));
	assert_false(enter(ps, "1.2.3.4"));
	assert_true(enter(ps, "1.2.3.5"));
	leave(ps, "1.2.3.4");
	assert_true(enter(ps, "1.2.3.4"));
	assert_false(enter(ps, "1.2.3.4"));
	/* All of a /64 is one. */
	assert_true(enter(ps, "2001:db8::1") && enter(ps, "2001:db8::ffff:2"));
	assert_false(enter(ps, "2001:db8::3"));
	assert_true(enter(ps, "2001:db8:0:1::3"));
	http_peers_free(&ps);
	assert_null(ps);
	http_peers_free(&ps);
}

static void
many(void **state)
{
	static const struct rotor_strlist none = { NULL, 0 };
	struct http_peers *ps = http_peers_new(1, &none);
	struct http_peer p = { .family = AF_INET6 };
	uint32_t i;

	(void)state;
	for (i = 0; i < 100000; i++) {
		memcpy(p.addr + 4, &i, sizeof i);
		assert_true(http_peers_enter(ps, &p));
		assert_false(http_peers_enter(ps, &p));
	}
	for (i = 0; i < 100000; i++) {
		memcpy(p.addr + 4, &i, sizeof i);
		http_peers_leave(ps, &p);
		assert_true(http_peers_enter(ps, &p));
	}
	http_peers_free(&ps);
}

static void
exempt(void **state)
{
	static const char *const v[] = { "10.0.0.0/8", "192.168.1.7", "10.64.0.0/10", "fd00::/8", "::1", "172.16.0.0/12" };
	static const struct rotor_strlist list = { v, sizeof v / sizeof v[0] };
	struct http_peers *ps = http_peers_new(1, &list);
	struct http_peer un = { .family = AF_UNIX };
	int i;

	(void)state;
	assert_non_null(ps);
	for (i = 0; i < 3; i++) {
		assert_true(enter(ps, "10.255.0.1") && enter(ps, "192.168.1.7") && enter(ps, "fd12::5") &&
		    enter(ps, "::1") && enter(ps, "172.31.255.255"));
		assert_true(http_peers_enter(ps, &un));
	}
	http_peers_leave(ps, &un);
	leave(ps, "10.255.0.1");
	assert_true(enter(ps, "11.0.0.1") && enter(ps, "172.32.0.1") && enter(ps, "192.168.1.8"));
	assert_false(enter(ps, "11.0.0.1") || enter(ps, "172.32.0.1") || enter(ps, "192.168.1.8"));
	http_peers_free(&ps);
}

static void
networks(void **state)
{
	static const char *const good[] = { "1.2.3.4", "0.0.0.0/0", "1.2.3.4/32", "::/0", "fe80::1/128" };
	static const char *const bad[] = { "", "/", "/8", "x", "1.2.3", "1.2.3.4/33", "::1/129", "1.2.3.4/", "1.2.3.4/a",
	    "1.2.3.4/8 ", "1.2.3.4/-1", "1.2.3.4/+1", "1.2.3.4/8/8", "localhost", "1.2.3.4/0000000000008" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(http_network_is_valid(good[i]));
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (http_network_is_valid(bad[i]))
			fail_msg("taken: %s", bad[i]);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts), cmocka_unit_test(many), cmocka_unit_test(exempt),
		cmocka_unit_test(networks),
	};

	return cmocka_run_group_tests_name("http peers", tests, NULL, NULL);
}
