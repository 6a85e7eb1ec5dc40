/* SPDX-License-Identifier: MIT */
/* test_publication.c - publications are deep, counted copies. */
#include "config.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/publication.h>

#define N_THREADS	4

static struct rotor_str
str(char *s)
{
	return ((struct rotor_str){ s, strlen(s) });
}

static void
assert_str(struct rotor_str got, const char *want)
{
	assert_int_equal(got.len, strlen(want));
	assert_memory_equal(got.p, want, got.len);
}

static void
test_deep_copy(void **state)
{
	char bytes[] = "channel\0epochxyz\0data\0user\0client\0{\"c\":1}\0[2]\0k1\0v1\0k2";
	char *channel = bytes, *epoch = channel + 8, *data = epoch + 9, *user = data + 5;
	char *client = user + 5, *conn = client + 7, *chan = conn + 8, *k1 = chan + 4;
	char *v1 = k1 + 3, *k2 = v1 + 3;
	struct rotor_client_info info = { str(user), str(client), str(conn), str(chan) };
	struct rotor_tag tags[] = { { str(k1), str(v1) }, { str(k2), { NULL, 0 } } };
	struct rotor_publication from = {
		.size = sizeof from, .kind = ROTOR_PUBLICATION, .flags = ROTOR_PUB_JSON,
		.offset = 7, .version = 8, .time_ms = 9, .channel = str(channel),
		.epoch = str(epoch), .data = str(data), .info = &info, .tags = tags, .n_tags = 2,
	};
	struct rotor_publication *pub = rotor_publication_new(&from);

	(void)state;
	assert_non_null(pub);
	memset(bytes, 'x', sizeof bytes);
	memset(&info, 0, sizeof info);
	memset(tags, 0, sizeof tags);
	assert_int_equal(pub->size, sizeof *pub);
	assert_int_equal(pub->flags, ROTOR_PUB_JSON);
	assert_int_equal(pub->offset, 7);
	assert_int_equal(pub->version, 8);
	assert_int_equal(pub->time_ms, 9);
	assert_str(pub->channel, "channel");
	assert_str(pub->epoch, "epochxyz");
	assert_str(pub->data, "data");
	assert_str(pub->info->user, "user");
	assert_str(pub->info->client, "client");
	assert_str(pub->info->conn_info, "{\"c\":1}");
	assert_str(pub->info->chan_info, "[2]");
	assert_int_equal(pub->n_tags, 2);
	assert_str(pub->tags[0].key, "k1");
	assert_str(pub->tags[0].value, "v1");
	assert_str(pub->tags[1].key, "k2");
	assert_int_equal(pub->tags[1].value.len, 0);
	rotor_publication_unref(&pub);
	assert_null(pub);
}

static void
test_empty(void **state)
{
	struct rotor_publication from = { .size = sizeof from };
	struct rotor_publication *pub = rotor_publication_new(&from);

	(void)state;
	assert_non_null(pub);
	assert_int_equal(pub->channel.len, 0);
	assert_int_equal(pub->data.len, 0);
	assert_null(pub->info);
	assert_null(pub->tags);
	rotor_publication_unref(&pub);
	rotor_publication_unref(&pub);		/* NULL by now */
}

static void
test_copy_of_a_copy(void **state)
{
	struct rotor_tag tag = { { "k", 1 }, { "v", 1 } };
	struct rotor_publication from = { .size = sizeof from, .channel = { "c", 1 },
	    .tags = &tag, .n_tags = 1 };
	struct rotor_publication *a = rotor_publication_new(&from), *b;

	(void)state;
	assert_non_null(a);
	b = rotor_publication_new(a);
	assert_non_null(b);
	rotor_publication_unref(&a);
	assert_str(b->channel, "c");
	assert_str(b->tags[0].value, "v");
	rotor_publication_unref(&b);
}

/* A caller that knows fewer members gets zeros for the rest, whatever lies there. */
static void
test_short_size(void **state)
{
	struct rotor_publication from = { .size = offsetof(struct rotor_publication, info),
	    .data = { "d", 1 }, .info = (void *)1, .tags = (void *)1, .n_tags = SIZE_MAX };
	struct rotor_publication *pub = rotor_publication_new(&from);

	(void)state;
	assert_non_null(pub);
	assert_str(pub->data, "d");
	assert_null(pub->info);
	assert_int_equal(pub->n_tags, 0);
	rotor_publication_unref(&pub);
}

/* Lengths that no address space holds are refused before anything is read. */
static void
test_overflow(void **state)
{
	struct rotor_publication from = { .size = sizeof from, .channel = { "c", SIZE_MAX / 2 },
	    .data = { "d", SIZE_MAX / 2 }, .epoch = { "e", SIZE_MAX / 2 } };

	(void)state;
	assert_null(rotor_publication_new(&from));
	from = (struct rotor_publication){ .size = sizeof from, .n_tags = SIZE_MAX / 8 };
	assert_null(rotor_publication_new(&from));
}

static void *
ref_and_unref(void *arg)
{
	struct rotor_publication *pub;
	int i;

	for (i = 0; i < 10000; i++) {
		pub = rotor_publication_ref(arg);
		rotor_publication_unref(&pub);
	}
	pub = arg;
	rotor_publication_unref(&pub);
	return (NULL);
}

static void
test_threads(void **state)
{
	struct rotor_publication from = { .size = sizeof from, .channel = { "c", 1 } };
	struct rotor_publication *pub = rotor_publication_new(&from);
	pthread_t threads[N_THREADS];
	size_t i;

	(void)state;
	assert_non_null(pub);
	for (i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ref_and_unref,
		    rotor_publication_ref(pub)), 0);
	for (i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_str(pub->channel, "c");
	rotor_publication_unref(&pub);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deep_copy),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_copy_of_a_copy),
		cmocka_unit_test(test_short_size),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_threads),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
