/* SPDX-License-Identifier: MIT */
/* tests/unit/test_buf.c - reference-counted buffers. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rotor/buf.h>

static void
holds_a_copy(void **state)
{
	char text[] = "hello";
	struct rotor_buf *b = rotor_buf_new(text, 5);

	(void)state;
	assert_non_null(b);
	text[0] = 'j';
	assert_int_equal(rotor_buf_len(b), 5);
	assert_memory_equal(rotor_buf_data(b), "hello", 5);
	rotor_buf_unref(&b);
	assert_null(b);
	rotor_buf_unref(&b);
}

static void
has_headroom_and_alignment(void **state)
{
	struct rotor_buf *b = rotor_buf_alloc(100);
	unsigned char *p;

	(void)state;
	assert_non_null(b);
	p = rotor_buf_data(b);
	assert_int_equal((uintptr_t)p % 8, 0);
	memset(p - ROTOR_BUF_HEADROOM, 0xee, ROTOR_BUF_HEADROOM + 100);
	assert_int_equal(rotor_buf_len(b), 100);
	rotor_buf_trim(b, 60);
	assert_int_equal(rotor_buf_len(b), 60);
	assert_ptr_equal(rotor_buf_data(b), p);
	rotor_buf_unref(&b);
}

static void
empty_and_absurd(void **state)
{
	struct rotor_buf *b = rotor_buf_new(NULL, 0);

	(void)state;
	assert_non_null(b);
	assert_int_equal(rotor_buf_len(b), 0);
	rotor_buf_unref(&b);
	assert_null(rotor_buf_alloc(SIZE_MAX));
	assert_null(rotor_buf_alloc(SIZE_MAX - 16));
}

static void *
use_and_drop(void *priv)
{
	struct rotor_buf *b = priv;

	if (rotor_buf_data(b)[0] != 'x')
		abort();
	rotor_buf_unref(&b);
	return NULL;
}

/* Whichever thread lets go last frees; the sanitizers watch. */
static void
is_dropped_on_any_thread(void **state)
{
	struct rotor_buf *b = rotor_buf_new("x", 1), *again;
	pthread_t t[4];
	int i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, use_and_drop, rotor_buf_ref(b)), 0);
	again = rotor_buf_ref(b);
	assert_ptr_equal(again, b);
	rotor_buf_unref(&b);
	rotor_buf_unref(&again);
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_a_copy),
		cmocka_unit_test(has_headroom_and_alignment),
		cmocka_unit_test(empty_and_absurd),
		cmocka_unit_test(is_dropped_on_any_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
