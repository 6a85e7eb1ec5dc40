/* SPDX-License-Identifier: MIT */
/* test_pb.c - Protobuf by hand: what is well-formed is read, nothing else is. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pb.h"

#define BYTES(text)	((struct rotor_str){ (text), sizeof(text) - 1 })

static void
test_reads_fields(void **state)
{
	struct rotor_str in = BYTES("\x08\x96\x01" "\x12\x03" "abc" "\x19" "12345678" "\x25" "1234" "\x1a\x00");
	struct pb_field f;

	(void)state;
	assert_int_equal(pb_next(&in, &f), 1);
	assert_true(f.number == 1 && f.wire == PB_VARINT && f.num == 150);
	assert_int_equal(pb_next(&in, &f), 1);
	assert_true(f.number == 2 && f.wire == PB_BYTES && f.bytes.len == 3);
	assert_memory_equal(f.bytes.p, "abc", 3);
	assert_int_equal(pb_next(&in, &f), 1);
	assert_true(f.number == 3 && f.bytes.len == 8);
	assert_int_equal(pb_next(&in, &f), 1);
	assert_true(f.number == 4 && f.bytes.len == 4);
	assert_int_equal(pb_next(&in, &f), 1);
	assert_true(f.number == 3 && f.bytes.len == 0);
	assert_int_equal(pb_next(&in, &f), 0);
}

static void
test_refuses_malformed(void **state)
{
	static const struct rotor_str cases[] = {
		BYTES("\x08"),				/* no value */
		BYTES("\x08\x80"),			/* a number cut off */
		BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),	/* too long */
		BYTES("\x80"),				/* a key cut off */
		BYTES("\x00\x01"),			/* field 0 */
		BYTES("\x12\x04" "abc"),		/* longer than there is */
		BYTES("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),	/* by far */
		BYTES("\x09" "1234567"), BYTES("\x0d" "123"),	/* fixed ones cut off */
		BYTES("\x0b"), BYTES("\x0c"), BYTES("\x0e"), BYTES("\x0f"),	/* groups, unknown */
		BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" "x"),	/* a number no field has */
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		/* A copy of that very size, for the sanitizer to watch its end. */
		char *copy = malloc(cases[i].len);
		struct rotor_str in = { copy, cases[i].len };
		struct pb_field f;

		assert_non_null(copy);
		memcpy(copy, cases[i].p, cases[i].len);
		assert_int_equal(pb_next(&in, &f), -1);
		free(copy);
	}
}

static void
test_gets_one_field(void **state)
{
	struct rotor_str found = pb_get(BYTES("\x08\x01" "\x12\x01" "a" "\x12\x01" "b"), 2);

	(void)state;
	assert_true(found.len == 1 && found.p[0] == 'a');
	assert_int_equal(pb_get(BYTES("\x08\x01"), 1).len, 0);	/* a number */
	assert_int_equal(pb_get(BYTES("\x08\x01"), 3).len, 0);
	assert_int_equal(pb_get(BYTES("\x12\x05" "a"), 2).len, 0);
	assert_int_equal(pb_get((struct rotor_str){ NULL, 0 }, 2).len, 0);
}

static void
test_writes_what_it_reads(void **state)
{
	static const char text[300] = { 'x' };
	struct pb_out o = { .p = NULL }, sub = { .p = NULL };
	struct rotor_str in;
	struct pb_field f;
	grpc_slice s;

	(void)state;
	pb_put_bytes(&sub, 1, (struct rotor_str){ text, sizeof text });
	pb_put_num(&o, 1, UINT64_MAX);
	pb_put_message(&o, 1000, &sub);
	assert_null(sub.p);
	assert_int_equal(pb_finish(&o, &s), 0);
	in = (struct rotor_str){ (char *)GRPC_SLICE_START_PTR(s), GRPC_SLICE_LENGTH(s) };
	assert_int_equal(pb_next(&in, &f), 1);
	assert_true(f.number == 1 && f.num == UINT64_MAX);
	assert_int_equal(pb_next(&in, &f), 1);
	assert_int_equal(f.number, 1000);
	assert_memory_equal(pb_get(f.bytes, 1).p, text, sizeof text);
	assert_int_equal(pb_next(&in, &f), 0);
	grpc_slice_unref(s);
}

static void
test_writes_nothing(void **state)
{
	struct pb_out o = { .p = NULL };
	grpc_slice s;

	(void)state;
	assert_int_equal(pb_finish(&o, &s), 0);
	assert_int_equal(GRPC_SLICE_LENGTH(s), 0);
	grpc_slice_unref(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_fields),
		cmocka_unit_test(test_refuses_malformed),
		cmocka_unit_test(test_gets_one_field),
		cmocka_unit_test(test_writes_what_it_reads),
		cmocka_unit_test(test_writes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
