/* SPDX-License-Identifier: MIT */
/* test_channel_name.c - names, namespaces, permissions and data formats of channels. */
#include "config.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/codes.h>
#include <rotor/regex.h>

#include "base/str.h"
#include "channel/name.h"
#include "conf/core_conf.h"

static struct chan_options namespaces[] = {
	{ .name = "zz" },
	{ .name = "ns", .allow_user_limited_channels = 1 },
	{ .name = "n" },
	{ .name = "news" },
	{ .name = "ns.x" },
};

static const struct conf_channel defaults = {
	.without_namespace = { .name = "" },
	.namespaces = { namespaces, sizeof namespaces / sizeof namespaces[0] },
	.private_prefix = "$",
	.namespace_boundary = ":",
	.user_boundary = "#",
	.user_separator = ",",
};

static struct chan_name
parse(const struct conf_channel *cc, struct rotor_str full)
{
	struct chan_name n;

	assert_int_equal(chan_name_parse(cc, full, &n), 0);
	assert_true(rotor_str_eq(n.full, full));
	return (n);
}

static void
test_parse(void **state)
{
	static const struct {
		struct rotor_str	full;
		const char		*ns;	/* NULL: unknown channel */
		struct rotor_str	rest;
		int			is_private, is_user_limited;
	} rows[] = {
		{ STR_LIT("chat"), "", STR_LIT("chat"), 0, 0 },
		{ STR_LIT("$chat"), "", STR_LIT("$chat"), 1, 0 },
		{ STR_LIT("ns:a"), "ns", STR_LIT("a"), 0, 0 },
		{ STR_LIT("ns:a:b"), "ns", STR_LIT("a:b"), 0, 0 },
		{ STR_LIT("$ns:a:b"), "ns", STR_LIT("a:b"), 1, 0 },
		{ STR_LIT("$$ns:a"), NULL, STR_LIT(""), 0, 0 },
		{ STR_LIT("ns:"), "ns", STR_LIT(""), 0, 0 },
		{ STR_LIT(":x"), "", STR_LIT("x"), 0, 0 },
		{ STR_LIT("$:x"), "", STR_LIT("x"), 1, 0 },
		{ STR_LIT("nope:x"), NULL, STR_LIT(""), 0, 0 },
		{ STR_LIT("n:x"), "n", STR_LIT("x"), 0, 0 },
		{ STR_LIT("ns.x:x"), "ns.x", STR_LIT("x"), 0, 0 },
		{ STR_LIT("ns\0:x"), NULL, STR_LIT(""), 0, 0 },
		{ STR_LIT("ns:a\0b"), "ns", STR_LIT("a\0b"), 0, 0 },
		{ STR_LIT("ns:dialog#1,2"), "ns", STR_LIT("dialog#1,2"), 0, 1 },
		{ STR_LIT("$ns:#1"), "ns", STR_LIT("#1"), 1, 1 },
		{ STR_LIT("dialog#1"), "", STR_LIT("dialog#1"), 0, 0 },
		{ STR_LIT("news:#1"), "news", STR_LIT("#1"), 0, 0 },
		{ STR_LIT(""), "", STR_LIT(""), 0, 0 },
		{ STR_LIT("$"), "", STR_LIT("$"), 1, 0 },
	};
	struct chan_name n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i].ns == NULL) {
			assert_int_equal(chan_name_parse(&defaults, rows[i].full, &n),
			    ROTOR_ERR_UNKNOWN_CHANNEL);
			continue;
		}
		n = parse(&defaults, rows[i].full);
		assert_string_equal(n.opts->name, rows[i].ns);
		assert_true(rotor_str_eq(n.rest, rows[i].rest));
		assert_int_equal(n.is_private, rows[i].is_private);
		assert_int_equal(n.is_user_limited, rows[i].is_user_limited);
	}
}

/* Empty boundaries and prefixes mean that there are none. */
static void
test_parse_features_off(void **state)
{
	struct conf_channel off = defaults;
	struct chan_name n;

	(void)state;
	off.private_prefix = off.namespace_boundary = off.user_boundary = "";
	off.without_namespace.allow_user_limited_channels = 1;
	n = parse(&off, STR_LIT("$nope:a#1"));
	assert_string_equal(n.opts->name, "");
	assert_true(rotor_str_eq(n.rest, STR_LIT("$nope:a#1")));
	assert_int_equal(n.is_private, 0);
	assert_int_equal(n.is_user_limited, 0);
	assert_int_equal(chan_name_lists_user(&off, &n, STR_LIT("1")), 0);
}

static void
test_parse_long_boundaries(void **state)
{
	struct conf_channel cc = defaults;
	struct chan_name n;

	(void)state;
	cc.namespace_boundary = "::";
	cc.private_prefix = "priv-";
	n = parse(&cc, STR_LIT("priv-ns::a:b"));
	assert_string_equal(n.opts->name, "ns");
	assert_true(rotor_str_eq(n.rest, STR_LIT("a:b")));
	assert_int_equal(n.is_private, 1);
	n = parse(&cc, STR_LIT("ns:a"));
	assert_string_equal(n.opts->name, "");
}

static int
by_name(const void *a, const void *b)
{
	return (strcmp(((const struct chan_options *)a)->name, ((const struct chan_options *)b)->name));
}

/* With and without the order that validation gives them. */
static void
test_namespaces(void **state)
{
	struct chan_options many[100];
	struct conf_channel cc = { .namespaces = { many, 100 }, .without_namespace = { .name = "" } };
	const struct chan_options *o;
	char names[100][8];
	size_t i, sorted;

	(void)state;
	memset(many, 0, sizeof many);
	for (i = 0; i < 100; i++) {
		snprintf(names[i], sizeof names[i], "n%zu", (i * 37) % 100);
		many[i].name = names[i];
	}
	for (sorted = 0; sorted < 2; sorted++) {
		for (i = 0; i < 100; i++) {
			o = chan_namespace_find(&cc, rotor_str_of(names[i]));
			assert_non_null(o);
			assert_string_equal(o->name, names[i]);
		}
		assert_null(chan_namespace_find(&cc, STR_LIT("n")));
		assert_null(chan_namespace_find(&cc, STR_LIT("n100")));
		assert_null(chan_namespace_find(&cc, STR_LIT("n1\0")));
		assert_ptr_equal(chan_namespace_find(&cc, STR_LIT("")), &cc.without_namespace);
		qsort(many, 100, sizeof many[0], by_name);
		cc.namespaces_sorted = 1;
	}
	cc = (struct conf_channel){ .without_namespace = { .name = "" } };
	assert_null(chan_namespace_find(&cc, STR_LIT("x")));
}

static int
regex_valid(const char *regex, struct rotor_str full)
{
	struct conf_channel cc = defaults;
	struct chan_options o = { .name = "re" };
	struct chan_name n;
	char why[128];
	int ok;

	assert_int_equal(rotor_regex_new(regex, &o.regex, why, sizeof why), 0);
	cc.namespaces.v = &o;
	cc.namespaces.n = 1;
	n = parse(&cc, full);
	ok = chan_name_valid(&n);
	rotor_regex_free(&o.regex);
	return (ok);
}

static void
test_valid_regex(void **state)
{
	(void)state;
	assert_int_equal(regex_valid("b", STR_LIT("re:abc")), 1);	/* anywhere */
	assert_int_equal(regex_valid("^[a-z]+$", STR_LIT("re:abc")), 1);
	assert_int_equal(regex_valid("^[a-z]+$", STR_LIT("re:abc1")), 0);
	assert_int_equal(regex_valid("^[a-z]+$", STR_LIT("re:abc\n")), 0);
	assert_int_equal(regex_valid("re", STR_LIT("re:abc")), 0);	/* the rest only */
	assert_int_equal(regex_valid("^$", STR_LIT("re:")), 1);
	assert_int_equal(regex_valid(".", STR_LIT("re:\xd0\xb6")), 1);	/* not ASCII: the regex decides */
	assert_int_equal(regex_valid("^[\xd0\xb0-\xd1\x8f]+$", STR_LIT("re:\xd0\xb6\xd0\xb8")), 1);
	assert_int_equal(regex_valid("^[\xd0\xb0-\xd1\x8f]+$", STR_LIT("re:\xd0\xb6\xb0\xd0")), 0);
	assert_int_equal(regex_valid("^a.b$", STR_LIT("re:a\0b")), 1);
}

/* Expressions that would backtrack for ages, where something does. */
static void
test_valid_regex_limits(void **state)
{
	char name[3 + 250 + 1];

	(void)state;
	memset(name, 'a', sizeof name);
	memcpy(name, "re:", 3);
	name[sizeof name - 1] = '!';
	assert_int_equal(regex_valid("^(a+)+$", (struct rotor_str){ name, sizeof name }), 0);
	assert_int_equal(regex_valid("^(a+)+$", (struct rotor_str){ name, sizeof name - 1 }), 1);
	assert_int_equal(regex_valid("^([a-z0-9]+-?)*$", (struct rotor_str){ name, sizeof name }), 0);
	assert_int_equal(regex_valid("^([a-z0-9]+-?)*!$", (struct rotor_str){ name, sizeof name }), 1);
	assert_int_equal(regex_valid("^(a|b|ab)*c$", (struct rotor_str){ name, sizeof name }), 0);
	assert_int_equal(regex_valid("^[a-z0-9_-]{1,250}!$", (struct rotor_str){ name, sizeof name }), 1);
}

static void
test_valid_ascii(void **state)
{
	struct chan_name n;

	(void)state;
	n = parse(&defaults, STR_LIT("ns:a\x01\x7f\0 b"));
	assert_int_equal(chan_name_valid(&n), 1);
	n = parse(&defaults, STR_LIT("ns:\xd0\xb6"));
	assert_int_equal(chan_name_valid(&n), 0);
	n = parse(&defaults, STR_LIT("a\x80"));
	assert_int_equal(chan_name_valid(&n), 0);
}

static void
test_lists_user(void **state)
{
	static const struct {
		struct rotor_str	full, user;
		int			listed;
	} rows[] = {
		{ STR_LIT("ns:d#1"), STR_LIT("1"), 1 },
		{ STR_LIT("ns:d#1"), STR_LIT("11"), 0 },
		{ STR_LIT("ns:d#11"), STR_LIT("1"), 0 },
		{ STR_LIT("ns:d#1,2"), STR_LIT("2"), 1 },
		{ STR_LIT("ns:d#1,2"), STR_LIT("1,2"), 0 },
		{ STR_LIT("ns:d#1,2,3"), STR_LIT("2"), 1 },
		{ STR_LIT("ns:d#1#2"), STR_LIT("1"), 0 },	/* behind the last one */
		{ STR_LIT("ns:d#1#2"), STR_LIT("2"), 1 },
		{ STR_LIT("ns:d#"), STR_LIT(""), 1 },
		{ STR_LIT("ns:d#1,"), STR_LIT(""), 1 },
		{ STR_LIT("ns:d#1,,2"), STR_LIT(""), 1 },
		{ STR_LIT("ns:d#1"), STR_LIT(""), 0 },
		{ STR_LIT("ns:d#"), STR_LIT("1"), 0 },
		{ STR_LIT("ns:d"), STR_LIT(""), 0 },
	};
	struct conf_channel cc = defaults;
	struct chan_name n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		n = parse(&defaults, rows[i].full);
		assert_int_equal(chan_name_lists_user(&defaults, &n, rows[i].user), rows[i].listed);
	}
	cc.user_separator = "";
	n = parse(&cc, STR_LIT("ns:d#1,2"));
	assert_int_equal(chan_name_lists_user(&cc, &n, STR_LIT("1,2")), 1);
	assert_int_equal(chan_name_lists_user(&cc, &n, STR_LIT("1")), 0);
}

static void
test_data_formats(void **state)
{
	static const struct {
		uint32_t		format;
		struct rotor_str	data;
		int			ok, json;
	} rows[] = {
		{ CHAN_DATA_ANY_NONEMPTY, STR_LIT("x{"), 1, 0 },
		{ CHAN_DATA_ANY_NONEMPTY, STR_LIT("null"), 1, 0 },
		{ CHAN_DATA_ANY_NONEMPTY, STR_LIT(""), 0, 0 },
		{ CHAN_DATA_JSON, STR_LIT("[1]"), 1, 1 },
		{ CHAN_DATA_JSON, STR_LIT("{\"a\":1}"), 1, 1 },
		{ CHAN_DATA_JSON, STR_LIT("{\"a\":1"), 0, -1 },
		{ CHAN_DATA_JSON, STR_LIT("{} {}"), 0, -1 },
		{ CHAN_DATA_JSON, STR_LIT(""), 0, -1 },
		{ CHAN_DATA_JSON_OBJECT, STR_LIT("{}"), 1, 1 },
		{ CHAN_DATA_JSON_OBJECT, STR_LIT("[]"), 0, 0 },
		{ CHAN_DATA_JSON_OBJECT, STR_LIT("null"), 0, 0 },
		{ CHAN_DATA_JSON_OBJECT, STR_LIT("{} x"), 0, -1 },
		{ CHAN_DATA_BINARY, STR_LIT("\0\xff"), 1, 0 },
		{ CHAN_DATA_BINARY, STR_LIT(""), 1, 0 },
	};
	struct chan_options o = { .name = "" };
	size_t i;
	int json;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		json = 0;
		o.data_format = rows[i].format;
		assert_int_equal(chan_data_valid(&o, rows[i].data, &json), rows[i].ok);
		assert_int_equal(json, rows[i].json);
	}
	json = 1;				/* known before, from elsewhere */
	o.data_format = CHAN_DATA_BINARY;
	assert_int_equal(chan_data_valid(&o, STR_LIT("{}"), &json), 1);
	assert_int_equal(json, 1);
	/* What is known is not looked for again; but nothing at all is never JSON. */
	o.data_format = CHAN_DATA_JSON;
	assert_int_equal(chan_data_valid(&o, STR_LIT("}{"), &json), 1);
	assert_int_equal(chan_data_valid(&o, STR_LIT(""), &json), 0);
	json = -1;
	assert_int_equal(chan_data_valid(&o, STR_LIT("{}"), &json), 0);
}

/* client, subscriber, anonymous: the flags of one family; then who asks. */
static void
test_access(void **state)
{
	static const struct {
		int	for_client, for_subscriber, for_anonymous;
		int	named, subscribed, insecure, allowed;
	} rows[] = {
		{ 0, 0, 0, 1, 1, 0, 0 },
		{ 1, 0, 0, 1, 0, 0, 1 },
		{ 1, 0, 0, 0, 1, 0, 0 },
		{ 1, 0, 1, 0, 0, 0, 1 },
		{ 0, 1, 0, 1, 0, 0, 0 },
		{ 0, 1, 0, 1, 1, 0, 1 },
		{ 0, 1, 0, 0, 1, 0, 0 },
		{ 0, 1, 1, 0, 1, 0, 1 },
		{ 0, 1, 1, 0, 0, 0, 0 },
		{ 0, 0, 1, 0, 1, 0, 0 },	/* alone it gives nothing */
		{ 0, 0, 0, 0, 0, 1, 1 },
	};
	struct rotor_str user;
	struct chan_options o[3];
	size_t i;
	int f, k;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		memset(o, 0, sizeof o);
		o[0].allow_publish_for_client = rows[i].for_client;
		o[0].allow_publish_for_subscriber = rows[i].for_subscriber;
		o[0].allow_publish_for_anonymous = rows[i].for_anonymous;
		o[1].allow_presence_for_client = rows[i].for_client;
		o[1].allow_presence_for_subscriber = rows[i].for_subscriber;
		o[1].allow_presence_for_anonymous = rows[i].for_anonymous;
		o[2].allow_history_for_client = rows[i].for_client;
		o[2].allow_history_for_subscriber = rows[i].for_subscriber;
		o[2].allow_history_for_anonymous = rows[i].for_anonymous;
		user = rows[i].named ? STR_LIT("u") : STR_LIT("");
		for (f = CHAN_PUBLISH; f <= CHAN_HISTORY; f++) {
			for (k = 0; k < 3; k++)		/* other families give nothing */
				assert_int_equal(chan_access_allowed(&o[k], (enum chan_access)f, user,
				    rows[i].subscribed, rows[i].insecure),
				    k == f ? rows[i].allowed : rows[i].insecure);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_features_off),
		cmocka_unit_test(test_parse_long_boundaries),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_valid_regex),
		cmocka_unit_test(test_valid_regex_limits),
		cmocka_unit_test(test_valid_ascii),
		cmocka_unit_test(test_lists_user),
		cmocka_unit_test(test_data_formats),
		cmocka_unit_test(test_access),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
