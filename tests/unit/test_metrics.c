/* SPDX-License-Identifier: MIT */
/* tests/unit/test_metrics.c - counting in shards, reading their sums. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "metrics/metrics.h"

static const double bounds[] = { 0.1, 1, 10 };

/* Collects what foreach() tells, as text. */
struct dump {
	char	text[4096];
	size_t	len;
};

__attribute__((format(printf, 2, 3))) static void
say(struct dump *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	d->len += (size_t)vsnprintf(d->text + d->len, sizeof d->text - d->len, fmt, ap);
	va_end(ap);
	assert_true(d->len < sizeof d->text);
}

static void
dump_sample(void *priv, const struct rotor_metric_sample *s)
{
	struct dump *d = priv;
	size_t i;

	assert_int_equal(s->size, sizeof *s);
	say(d, "%s_%s", s->subsystem, s->name);
	for (i = 0; i < s->n_labels; i++)
		say(d, " %s=%s", s->labels[i], s->values[i]);
	if (s->type != ROTOR_HISTOGRAM) {
		say(d, " %lld\n", (long long)s->value);
		return;
	}
	for (i = 0; i <= s->n_bounds; i++)
		say(d, " %llu", (unsigned long long)s->buckets[i]);
	say(d, " n=%llu sum=%g\n", (unsigned long long)s->count, s->sum);
}

static const char *
dump(struct metrics *m)
{
	static struct dump d;

	d.len = 0;
	d.text[0] = '\0';
	metrics_foreach(m, dump_sample, &d);
	return d.text;
}

static rotor_metric_id
child(struct rotor_metric *f, const char *a, const char *b)
{
	return rotor_metric_child(f, (const char *const[]){ a, b });
}

static void
sums_the_shards(void **state)
{
	struct metrics *m = metrics_new(3);
	struct rotor_metric *count, *level;
	rotor_metric_id pub, join, clients;

	(void)state;
	assert_non_null(m);
	assert_string_equal(dump(m), "");
	count = metrics_register(m, ROTOR_COUNTER, "node", "messages", "Messages.", "type,ns", NULL, 0);
	level = metrics_register(m, ROTOR_GAUGE, "node", "num_clients", "Clients.", "", NULL, 0);
	assert_string_equal(dump(m), "");
	pub = child(count, "publication", "");
	join = child(count, "join", "chat");
	clients = child(level, NULL, NULL);
	assert_true(pub != 0 && join != 0 && clients != 0 && pub != join);
	metrics_add(metrics_shard_get(m, 0), pub, 5);
	metrics_add(metrics_shard_get(m, 2), pub, 2);
	metrics_add(metrics_shard_get(m, 1), clients, 10);
	metrics_add(metrics_shard_get(m, 2), clients, -12);
	assert_string_equal(dump(m), "node_messages type=publication ns= 7\n"
	    "node_messages type=join ns=chat 0\nnode_num_clients -2\n");
	metrics_free(&m);
	metrics_free(&m);
}

static void
fills_buckets(void **state)
{
	static const double seen[] = { 0, 0.1, 0.11, 1, 9, 10, 10.5, 1e9 };
	struct metrics *m = metrics_new(2);
	rotor_metric_id id;
	size_t i;

	(void)state;
	id = child(metrics_register(m, ROTOR_HISTOGRAM, "api", "seconds", "", "", bounds, 3), "", "");
	for (i = 0; i < sizeof seen / sizeof seen[0]; i++)
		metrics_observe(metrics_shard_get(m, i & 1), id, seen[i]);
	metrics_observe(metrics_shard_get(m, 0), id, NAN);
	assert_string_equal(dump(m), "api_seconds 2 2 2 2 n=8 sum=1e+09\n");
	metrics_free(&m);
}

static void
wrong_ids_do_nothing(void **state)
{
	struct metrics *m = metrics_new(1);
	struct metrics_shard *s = metrics_shard_get(m, 0);
	rotor_metric_id h, c;

	(void)state;
	h = child(metrics_register(m, ROTOR_HISTOGRAM, "a", "h", "", "", bounds, 3), "", "");
	c = child(metrics_register(m, ROTOR_COUNTER, "a", "c", "", "", NULL, 0), "", "");
	metrics_add(s, 0, 1);
	metrics_observe(s, 0, 1);
	metrics_add(s, h, 1);
	metrics_observe(s, c, 1);
	metrics_add(s, UINT32_MAX, 1);
	metrics_observe(s, UINT32_MAX, 1);
	assert_string_equal(dump(m), "a_h 0 0 0 0 n=0 sum=0\na_c 0\n");
	assert_int_equal(rotor_metric_child(NULL, NULL), 0);
	metrics_free(&m);
}

static void
registers_once(void **state)
{
	static const double down[] = { 2, 1 }, same[] = { 1, 1 }, inf[] = { 1, INFINITY };
	struct metrics *m = metrics_new(1);
	struct rotor_metric *c, *h;

	(void)state;
	c = metrics_register(m, ROTOR_COUNTER, "a", "c", "help", "x,y", NULL, 0);
	h = metrics_register(m, ROTOR_HISTOGRAM, "a", "h", "help", "x", bounds, 3);
	assert_true(c != NULL && h != NULL);
	assert_ptr_equal(metrics_register(m, ROTOR_COUNTER, "a", "c", "other", "x,y", NULL, 0), c);
	assert_ptr_equal(metrics_register(m, ROTOR_HISTOGRAM, "a", "h", "", "x", bounds, 3), h);
	assert_null(metrics_register(m, ROTOR_GAUGE, "a", "c", "", "x,y", NULL, 0));
	assert_null(metrics_register(m, ROTOR_COUNTER, "a", "c", "", "x", NULL, 0));
	assert_null(metrics_register(m, ROTOR_HISTOGRAM, "a", "h", "", "x", bounds, 2));
	assert_null(metrics_register(m, ROTOR_HISTOGRAM, "a", "n1", "", "", down, 2));
	assert_null(metrics_register(m, ROTOR_HISTOGRAM, "a", "n2", "", "", same, 2));
	assert_null(metrics_register(m, ROTOR_HISTOGRAM, "a", "n3", "", "", inf, 2));
	assert_null(metrics_register(m, ROTOR_COUNTER, "a", "n4", "", "", bounds, 3));
	assert_null(metrics_register(m, 7, "a", "n5", "", "", NULL, 0));
	assert_null(metrics_register(m, ROTOR_COUNTER, "a", "", "", "", NULL, 0));
	assert_null(metrics_register(m, ROTOR_COUNTER, "a", "n 6", "", "", NULL, 0));
	assert_null(metrics_register(m, ROTOR_COUNTER, "a", "6n", "", "", NULL, 0));
	assert_null(metrics_register(m, ROTOR_COUNTER, "a", "n7", "", "x,,y", NULL, 0));
	assert_null(metrics_register(m, ROTOR_COUNTER, "a", "n8", "", "x,", NULL, 0));
	assert_null(metrics_register(m, ROTOR_COUNTER, "a", "n9", "", "a,b,c,d,e,f,g,h,i", NULL, 0));
	assert_string_equal(dump(m), "");
	metrics_free(&m);
}

static void
children_by_their_values(void **state)
{
	struct metrics *m = metrics_new(1);
	struct rotor_metric *f;
	char longer[400], longest[500];

	(void)state;
	f = metrics_register(m, ROTOR_COUNTER, "a", "c", "", "x,y", NULL, 0);
	assert_int_equal(child(f, "1", "2"), child(f, "1", "2"));
	assert_int_not_equal(child(f, "1", "2"), child(f, "2", "1"));
	assert_int_not_equal(child(f, "12", ""), child(f, "1", "2"));
	assert_int_not_equal(child(f, "12", ""), child(f, "", "12"));
	memset(longer, 'x', sizeof longer);
	memset(longest, 'x', sizeof longest);
	longer[399] = longest[499] = '\0';
	assert_int_not_equal(child(f, longer, ""), 0);
	assert_int_equal(child(f, longer, ""), child(f, longest, ""));	/* both are cut */
	metrics_free(&m);
}

static void
count_sample(void *priv, const struct rotor_metric_sample *s)
{
	uint32_t *n = priv;

	assert_int_equal(s->value, atoi(s->values[0]));
	++*n;
}

static void
grows_by_chunks(void **state)
{
	struct metrics *m = metrics_new(2);
	struct rotor_metric *f = metrics_register(m, ROTOR_COUNTER, "a", "c", "", "x", NULL, 0);
	uint32_t i, n = 0;
	char text[16];

	(void)state;
	for (i = 0; i < 5000; i++) {
		rotor_metric_id id;

		(void)snprintf(text, sizeof text, "%u", i);
		id = child(f, text, NULL);
		assert_int_not_equal(id, 0);
		metrics_add(metrics_shard_get(m, i & 1), id, i);
	}
	metrics_foreach(m, count_sample, &n);
	assert_int_equal(n, 5000);
	metrics_free(&m);
}

/* An ever new label value uses up the slots, and then counts into the sink. */
static void
ends_in_the_sink(void **state)
{
	static double many[200];
	struct metrics *m = metrics_new(1);
	struct rotor_metric *f;
	rotor_metric_id id = 1;
	char text[16];
	uint32_t i;

	(void)state;
	for (i = 0; i < 200; i++)
		many[i] = i;
	f = metrics_register(m, ROTOR_HISTOGRAM, "a", "h", "", "x", many, 200);
	for (i = 0; id != 0 && i < 1000000; i++) {
		(void)snprintf(text, sizeof text, "%u", i);
		id = child(f, text, NULL);
		metrics_observe(metrics_shard_get(m, 0), id, 3);
	}
	assert_int_equal(id, 0);
	assert_true(i > 2000);
	assert_int_not_equal(child(f, "7", NULL), 0);
	metrics_free(&m);
}

struct counting {
	struct metrics		*m;
	struct rotor_metric	*f, *h;
	rotor_metric_id		id, hid;
	uint32_t		shard;
	pthread_t		thread;
};

static void *
count(void *priv)
{
	struct counting *c = priv;
	struct metrics_shard *s = metrics_shard_get(c->m, c->shard);
	char text[16];
	uint32_t i;

	for (i = 0; i < 20000; i++) {
		metrics_add(s, c->id, 1);
		metrics_observe(s, c->hid, 0.5);
		if (i % 16 == 0) {
			(void)snprintf(text, sizeof text, "%u", i);
			metrics_add(s, child(c->f, text, NULL), 1);
		}
	}
	return NULL;
}

static void
add_up(void *priv, const struct rotor_metric_sample *s)
{
	uint64_t *sum = priv;

	*sum += s->type == ROTOR_HISTOGRAM ? s->count : (uint64_t)s->value;
}

static void
counts_while_children_are_made_and_read(void **state)
{
	struct counting c[3];
	struct metrics *m = metrics_new(3);
	struct rotor_metric *f = metrics_register(m, ROTOR_COUNTER, "a", "c", "", "x", NULL, 0);
	struct rotor_metric *h = metrics_register(m, ROTOR_HISTOGRAM, "a", "h", "", "", bounds, 3);
	uint64_t sum = 0, before = 0;
	uint32_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		c[i] = (struct counting){ .m = m, .f = f, .h = h, .id = child(f, "all", NULL),
		    .hid = child(h, NULL, NULL), .shard = i };
		assert_int_equal(pthread_create(&c[i].thread, NULL, count, &c[i]), 0);
	}
	for (i = 0; i < 50; i++) {
		sum = 0;
		metrics_foreach(m, add_up, &sum);
		assert_true(sum >= before);
		before = sum;
	}
	for (i = 0; i < 3; i++)
		assert_int_equal(pthread_join(c[i].thread, NULL), 0);
	sum = 0;
	metrics_foreach(m, add_up, &sum);
	assert_int_equal(sum, 3 * (20000 + 20000 + 20000 / 16));
	metrics_free(&m);
}

static int64_t
twice(void *priv)
{
	int *n = priv;

	return 2 * *n;
}

static void
asks_who_keeps_the_number(void **state)
{
	struct metrics *m = metrics_new(2);
	int n = 21;

	(void)state;
	assert_int_equal(metrics_register_read(m, ROTOR_COUNTER, "log", "lines_lost_total", "", twice, &n), 0);
	assert_string_equal(dump(m), "log_lines_lost_total 42\n");
	n = 22;
	assert_string_equal(dump(m), "log_lines_lost_total 44\n");
	assert_true(metrics_register_read(m, ROTOR_COUNTER, "log", "no good", "", twice, &n) < 0);
	metrics_free(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_the_shards),
		cmocka_unit_test(fills_buckets),
		cmocka_unit_test(wrong_ids_do_nothing),
		cmocka_unit_test(registers_once),
		cmocka_unit_test(children_by_their_values),
		cmocka_unit_test(grows_by_chunks),
		cmocka_unit_test(ends_in_the_sink),
		cmocka_unit_test(counts_while_children_are_made_and_read),
		cmocka_unit_test(asks_who_keeps_the_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
