/* SPDX-License-Identifier: MIT */
/* test_codecs.c - HTTP heads, chunked bodies, WebSocket frames. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "bytes.h"
#include "http_chunked.h"
#include "http_frame.h"
#include "http_host.h"
#include "http_parse.h"

#define HOST	"Host: x\r\n"

static struct rotor_str
str(const char *s)
{
	return (struct rotor_str){ s, strlen(s) };
}

static int
parse(const char *text, struct http_head *h)
{
	assert_int_equal(http_head_end(text, strlen(text), 0), strlen(text));
	return http_head_parse(text, strlen(text), h);
}

static void
assert_str(struct rotor_str got, const char *want)
{
	assert_int_equal(got.len, strlen(want));
	assert_memory_equal(got.p, want, got.len);
}

static void
head_parts(void **state)
{
	struct http_head h;

	(void)state;
	assert_int_equal(parse("POST /a%20b?x=1&y HTTP/1.1\r\nhOST: x\r\nX-Key:\t v 1 \r\n"
	    "Content-Length: 7\r\n\r\n", &h), 0);
	assert_int_equal(h.method, ROTOR_HTTP_POST);
	assert_str(h.path, "/a%20b");
	assert_str(h.query, "x=1&y");
	assert_int_equal(h.content_length, 7);
	assert_true(h.keep_alive);
	assert_str(http_field(h.fields, "x-key"), "v 1");
	assert_int_equal(http_field(h.fields, "x-other").len, 0);
}

static void
head_ends(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\n" HOST "\r\nmore";
	size_t n, end = sizeof text - 1 - 4;

	(void)state;
	for (n = 0; n < end; n++) {
		assert_int_equal(http_head_end(text, n, 0), 0);
		assert_int_equal(http_head_end(text, sizeof text - 1, n), end);
	}
}

static void
head_keep_alive(void **state)
{
	static const struct {
		const char	*text;
		int		keep;
	} cases[] = {
		{ "GET / HTTP/1.1\r\n" HOST "\r\n", 1 },
		{ "GET / HTTP/1.1\r\n" HOST "Connection: foo, Close\r\n\r\n", 0 },
		{ "GET / HTTP/1.0\r\n\r\n", 0 },
		{ "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 1 },
		{ "GET / HTTP/1.0\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n", 0 },
	};
	struct http_head h;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(parse(cases[i].text, &h), 0);
		assert_int_equal(h.keep_alive, cases[i].keep);
	}
}

/* What two servers could read in two ways is refused (RFC 9112 3 to 6). */
static void
head_refused(void **state)
{
	static const struct {
		const char	*text;
		int		status;
	} cases[] = {
		{ "GET / HTTP/1.1\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400 },
		{ "GET /\r\n" HOST "\r\n", 400 },
		{ "GET / HTTP/2.0\r\n" HOST "\r\n", 505 },
		{ "GET x HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "G(T / HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET  / HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET / HTTP/1.1\r\n" HOST " folded: x\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\n" HOST "A: b\rc\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\n" HOST "A: b\r\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\n" HOST "\r\n", 400 },
		{ "GET / HTTP/1.1\r\n" HOST "\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: x\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\r\n" HOST "\r\n", 400 },
		{ "GET / HTTP/1.1\r\n" HOST ": v\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400 },
		{ "GET / HTTP/1.0\r\nHost: a/b\r\n\r\n", 400 },
		{ "GET / HTTP/1.x\r\n" HOST "\r\n", 400 },
		{ "GET / http/1.1\r\n" HOST "\r\n", 400 },
		{ "GET / HTTP/1.2\r\n" HOST "\r\n", 505 },
		{ "GET / HTTP/1.1 \r\n" HOST "\r\n", 400 },
		{ "GET /a#b HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET * HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET x:80 HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "CONNECT x:80 HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "CONNECT / HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET http:///a HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET http://u@x/a HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET http://:80/a HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET ftp://x/a HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400 },
		{ "POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\n", 400 },
		{ "POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n", 413 },
		{ "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
		{ "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400 },
		{ "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400 },
		{ "POST / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\n", 400 },
		{ "POST / HTTP/1.1\r\n" HOST "Content-Length: \r\n\r\n", 400 },
		{ "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501 },
		{ "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, gzip\r\n\r\n", 400 },
		{ "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, chunked\r\n\r\n", 400 },
		{ "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked,\r\n\r\n", 400 },
		{ "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked;a=b\r\n\r\n", 400 },
		{ "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n", 400 },
		{ "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \r\n\r\n", 400 },
		{ "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
		{ "POST / HTTP/1.1\r\n" HOST "Expect: more\r\n\r\n", 417 },
	};
	struct http_head h;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (parse(cases[i].text, &h) != cases[i].status)
			fail_msg("not refused with %d: %s", cases[i].status, cases[i].text);
}

static void
targets(void **state)
{
	static const struct {
		const char	*text, *path, *query;
	} cases[] = {
		{ "G / HTTP/1.1\r\n" HOST "\r\n", "/", "" },
		{ "GET http://a.b:80/c?d HTTP/1.1\r\n" HOST "\r\n", "/c", "d" },
		{ "GET HTTPS://[::1]?d HTTP/1.1\r\n" HOST "\r\n", "/", "d" },
		{ "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "*", "" },
		{ "GET /a|b{}?[\"]^`\\ HTTP/1.0\r\n\r\n", "/a|b{}", "[\"]^`\\" },
	};
	struct http_head h;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(parse(cases[i].text, &h), 0);
		assert_str(h.path, cases[i].path);
		assert_str(h.query, cases[i].query);
	}
}

static void
hosts(void **state)
{
	static const char *const good[] = { "", "x", "x:", "x:80", "x:65535", "a-b_c.D~", "1.2.3.4:5", "[::1]",
	    "[::1]:80", "[::ffff:1.2.3.4]", "%41%ff", "a!$&'()*+;=b", ":80" };
	static const char *const bad[] = { "a b", "a/b", "a@b", "a,b", "[::1", "a:b:c", "::1", "[x]", "[]", "[]:80",
	    "[::1]a", "[::1]80", "[::1%25e]", "[v1.a]", "a:-1", "a:80 ", "a:65536", "a:99999999999", "%4", "%zz", "a%",
	    "\xc3\xa4", "a?", "a#", "a\\b", "<a>", "a\tb", "]", "[[::1]]", "a[::1]",
	    "[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb]" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof good[0]; i++)
		if (!http_host_is_valid(str(good[i])))
			fail_msg("refused: %s", good[i]);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (http_host_is_valid(str(bad[i])))
			fail_msg("taken: %s", bad[i]);
	assert_false(http_host_is_valid((struct rotor_str){ "a\0b", 3 }));
	assert_false(http_host_is_valid((struct rotor_str){ "[::1\0]", 6 }));
}

static void
path_decodes(void **state)
{
	char dst[16];

	(void)state;
	assert_int_equal(http_path_decode(dst, str("/%41%2fb+")), 7);
	assert_memory_equal(dst, "/A%2fb+", 7);
	assert_int_equal(http_path_decode(dst, str("/%4")), -1);
	assert_int_equal(http_path_decode(dst, str("/%zz")), -1);
	assert_int_equal(http_path_decode(dst, str("/%00")), -1);
}

static void
lists(void **state)
{
	(void)state;
	assert_true(http_list_has(str("keep-alive, Upgrade"), "upgrade"));
	assert_false(http_list_has(str("keep-alive, Upgraded"), "upgrade"));
	assert_false(http_list_has(str(""), "upgrade"));
	assert_true(http_fields_have(str("A: x\r\nConnection: close\r\nConnection: Upgrade\r\n"),
	    "connection", "upgrade"));
}

/* A chunked body in pieces of any size gives the same bytes. */
static void
chunked_pieces(void **state)
{
	static const char text[] = "5;ext=\"1 \\\"\";b;c=d\r\nhello\r\n00006\r\n world\r\n0;e\r\n"
	    "Trailer: t\r\nContent-Length:\t7 \r\n\r\nNEXT";
	const size_t body = sizeof text - 1 - 4;
	size_t piece, at, n;

	(void)state;
	for (piece = 1; piece < sizeof text; piece++) {
		struct http_chunked d = { 0 };
		struct bytes out = { 0 };
		long used;

		for (at = 0; !d.done; at += (size_t)used) {
			n = sizeof text - 1 - at < piece ? sizeof text - 1 - at : piece;
			used = http_chunked_feed(&d, text + at, n, &out, 100);
			assert_true(used > 0);
		}
		assert_int_equal(at, body);
		assert_int_equal(out.len, 11);
		assert_memory_equal(out.p, "hello world", 11);
		bytes_fini(&out);
	}
}

static long
chunked(struct rotor_str text)
{
	struct http_chunked d = { 0 };
	struct bytes out = { 0 };
	long used = http_chunked_feed(&d, text.p, text.len, &out, 10);

	bytes_fini(&out);
	return used < 0 || d.done ? used : 0;
}

static void
chunked_refused(void **state)
{
	static const struct {
		struct rotor_str	text;
		long			status;
	} cases[] = {
#define CASE(text, status)	{ { (text), sizeof (text) - 1 }, (status) }
		CASE("x\r\n", -400), CASE("\r\n", -400), CASE("5\r\nhelloX", -400), CASE("-1\r\n", -400),
		CASE("0x5\r\nhello\r\n", -400), CASE("5\nhello\r\n", -400), CASE("5\r\nhello\n", -400),
		CASE("5\r\nhello\r\r\n", -400), CASE("5\r\nhello\rX", -400), CASE("5\r\nhello0\r\n", -400),
		/* around a size */
		CASE("5 x\rhello", -400), CASE("5 x\r\n", -400), CASE("5 \r\nhello\r\n", -400), CASE(" 5\r\n", -400),
		CASE("5\t;a\r\n", -400), CASE("5\rXX\r\n", -400), CASE("5\r\r\n", -400), CASE("5;a\n", -400),
		CASE("5;a\rb\r\n", -400), CASE("5;\r\n", -400), CASE("5;;a\r\n", -400), CASE("5;a=\r\n", -400),
		CASE("5; a\r\n", -400), CASE("5;a =b\r\n", -400), CASE("5;a=b c\r\n", -400), CASE("5;=b\r\n", -400),
		CASE("5;\0\r\n", -400), CASE("5;a=\"\0\"\r\n", -400), CASE("5;a=\"b\r\n", -400),
		CASE("5;a=\"b\n\"\r\n", -400), CASE("5;a=\"b\"c\r\n", -400), CASE("5;a=\"b\\\r\"\r\n", -400),
		/* the end */
		CASE("0\n\r\n", -400), CASE("0\n", -400), CASE("0\r\n\n", -400), CASE("0\r\n\rX", -400),
		CASE("0\r\nA\r\n\r\n", -400), CASE("0\r\nA: b\n\r\n", -400), CASE("0\r\nA: b\rc\r\n\r\n", -400),
		CASE("0\r\nA : b\r\n\r\n", -400), CASE("0\r\n A: b\r\n\r\n", -400), CASE("0\r\n: b\r\n\r\n", -400),
		CASE("0\r\nA: b\r\n c\r\n\r\n", -400), CASE("0\r\nA: \0\r\n\r\n", -400),
		/* limits */
		CASE("b\r\n", -413), CASE("ffffffffffffffffff\r\n", -413), CASE("5\r\nhello\r\n6\r\n", -413),
		/* and what is right */
		CASE("0\r\n\r\n", 5), CASE("000;a=\"\"\r\nA:\r\n\r\nX", 16), CASE("a\r\n0123456789\r\n0\r\n\r\n", 20),
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (chunked(cases[i].text) != cases[i].status)
			fail_msg("not %ld: %s", cases[i].status, cases[i].text.p);
}

/* What is no data may not be as long as the peer likes. */
static void
chunked_extras(void **state)
{
	static const char extension[] = "1;a=b\r\nx\r\n", trailer[] = "A: b\r\n";
	struct http_chunked d = { 0 };
	struct bytes out = { 0 };
	char text[64];
	long used = 1;
	int i;

	(void)state;
	/* A little for each chunk is nothing out of the way ... */
	for (i = 0; i < 2000; i++)
		assert_true(http_chunked_feed(&d, extension, sizeof extension - 1, &out, 4000) > 0);
	/* ... a line without an end is. */
	memset(text, 'a', sizeof text);
	assert_int_equal(http_chunked_feed(&d, "1;", 2, &out, 4000), 2);
	for (i = 0; used > 0 && i < 2000; i++)
		used = http_chunked_feed(&d, text, sizeof text, &out, 4000);
	assert_int_equal(used, -431);
	d = (struct http_chunked){ 0 };
	assert_int_equal(http_chunked_feed(&d, "0\r\n", 3, &out, 4000), 3);
	for (i = 0; i < 100; i++)
		assert_true(http_chunked_feed(&d, trailer, sizeof trailer - 1, &out, 4000) > 0);
	assert_int_equal(http_chunked_feed(&d, trailer, sizeof trailer - 1, &out, 4000), -431);
	bytes_fini(&out);
}

static void
frame_lengths(void **state)
{
	static const size_t lens[] = { 0, 1, 125, 126, 65535, 65536, 1u << 20 };
	unsigned char buf[16], *p;
	struct frame f;
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		p = frame_head_write(buf + FRAME_HEAD_MAX, FRAME_TEXT, 0, lens[i]);
		n = (size_t)(buf + FRAME_HEAD_MAX - p);
		assert_int_equal(p[0], 0x81);
		assert_int_equal(p[1] & 0x80, 0);	/* servers do not mask */
		/* The client's form of the same: the mask bit and four bytes more. */
		p[1] |= 0x80;
		memset(p + n, 7, 4);
		assert_int_equal(frame_head_read(p, n + 3, &f), 0);
		assert_int_equal(frame_head_read(p, n + 4, &f), n + 4);
		assert_int_equal(f.len, lens[i]);
		assert_int_equal(f.opcode, FRAME_TEXT);
		assert_true(f.fin);
	}
}

static void
frame_refused(void **state)
{
	static const unsigned char cases[][14] = {
		{ 0x81, 0x01 },				/* not masked */
		{ 0xa1, 0x81 }, { 0x91, 0x81 },		/* reserved bits */
		{ 0x83, 0x81 }, { 0x8b, 0x81 }, { 0x8f, 0x81 },	/* opcodes */
		{ 0x09, 0x80 },				/* a ping in fragments */
		{ 0xc9, 0x80 },				/* a compressed ping */
		{ 0xc0, 0x80 },				/* a compressed continuation */
		{ 0x89, 0xfe, 0, 126 },			/* a long ping */
		{ 0x81, 0xfe, 0, 125 },			/* not the shortest length */
		{ 0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff },
		{ 0x81, 0xff, 0x80, 0, 0, 0, 0, 1, 0, 0 },	/* the highest bit */
	};
	struct frame f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(frame_head_read(cases[i], sizeof cases[i], &f), -1);
}

/* RFC 6455 5.7 */
static void
frame_unmasks(void **state)
{
	unsigned char p[] = { 0x7f, 0x9f, 0x4d, 0x51, 0x58, 0, 0, 0, 0, 0, 0, 0, 0 };
	static const uint8_t mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
	unsigned char q[sizeof p];
	size_t i;

	(void)state;
	memcpy(q, p, sizeof p);
	frame_unmask(p, 5, mask);
	assert_memory_equal(p, "Hello", 5);
	frame_unmask(q, sizeof q, mask);
	for (i = 5; i < sizeof q; i++)
		assert_int_equal(q[i], mask[i & 3]);
}

static void
close_codes(void **state)
{
	static const uint32_t good[] = { 1000, 1001, 1002, 1003, 1007, 1011, 3000, 3500, 4999 };
	static const uint32_t bad[] = { 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(frame_close_code_valid(good[i]));
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(frame_close_code_valid(bad[i]));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(head_parts), cmocka_unit_test(head_ends),
		cmocka_unit_test(head_keep_alive), cmocka_unit_test(head_refused),
		cmocka_unit_test(targets), cmocka_unit_test(hosts),
		cmocka_unit_test(path_decodes), cmocka_unit_test(lists),
		cmocka_unit_test(chunked_pieces), cmocka_unit_test(chunked_refused),
		cmocka_unit_test(chunked_extras),
		cmocka_unit_test(frame_lengths), cmocka_unit_test(frame_refused),
		cmocka_unit_test(frame_unmasks), cmocka_unit_test(close_codes),
	};

	return cmocka_run_group_tests_name("http codecs", tests, NULL, NULL);
}
