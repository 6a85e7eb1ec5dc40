/* SPDX-License-Identifier: MIT */
/* test_engine_memory_presence.c - the memory engine's presence manager, and the tables
 * and heaps that all of it is made of. */
#include "config.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_memory/due.h"
#include "engine_memory/hash.h"
#include "engine_memory/presence.h"
#include "engine_memory/table.h"

#define STR(s)		((struct rotor_str){ (s), sizeof(s) - 1 })
#define N_THREADS	4
#define N_EACH		500

static void
on_done(void *token, uint32_t code)
{
	uint32_t *calls = token;

	assert_int_equal(code, 0);
	++*calls;
}

static int
presence_setup(void **state)
{
	*state = presence_new();
	return (*state == NULL);
}

static int
presence_teardown(void **state)
{
	struct presence *p = *state;

	presence_free(&p);
	assert_null(p);
	return (0);
}

struct present {
	uint32_t	calls, code, num_clients, num_users;
	size_t		n;
	char		text[1024];	/* "client=user/conn/chan;" for each */
};

static void
on_present(void *token, uint32_t code, const struct rotor_presence_result *res)
{
	struct present *p = token;
	const struct rotor_client_info *c;
	size_t i, len = 0;

	p->calls++;
	p->code = code;
	p->num_clients = res->num_clients;
	p->num_users = res->num_users;
	p->n = res->n_clients;
	for (i = 0; i < res->n_clients && len < sizeof p->text; i++) {
		c = &res->clients[i];
		len += (size_t)snprintf(p->text + len, sizeof p->text - len, "%.*s=%.*s/%.*s/%.*s;",
		    (int)c->client.len, c->client.p, (int)c->user.len, c->user.p,
		    (int)c->conn_info.len, c->conn_info.p, (int)c->chan_info.len, c->chan_info.p);
	}
}

static struct present
present(struct presence *p, struct rotor_str channel)
{
	struct present got = { 0 }, stats = { 0 };

	presence_manager.get(p, NULL, channel, on_present, &got);
	presence_manager.stats(p, NULL, channel, on_present, &stats);
	assert_int_equal(got.calls, 1);
	assert_int_equal(stats.calls, 1);
	assert_int_equal(got.code, 0);
	assert_int_equal(stats.n, 0);
	assert_int_equal(got.n, got.num_clients);
	assert_int_equal(stats.num_clients, got.num_clients);
	assert_int_equal(stats.num_users, got.num_users);
	return (got);
}

static struct rotor_client_info
client_info(const char *client, const char *user)
{
	return ((struct rotor_client_info){ .user = { user, strlen(user) },
	    .client = { client, strlen(client) }, .conn_info = STR("{}") });
}

static void
enter(struct presence *p, struct rotor_str channel, const char *client, const char *user)
{
	struct rotor_client_info info = client_info(client, user);
	uint32_t calls = 0;

	presence_manager.add(p, NULL, channel, &info, on_done, &calls);
	assert_int_equal(calls, 1);
}

static void
leave(struct presence *p, struct rotor_str channel, const char *client)
{
	struct rotor_client_info info = client_info(client, "");
	uint32_t calls = 0;

	presence_manager.remove(p, NULL, channel, &info, on_done, &calls);
	assert_int_equal(calls, 1);
}

static void
test_presence(void **state)
{
	struct presence *p = *state;
	struct present got = present(p, STR("c"));

	assert_int_equal(got.num_clients, 0);
	enter(p, STR("c"), "1", "ann");
	enter(p, STR("c"), "2", "bob");
	enter(p, STR("c"), "3", "ann");
	enter(p, STR("c"), "4", "");
	enter(p, STR("c"), "5", "");
	enter(p, STR("d"), "1", "ann");
	got = present(p, STR("c"));
	assert_int_equal(got.num_clients, 5);
	assert_int_equal(got.num_users, 3);	/* the anonymous count as one */
	assert_string_equal(got.text, "1=ann/{}/;2=bob/{}/;3=ann/{}/;4=/{}/;5=/{}/;");
	leave(p, STR("c"), "1");
	leave(p, STR("c"), "2");
	leave(p, STR("c"), "9");
	leave(p, STR("none"), "1");
	got = present(p, STR("c"));
	assert_int_equal(got.num_clients, 3);
	assert_int_equal(got.num_users, 2);
	assert_string_equal(present(p, STR("d")).text, "1=ann/{}/;");
}

static void
test_presence_refresh(void **state)
{
	struct presence *p = *state;
	struct rotor_client_info info = client_info("1", "bob");
	struct present got;
	uint32_t calls = 0;

	enter(p, STR("c"), "1", "ann");
	enter(p, STR("c"), "1", "ann");
	got = present(p, STR("c"));
	assert_int_equal(got.num_clients, 1);
	assert_int_equal(got.num_users, 1);
	assert_int_equal(presence_count(p), 3);
	info.chan_info = STR("[7]");
	presence_manager.add(p, NULL, STR("c"), &info, on_done, &calls);
	got = present(p, STR("c"));
	assert_string_equal(got.text, "1=bob/{}/[7];");
	assert_int_equal(got.num_users, 1);
	assert_int_equal(presence_count(p), 3);
}

static void
test_presence_empties(void **state)
{
	struct presence *p = *state;
	char client[16], user[16];
	int i;

	for (i = 0; i < 500; i++) {
		snprintf(client, sizeof client, "%d", i);
		snprintf(user, sizeof user, "%d", i % 50);
		enter(p, STR("c"), client, user);
	}
	assert_int_equal(presence_count(p), 1 + 500 + 50);
	for (i = 499; i >= 0; i--) {
		snprintf(client, sizeof client, "%d", i);
		leave(p, STR("c"), client);
	}
	assert_int_equal(presence_count(p), 0);
}

struct leaving {
	struct presence	*p;
	struct present	seen;
};

static void
on_present_leave(void *token, uint32_t code, const struct rotor_presence_result *res)
{
	struct leaving *l = token;

	leave(l->p, STR("c"), "1");
	leave(l->p, STR("c"), "2");
	on_present(&l->seen, code, res);
}

/* What a reader was given stays, even when everybody leaves meanwhile. */
static void
test_presence_reentry(void **state)
{
	struct leaving l = { .p = *state };

	enter(l.p, STR("c"), "1", "ann");
	enter(l.p, STR("c"), "2", "bob");
	presence_manager.get(l.p, NULL, STR("c"), on_present_leave, &l);
	assert_string_equal(l.seen.text, "1=ann/{}/;2=bob/{}/;");
	assert_int_equal(presence_count(l.p), 0);
}

static void
on_present_keep(void *token, uint32_t code, const struct rotor_presence_result *res)
{
	struct rotor_buf **kept = token;

	assert_int_equal(code, 0);
	assert_ptr_equal(res->clients, rotor_buf_data(res->keep));
	*kept = rotor_buf_ref(res->keep);
}

static struct rotor_buf *
keep(struct presence *p)
{
	struct rotor_buf *kept = NULL;

	presence_manager.get(p, NULL, STR("c"), on_present_keep, &kept);
	return (kept);
}

/* One list for all who ask until somebody comes or goes; who holds it has it unchanged. */
static void
test_presence_keep(void **state)
{
	struct presence *p = *state;
	struct rotor_buf *first, *same, *other;
	const struct rotor_client_info *c;

	enter(p, STR("c"), "1", "ann");
	enter(p, STR("c"), "2", "bob");
	first = keep(p);
	enter(p, STR("c"), "2", "bob");		/* a refresh, and nothing new */
	same = keep(p);
	assert_ptr_equal(first, same);
	leave(p, STR("c"), "1");
	other = keep(p);
	assert_ptr_not_equal(first, other);
	leave(p, STR("c"), "2");
	c = (const void *)rotor_buf_data(first);
	assert_memory_equal(c[0].user.p, "ann", 3);
	assert_memory_equal(c[1].user.p, "bob", 3);
	c = (const void *)rotor_buf_data(other);
	assert_memory_equal(c[0].client.p, "2", 1);
	rotor_buf_unref(&first);
	rotor_buf_unref(&same);
	rotor_buf_unref(&other);
}

static void *
visitor(void *arg)
{
	struct present got = { 0 };
	char client[32];
	int i;

	for (i = 0; i < N_EACH; i++) {
		snprintf(client, sizeof client, "%lx-%d", (unsigned long)pthread_self(), i % 5);
		enter(arg, STR("c"), client, "u");
		presence_manager.get(arg, NULL, STR("c"), on_present, &got);
		leave(arg, STR("c"), client);
	}
	return (NULL);
}

static void
test_presence_threads(void **state)
{
	pthread_t threads[N_THREADS];
	int i;

	for (i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, visitor, *state), 0);
	for (i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(presence_count(*state), 0);
}

static void
test_due_order(void **state)
{
	struct due dues[200] = { { 0, 0 } };
	struct due_heap h = { 0 };
	unsigned int seed = 1;
	int64_t last = 0;
	struct due *d;
	size_t i, n;

	(void)state;
	for (i = 0; i < 200; i++) {
		seed = seed * 1103515245u + 12345u;
		assert_int_equal(due_add(&h, &dues[i], (int64_t)(seed >> 16) % 1000 + 1), 0);
	}
	for (i = 0; i < 200; i += 3)
		due_move(&h, &dues[i], 1001 - dues[i].at_ms);
	for (i = 1; i < 200; i += 5)
		due_remove(&h, &dues[i]);
	due_hasten(&h, &dues[0], dues[0].at_ms + 1);
	assert_null(due_first(&h, 0));
	for (n = 0; (d = due_first(&h, 1000)) != NULL; n++) {
		assert_true(d->at_ms >= last);
		last = d->at_ms;
		due_remove(&h, d);
	}
	assert_int_equal(n, 160);
	due_fini(&h);
}

struct number {
	struct table_node	node;
	int			n;
};

static int
number_match(struct table_node *node, const void *key)
{
	return (CONTAINER(node, struct number, node)->n == *(const int *)key);
}

static void
number_free(struct table_node *node)
{
	free(CONTAINER(node, struct number, node));
}

static void
test_table(void **state)
{
	struct table t = { 0 };
	struct table_node *node;
	struct number *x;
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		x = calloc(1, sizeof *x);
		assert_non_null(x);
		x->n = i;
		x->node.hash = (uint64_t)i / 4;		/* collisions */
		assert_int_equal(table_insert(&t, &x->node), 0);
	}
	for (i = 0; i < 1000; i++) {
		node = table_find(&t, (uint64_t)i / 4, number_match, &i);
		assert_non_null(node);
		if (i >= 10) {
			table_remove(&t, node);
			number_free(node);
		}
	}
	assert_int_equal(t.n, 10);
	assert_true(t.cap <= 128);
	i = 3;
	assert_non_null(table_find(&t, 0, number_match, &i));
	i = 500;
	assert_null(table_find(&t, 125, number_match, &i));
	table_fini(&t, number_free);
}

static void
test_hash(void **state)
{
	struct hash_key a, b;

	(void)state;
	assert_int_equal(hash_key_init(&a), 0);
	assert_int_equal(hash_key_init(&b), 0);
	assert_true(hash_str(&a, 0, STR("channel")) == hash_str(&a, 0, STR("channel")));
	assert_true(hash_str(&a, 0, STR("channel")) != hash_str(&b, 0, STR("channel")));
	assert_true(hash_str(&a, 0, STR("channel")) != hash_str(&a, 1, STR("channel")));
	assert_true(hash_str(&a, 0, STR("channel")) != hash_str(&a, 0, STR("channel\0")));
	assert_true(hash_str(&a, 0, STR("12345678")) != hash_str(&a, 0, STR("123456789")));
	assert_true(hash_str(&a, 0, STR("a")) != hash_str(&a, 0, STR("a\0")));
	(void)hash_str(&a, 0, (struct rotor_str){ NULL, 0 });
}

#define PRESENCE_TEST(f)	cmocka_unit_test_setup_teardown(f, presence_setup, presence_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PRESENCE_TEST(test_presence),
		PRESENCE_TEST(test_presence_refresh),
		PRESENCE_TEST(test_presence_empties),
		PRESENCE_TEST(test_presence_reentry),
		PRESENCE_TEST(test_presence_keep),
		PRESENCE_TEST(test_presence_threads),
		cmocka_unit_test(test_due_order),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_hash),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
