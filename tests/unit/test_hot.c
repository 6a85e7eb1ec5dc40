/* SPDX-License-Identifier: MIT */
/* The hand-written encoders write what the generic codec writes. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"
#include "proto/codec.h"
#include "proto/delta.h"
#include "proto/hot.h"
#include "proto/messages.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

static const char *
text(struct arena *a, struct rotor_str s)
{
	const char *p = arena_strndup(a, s.p, s.len);

	assert_non_null(p);
	return p;
}

static void *
make(struct arena *a, const ProtobufCMessageDescriptor *d)
{
	void *m = arena_alloc(a, d->sizeof_message);

	assert_non_null(m);
	protobuf_c_message_init(d, m);
	return m;
}

static Cp__ClientInfo *
make_info(struct arena *a, const struct rotor_client_info *from)
{
	Cp__ClientInfo *info = make(a, &cp__client_info__descriptor);

	info->user = text(a, from->user);
	info->client = text(a, from->client);
	info->conn_info = codec_bytes(from->conn_info);
	info->chan_info = codec_bytes(from->chan_info);
	return info;
}

static Cp__Publication *
make_pub(struct arena *a, const struct rotor_publication *from)
{
	Cp__Publication *pub = make(a, &cp__publication__descriptor);
	size_t i;

	pub->data = codec_bytes(from->data);
	pub->info = from->info != NULL ? make_info(a, from->info) : NULL;
	pub->offset = from->offset;
	pub->version = from->version;
	pub->delta = (from->flags & PUB_IS_DELTA) != 0;
	if (from->offset == 1)
		pub->epoch = text(a, from->epoch);
	pub->n_tags = from->n_tags;
	pub->tags = arena_alloc(a, from->n_tags * sizeof pub->tags[0]);
	assert_non_null(pub->tags);
	for (i = 0; i < from->n_tags; i++) {
		pub->tags[i] = make(a, &cp__publication__tags_entry__descriptor);
		pub->tags[i]->key = text(a, from->tags[i].key);
		pub->tags[i]->value = text(a, from->tags[i].value);
	}
	return pub;
}

static Cp__Reply *
make_push(struct arena *a, struct rotor_str channel, const struct rotor_publication *from)
{
	Cp__Reply *reply = make(a, &cp__reply__descriptor);
	Cp__Push *push = reply->push = make(a, &cp__push__descriptor);
	Cp__ClientInfo *info = from->info != NULL ? make_info(a, from->info) : NULL;

	push->channel = text(a, channel);
	switch (from->kind) {
	case ROTOR_JOIN:
		push->join = make(a, &cp__join__descriptor);
		push->join->info = info;
		break;
	case ROTOR_LEAVE:
		push->leave = make(a, &cp__leave__descriptor);
		push->leave->info = info;
		break;
	default:
		push->pub = make_pub(a, from);
	}
	return reply;
}

static void
encode(const ProtobufCMessage *m, uint32_t protocol, struct out *o)
{
	out_reset(o);
	if (protocol == ROTOR_JSON)
		assert_int_equal(codec_encode_json(m, CODEC_RAW_VERBATIM, o), 0);
	else
		assert_int_equal(codec_encode_pb(m, o), 0);
}

static void
assert_same(const struct out *x, const struct out *y)
{
	assert_int_equal(x->len, y->len);
	assert_memory_equal(x->p, y->p, x->len);
}

static void
check(struct rotor_str channel, const struct rotor_publication *pub)
{
	struct arena a;
	struct out want, got;
	uint32_t protocol;

	arena_init(&a, NULL, 0);
	out_init(&want, NULL, 0);
	out_init(&got, NULL, 0);
	for (protocol = ROTOR_JSON; protocol <= ROTOR_PROTOBUF; protocol++) {
		encode(&make_push(&a, channel, pub)->base, protocol, &want);
		out_reset(&got);
		if (pub->kind == ROTOR_PUBLICATION)
			assert_int_equal(hot_push_pub(&got, protocol, channel, pub), 0);
		else
			assert_int_equal(hot_push_join_leave(&got, protocol, channel, pub), 0);
		assert_same(&want, &got);
	}
	out_fini(&want);
	out_fini(&got);
	arena_reset(&a);
}

#define CLIENT	"3ea21e0c-d7cc-4b86-85ef-5771d8d46896"

static const struct rotor_client_info anonymous = { .client = { CLIENT, 36 } };
static const struct rotor_client_info full = {
	.user = { "u<1>\xc3\xa9", 6 }, .client = { CLIENT, 36 },
	.conn_info = { "{\"n\": \n1}", 9 }, .chan_info = { "null", 4 },
};
static const struct rotor_client_info nobody;
static const struct rotor_tag tags[] = {
	{ { "k", 1 }, { "v", 1 } }, { { "<k>", 3 }, { "", 0 } }, { { "", 0 }, { "\xe2\x80\xa8", 3 } },
};

static void
test_push_pub(void **state)
{
	static const struct rotor_client_info *const infos[] = { NULL, &anonymous, &full, &nobody };
	static const uint64_t offsets[] = { 0, 1, 2, 127, 128, UINT64_MAX };
	static const char *const payloads[] = { "", "null", "{\"a\":1}", "{\"a\":\r\n [1,\n2]}", "\"\xc3\xbf\"" };
	size_t i, j, k, n;

	(void)state;
	for (i = 0; i < N(infos); i++)
		for (j = 0; j < N(offsets); j++)
			for (k = 0; k < N(payloads); k++)
				for (n = 0; n <= N(tags); n++) {	/* the odd ones as deltas */
					struct rotor_publication pub = {
						.size = sizeof pub, .info = infos[i], .offset = offsets[j],
						.flags = n % 2 ? PUB_IS_DELTA : 0,
						.version = 9, .time_ms = 9, .epoch = STR_LIT("epoch<"),
						.data = rotor_str_of(payloads[k]), .tags = tags, .n_tags = n,
					};

					check(STR_LIT("news:\"a\"\xc3\xa9"), &pub);
				}
}

/* Lengths of two and more bytes. */
static void
test_push_big(void **state)
{
	struct rotor_publication pub = { .size = sizeof pub, .info = &full, .offset = 300 };
	static const size_t sizes[] = { 100, 127, 128, 129, 16370, 16384, 70000 };
	char *data = malloc(70000);
	size_t i;

	(void)state;
	assert_non_null(data);
	for (i = 0; i < N(sizes); i++) {
		memset(data, 'x', sizes[i]);
		data[0] = data[sizes[i] - 1] = '"';
		pub.data = (struct rotor_str){ data, sizes[i] };
		check(STR_LIT(""), &pub);
		check(STR_LIT("channel"), &pub);
	}
	free(data);
}

static void
test_push_join_leave(void **state)
{
	static const struct rotor_client_info *const infos[] = { NULL, &anonymous, &full, &nobody };
	size_t i;

	(void)state;
	for (i = 0; i < N(infos); i++) {
		struct rotor_publication pub = { .size = sizeof pub, .kind = ROTOR_JOIN, .info = infos[i] };

		check(STR_LIT("a"), &pub);
		pub.kind = ROTOR_LEAVE;
		check(STR_LIT("a"), &pub);
	}
}

static void
test_golden(void **state)
{
	const char want[] = "{\"push\":{\"channel\":\"news\",\"pub\":{\"data\":{\"a\":1},\"info\":{\"user\":\"\","
	    "\"client\":\"" CLIENT "\"},\"offset\":1,\"epoch\":\"iZiTZlZN\"}}}";
	struct rotor_publication pub = {
		.size = sizeof pub, .info = &anonymous, .offset = 1, .epoch = STR_LIT("iZiTZlZN"),
		.data = STR_LIT("{\"a\":1}"), .flags = ROTOR_PUB_JSON,
	};
	struct rotor_publication binary = { .size = sizeof binary, .data = STR_LIT("\x00\x01") };
	struct out o;

	(void)state;
	out_init(&o, NULL, 0);
	assert_int_equal(hot_push_pub(&o, ROTOR_JSON, STR_LIT("news"), &pub), 0);
	assert_int_equal(o.len, sizeof want - 1);
	assert_memory_equal(o.p, want, o.len);
	out_reset(&o);
	assert_int_equal(hot_push_pub(&o, ROTOR_PROTOBUF, STR_LIT("plain:abc"), &binary), 0);
	assert_int_equal(o.len, 0x13);
	assert_memory_equal(o.p, "\x22\x11\x12\x09plain:abc\x22\x04\x22\x02\x00\x01", o.len);
	out_fini(&o);
}

/* Payloads that JSON cannot hold: refused, and what was there before stays. */
static void
test_not_json(void **state)
{
	struct rotor_client_info info = { .conn_info = STR_LIT("\x01") };
	struct rotor_publication pub = { .size = sizeof pub, .data = STR_LIT("{"), .info = &anonymous };
	struct out o;

	(void)state;
	out_init(&o, NULL, 0);
	out_lit(&o, "kept");
	assert_int_equal(hot_push_pub(&o, ROTOR_JSON, STR_LIT("a"), &pub), -EINVAL);
	pub.data = STR_LIT("{}");
	pub.info = &info;
	assert_int_equal(hot_push_pub(&o, ROTOR_JSON, STR_LIT("a"), &pub), -EINVAL);
	pub.kind = ROTOR_JOIN;
	assert_int_equal(hot_push_join_leave(&o, ROTOR_JSON, STR_LIT("a"), &pub), -EINVAL);
	info.conn_info = STR_LIT("");
	info.chan_info = STR_LIT("x");
	assert_int_equal(hot_push_join_leave(&o, ROTOR_JSON, STR_LIT("a"), &pub), -EINVAL);
	assert_int_equal(o.len, 4);
	assert_int_equal(hot_push_join_leave(&o, ROTOR_PROTOBUF, STR_LIT("a"), &pub), 0);
	out_fini(&o);
}

static void
test_reply_empty(void **state)
{
	static const uint32_t ids[] = { 0, 1, 127, 128, UINT32_MAX };
	struct out want, got;
	uint32_t protocol, result;
	struct arena a;
	Cp__Reply *reply;
	size_t i;

	(void)state;
	arena_init(&a, NULL, 0);
	out_init(&want, NULL, 0);
	out_init(&got, NULL, 0);
	for (i = 0; i < N(ids); i++) {
		for (protocol = ROTOR_JSON; protocol <= ROTOR_PROTOBUF; protocol++) {
			reply = make(&a, &cp__reply__descriptor);
			reply->id = ids[i];
			reply->publish = make(&a, &cp__publish_result__descriptor);
			encode(&reply->base, protocol, &want);
			out_reset(&got);
			hot_reply_empty(&got, protocol, ids[i], REPLY_PUBLISH);
			assert_same(&want, &got);
		}
	}
	/* Every number names a result. */
	for (result = REPLY_CONNECT; result <= REPLY_SUB_REFRESH; result++) {
		out_reset(&got);
		hot_reply_empty(&got, ROTOR_JSON, 1, result);
		assert_true(json_valid_object((struct rotor_str){ got.p, got.len }));
	}
	out_fini(&want);
	out_fini(&got);
	arena_reset(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_push_pub),
		cmocka_unit_test(test_push_big),
		cmocka_unit_test(test_push_join_leave),
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_not_json),
		cmocka_unit_test(test_reply_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
