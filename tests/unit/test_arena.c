/* SPDX-License-Identifier: MIT */
/* tests/unit/test_arena.c - request memory. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static void
uses_the_first_chunk_first(void **state)
{
	_Alignas(16) char first[256];
	struct arena a;
	char *p;

	(void)state;
	arena_init(&a, first, sizeof first);
	p = arena_alloc(&a, 100);
	assert_true(p >= first && p + 100 <= first + sizeof first);
	assert_null(a.chunks);
	p = arena_alloc(&a, 200);
	assert_non_null(p);
	assert_true(p + 200 <= first || p >= first + sizeof first);
	assert_non_null(a.chunks);
	arena_reset(&a);
	assert_null(a.chunks);
	assert_int_equal(a.total, 0);
	p = arena_alloc(&a, 100);
	assert_true(p >= first && p + 100 <= first + sizeof first);
	arena_reset(&a);
}

static void
aligns_every_piece(void **state)
{
	char first[301];
	struct arena a;
	size_t len;

	(void)state;
	arena_init(&a, first + 1, sizeof first - 1);	/* not aligned itself */
	for (len = 0; len < 200; len++) {
		char *p = arena_alloc(&a, len);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		memset(p, (int)len, len);
	}
	arena_reset(&a);
}

static void
pieces_do_not_overlap(void **state)
{
	struct arena a;
	unsigned char *p[64];
	size_t i, k;

	(void)state;
	arena_init(&a, NULL, 0);
	for (i = 0; i < 64; i++) {
		p[i] = arena_alloc(&a, i * 37);
		assert_non_null(p[i]);
		memset(p[i], (int)i, i * 37);
	}
	for (i = 0; i < 64; i++)
		for (k = 0; k < i * 37; k++)
			assert_int_equal(p[i][k], i);
	arena_reset(&a);
}

static void
keeps_to_the_limit(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, NULL, 0);
	a.limit = 3000;
	assert_null(arena_alloc(&a, 3001));
	assert_non_null(arena_alloc(&a, 900));
	assert_non_null(arena_alloc(&a, 1900));
	assert_null(arena_alloc(&a, 500));
	assert_true(a.total <= 3000);
	arena_reset(&a);
	assert_int_equal(a.limit, 3000);
	assert_non_null(arena_alloc(&a, 3000));
	arena_reset(&a);
}

static void
refuses_absurd_sizes(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, NULL, 0);
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX - 8));
	assert_null(arena_strndup(&a, "x", SIZE_MAX));
	assert_non_null(arena_alloc(&a, 1));
	arena_reset(&a);
}

static void
copies_strings(void **state)
{
	struct arena a;
	struct rotor_str s;
	char *p;
	size_t i;

	(void)state;
	arena_init(&a, NULL, 0);
	p = arena_strndup(&a, "channel", 4);
	assert_string_equal(p, "chan");
	s = arena_str(&a, (struct rotor_str){ "a\0b", 3 });
	assert_int_equal(s.len, 3);
	assert_memory_equal(s.p, "a\0b", 4);
	s = arena_str(&a, (struct rotor_str){ NULL, 0 });
	assert_non_null(s.p);
	assert_int_equal(s.len, 0);
	p = arena_zalloc(&a, 5000);
	for (i = 0; i < 5000; i++)
		assert_int_equal(p[i], 0);
	arena_reset(&a);
}

static void
adopts(void **state)
{
	char first[64], *mine, *other;
	struct arena a, b;
	size_t total;

	(void)state;
	arena_init(&a, first, sizeof first);
	arena_init(&b, NULL, 0);
	arena_adopt(&a, &b);
	assert_int_equal(a.total, 0);
	other = arena_strndup(&b, "other", 5);
	assert_non_null(arena_alloc(&b, 9000));
	total = b.total;
	arena_adopt(&a, &b);
	assert_int_equal(a.total, total);
	assert_int_equal(b.total, 0);
	mine = arena_strndup(&a, "mine", 4);
	assert_ptr_equal(mine, first);
	assert_non_null(arena_alloc(&a, 5000));
	assert_non_null(arena_strndup(&b, "anew", 4));
	arena_reset(&b);
	assert_string_equal(other, "other");
	arena_reset(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uses_the_first_chunk_first),
		cmocka_unit_test(aligns_every_piece),
		cmocka_unit_test(pieces_do_not_overlap),
		cmocka_unit_test(keeps_to_the_limit),
		cmocka_unit_test(refuses_absurd_sizes),
		cmocka_unit_test(copies_strings),
		cmocka_unit_test(adopts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
