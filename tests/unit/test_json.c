/* SPDX-License-Identifier: MIT */
/* The JSON reader and writer: RFC 8259 and spec/client-protocol.md section 3. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"
#include "proto/json.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))
/* Literals with bytes that strlen() would stop at. */
#define S(lit)	{ (lit), sizeof(lit) - 1 }

/* A copy in memory of exactly that size, so that a sanitizer sees reads beyond. */
static char *
exact(struct rotor_str s)
{
	char *p = malloc(s.len > 0 ? s.len : 1);

	assert_non_null(p);
	if (s.len > 0)
		memcpy(p, s.p, s.len);
	return p;
}

static int
valid(struct rotor_str s)
{
	char *p = exact(s);
	int ret = json_valid((struct rotor_str){ p, s.len });

	free(p);
	return ret;
}

static void
test_valid(void **state)
{
	static const char *const good[] = {
		"null", "true", "false", "0", "-0", "-1", "10", "1.5", "0.1e5", "1E+2", "1e-2",
		"\"\"", "\"a\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\ude00\"",
		"\"\xc3\xa9\xf0\x9f\x98\x80\x7f\"", "\"\xef\xbf\xbd long\"", "\"\\ud800\"",
		"[]", "[ ]", "[1]", "[1,2]", "[[],[[]],{}]", "{}", "{ }", "{\"a\":1}",
		"{\"a\":{\"b\":[1,{\"c\":null}]},\"d\":\"e\"}", "{\"\":0,\"\":0}",
		" \t\r\n{ \"a\" : [ 1 , 2 ] } \n", "\"a string longer than eight bytes\"",
		"\"eight by\\n\"", "1234567890123456789012345678901234567890",
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(good); i++)
		if (!valid(rotor_str_of(good[i])))
			fail_msg("refused: %s", good[i]);
}

static void
test_invalid(void **state)
{
	static const struct rotor_str bad[] = {
		S(""), S(" "), S("nul"), S("nulll"), S("True"), S("-"), S("+1"), S("01"), S("-01"),
		S("1."), S(".5"), S("1.e1"), S("1e"), S("1e+"), S("0x1"), S("NaN"), S("Infinity"),
		S("\""), S("\"a"), S("'a'"), S("\"\\x\""), S("\"\\u12\""), S("\"\\u12g4\""), S("\"\\"),
		S("\"\\u"), S("\"a\nb\""), S("\"a\tb\""), S("\"a\0b\""), S("\"longer than eight\x1f\""),
		S("["), S("[1"), S("[1,"), S("[1,]"), S("[,1]"), S("[1 2]"), S("]"), S("[}"), S("[1}"),
		S("{"), S("{\"a\""), S("{\"a\":"), S("{\"a\":1"), S("{\"a\":1,"), S("{\"a\":1,}"),
		S("{,}"), S("{a:1}"), S("{1:1}"), S("{\"a\" 1}"), S("{\"a\":1 \"b\":2}"), S("{\"a\":1]"),
		S("{}{}"), S("1 2"), S("/**/1"), S("\xef\xbb\xbf{}"), S("\0"), S("{}\0"), S("[1,\v2]"),
		S("{\"a\"}"), S("{\"a\":}"), S("[:]"), S("{[]:1}"), S("\"\xc3"), S("\"\xff\""),
		S("[\"a long one, then \xed\xa0\x80\"]"), S("\"\xc0\xaf\""), S("\"\xf0\x9f\x98\""),
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(bad); i++)
		if (valid(bad[i]))
			fail_msg("accepted: %.*s", (int)bad[i].len, bad[i].p);
}

static void
test_depth(void **state)
{
	char *deep = malloc(2 * JSON_MAX_DEPTH + 2);
	size_t i;

	(void)state;
	assert_non_null(deep);
	for (i = 0; i <= JSON_MAX_DEPTH; i++) {
		deep[i] = '[';
		deep[2 * JSON_MAX_DEPTH + 1 - i] = ']';
	}
	assert_false(json_valid((struct rotor_str){ deep, 2 * JSON_MAX_DEPTH + 2 }));
	assert_true(json_valid((struct rotor_str){ deep + 1, 2 * JSON_MAX_DEPTH }));
	/* Objects and arrays closed in the wrong order, beyond the first 64 levels. */
	deep[100] = '{';
	assert_false(json_valid((struct rotor_str){ deep + 1, 2 * JSON_MAX_DEPTH }));
	free(deep);
}

static void
test_valid_object(void **state)
{
	(void)state;
	assert_true(json_valid_object(rotor_str_of(" {\"a\":1} ")));
	assert_false(json_valid_object(rotor_str_of("[]")));
	assert_false(json_valid_object(rotor_str_of("{} {}")));
	assert_false(json_valid_object(rotor_str_of("")));
	assert_false(json_valid_object((struct rotor_str){ NULL, 0 }));
}

static void
test_integers(void **state)
{
	static const struct {
		const char	*text;
		int		u_ok, i_ok;
		uint64_t	u;
		int64_t		i;
	} rows[] = {
		{ "0", 1, 1, 0, 0 },
		{ "18446744073709551615", 1, 0, UINT64_MAX, 0 },
		{ "18446744073709551616", 0, 0, 0, 0 },
		{ "99999999999999999999999", 0, 0, 0, 0 },
		{ "9223372036854775807", 1, 1, INT64_MAX, INT64_MAX },
		{ "9223372036854775808", 1, 0, (uint64_t)INT64_MAX + 1, 0 },
		{ "-9223372036854775808", 0, 1, 0, INT64_MIN },
		{ "-9223372036854775809", 0, 0, 0, 0 },
		{ "-1", 0, 1, 0, -1 }, { "-0", 0, 1, 0, 0 },
		{ "5.0", 0, 0, 0, 0 }, { "1e3", 0, 0, 0, 0 }, { "\"5\"", 0, 0, 0, 0 },
		{ "true", 0, 0, 0, 0 }, { "-", 0, 0, 0, 0 }, { "", 0, 0, 0, 0 },
	};
	struct json_reader r;
	uint64_t u;
	int64_t v;
	size_t i;

	(void)state;
	for (i = 0; i < N(rows); i++) {
		json_reader_init(&r, rows[i].text, strlen(rows[i].text));
		u = 0;
		assert_int_equal(json_read_uint64(&r, &u) == 0, rows[i].u_ok);
		assert_true(u == rows[i].u);
		json_reader_init(&r, rows[i].text, strlen(rows[i].text));
		v = 0;
		assert_int_equal(json_read_int64(&r, &v) == 0, rows[i].i_ok);
		assert_true(v == rows[i].i);
	}
}

static void
test_strings(void **state)
{
	static const struct {
		struct rotor_str	in, out;
	} rows[] = {
		{ S("\"\""), S("") },
		{ S("\"plain\""), S("plain") },
		{ S("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), S("\"\\/\b\f\n\r\t") },
		{ S("\"a\\u0000b\""), S("a\0b") },
		{ S("\"\\u00e9\\u20AC\""), S("\xc3\xa9\xe2\x82\xac") },
		{ S("\"\\ud83d\\ude00\""), S("\xf0\x9f\x98\x80") },
		{ S("\"\\ud800\""), S("\xef\xbf\xbd") },
		{ S("\"\\ud800x\""), S("\xef\xbf\xbdx") },
		{ S("\"\\ud800\\ud83d\\ude00\""), S("\xef\xbf\xbd\xf0\x9f\x98\x80") },
		{ S("\"\\ud800\\u0041\""), S("\xef\xbf\xbd" "A") },
		{ S("\"\\ude00\""), S("\xef\xbf\xbd") },
		{ S("\"\xff\xfe\""), S("\xef\xbf\xbd\xef\xbf\xbd") },
		{ S("\"\xc0\xaf\""), S("\xef\xbf\xbd\xef\xbf\xbd") },		/* overlong */
		{ S("\"\xed\xa0\x80\""), S("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd") },
		{ S("\"\xf4\x90\x80\x80\""), S("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd") },
		{ S("\"a\xc3\""), S("a\xef\xbf\xbd") },
		{ S("\"\xf4\x8f\xbf\xbf\""), S("\xf4\x8f\xbf\xbf") },
		{ S("\"\xef\xbf\xbd\""), S("\xef\xbf\xbd") },
	};
	struct json_reader r;
	struct rotor_str s;
	struct arena a;
	size_t i;
	char *p;

	(void)state;
	arena_init(&a, NULL, 0);
	for (i = 0; i < N(rows); i++) {
		p = exact(rows[i].in);
		json_reader_init(&r, p, rows[i].in.len);
		assert_int_equal(json_read_string(&r, &a, &s), 0);
		assert_int_equal(s.len, rows[i].out.len);
		assert_memory_equal(s.p, rows[i].out.p, s.len);
		assert_int_equal(s.p[s.len], '\0');
		assert_true(json_at_end(&r));
		free(p);
	}
	arena_reset(&a);
}

static void
test_walk(void **state)
{
	const char *text = " { \"a\" : [ 1 , \"x\" , null , true ] , \"\\u0062\":{\"skip\" : [] } } tail";
	struct json_reader r;
	struct rotor_str key, value;
	struct arena a;
	int first = 1, in = 1, b;
	uint64_t u;

	(void)state;
	arena_init(&a, NULL, 0);
	json_reader_init(&r, text, strlen(text));
	assert_int_equal(json_enter_object(&r), 0);
	assert_int_equal(json_next_key(&r, &a, &key, &first), 1);
	assert_true(rotor_str_eq(key, STR_LIT("a")));
	assert_int_equal(json_enter_array(&r), 0);
	assert_int_equal(json_next_element(&r, &in), 1);
	assert_int_equal(json_peek(&r), JSON_NUMBER);
	assert_int_equal(json_read_uint64(&r, &u), 0);
	assert_int_equal(u, 1);
	assert_int_equal(json_next_element(&r, &in), 1);
	assert_int_equal(json_read_null(&r), -1);
	assert_int_equal(json_read_string(&r, &a, &value), 0);
	assert_int_equal(json_next_element(&r, &in), 1);
	assert_int_equal(json_read_null(&r), 0);
	assert_int_equal(json_next_element(&r, &in), 1);
	assert_int_equal(json_read_bool(&r, &b), 0);
	assert_int_equal(b, 1);
	assert_int_equal(json_next_element(&r, &in), 0);
	assert_int_equal(json_next_key(&r, &a, &key, &first), 1);
	assert_true(rotor_str_eq(key, STR_LIT("b")));
	assert_int_equal(json_read_raw(&r, &value), 0);
	assert_true(rotor_str_eq(value, STR_LIT("{\"skip\" : [] }")));
	assert_int_equal(json_next_key(&r, &a, &key, &first), 0);
	assert_false(json_at_end(&r));
	arena_reset(&a);
}

typedef void write_f(struct out *o, struct rotor_str s);

/* Writes `in` into a buffer that has to grow, after a byte of head room. */
static void
check_write(write_f *write, struct rotor_str in, struct rotor_str want)
{
	char first[4];
	struct out o;

	out_init(&o, first, sizeof first);
	o.head = 1;
	out_reset(&o);
	write(&o, in);
	assert_false(o.failed);
	if (o.len != want.len + 1 || memcmp(o.p + 1, want.p, want.len) != 0)
		fail_msg("got %.*s, want %.*s", (int)o.len - 1, o.p + 1, (int)want.len, want.p);
	out_fini(&o);
}

static void
test_write_string(void **state)
{
	static const struct {
		struct rotor_str	in, out;
	} rows[] = {
		{ S(""), S("\"\"") },
		{ S("a\"\\/b"), S("\"a\\\"\\\\/b\"") },
		{ S("\n\r\t\b\f\x1f\0"), S("\"\\n\\r\\t\\u0008\\u000c\\u001f\\u0000\"") },
		{ S("<&>'\x7f"), S("\"\\u003c\\u0026\\u003e'\x7f\"") },
		{ S("\xc3\xa9\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xa7"),
		    S("\"\xc3\xa9\\u2028\\u2029\xe2\x80\xa7\"") },
		{ S("a\xff\xe2\x80"), S("\"a\\ufffd\\ufffd\\ufffd\"") },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(rows); i++)
		check_write(json_write_string, rows[i].in, rows[i].out);
}

static void
test_write_raw(void **state)
{
	static const struct {
		struct rotor_str	in, verbatim, compact;
	} rows[] = {
		{ S("1"), S("1"), S("1") },
		{ S("{\"a\": 1,\n\t\"b\":\r\n[ ]}\n"), S("{\"a\": 1,\t\"b\":[ ]}"), S("{\"a\":1,\"b\":[]}") },
		{ S("\n\n1"), S("1"), S("1") },
		{ S("{\"a\" : \"<b> & \\\" \\\\\" }"), S("{\"a\" : \"<b> & \\\" \\\\\" }"),
		    S("{\"a\":\"\\u003cb\\u003e \\u0026 \\\" \\\\\"}") },
		{ S("\"\xe2\x80\xa8\xe2\x80\xa9\xc3\xa9\xff\""), S("\"\xe2\x80\xa8\xe2\x80\xa9\xc3\xa9\xff\""),
		    S("\"\\u2028\\u2029\xc3\xa9\xff\"") },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(rows); i++) {
		check_write(json_write_raw, rows[i].in, rows[i].verbatim);
		check_write(json_write_raw_compact, rows[i].in, rows[i].compact);
	}
}

static void
test_write_numbers(void **state)
{
	static const struct {
		double		v;
		const char	*text;
	} rows[] = {
		{ 0, "0" }, { 1, "1" }, { -1.5, "-1.5" }, { 0.1, "0.1" }, { 100, "100" }, { 60, "60" },
		{ 0.000001, "0.000001" }, { 0.0000001, "1e-7" }, { 1.25e-9, "1.25e-9" },
		{ 123456789012345680000.0, "123456789012345680000" }, { 1e21, "1e+21" },
		{ 1.7976931348623157e308, "1.7976931348623157e+308" }, { 5e-324, "5e-324" },
		{ 0.30000000000000004, "0.30000000000000004" }, { 1764000000.123, "1764000000.123" },
	};
	struct out o;
	size_t i;

	(void)state;
	out_init(&o, NULL, 0);
	for (i = 0; i < N(rows); i++) {
		out_reset(&o);
		assert_int_equal(json_write_double(&o, rows[i].v), 0);
		out_byte(&o, '\0');
		assert_string_equal(o.p, rows[i].text);
	}
	assert_int_equal(json_write_double(&o, __builtin_inf()), -1);
	assert_int_equal(json_write_double(&o, __builtin_nan("")), -1);
	out_reset(&o);
	out_u64(&o, UINT64_MAX);
	out_byte(&o, ' ');
	out_i64(&o, INT64_MIN);
	out_byte(&o, ' ');
	out_i64(&o, 0);
	out_byte(&o, '\0');
	assert_string_equal(o.p, "18446744073709551615 -9223372036854775808 0");
	out_fini(&o);
}

static void
test_out_limit(void **state)
{
	struct out o;

	(void)state;
	out_init(&o, NULL, 0);
	o.limit = 300;
	for (size_t i = 0; i < 300; i++)
		out_byte(&o, 'x');
	assert_false(o.failed);
	assert_int_equal(o.len, 300);
	out_byte(&o, 'x');
	assert_true(o.failed);
	assert_int_equal(o.len, 300);
	out_reset(&o);
	assert_null(out_reserve(&o, 301));
	out_fini(&o);
}

static void
test_out_failure(void **state)
{
	struct out o;

	(void)state;
	out_init(&o, NULL, 0);
	out_lit(&o, "kept");
	assert_null(out_reserve(&o, SIZE_MAX / 2));
	assert_true(o.failed);
	out_lit(&o, "dropped");
	assert_int_equal(o.len, 4);
	out_reset(&o);
	out_lit(&o, "new");
	assert_false(o.failed);
	assert_int_equal(o.len, 3);
	out_fini(&o);
	assert_null(o.p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_valid_object),
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_write_string),
		cmocka_unit_test(test_write_raw),
		cmocka_unit_test(test_write_numbers),
		cmocka_unit_test(test_out_limit),
		cmocka_unit_test(test_out_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
