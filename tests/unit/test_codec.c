/* SPDX-License-Identifier: MIT */
/* Messages to and from JSON and Protobuf; examples are those of spec/client-protocol.md
 * and spec/server-api.md. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"
#include "proto/codec.h"
#include "proto/codec_priv.h"
#include "proto/messages.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))
#define S(lit)	{ (lit), sizeof(lit) - 1 }

typedef const ProtobufCMessageDescriptor descriptor;

static ProtobufCMessage *
from_json(descriptor *d, struct arena *a, struct rotor_str text)
{
	struct json_reader r;

	json_reader_init(&r, text.p, text.len);
	return codec_decode_json(d, a, &r);
}

static char *
to_json(const ProtobufCMessage *m, uint32_t raw_mode, struct out *o)
{
	out_reset(o);
	assert_int_equal(codec_encode_json(m, raw_mode, o), 0);
	out_byte(o, '\0');
	assert_false(o->failed);
	return o->p;
}

/* ---- JSON, both ways */

/* Text that stays the same when it is read and written. */
static const struct {
	descriptor	*d;
	const char	*text;
} golden[] = {
	{ &cp__command__descriptor, "{}" },
	{ &cp__command__descriptor, "{\"id\":1,\"connect\":{}}" },
	{ &cp__command__descriptor, "{\"id\":3,\"publish\":{\"channel\":\"news\",\"data\":{\"a\":1}}}" },
	{ &cp__command__descriptor, "{\"id\":4,\"publish\":{\"channel\":\"news\",\"data\":null}}" },
	{ &cp__command__descriptor, "{\"send\":{\"data\":{}}}" },
	{ &cp__command__descriptor, "{\"id\":26,\"rpc\":{\"data\":[1, \"x\"],\"method\":\"ping\"}}" },
	{ &cp__reply__descriptor, "{\"id\":1,\"connect\":{\"client\":\"3ea21e0c-d7cc-4b86-85ef-5771d8d46896\","
	    "\"version\":\"0.0.0 OSS\",\"ping\":25,\"pong\":true}}" },
	{ &cp__reply__descriptor, "{\"id\":1,\"connect\":{\"client\":\"fdff\",\"version\":\"0.0.0 OSS\","
	    "\"subs\":{\"srv1\":{\"recoverable\":true,\"epoch\":\"iWkdUHmR\",\"positioned\":true},"
	    "\"#u1\":{\"recoverable\":true,\"epoch\":\"yvZetxMb\",\"positioned\":true}},"
	    "\"ping\":4,\"pong\":true}}" },
	{ &cp__reply__descriptor, "{\"push\":{\"channel\":\"#u1\",\"join\":{\"info\":{\"user\":\"u1\","
	    "\"client\":\"fdff\",\"conn_info\":{\"n\": 1}}}}}" },
	{ &cp__reply__descriptor, "{\"push\":{\"channel\":\"news\",\"pub\":{\"data\":{\"a\":1},\"info\":"
	    "{\"user\":\"\",\"client\":\"3ea2\"},\"offset\":1,\"epoch\":\"iZiTZlZN\"}}}" },
	{ &cp__reply__descriptor, "{\"id\":7,\"error\":{\"code\":107,\"message\":\"bad request\"}}" },
	{ &cp__reply__descriptor, "{\"id\":12,\"presence\":{\"presence\":{\"cf5d\":{\"user\":\"\","
	    "\"client\":\"cf5d\"}}}}" },
	{ &cp__reply__descriptor, "{\"id\":3,\"presence\":{\"presence\":{}}}" },
	{ &cp__reply__descriptor, "{\"id\":13,\"presence_stats\":{\"num_clients\":0,\"num_users\":0}}" },
	{ &cp__reply__descriptor, "{\"id\":9,\"history\":{\"publications\":[],\"epoch\":\"iZiTZlZN\",\"offset\":5}}" },
	{ &cp__reply__descriptor, "{\"id\":9,\"history\":{\"publications\":[],\"epoch\":\"\",\"offset\":0}}" },
	{ &cp__reply__descriptor, "{\"id\":3,\"publish\":{}}" },
	{ &cp__reply__descriptor, "{\"push\":{\"refresh\":{\"expires\":true,\"ttl\":46}}}" },
	{ &cp__reply__descriptor, "{\"push\":{\"refresh\":{}}}" },
	{ &cp__reply__descriptor, "{\"push\":{\"channel\":\"plain:a\",\"subscribe\":{\"data\":{\"w\": 1}}}}" },
	{ &cp__reply__descriptor, "{\"push\":{\"channel\":\"plain:a\",\"unsubscribe\":{\"code\":2000,"
	    "\"reason\":\"server unsubscribe\"}}}" },
	{ &cp__reply__descriptor, "{\"push\":{\"channel\":\"plain:\\u003c\\u0026\\u003e'\\\"\\\\\\t\x7f\",\"pub\":"
	    "{\"data\":{},\"tags\":{\"\\u003ck\\u003e\":\"\xc3\xa9\\u2028\\u2029\\u0026\"}}}}" },
	{ &cp__reply__descriptor, "{\"push\":{\"id\":-9223372036854775808,\"pub\":{\"data\":\"x\",\"offset\":"
	    "18446744073709551615,\"delta\":true,\"score\":-1}}}" },
	{ &ap__publish_response__descriptor, "{\"result\":{}}" },
	{ &ap__publish_response__descriptor, "{\"error\":{\"code\":102,\"message\":\"unknown channel\"}}" },
	{ &ap__broadcast_response__descriptor, "{\"result\":{\"responses\":[{\"result\":{\"offset\":8,"
	    "\"epoch\":\"e\"}},{\"result\":{}},{\"error\":{\"code\":107,\"message\":\"bad request\"}}]}}" },
	{ &ap__presence_result__descriptor, "{\"presence\":{}}" },
	{ &ap__presence_stats_result__descriptor, "{\"num_clients\":0,\"num_users\":0}" },
	{ &ap__history_result__descriptor, "{\"publications\":[],\"epoch\":\"\",\"offset\":0}" },
	{ &ap__channels_result__descriptor, "{\"channels\":{}}" },
	{ &ap__channels_result__descriptor, "{\"channels\":{\"a\":{},\"b\":{\"num_clients\":2}}}" },
	{ &ap__info_result__descriptor, "{\"nodes\":[{\"uid\":\"u\",\"name\":\"\",\"version\":\"v\",\"num_clients\":0,"
	    "\"num_users\":0,\"num_channels\":0,\"metrics\":{\"interval\":60,\"items\":{\"a\":0,\"b\":0.25}},"
	    "\"num_subs\":0}]}" },
	{ &ap__batch_response__descriptor, "{}" },
	{ &ap__batch_response__descriptor, "{\"replies\":[{\"publish\":{}},{\"error\":{\"code\":104,"
	    "\"message\":\"not found\"}},{\"history\":{\"publications\":[],\"epoch\":\"\",\"offset\":0}}]}" },
	/* An entry by name, but not a map. */
	{ &ap__map_read_state_result__descriptor, "{\"entries\":[{\"key\":\"k\",\"data\":1}]}" },
};

static void
test_golden(void **state)
{
	struct arena a;
	struct out o;
	size_t i;

	(void)state;
	arena_init(&a, NULL, 0);
	out_init(&o, NULL, 0);
	for (i = 0; i < N(golden); i++) {
		ProtobufCMessage *m = from_json(golden[i].d, &a, rotor_str_of(golden[i].text));

		assert_non_null(m);
		assert_string_equal(to_json(m, CODEC_RAW_VERBATIM, &o), golden[i].text);
	}
	out_fini(&o);
	arena_reset(&a);
}

/* What is read leniently, and how it is written. */
static void
test_lenient(void **state)
{
	static const struct {
		const char	*in, *out;
	} rows[] = {
		{ "{\"ID\":1,\"RPC\":{\"Method\":\"m\"}}", "{\"id\":1,\"rpc\":{\"method\":\"m\"}}" },
		{ "{\"id\":1,\"zz\":{\"a\":[1,{}]},\"idx\":2,\"i\":3,\"rpc\":{}}", "{\"id\":1,\"rpc\":{}}" },
		{ "{\"id\":1,\"id\":2}", "{\"id\":2}" },
		{ "{\"id\":1,\"id\":null,\"rpc\":null}", "{\"id\":1}" },
		{ "{\"\\u0069d\":1}", "{\"id\":1}" },
		/* A NUL ends no key: these name no field. */
		{ "{\"id\\u0000\":1,\"ID\\u0000x\":2,\"rpc\\u0000method\":{},\"rpc\":{}}", "{\"rpc\":{}}" },
		{ " { \"id\" : 7 , \"publish\" : { \"data\" :  [ 1 ] , \"channel\":null } } x",
		    "{\"id\":7,\"publish\":{\"data\":[ 1 ]}}" },
		{ "{\"publish\":{\"data\":{\"a\":\n1}}}", "{\"publish\":{\"data\":{\"a\":1}}}" },
		{ "{\"publish\":{\"channel\":\"a\",\"data\":1},\"publish\":{\"key\":\"k\"}}",
		    "{\"publish\":{\"key\":\"k\"}}" },
		{ "{\"connect\":{\"headers\":{\"a\":\"1\",\"b\":\"2\",\"a\":\"3\"}}}",
		    "{\"connect\":{\"headers\":{\"a\":\"3\",\"b\":\"2\"}}}" },
		{ "{\"connect\":{\"headers\":{\"a\":null},\"subs\":{\"x\":null}}}",
		    "{\"connect\":{\"subs\":{\"x\":{}},\"headers\":{\"a\":\"\"}}}" },
		{ "{\"connect\":{\"headers\":{},\"subs\":null,\"token\":\"\"}}", "{\"connect\":{}}" },
		{ "{\"connect\":{\"name\":\"a\xff\\ud800\"}}", "{\"connect\":{\"name\":\"a\xef\xbf\xbd\xef\xbf\xbd\"}}" },
		{ "{\"sub_refresh\":{\"untrack\":[\"a\",null],\"track\":[null,{}]}}",
		    "{\"sub_refresh\":{\"track\":[{},{}],\"untrack\":[\"a\",\"\"]}}" },
		{ "{\"sub_refresh\":{\"untrack\":[\"a\",\"b\"],\"untrack\":[\"c\"]}}",
		    "{\"sub_refresh\":{\"untrack\":[\"c\"]}}" },
		{ "{\"history\":{\"limit\":-1}}", "{\"history\":{\"limit\":-1}}" },
		{ "{\"history\":{\"limit\":-0}}", "{\"history\":{}}" },
		{ "{\"rpc\":{\"data\":\"\xc3\xbf\"}}", "{\"rpc\":{\"data\":\"\xc3\xbf\"}}" },
	};
	struct arena a;
	struct out o;
	size_t i;

	(void)state;
	arena_init(&a, NULL, 0);
	out_init(&o, NULL, 0);
	for (i = 0; i < N(rows); i++) {
		ProtobufCMessage *m = from_json(&cp__command__descriptor, &a, rotor_str_of(rows[i].in));

		if (m == NULL)
			fail_msg("refused: %s", rows[i].in);
		assert_string_equal(to_json(m, CODEC_RAW_VERBATIM, &o), rows[i].out);
	}
	out_fini(&o);
	arena_reset(&a);
}

static void
test_malformed(void **state)
{
	static const struct rotor_str rows[] = {
		S(""), S("null"), S("[]"), S("1"), S("\"\""), S("{"), S("{]"), S("{\"id\":}"),
		S("{\"id\":1"), S("{\"id\":1,}"), S("{\"id\" 1}"), S("{id:1}"),
		S("{\"id\":\"1\"}"), S("{\"id\":1.0}"), S("{\"id\":1e0}"), S("{\"id\":-1}"), S("{\"id\":-0}"),
		S("{\"id\":01}"), S("{\"id\":4294967296}"), S("{\"id\":true}"), S("{\"id\":{}}"),
		S("{\"rpc\":[]}"), S("{\"rpc\":\"\"}"), S("{\"rpc\":1}"), S("{\"rpc\":{\"method\":1}}"),
		S("{\"rpc\":{\"method\":\"a\\u0000\"}}"), S("{\"rpc\":{\"method\":\"a\0\"}}"),
		S("{\"rpc\":{\"method\":\"a\nb\"}}"), S("{\"rpc\":{\"data\":}}"), S("{\"rpc\":{\"data\":nope}}"),
		S("{\"rpc\":{\"data\":{\"a\":[1,]}}}"), S("{\"subscribe\":{\"recover\":1}}"),
		S("{\"subscribe\":{\"recover\":\"true\"}}"), S("{\"subscribe\":{\"offset\":-1}}"),
		S("{\"subscribe\":{\"offset\":18446744073709551616}}"), S("{\"history\":{\"limit\":2147483648}}"),
		S("{\"connect\":{\"headers\":[]}}"), S("{\"connect\":{\"headers\":{\"a\":1}}}"),
		S("{\"connect\":{\"headers\":{\"a\\u0000\":\"\"}}}"), S("{\"connect\":{\"subs\":{\"a\":[]}}}"),
		S("{\"sub_refresh\":{\"untrack\":{}}}"), S("{\"sub_refresh\":{\"untrack\":[1]}}"),
		S("{\"sub_refresh\":{\"untrack\":[\"a\",]}}"), S("{\"unknown\":{\"a\":1,}}"), S("{\"unknown\":nul}"),
	};
	struct arena a;
	size_t i;

	(void)state;
	arena_init(&a, NULL, 0);
	for (i = 0; i < N(rows); i++) {
		char *exact = malloc(rows[i].len + 1);

		assert_non_null(exact);
		memcpy(exact, rows[i].p, rows[i].len);
		if (from_json(&cp__command__descriptor, &a, (struct rotor_str){ exact, rows[i].len }) != NULL)
			fail_msg("accepted: %.*s", (int)rows[i].len, rows[i].p);
		free(exact);
	}
	arena_reset(&a);
}

/*
 * A key that holds a NUL is none of ours, whatever stands before or behind it.
 */

/* {"KEY":VALUE}, with the key's characters as they are, and a filler behind them. */
static struct rotor_str
object_of(struct out *o, const char *key, size_t n, const char *tail, size_t fill, const char *value)
{
	out_reset(o);
	out_lit(o, "{\"");
	out_put(o, key, n);
	out_put(o, tail, strlen(tail));
	while (fill-- > 0)
		out_byte(o, 'a');
	out_lit(o, "\":");
	out_put(o, value, strlen(value));
	out_byte(o, '}');
	return (struct rotor_str){ o->p, o->len };
}

static void
assert_unknown_key(descriptor *d, struct rotor_str text)
{
	const ProtobufCMessage *m;
	struct arena a;
	struct out o;

	arena_init(&a, NULL, 0);
	out_init(&o, NULL, 0);
	m = from_json(d, &a, text);
	if (m == NULL || codec_encode_pb(m, &o) != 0 || o.len > 0)
		fail_msg("%s takes %.80s", d->name, text.p);
	out_fini(&o);
	arena_reset(&a);
}

static void
nul_keys_of_field(descriptor *d, const ProtobufCFieldDescriptor *f, struct out *o)
{
	static const size_t fills[] = { 0, 1, 300, 70000 };
	static const char *const values[] = { "1", "true", "\"x\"", "{}", "[1]", "null" };
	size_t len = strlen(f->name), n, k;

	for (n = 0; n <= len; n++)		/* shorter than the name, and all of it */
		for (k = 0; k < N(fills); k++)
			assert_unknown_key(d, object_of(o, f->name, n, "\\u0000", fills[k],
			    values[(n + k) % N(values)]));
	assert_unknown_key(d, object_of(o, f->name, len, f->name, 0, "1"));
}

static void
nul_keys_of_message(descriptor *d, struct out *o, descriptor **seen, size_t *n_seen)
{
	unsigned i;

	for (i = 0; i < *n_seen; i++)
		if (seen[i] == d)
			return;
	assert_true(*n_seen < 512);
	seen[(*n_seen)++] = d;
	for (i = 0; i < d->n_fields; i++) {
		nul_keys_of_field(d, &d->fields[i], o);
		if (d->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
			nul_keys_of_message(d->fields[i].descriptor, o, seen, n_seen);
	}
}

static void
test_nul_in_keys(void **state)
{
	static descriptor *const roots[] = {
		&cp__command__descriptor, &cp__reply__descriptor,
		&ap__batch_request__descriptor, &ap__batch_response__descriptor,
	};
	descriptor *seen[512];
	size_t n_seen = 0, i;
	struct out o;

	(void)state;
	out_init(&o, NULL, 0);
	for (i = 0; i < N(roots); i++)
		nul_keys_of_message(roots[i], &o, seen, &n_seen);
	assert_true(n_seen > 60);
	out_fini(&o);
}

static void
test_stops_behind_object(void **state)
{
	const char *text = "{\"id\":5} {\"id\":6}";
	struct json_reader r;
	struct arena a;

	(void)state;
	arena_init(&a, NULL, 0);
	json_reader_init(&r, text, strlen(text));
	assert_int_equal(((Cp__Command *)codec_decode_json(&cp__command__descriptor, &a, &r))->id, 5);
	assert_false(json_at_end(&r));
	assert_int_equal(((Cp__Command *)codec_decode_json(&cp__command__descriptor, &a, &r))->id, 6);
	assert_true(json_at_end(&r));
	arena_reset(&a);
}

static void
test_was_null(void **state)
{
	struct arena a;
	Ap__BatchRequest *b;

	(void)state;
	arena_init(&a, NULL, 0);
	b = (Ap__BatchRequest *)from_json(&ap__batch_request__descriptor, &a,
	    rotor_str_of("{\"commands\":[null,{},{\"info\":null},{\"get_user_status\":{}},{\"info\":{}}]}"));
	assert_non_null(b);
	assert_int_equal(b->n_commands, 5);
	assert_true(codec_was_null(&b->commands[0]->base));
	assert_false(codec_was_null(&b->commands[1]->base));
	assert_null(b->commands[2]->info);
	assert_non_null(b->commands[4]->info);
	arena_reset(&a);
}

static void
test_raw_modes(void **state)
{
	Ap__RPCResult m = AP__RPCRESULT__INIT;
	struct out o;

	(void)state;
	out_init(&o, NULL, 0);
	m.data = codec_bytes(STR_LIT("{\"a\" : \"<b>&\"}"));
	assert_string_equal(to_json(&m.base, CODEC_RAW_COMPACT, &o), "{\"data\":{\"a\":\"\\u003cb\\u003e\\u0026\"}}");
	assert_string_equal(to_json(&m.base, CODEC_RAW_VERBATIM, &o), "{\"data\":{\"a\" : \"<b>&\"}}");
	/* Not JSON: nothing is left of the attempt. */
	m.data = codec_bytes(STR_LIT("\x01\x02"));
	out_reset(&o);
	out_lit(&o, "kept");
	assert_int_equal(codec_encode_json(&m.base, CODEC_RAW_VERBATIM, &o), -EINVAL);
	assert_int_equal(codec_encode_json(&m.base, CODEC_RAW_COMPACT, &o), -EINVAL);
	assert_int_equal(o.len, 4);
	out_fini(&o);
}

/* n times a filter inside a filter. */
static void
nested_filter(struct out *o, unsigned n)
{
	unsigned i;

	out_reset(o);
	for (i = 1; i < n; i++)
		out_lit(o, "{\"nodes\":[");
	out_lit(o, "{}");
	for (i = 1; i < n; i++)
		out_lit(o, "]}");
}

static void
test_json_depth(void **state)
{
	struct arena a;
	struct out o;

	(void)state;
	arena_init(&a, NULL, 0);
	out_init(&o, NULL, 0);
	nested_filter(&o, CODEC_MAX_DEPTH);
	assert_non_null(from_json(&cp__filter_node__descriptor, &a, (struct rotor_str){ o.p, o.len }));
	nested_filter(&o, CODEC_MAX_DEPTH + 1);
	assert_null(from_json(&cp__filter_node__descriptor, &a, (struct rotor_str){ o.p, o.len }));
	nested_filter(&o, 100000);
	assert_null(from_json(&cp__filter_node__descriptor, &a, (struct rotor_str){ o.p, o.len }));
	out_fini(&o);
	arena_reset(&a);
}

static void
test_arena_limit(void **state)
{
	struct arena a;
	struct out o;
	unsigned i;

	(void)state;
	arena_init(&a, NULL, 0);
	a.limit = 4096;
	out_init(&o, NULL, 0);
	out_lit(&o, "{\"sub_refresh\":{\"track\":[");
	for (i = 0; i < 10000; i++)
		out_lit(&o, "{},");
	out_lit(&o, "{}]}}");
	assert_null(from_json(&cp__command__descriptor, &a, (struct rotor_str){ o.p, o.len }));
	out_fini(&o);
	arena_reset(&a);
}

/* Many keys, each twice. */
static void
test_big_map(void **state)
{
	enum { KEYS = 3000 };
	Cp__ConnectRequest *m;
	char member[64];
	struct arena a;
	struct out o;
	unsigned i;

	(void)state;
	arena_init(&a, NULL, 0);
	out_init(&o, NULL, 0);
	out_lit(&o, "{\"headers\":{");
	for (i = 0; i < 2 * KEYS; i++) {
		snprintf(member, sizeof member, "%s\"k%u\":\"%u\"", i > 0 ? "," : "", i % KEYS, i);
		out_put(&o, member, strlen(member));
	}
	out_lit(&o, "}}");
	m = (Cp__ConnectRequest *)from_json(&cp__connect_request__descriptor, &a,
	    (struct rotor_str){ o.p, o.len });
	assert_non_null(m);
	assert_int_equal(m->n_headers, KEYS);
	for (i = 0; i < KEYS; i++) {
		snprintf(member, sizeof member, "k%u", i);
		assert_string_equal(m->headers[i]->key, member);
		snprintf(member, sizeof member, "%u", KEYS + i);
		assert_string_equal(m->headers[i]->value, member);
	}
	out_fini(&o);
	arena_reset(&a);
}

/* ---- Protobuf */

static ProtobufCMessage *
from_pb(descriptor *d, struct arena *a, struct rotor_str in)
{
	return codec_decode_pb(d, a, in);
}

static void
test_pb_golden(void **state)
{
	static const struct {
		descriptor		*d;
		struct rotor_str	in;
		const char		*json;
	} rows[] = {
		{ &cp__command__descriptor, S(""), "{}" },
		{ &cp__command__descriptor, S("\x08\x01\x22\x00"), "{\"id\":1,\"connect\":{}}" },
		{ &cp__command__descriptor, S("\x08\x02\x2a\x0b\x0a\x09plain:abc"),
		    "{\"id\":2,\"subscribe\":{\"channel\":\"plain:abc\"}}" },
		{ &cp__reply__descriptor, S("\x08\x02\x32\x00"), "{\"id\":2,\"subscribe\":{}}" },
		/* Unknown fields of each kind. */
		{ &cp__command__descriptor, S("\xa0\x06\x05\xa1\x06" "12345678" "\xa2\x06\x02xx\xa5\x06" "1234\x08\x01"),
		    "{\"id\":1}" },
		/* The last one wins; a message in two parts is one. */
		{ &cp__command__descriptor, S("\x08\x01\x08\x02"), "{\"id\":2}" },
		{ &cp__command__descriptor, S("\x2a\x03\x0a\x01" "a\x2a\x03\x12\x01t"),
		    "{\"subscribe\":{\"channel\":\"a\",\"token\":\"t\"}}" },
		/* A negative int32 is ten bytes; score is zigzag. */
		{ &cp__history_request__descriptor, S("\x38\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "{\"limit\":-1}" },
		{ &cp__publication__descriptor, S("\x68\x03"), "{\"score\":-2}" },
		/* Maps: missing parts are empty, the last of a key wins. */
		{ &cp__connect_request__descriptor, S("\x1a\x03\x0a\x01x\x1a\x00"), "{\"subs\":{\"x\":{},\"\":{}}}" },
		{ &cp__connect_request__descriptor, S("\x32\x06\x0a\x01" "a\x12\x01" "1\x32\x06\x0a\x01" "a\x12\x01" "2"),
		    "{\"headers\":{\"a\":\"2\"}}" },
		{ &ap__metrics__descriptor, S("\x09\0\0\0\0\0\0\xf8\x3f"), "{\"interval\":1.5}" },
	};
	struct arena a;
	struct out o;
	size_t i;

	(void)state;
	arena_init(&a, NULL, 0);
	out_init(&o, NULL, 0);
	for (i = 0; i < N(rows); i++) {
		ProtobufCMessage *m = from_pb(rows[i].d, &a, rows[i].in);

		if (m == NULL)
			fail_msg("refused: %s", rows[i].json);
		assert_string_equal(to_json(m, CODEC_RAW_VERBATIM, &o), rows[i].json);
	}
	out_fini(&o);
	arena_reset(&a);
}

static void
test_pb_malformed(void **state)
{
	static const struct rotor_str rows[] = {
		S("\x08"), S("\x08\xff"), S("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),	/* varints */
		S("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
		S("\x00\x00"), S("\x07"), S("\x0b"), S("\x0c"), S("\x0f\x00"),			/* tags */
		S("\xff\xff\xff\xff\x7f\x00"),
		S("\x22"), S("\x22\x01"), S("\x22\x05\x0a\x01" "a"),				/* lengths */
		S("\x22\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
		S("\x0a\x00"), S("\x0d" "1234"), S("\x20\x01"),					/* wrong type */
		S("\x2a\x04\x0a\x02" "a\0"), S("\x2a\x03\x0a\x01\0"),				/* NUL */
		S("\x2a\x03\x0a\x01\xff"), S("\x2a\x04\x0a\x02\xc0\x80"),			/* not UTF-8 */
		S("\x22\x05\x32\x03\x0a\x01\xff"),						/* in a map's key */
		S("\xa1\x06" "1234567"), S("\xa5\x06" "123"), S("\xa2\x06\x05xx"),		/* unknown, cut */
	};
	struct arena a;
	size_t i;

	(void)state;
	arena_init(&a, NULL, 0);
	for (i = 0; i < N(rows); i++) {
		char *exact = malloc(rows[i].len + 1);

		assert_non_null(exact);
		memcpy(exact, rows[i].p, rows[i].len);
		if (from_pb(&cp__command__descriptor, &a, (struct rotor_str){ exact, rows[i].len }) != NULL)
			fail_msg("accepted row %zu", i);
		free(exact);
	}
	arena_reset(&a);
}

/* n filters inside each other, built from the inside. */
static struct rotor_str
nested_pb(struct out *o, struct out *other, unsigned n)
{
	struct out *in = o, *outer = other, *swap;
	unsigned i;

	out_reset(in);
	for (i = 1; i < n; i++) {
		out_reset(outer);
		out_byte(outer, 0x32);
		out_varint(outer, in->len);
		out_put(outer, in->p, in->len);
		swap = in;
		in = outer;
		outer = swap;
	}
	return (struct rotor_str){ in->p, in->len };
}

static void
test_pb_depth(void **state)
{
	struct out o, other;
	struct arena a;

	(void)state;
	arena_init(&a, NULL, 0);
	out_init(&o, NULL, 0);
	out_init(&other, NULL, 0);
	assert_non_null(from_pb(&cp__filter_node__descriptor, &a, nested_pb(&o, &other, CODEC_MAX_DEPTH)));
	assert_null(from_pb(&cp__filter_node__descriptor, &a, nested_pb(&o, &other, CODEC_MAX_DEPTH + 1)));
	assert_null(from_pb(&cp__filter_node__descriptor, &a, nested_pb(&o, &other, 10000)));
	out_fini(&o);
	out_fini(&other);
	arena_reset(&a);
}

/* ---- Both: what is written reads back */

static uint64_t seed = 1;

static uint64_t
random_bits(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint64_t
random_below(uint64_t n)
{
	return random_bits() % n;
}

/* 64 bits, small and zero as likely as big. */
static uint64_t
random_number(void)
{
	return random_bits() >> random_below(65) % 64;
}

static const char *
random_text(struct arena *a)
{
	static const char *const pieces[] = { "a", "Zz", "\"", "\\", "\n", "\t", "\x01", "\x7f", "<>&", "/",
	    "\xc3\xa9", "\xe2\x80\xa8", "\xef\xbf\xbd", "\xf0\x9f\x98\x80", "longer than eight" };
	size_t n = random_below(6), i;
	char text[128] = "";

	for (i = 0; i < n; i++)
		strcat(text, pieces[random_below(N(pieces))]);
	return arena_strndup(a, text, strlen(text));
}

static struct rotor_str
random_payload(void)
{
	static const char *const payloads[] = { "", "null", "1", "\"x\\ny\"", "{\"a\": [1, 2]}", "[]", "-0.5e-7" };

	return rotor_str_of(payloads[random_below(N(payloads))]);
}

static void random_fields(ProtobufCMessage *m, struct arena *a, unsigned depth);

static void
random_value(const ProtobufCFieldDescriptor *f, void *at, struct arena *a, unsigned depth)
{
	uint64_t v = random_number();
	ProtobufCMessage *m;

	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		*(const char **)at = random_text(a);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		*(ProtobufCBinaryData *)at = codec_bytes(random_payload());
		break;
	case PROTOBUF_C_TYPE_BOOL:
		*(protobuf_c_boolean *)at = v & 1;
		break;
	case PROTOBUF_C_TYPE_DOUBLE:
		*(double *)at = (double)(int64_t)v / (double)(1 + random_below(1000));
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		m = message_new(f->descriptor, a);
		random_fields(m, a, depth + 1);
		*(ProtobufCMessage **)at = m;
		break;
	default:
		memcpy(at, &v, field_value_size(f));	/* little-endian machines test more */
	}
}

static void
random_entry(const ProtobufCFieldDescriptor *f, ProtobufCMessage *m, struct arena *a, unsigned depth,
    unsigned i)
{
	ProtobufCMessage *entry = field_append_message(m, f, a);
	const ProtobufCFieldDescriptor *fields = map_fields(f);
	char key[32];

	snprintf(key, sizeof key, "%u<%u>", i, (unsigned)random_below(1000));
	assert_int_equal(string_set(field_at(entry, &fields[0]), rotor_str_of(key), a), 0);
	random_value(&fields[1], field_at(entry, &fields[1]), a, depth);
}

static void
random_repeated(const ProtobufCFieldDescriptor *f, ProtobufCMessage *m, struct arena *a, unsigned depth)
{
	unsigned n = (unsigned)random_below(6), i;

	for (i = 0; i < n; i++) {
		if (field_is_map(f))
			random_entry(f, m, a, depth, i);
		else
			random_value(f, field_append(m, f, a), a, depth);
	}
}

static void
random_fields(ProtobufCMessage *m, struct arena *a, unsigned depth)
{
	const ProtobufCFieldDescriptor *f = m->descriptor->fields, *end = f + m->descriptor->n_fields;

	for (; f < end; f++) {
		if (random_below(2) == 0 || (f->type == PROTOBUF_C_TYPE_MESSAGE && depth > 4))
			continue;
		if (field_repeated(f))
			random_repeated(f, m, a, depth);
		else
			random_value(f, field_at(m, f), a, depth);
	}
}

static void
pack(const ProtobufCMessage *m, struct out *o)
{
	out_reset(o);
	assert_int_equal(codec_encode_pb(m, o), 0);
	assert_false(o->failed);
}

static void
assert_same(const struct out *x, const struct out *y)
{
	assert_int_equal(x->len, y->len);
	if (x->len > 0)
		assert_memory_equal(x->p, y->p, x->len);
}

/* m, m through JSON, and m through Protobuf have the same bytes. */
static void
check_round_trip(const ProtobufCMessage *m, struct arena *a, struct out o[3])
{
	const ProtobufCMessage *back;

	pack(m, &o[0]);
	back = from_pb(m->descriptor, a, (struct rotor_str){ o[0].p, o[0].len });
	assert_non_null(back);
	pack(back, &o[1]);
	assert_same(&o[0], &o[1]);
	out_reset(&o[2]);
	assert_int_equal(codec_encode_json(back, CODEC_RAW_VERBATIM, &o[2]), 0);
	assert_true(json_valid_object((struct rotor_str){ o[2].p, o[2].len }));
	assert_null(memchr(o[2].p, '\n', o[2].len));
	back = from_json(m->descriptor, a, (struct rotor_str){ o[2].p, o[2].len });
	assert_non_null(back);
	pack(back, &o[1]);
	assert_same(&o[0], &o[1]);
	/* protobuf-c's own reader agrees. */
	back = protobuf_c_message_unpack(m->descriptor, NULL, o[0].len, (uint8_t *)o[0].p);
	assert_non_null(back);
	pack(back, &o[1]);
	protobuf_c_message_free_unpacked((ProtobufCMessage *)(uintptr_t)back, NULL);
	assert_same(&o[0], &o[1]);
}

static void
test_round_trip(void **state)
{
	static descriptor *const messages[] = {
		&cp__command__descriptor, &cp__reply__descriptor, &cp__filter_node__descriptor,
		&ap__batch_request__descriptor, &ap__batch_response__descriptor,
		&ap__info_response__descriptor, &ap__subscribe_request__descriptor,
		&ap__broadcast_response__descriptor, &ap__history_response__descriptor,
	};
	ProtobufCMessage *m;
	struct out o[3];
	struct arena a;
	size_t i;

	(void)state;
	arena_init(&a, NULL, 0);
	for (i = 0; i < N(o); i++)
		out_init(&o[i], NULL, 0);
	for (i = 0; i < 150 * N(messages); i++) {
		m = message_new(messages[i % N(messages)], &a);
		random_fields(m, &a, 0);
		check_round_trip(m, &a, o);
		arena_reset(&a);
	}
	for (i = 0; i < N(o); i++)
		out_fini(&o[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_lenient),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_nul_in_keys),
		cmocka_unit_test(test_stops_behind_object),
		cmocka_unit_test(test_was_null),
		cmocka_unit_test(test_raw_modes),
		cmocka_unit_test(test_json_depth),
		cmocka_unit_test(test_arena_limit),
		cmocka_unit_test(test_big_map),
		cmocka_unit_test(test_pb_golden),
		cmocka_unit_test(test_pb_malformed),
		cmocka_unit_test(test_pb_depth),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
