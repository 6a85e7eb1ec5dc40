/* SPDX-License-Identifier: MIT */
/* The commands of a frame: spec/client-protocol.md section 2. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rotor/transport.h>

#include "base/str.h"
#include "proto/codec.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))
#define S(lit)	{ (lit), sizeof(lit) - 1 }

struct row {
	struct rotor_str	frame;
	int			n;		/* commands */
	int			end;		/* what frame_next() says behind them */
	struct rotor_str	cmds[3];
};

static void
check(uint32_t protocol, const struct row *row)
{
	struct frame_reader f;
	struct rotor_str cmd;
	char *exact = malloc(row->frame.len + 1);
	int i;

	assert_non_null(exact);
	memcpy(exact, row->frame.p, row->frame.len);
	frame_reader_init(&f, protocol, exact, row->frame.len);
	for (i = 0; i < row->n; i++) {
		assert_int_equal(frame_next(&f, &cmd), 1);
		assert_int_equal(cmd.len, row->cmds[i].len);
		assert_memory_equal(cmd.p, row->cmds[i].p, cmd.len);
	}
	assert_int_equal(frame_next(&f, &cmd), row->end);
	free(exact);
}

static void
test_json(void **state)
{
	static const struct row rows[] = {
		{ S("{}"), 1, 0, { S("{}") } },
		{ S("{}\n"), 1, 0, { S("{}") } },
		{ S("{\"id\":1}\n{\"id\":2}\n"), 2, 0, { S("{\"id\":1}"), S("{\"id\":2}") } },
		{ S("{}\r\n{}"), 2, 0, { S("{}\r"), S("{}") } },
		{ S(" {} x\n[\n "), 2, -1, { S(" {} x"), S("[") } },
		{ S(""), 0, -1, { S("") } },
		{ S("\n"), 0, -1, { S("") } },
		{ S("\r\n{}"), 0, -1, { S("") } },
		{ S("\n{}"), 0, -1, { S("") } },
		{ S("{}\n\n{}"), 1, -1, { S("{}") } },
		{ S("{}\n \t\r\n{}"), 1, -1, { S("{}") } },
		{ S("{}\n\n"), 1, -1, { S("{}") } },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(rows); i++)
		check(ROTOR_JSON, &rows[i]);
}

static void
test_protobuf(void **state)
{
	static const struct row rows[] = {
		{ S("\x04\x08\x01\x22\x00"), 1, 0, { S("\x08\x01\x22\x00") } },
		{ S("\x00"), 1, 0, { S("") } },
		{ S("\x02\x08\x01\x00\x02\x08\x02"), 3, 0, { S("\x08\x01"), S(""), S("\x08\x02") } },
		{ S("\x82\x00\x08\x01"), 1, 0, { S("\x08\x01") } },
		{ S(""), 0, -1, { S("") } },
		{ S("\x02\x08\x01\x80"), 1, -1, { S("\x08\x01") } },
		{ S("\x02\x08\x01\x03\x08\x01"), 1, -1, { S("\x08\x01") } },
		{ S("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), 0, -1, { S("") } },
		{ S("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), 0, -1, { S("") } },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(rows); i++)
		check(ROTOR_PROTOBUF, &rows[i]);
}

/* No bytes at all may come without an address. */
static void
test_null(void **state)
{
	struct frame_reader f;
	struct rotor_str cmd;

	(void)state;
	frame_reader_init(&f, ROTOR_JSON, NULL, 0);
	assert_int_equal(frame_next(&f, &cmd), -1);
	frame_reader_init(&f, ROTOR_PROTOBUF, NULL, 0);
	assert_int_equal(frame_next(&f, &cmd), -1);
}

static void
test_varint(void **state)
{
	static const struct {
		uint64_t		v;
		struct rotor_str	bytes;
	} rows[] = {
		{ 0, S("\x00") }, { 1, S("\x01") }, { 127, S("\x7f") }, { 128, S("\x80\x01") },
		{ 16384, S("\x80\x80\x01") }, { UINT32_MAX, S("\xff\xff\xff\xff\x0f") },
		{ UINT64_MAX, S("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01") },
	};
	struct out o;
	size_t i;

	(void)state;
	out_init(&o, NULL, 0);
	for (i = 0; i < N(rows); i++) {
		out_reset(&o);
		out_varint(&o, rows[i].v);
		assert_int_equal(o.len, rows[i].bytes.len);
		assert_memory_equal(o.p, rows[i].bytes.p, o.len);
	}
	out_fini(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_protobuf),
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_varint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
