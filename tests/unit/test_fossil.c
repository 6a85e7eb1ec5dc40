/* SPDX-License-Identifier: MIT */
/* tests/unit/test_fossil.c - deltas, read back by a decoder of their own. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "base/utf8.h"
#include "fossil_rig.h"
#include "proto/fossil.h"
#include "proto/json.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

/* The alphabet as the format gives it. */
static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";

/* ---- helpers ---- */

/* Repeatable: the tests fail for everyone or for nobody. */
static uint32_t
dice(uint32_t *seed, uint32_t sides)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)*seed * sides) >> 32);
}

/* What every delta must be, whatever its input; `o` then holds it, or nothing. */
static int
delta(struct out *o, struct rotor_str from, struct rotor_str to)
{
	size_t len;
	char *p;

	out_reset(o);
	if (fossil_delta(o, from, to) == 0) {
		assert_int_equal(o->len, 0);
		assert_int_equal(o->failed, 0);
		return 0;
	}
	assert_true(o->len < to.len);
	p = fossil_apply(from, (struct rotor_str){ o->p, o->len }, &len);
	assert_non_null(p);
	assert_int_equal(len, to.len);
	assert_memory_equal(p, to.p, len);
	free(p);
	if (utf8_valid(to.p, to.len))
		assert_true(utf8_valid(o->p, o->len));
	return 1;
}

static void
assert_delta(struct rotor_str from, struct rotor_str to, const char *want)
{
	struct out o;

	out_init(&o, NULL, 0);
	assert_int_equal(delta(&o, from, to), 1);
	assert_int_equal(o.len, strlen(want));
	assert_memory_equal(o.p, want, o.len);
	out_fini(&o);
}

static void
assert_none(struct rotor_str from, struct rotor_str to)
{
	struct out o;

	out_init(&o, NULL, 0);
	assert_int_equal(delta(&o, from, to), 0);
	out_fini(&o);
}

/* ---- the format ---- */

#define LOREM(n)	STR_LIT("{\"text\": \"lorem ipsum dolor sit amet consectetur " \
			    "lorem ipsum dolor sit amet consectetur \", \"n\": " n "}")

/* Captured from the reference server. */
static void
is_what_the_reference_sends(void **state)
{
	(void)state;
	assert_delta(LOREM("0"), LOREM("1"), "1Y\n1W@0,2:1}3oGwJx;");
	assert_delta(LOREM("1"), LOREM("2"), "1Y\n1W@0,2:2}3pGwJx;");
	assert_delta(LOREM("2"), LOREM("9"), "1Y\n1W@0,2:9}3wGwJx;");
}

/* Zeros have the checksum 0, and their length is the only number left. */
static void
numbers_are_base_64(void **state)
{
	char *zeros = calloc(1, 262145), want[32];
	size_t len;

	(void)state;
	assert_non_null(zeros);
	for (len = 17; len < 64; len++) {
		snprintf(want, sizeof want, "%c\n%c@0,0;", digits[len], digits[len]);
		assert_delta((struct rotor_str){ zeros, len }, (struct rotor_str){ zeros, len }, want);
	}
	for (; len < 4096; len++) {
		snprintf(want, sizeof want, "%c%c\n%c%c@0,0;", digits[len / 64], digits[len % 64],
		    digits[len / 64], digits[len % 64]);
		assert_delta((struct rotor_str){ zeros, len }, (struct rotor_str){ zeros, len }, want);
	}
	assert_delta((struct rotor_str){ zeros, 4096 }, (struct rotor_str){ zeros, 4096 }, "100\n100@0,0;");
	assert_delta((struct rotor_str){ zeros, 262143 }, (struct rotor_str){ zeros, 262143 }, "~~~\n~~~@0,0;");
	assert_delta((struct rotor_str){ zeros, 262145 }, (struct rotor_str){ zeros, 262145 }, "1001\n1001@0,0;");
	free(zeros);
}

/* The bytes behind the last whole word count as if zeros followed; the sum wraps. */
static void
checksums_end_in_zeros(void **state)
{
	static const struct {
		size_t		len;
		const char	*last, *want;
	} rows[] = {
		{ 20, "\0\0\0\1", "K\nK@0,1;" },
		{ 20, "\1\2\3\4", "K\nK@0,10WC4;" },
		{ 21, "\1\2\3\4", "L\nL@0,40G83;" },
		{ 22, "\1\2\3\4", "M\nM@0,31042;" },
		{ 23, "\1\2\3\4", "N\nN@0,20lG1;" },
		{ 24, "\xff\xff\xff\xff", "O\nO@0,3~~~~~;" },
	};
	char text[24] = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < N(rows); i++) {
		memset(text, 0, sizeof text);
		memcpy(text + rows[i].len - 4, rows[i].last, 4);
		assert_delta((struct rotor_str){ text, rows[i].len },
		    (struct rotor_str){ text, rows[i].len }, rows[i].want);
	}
	memcpy(text, "\0\0\0\2", 4);
	assert_delta((struct rotor_str){ text, 24 }, (struct rotor_str){ text, 24 }, "O\nO@0,1;");
}

/* ---- what makes no delta ---- */

static void
is_never_longer(void **state)
{
	static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	struct rotor_str whole = { text, 36 };
	size_t len;

	(void)state;
	assert_none(STR_LIT(""), STR_LIT(""));
	assert_none((struct rotor_str){ NULL, 0 }, (struct rotor_str){ NULL, 0 });
	assert_none(whole, (struct rotor_str){ NULL, 0 });
	assert_none((struct rotor_str){ NULL, 0 }, whole);
	assert_none(whole, STR_LIT("ZYXWVUTSRQPONMLKJIHGFEDCBA9876543210"));
	/* Up to a block: nothing to copy from. */
	for (len = 0; len <= 16; len++)
		assert_none((struct rotor_str){ text, len }, whole);
	/* The checksum of the first 13 bytes takes six digits, the delta 13. */
	for (len = 0; len <= 13; len++)
		assert_none(whole, (struct rotor_str){ text, len });
	assert_delta(whole, (struct rotor_str){ text, 14 }, "E\nE@0,xcC;");
}

/* Lengths that the format's 32 bits do not hold are refused unread. */
static void
refuses_what_no_number_holds(void **state)
{
	struct rotor_str big = { "x", (size_t)UINT32_MAX + 1 }, small = STR_LIT("0123456789abcdef0");

	(void)state;
	if (big.len == 0)
		skip();
	assert_none(big, small);
	assert_none(small, big);
}

static void
appends(void **state)
{
	struct rotor_str a = STR_LIT("0123456789abcdefghijklmnopqrstuvwxyz");
	char first[8];
	struct out o;

	(void)state;
	out_init(&o, first, sizeof first);
	out_lit(&o, "kept");
	assert_int_equal(fossil_delta(&o, a, STR_LIT("unlike it in every possible way")), 0);
	assert_int_equal(o.len, 4);
	assert_int_equal(fossil_delta(&o, a, a), 1);
	assert_memory_equal(o.p, "kept_\n_@0,", 10);
	out_fini(&o);
}

/* A broken output stays broken, and is not written to. */
static void
leaves_a_failed_output(void **state)
{
	struct rotor_str a = STR_LIT("0123456789abcdefghijklmnopqrstuvwxyz");
	struct out o = { .failed = 1 };

	(void)state;
	assert_int_equal(fossil_delta(&o, a, a), 0);
	assert_int_equal(o.failed, 1);
	assert_int_equal(o.len, 0);
}

/* ---- how well it finds what is the same ---- */

static char *
join(const char *const *parts, size_t n, size_t *ret_len)
{
	size_t len = 0, i;
	char *p;

	for (i = 0; i < n; i++)
		len += strlen(parts[i]);
	p = calloc(1, len + 1);
	assert_non_null(p);
	for (i = 0; i < n; i++)
		strcat(p, parts[i]);
	*ret_len = len;
	return p;
}

/* The delta may hold what is new, and `more` bytes of commands. */
static void
assert_small(const char *const *from, size_t n_from, const char *const *to, size_t n_to,
    size_t new, size_t more)
{
	struct rotor_str a, b;
	struct out o;

	out_init(&o, NULL, 0);
	a.p = join(from, n_from, &a.len);
	b.p = join(to, n_to, &b.len);
	assert_int_equal(delta(&o, a, b), 1);
	assert_in_range(o.len, 0, new + more);
	free((char *)(uintptr_t)a.p);
	free((char *)(uintptr_t)b.p);
	out_fini(&o);
}

#define A	"{\"id\":1,\"name\":\"first of all\",\"tags\":[\"alpha\",\"beta\"],\"note\":\"abc\"}"
#define B	"{\"id\":2,\"name\":\"the other one\",\"tags\":[\"gamma\"],\"note\":\"zyxwvu\"}"
#define C	"{\"id\":3,\"name\":\"third and last\",\"tags\":[\"delta\",\"eta\"],\"note\":\"?\"}"
#define LIST(...)	(const char *const[]){ __VA_ARGS__ }, N(((const char *const[]){ __VA_ARGS__ }))

/* Size, checksum: 10 bytes; a copy: 5 or 6; the head of a literal: 2. */
static void
copies_what_stayed(void **state)
{
	(void)state;
	assert_small(LIST(A, B, C), LIST(A, B, C), 0, 17);
	assert_small(LIST(A, B, C), LIST("new", A, B, C), 3, 19);	/* in front */
	assert_small(LIST(A, B, C), LIST(A, B, C, "new"), 3, 19);	/* at the end */
	assert_small(LIST(A, B, C), LIST(A, "new", B, C), 3, 25);	/* between */
	assert_small(LIST(A, "old", B, C), LIST(A, "new", B, C), 3, 25);
	assert_small(LIST(A, B, C), LIST(A, C), 0, 23);			/* taken away */
	assert_small(LIST(A, B, C), LIST(B, C), 0, 17);
	assert_small(LIST(A, B, C), LIST(A, B), 0, 17);
	assert_small(LIST(A, B, C), LIST(C, B, A), 0, 29);		/* moved */
	assert_small(LIST(A, B, C), LIST(B, B, A, C, C), 0, 41);	/* repeated */
}

/* ---- UTF-8 ---- */

/* The one byte that changed is inside a character: the whole one is sent. */
static void
cuts_between_characters(void **state)
{
	(void)state;
	/* U+00E9 and U+00E8 differ in the last byte, */
	assert_small(LIST(A, "\xc3\xa9", B), LIST(A, "\xc3\xa8", B), 2, 25);
	/* U+00E9 and U+0129 in the first, */
	assert_small(LIST(A, "\xc3\xa9", B), LIST(A, "\xc4\xa9", B), 2, 25);
	/* U+1F642 and U+1F682 in the third. */
	assert_small(LIST(A, "\xf0\x9f\x99\x82", B), LIST(A, "\xf0\x9f\x9a\x82", B), 4, 25);
	/* Nothing but a common middle of characters. */
	assert_none(STR_LIT("\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2"),
	    STR_LIT("\xe7\xbc\xa2\xe7\xbc\xa2\xe7\xbc\xa2\xe7\xbc\xa2\xe7\xbc\xa2\xe7\xbc\xa2"));
}

struct text {
	char	p[2048];
	size_t	len;
};

/* Characters whose bytes are much the same, of all lengths. */
static const char *const characters[] = {
	"a", "b", "\"", "\xc2\x80", "\xc3\x80", "\xc3\xbf", "\xe2\x80\xa8", "\xe2\x80\xa9",
	"\xe2\x82\xa8", "\xf0\x9f\x99\x82", "\xf0\x9f\x99\x83", "\xf0\x9f\x9a\x82",
};

static void
add(struct text *t, const char *p, size_t len)
{
	assert_in_range(len, 0, sizeof t->p - t->len);
	memcpy(t->p + t->len, p, len);
	t->len += len;
}

static void
random_characters(struct text *t, size_t n, uint32_t *seed)
{
	const char *c;

	while (n-- > 0) {
		c = characters[dice(seed, N(characters))];
		add(t, c, strlen(c));
	}
}

/* `to`: pieces of `from`, whole characters each, and new ones between them. */
static void
random_pieces(struct text *to, const struct text *from, uint32_t *seed)
{
	size_t pieces = dice(seed, 5), start, end;

	while (pieces-- > 0) {
		start = utf8_cut(from->p, from->len, dice(seed, (uint32_t)from->len + 1));
		end = utf8_cut(from->p, from->len, start + dice(seed, 200));
		add(to, from->p + start, end - start);
		random_characters(to, dice(seed, 4), seed);
	}
}

static void
utf8_stays_utf8(void **state)
{
	uint32_t seed = 8;
	int made = 0, i;
	struct text a, b;
	struct out o;

	(void)state;
	out_init(&o, NULL, 0);
	for (i = 0; i < 20000; i++) {
		a.len = b.len = 0;
		random_characters(&a, dice(&seed, 150), &seed);
		random_pieces(&b, &a, &seed);
		assert_true(utf8_valid(b.p, b.len));
		made += delta(&o, (struct rotor_str){ a.p, a.len }, (struct rotor_str){ b.p, b.len });
	}
	assert_in_range(made, 10000, 20000);
	out_fini(&o);
}

/* ---- anything ---- */

/* Of few different bytes, so that much is found and little of it is worth a copy. */
static void
random_bytes(struct text *t, size_t n, uint32_t sides, uint32_t *seed)
{
	while (n-- > 0)
		t->p[t->len++] = (char)(unsigned char)(dice(seed, sides) * 37);
}

static void
replace(struct text *t, size_t at, size_t gone, size_t new, uint32_t *seed)
{
	struct text tail = { .len = 0 };

	gone = gone < t->len - at ? gone : t->len - at;
	add(&tail, t->p + at + gone, t->len - at - gone);
	t->len = at;
	random_bytes(t, new, 256, seed);
	add(t, tail.p, tail.len);
}

static void
survives_random_edits(void **state)
{
	static const uint32_t sides[] = { 1, 2, 3, 16, 256 };
	uint32_t seed = 1, edits;
	struct text a, b;
	int made = 0, i;
	struct out o;

	(void)state;
	out_init(&o, NULL, 0);
	for (i = 0; i < 20000; i++) {
		a.len = 0;
		random_bytes(&a, dice(&seed, 1500), sides[dice(&seed, N(sides))], &seed);
		b = a;
		for (edits = dice(&seed, 6); edits > 0; edits--)
			replace(&b, dice(&seed, (uint32_t)b.len + 1), dice(&seed, 40), dice(&seed, 40), &seed);
		made += delta(&o, (struct rotor_str){ a.p, a.len }, (struct rotor_str){ b.p, b.len });
	}
	assert_in_range(made, 15000, 20000);
	out_fini(&o);
}

/* No common history at all. */
static void
survives_strangers(void **state)
{
	uint32_t seed = 3;
	struct text a, b;
	struct out o;
	int i;

	(void)state;
	out_init(&o, NULL, 0);
	for (i = 0; i < 20000; i++) {
		a.len = b.len = 0;
		random_bytes(&a, dice(&seed, 200), 2, &seed);
		random_bytes(&b, dice(&seed, 200), 2, &seed);
		delta(&o, (struct rotor_str){ a.p, a.len }, (struct rotor_str){ b.p, b.len });
	}
	out_fini(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_what_the_reference_sends),
		cmocka_unit_test(numbers_are_base_64),
		cmocka_unit_test(checksums_end_in_zeros),
		cmocka_unit_test(is_never_longer),
		cmocka_unit_test(refuses_what_no_number_holds),
		cmocka_unit_test(appends),
		cmocka_unit_test(leaves_a_failed_output),
		cmocka_unit_test(copies_what_stayed),
		cmocka_unit_test(cuts_between_characters),
		cmocka_unit_test(utf8_stays_utf8),
		cmocka_unit_test(survives_random_edits),
		cmocka_unit_test(survives_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
