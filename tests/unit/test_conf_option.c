/* SPDX-License-Identifier: MIT */
/* unit/test_conf_option.c - values of every kind, from every source, into a struct. */
#include "config.h"

#include "test_conf.h"

#include <errno.h>

struct item {
	const char	*name;
	int64_t		size;
	struct rotor_strlist	tags;
};

struct opts {
	int32_t			on;
	int64_t			count;
	int64_t			any;
	int64_t			wait_ms;
	int64_t			keep_ms;
	int64_t			spread_ms;
	const char		*text;
	const char		*secret;
	const char		*pem;
	int32_t			other_on;
	const char		*other_pem;
	const char		*mode;
	struct rotor_strlist	list;
	struct rotor_pairs	pairs;
	struct rotor_objlist	items;
};

#define AT(st, member)	.offset = offsetof(struct st, member)

static const struct rotor_option item_rows[] = {
	{ .path = "name", .kind = ROTOR_OPT_STR, AT(item, name) },
	{ .path = "limits.size", .kind = ROTOR_OPT_INT, AT(item, size), .def = "5" },
	{ .path = "tags", .kind = ROTOR_OPT_STRLIST, AT(item, tags) },
};
static const struct rotor_option_table item_table = ROTOR_OPTION_TABLE("", item_rows, struct item);

static const struct rotor_option rows[] = {
	{ .path = "on", .kind = ROTOR_OPT_BOOL, AT(opts, on) },
	{ .path = "count", .kind = ROTOR_OPT_INT, AT(opts, count), .def = "128", .min = 0, .max = 1000 },
	{ .path = "any", .kind = ROTOR_OPT_INT, AT(opts, any) },
	{ .path = "wait", .kind = ROTOR_OPT_DURATION, AT(opts, wait_ms), .def = "25s" },
	{ .path = "keep", .kind = ROTOR_OPT_DURATION, AT(opts, keep_ms), .flags = ROTOR_OPT_F_SECONDS },
	{ .path = "spread", .kind = ROTOR_OPT_DURATION, AT(opts, spread_ms), .def = "1s",
	  .flags = ROTOR_OPT_F_ZERO_OK },
	{ .path = "text", .kind = ROTOR_OPT_STR, AT(opts, text), .def = "hello" },
	{ .path = "secret", .kind = ROTOR_OPT_SECRET, AT(opts, secret) },
	{ .path = "tls.cert_pem", .kind = ROTOR_OPT_PEM, AT(opts, pem) },
	{ .path = "other.enabled", .kind = ROTOR_OPT_BOOL, AT(opts, other_on) },
	{ .path = "other.tls.cert_pem", .kind = ROTOR_OPT_PEM, AT(opts, other_pem) },
	{ .path = "mode", .kind = ROTOR_OPT_CHOICE, AT(opts, mode), .choices = "fast slow" },
	{ .path = "list", .kind = ROTOR_OPT_STRLIST, AT(opts, list), .def = "[a, b]" },
	{ .path = "pairs", .kind = ROTOR_OPT_PAIRS, AT(opts, pairs) },
	{ .path = "items", .kind = ROTOR_OPT_OBJLIST, AT(opts, items), .sub = &item_table },
	{ .path = "old.enabled", .kind = ROTOR_OPT_BOOL, .flags = ROTOR_OPT_F_NOEFFECT },
	{ .path = "old.size", .kind = ROTOR_OPT_INT, .flags = ROTOR_OPT_F_NOEFFECT, .def = "7" },
	{ .path = "gone", .kind = ROTOR_OPT_INT, .flags = ROTOR_OPT_F_NOEFFECT, .def = "7" },
};
static const struct rotor_option_table table = ROTOR_OPTION_TABLE("opts", rows, struct opts);

static const char pem_text[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n"
    "-----END PUBLIC KEY-----\n";
static const char pem_base64[] =
    "LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0KTUZrd0V3WUhLb1pJemowQ0FRWUlLb1pJemowREFRY0RRZ0FF"
    "Ci0tLS0tRU5EIFBVQkxJQyBLRVktLS0tLQo=";

/* Applied to `text` and `env`; the configuration must be freed. */
static struct conf *
apply(const char *text, const char *const *env, struct opts *o)
{
	struct conf *c = load(text, env);
	int r;

	memset(o, 0, sizeof *o);
	assert_false(conf_failed(c));
	r = conf_apply(c, &table, o);
	assert_int_equal(r != 0, conf_failed(c));
	conf_check_unknown(c);
	return (c);
}

static struct conf *
apply_clean(const char *text, const char *const *env, struct opts *o)
{
	struct conf *c = apply(text, env, o);
	const struct conf_problem *v;

	if (conf_problems(c, &v) > 0)
		fail_msg("%s: %s", v[0].key, v[0].text);
	return (c);
}

static void
refused(const char *text, int line, const char *key, const char *words)
{
	struct opts o;
	struct conf *c = apply(text, NULL, &o);

	assert_true(conf_failed(c));
	expect(c, 1, line, key, words);
	conf_free(&c);
}

static void
refused_env(const char *var, const char *key, const char *words)
{
	const char *const env[] = { var, NULL };
	struct opts o;
	struct conf *c = apply("opts: {}\n", env, &o);

	assert_true(conf_failed(c));
	expect(c, 1, 0, key, words);
	assert_string_equal(problem(c, key)->file, "environment");
	conf_free(&c);
}

static void
defaults(void **state)
{
	struct opts o;
	struct conf *c = apply_clean("", NULL, &o);

	(void)state;
	assert_int_equal(o.on, 0);
	assert_int_equal(o.count, 128);
	assert_int_equal(o.any, 0);
	assert_int_equal(o.wait_ms, 25000);
	assert_int_equal(o.spread_ms, 1000);
	assert_string_equal(o.text, "hello");
	assert_string_equal(o.secret, "");
	assert_string_equal(o.pem, "");
	assert_string_equal(o.mode, "");
	assert_int_equal(o.list.n, 2);
	assert_string_equal(o.list.v[1], "b");
	assert_int_equal(o.pairs.n, 0);
	assert_int_equal(o.items.n, 0);
	conf_free(&c);
}

static void
from_file(void **state)
{
	struct opts o;
	struct conf *c = apply_clean(
	    "OPTS:\n  on: true\n  Count: 7\n  any: -0x10\n  wait: 1h2m\n  keep: 90s\n"
	    "  text: 8000\n  secret: s3\n  mode: slow\n  list: [x]\n"
	    "  pairs: {X-Key: v1, b: \"2\"}\n"
	    "  items:\n  - name: one\n    limits: {size: 9}\n    tags: [p, q]\n  - name: two\n", NULL, &o);
	const struct item *items = o.items.v;

	(void)state;
	assert_int_equal(o.on, 1);
	assert_int_equal(o.count, 7);
	assert_int_equal(o.any, -16);
	assert_int_equal(o.wait_ms, 3720000);
	assert_int_equal(o.keep_ms, 90000);
	assert_string_equal(o.text, "8000");
	assert_string_equal(o.secret, "s3");
	assert_string_equal(o.mode, "slow");
	assert_int_equal(o.list.n, 1);
	assert_int_equal(o.pairs.n, 2);
	assert_string_equal(o.pairs.v[0].key, "X-Key");
	assert_string_equal(o.pairs.v[1].value, "2");
	assert_int_equal(o.items.n, 2);
	assert_string_equal(items[0].name, "one");
	assert_int_equal(items[0].size, 9);
	assert_string_equal(items[0].tags.v[1], "q");
	assert_string_equal(items[1].name, "two");
	assert_int_equal(items[1].size, 5);
	conf_free(&c);
}

static void
zero_in_file_is_default(void **state)
{
	struct opts o;
	struct conf *c = apply_clean("opts: {count: 0, wait: 0s, text: \"\", list: [], spread: 0s}\n",
	    NULL, &o);

	(void)state;
	assert_int_equal(o.count, 128);
	assert_int_equal(o.wait_ms, 25000);
	assert_string_equal(o.text, "hello");
	assert_int_equal(o.list.n, 2);
	assert_int_equal(o.spread_ms, 0);	/* this one may be zero */
	conf_free(&c);
}

static void
zero_in_variable_counts(void **state)
{
	const char *const env[] = { "CENTRIFUGO_OPTS_COUNT=0", "ROTOR_OPTS_WAIT=0s", "ROTOR_OPTS_TEXT=", NULL };
	struct opts o;
	struct conf *c = apply_clean("opts: {count: 5, text: file}\n", env, &o);

	(void)state;
	assert_int_equal(o.count, 0);
	assert_int_equal(o.wait_ms, 0);
	assert_string_equal(o.text, "file");	/* empty is as good as not set */
	conf_free(&c);
}

static void
bools(void **state)
{
	static const char *const yes[] = { "1", "t", "T", "true", "True", "TRUE" };
	char text[64];
	struct opts o;
	struct conf *c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof yes / sizeof yes[0]; i++) {
		snprintf(text, sizeof text, "ROTOR_OPTS_ON=%s", yes[i]);
		c = apply_clean("", (const char *const[]){ text, NULL }, &o);
		assert_int_equal(o.on, 1);
		conf_free(&c);
	}
	refused("opts:\n  on: yes\n", 2, "opts.on", "expected true or false, got \"yes\"");
	refused("opts:\n  on: 2\n", 2, "opts.on", "true or false");
	refused("opts:\n  on: [true]\n", 2, "opts.on", "got a list");
}

static void
ints(void **state)
{
	static const struct {
		const char	*text;
		int64_t		value;
	} good[] = {
		{ "0x1F", 31 }, { "0o17", 15 }, { "0b101", 5 }, { "010", 8 }, { "+3", 3 },
		{ "-9223372036854775808", INT64_MIN }, { "9223372036854775807", INT64_MAX },
		{ "65536.0", 65536 }, { "65536.", 65536 }, { "1.048576e+07", 10485760 }, { "1e3", 1000 },
		{ "-1.50E2", -150 }, { "1500e-2", 15 }, { "0.0", 0 }, { "0e400", 0 }, { ".5e1", 5 },
		{ "9.223372036854775807e18", INT64_MAX }, { "-9.223372036854775808e+18", INT64_MIN },
		{ "1_000_000", 1000000 }, { "0x_ff", 255 },
	};
	static const char *const bad[] = { "0x", "1.5", "1e400", "1e-1", "1e999999999999999999999",
	    "9.223372036854775808e18", "-9.223372036854775809e18", ".", "e5", "1e", "1e+", "1.2.3", "1e5.0",
	    "nan", "inf", "-", "_1", "1_", "1__0", "1_000.0", "9223372036854775808", "12a", "08",
	    "- 1", "--1", "0x-1", "twelve" };
	char text[64];
	struct opts o;
	struct conf *c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof good[0]; i++) {
		snprintf(text, sizeof text, "ROTOR_OPTS_ANY=%s", good[i].text);
		c = apply_clean("", (const char *const[]){ text, NULL }, &o);
		assert_int_equal(o.any, good[i].value);
		conf_free(&c);
	}
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(text, sizeof text, "ROTOR_OPTS_ANY=%s", bad[i]);
		refused_env(text, "ROTOR_OPTS_ANY", "expected a whole number");
	}
	refused("opts:\n  on: true\n\n  count: 1001\n", 4, "opts.count",
	    "a whole number from 0 to 1000, got \"1001\"");
	refused("opts:\n  count: -1\n", 2, "opts.count", "from 0 to 1000");
}

static void
durations(void **state)
{
	(void)state;
	refused("opts:\n  wait: ten\n", 2, "opts.wait",
	    "expected a duration such as \"10s\" or \"1h30m\", got \"ten\"");
	refused("opts:\n  wait: 25\n", 2, "opts.wait", "with its unit");
	refused("opts:\n  wait: -1s\n", 2, "opts.wait", "a duration");
	refused("opts:\n  keep: 1500ms\n", 2, "opts.keep", "whole seconds");
	refused("opts:\n  wait: {a: 1}\n", 2, "opts.wait", "got a mapping");
}

static void
texts_and_choices(void **state)
{
	(void)state;
	refused("opts:\n  text: [a]\n", 2, "opts.text", "expected text, got a list");
	refused("opts:\n  mode: medium\n", 2, "opts.mode", "one of: fast slow, got \"medium\"");
	refused("opts:\n  mode: fas\n", 2, "opts.mode", "one of");
	refused("opts:\n  list: {a: b}\n", 2, "opts.list", "a list of texts, got a mapping");
	refused("opts:\n  list:\n  - a\n  - [b]\n", 4, "opts.list", "a list of texts, got a list");
	refused("opts:\n  items: 3\n", 2, "opts.items", "a list of mappings");
	refused("opts:\n  items:\n  - name: a\n  - 3\n", 4, "opts.items", "a list of mappings");
	refused("opts:\n  items:\n  - name: a\n    limits: {size: x}\n", 4,
	    "opts.items[0].limits.size", "a whole number, got \"x\"");
	refused("opts: 3\n", 1, "opts", "a section");
	refused("opts:\n  tls: [1]\n", 2, "opts.tls", "a section");
}

static void
secrets_are_not_shown(void **state)
{
	const char *const env[] = { "ROTOR_OPTS_TLS_CERT_PEM=hunter2", "ROTOR_OPTS_PAIRS={\"a\": hunter2", NULL };
	const struct conf_problem *v;
	struct opts o;
	struct conf *c;
	size_t i, n;

	(void)state;
	c = apply("opts:\n  secret: [hunter2]\n", env, &o);
	n = conf_problems(c, &v);
	assert_int_equal(n, 3);
	for (i = 0; i < n; i++)
		assert_null(strstr(v[i].text, "hunter2"));
	conf_free(&c);
}

static void
escape_line_ends(const char *s, const char *as, char *to)
{
	for (; *s != '\0'; s++)
		if (*s == '\n')
			to = stpcpy(to, as);
		else
			*to++ = *s;
	*to = '\0';
}

static void
pem_forms(void **state)
{
	char var[512], path[64], escaped[400];
	struct opts o;
	struct conf *c;
	int i;

	(void)state;
	snprintf(var, sizeof var, "ROTOR_OPTS_TLS_CERT_PEM=%s", pem_text);
	c = apply_clean("", (const char *const[]){ var, NULL }, &o);
	assert_string_equal(o.pem, pem_text);
	conf_free(&c);
	snprintf(var, sizeof var, "ROTOR_OPTS_TLS_CERT_PEM=%s", pem_base64);
	c = apply_clean("", (const char *const[]){ var, NULL }, &o);
	assert_string_equal(o.pem, pem_text);
	conf_free(&c);
	put_file(path, ".pem", pem_text, strlen(pem_text));
	snprintf(var, sizeof var, "ROTOR_OPTS_TLS_CERT_PEM=%s", path);
	c = apply_clean("", (const char *const[]){ var, NULL }, &o);
	unlink(path);
	assert_string_equal(o.pem, pem_text);
	conf_free(&c);
	/* Its line ends written out, also those of Windows. */
	for (i = 0; i < 2; i++) {
		escape_line_ends(pem_text, i == 0 ? "\\n" : "\\r\\n", escaped);
		snprintf(var, sizeof var, "ROTOR_OPTS_TLS_CERT_PEM=%s", escaped);
		c = apply_clean("", (const char *const[]){ var, NULL }, &o);
		assert_null(strchr(o.pem, '\\'));
		assert_non_null(strchr(o.pem, '\n'));
		conf_free(&c);
		snprintf(var, sizeof var, "opts: {tls: {cert_pem: '%s'}}\n", escaped);
		c = apply_clean(var, NULL, &o);
		assert_null(strchr(o.pem, '\\'));
		conf_free(&c);
	}
	refused("opts:\n  tls:\n    cert_pem: /nonexistent\n", 3, "opts.tls.cert_pem", "PEM");
	refused("opts:\n  tls:\n    cert_pem: \"-----BEGIN X-----\"\n", 3, "opts.tls.cert_pem", "PEM");
	refused("opts:\n  tls:\n    cert_pem: /etc/passwd\n", 3, "opts.tls.cert_pem", "PEM");
}

static void
pem_of_what_is_off(void **state)
{
	struct opts o;
	struct conf *c;

	(void)state;
	c = apply_clean("opts:\n  other:\n    tls: {cert_pem: /nonexistent}\n", NULL, &o);
	assert_string_equal(o.other_pem, "");
	conf_free(&c);
	c = apply_clean("opts:\n  other:\n    enabled: false\n    tls: {cert_pem: /nonexistent}\n", NULL, &o);
	assert_string_equal(o.other_pem, "");
	conf_free(&c);
	refused("opts:\n  other:\n    enabled: true\n    tls: {cert_pem: /nonexistent}\n", 4,
	    "opts.other.tls.cert_pem", "PEM");
}

static void
lists_from_variables(void **state)
{
	const char *const env[] = { "CENTRIFUGO_OPTS_LIST= http://a  http://b ",
	    "CENTRIFUGO_OPTS_ITEMS=[{\"name\":\"x\",\"limits\":{\"size\":3}},{\"name\":\"y\"}]",
	    "CENTRIFUGO_OPTS_PAIRS={\"X\":\"1\"}", NULL };
	struct opts o;
	struct conf *c = apply_clean("opts: {list: [f], items: [{name: f}], pairs: {f: f}}\n", env, &o);
	const struct item *items = o.items.v;

	(void)state;
	assert_int_equal(o.list.n, 2);
	assert_string_equal(o.list.v[0], "http://a");
	assert_string_equal(o.list.v[1], "http://b");
	assert_int_equal(o.items.n, 2);
	assert_int_equal(items[0].size, 3);
	assert_string_equal(items[1].name, "y");
	assert_int_equal(o.pairs.n, 1);
	assert_string_equal(o.pairs.v[0].value, "1");
	conf_free(&c);
}

static void
named_objects_from_variables(void **state)
{
	const char *const env[] = { "CENTRIFUGO_OPTS_ITEMS_EN_V_1_LIMITS_SIZE=5", "ROTOR_OPTS_ITEMS_TWO_TAGS=a b",
	    "CENTRIFUGO_OPTS_ITEMS_en_v_1_TAGS=c", NULL };
	struct opts o;
	struct conf *c = apply("opts: {items: [{name: en-v.1, limits: {size: 9}}, {name: two}]}\n", env,
	    &o);
	const struct item *items = o.items.v;

	(void)state;
	assert_int_equal(items[0].size, 5);
	assert_int_equal(items[0].tags.n, 0);
	assert_int_equal(items[1].tags.n, 2);
	assert_int_equal(n_problems(c), 1);
	expect(c, 0, 0, "CENTRIFUGO_OPTS_ITEMS_en_v_1_TAGS", "not known");
	conf_free(&c);
	refused_env("ROTOR_OPTS_ITEMS=[{\"limits\":{\"size\":\"x\"}}]", "ROTOR_OPTS_ITEMS",
	    "a whole number");
	refused_env("ROTOR_OPTS_ITEMS=[{", "ROTOR_OPTS_ITEMS", "malformed");
}

/* Names, one space between them, are added to what the file has. */
static void
lists_of_names_from_variables(void **state)
{
	static const char *const files[] = { "", "opts: {items: []}\n", "opts: {items: }\n",
	    "opts: {items: [{name: f}]}\n", "opts: {items: {name: f}}\n" };
	const char *const env[] = { "CENTRIFUGO_OPTS_ITEMS=one t-w.o", "CENTRIFUGO_OPTS_ITEMS_T_W_O_LIMITS_SIZE=5",
	    "CENTRIFUGO_OPTS_ITEMS_ONE_TAGS=a b", NULL };
	const struct item *items;
	struct opts o;
	struct conf *c;
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof files / sizeof files[0]; i++) {
		c = apply_clean(files[i], env, &o);
		items = o.items.v;
		n = i < 3 ? 0 : 1;
		assert_int_equal(o.items.n, n + 2);
		if (n > 0)
			assert_string_equal(items[0].name, "f");
		assert_string_equal(items[n].name, "one");
		assert_int_equal(items[n].tags.n, 2);
		assert_string_equal(items[n + 1].name, "t-w.o");
		assert_int_equal(items[n + 1].size, 5);
		/* The same when it is asked again. */
		assert_int_equal(conf_apply(c, &table, &o), 0);
		assert_int_equal(o.items.n, n + 2);
		conf_free(&c);
	}
	refused_env("ROTOR_OPTS_ITEMS=a  b", "ROTOR_OPTS_ITEMS", "an empty one");
	refused_env("ROTOR_OPTS_ITEMS=a ", "ROTOR_OPTS_ITEMS", "an empty one");
	refused_env("ROTOR_OPTS_ITEMS=a b a", "ROTOR_OPTS_ITEMS", "\"a\" is in the list already");
	c = apply("opts: {items: [{name: a}]}\n", (const char *const[]){ "ROTOR_OPTS_ITEMS=b a", NULL }, &o);
	expect(c, 1, 0, "ROTOR_OPTS_ITEMS", "\"a\" is in the list already");
	conf_problem_add(c, 1, "opts.items[1].limits.size", "is bad");
	conf_free(&c);
}

/* A service link is no value, whatever option it is named like. */
static void
service_links(void **state)
{
	const char *const env[] = { "ROTOR_OPTS_PORT=tcp://10.0.0.5:8000", "CENTRIFUGO_OPTS_COUNT_PORT=udp://1",
	    "ROTOR_OPTS_PORT_8000_TCP_ADDR=10.0.0.5", NULL };
	struct opts o;
	struct conf *c = apply("", env, &o);

	(void)state;
	assert_false(conf_failed(c));
	assert_false(conf_is_set(c, "opts.port"));
	assert_null(conf_raw(c, "opts.port"));
	assert_int_equal(n_problems(c), 1);
	expect(c, 0, 0, NULL, "ROTOR_OPTS_PORT, CENTRIFUGO_OPTS_COUNT_PORT, ROTOR_OPTS_PORT_8000_TCP_ADDR");
	conf_free(&c);
}

static void
prefixes_and_unknown_variables(void **state)
{
	const char *const env[] = { "CENTRIFUGO_OPTS_COUNT=3", "ROTOR_OPTS_COUNT=4", "ROTOR_OPTZ=1",
	    "CENTRIFUGO_VAR_X=1", "ROTOR_VAR_X=1", "CENTRIFUGO_PORT_8000_TCP=tcp://1",
	    "CENTRIFUGO_API_SERVICE_HOST=1.2.3.4", "ROTORX=1", "PATH=/bin", "ROTOR_WITHOUT", NULL };
	struct opts o;
	struct conf *c = apply("", env, &o);

	(void)state;
	assert_int_equal(o.count, 4);
	assert_int_equal(n_problems(c), 2);
	expect(c, 0, 0, NULL, "service links of Kubernetes (enableServiceLinks: false ends them): "
	    "CENTRIFUGO_PORT_8000_TCP, CENTRIFUGO_API_SERVICE_HOST");
	expect(c, 0, 0, "ROTOR_OPTZ", "not known");
	assert_true(problem(c, "ROTOR_OPTZ")->unknown);
	conf_free(&c);
}

static void
flags_win(void **state)
{
	const char *const env[] = { "ROTOR_OPTS_COUNT=4", NULL };
	const struct rotor_pair flags[] = { { "opts.count", "0" }, { "opts.bogus", "1" } };
	struct conf_source src = { .env = (char **)(uintptr_t)env, .flags = flags, .n_flags = 2 };
	struct conf *c = conf_load(&src);
	struct opts o;

	(void)state;
	memset(&o, 0, sizeof o);
	assert_int_equal(conf_apply(c, &table, &o), 0);
	assert_int_equal(o.count, 0);
	assert_string_equal(conf_raw(c, "opts.count"), "0");
	assert_true(conf_is_set(c, "opts"));
	assert_false(conf_failed(c));
	conf_check_unknown(c);
	expect(c, 1, 0, "opts.bogus", "not known");
	assert_string_equal(problem(c, "opts.bogus")->file, "command line");
	conf_free(&c);
}

static void
unknown_keys(void **state)
{
	struct opts o;
	struct conf *c = apply("opts:\n  cuont: 3\n  tls: {a: 1}\n  items:\n  - name: x\n    siez: 1\n"
	    "  pairs: {any: thing}\nother:\n  a: 1\n  b: 2\n", NULL, &o);

	(void)state;
	assert_false(conf_failed(c));
	assert_int_equal(n_problems(c), 4);
	expect(c, 0, 2, "opts.cuont", "not known");
	expect(c, 0, 3, "opts.tls.a", "not known");
	expect(c, 0, 6, "opts.items[0].siez", "not known");
	expect(c, 0, 8, "other", "not known");
	conf_free(&c);
}

static void
pairs_forms(void **state)
{
	const char *const env[] = { "ROTOR_VAR_A=one", "CENTRIFUGO_VAR_B=", NULL };
	struct opts o;
	struct conf *c = apply_clean("opts:\n  pairs:\n  - {key: K, value: \"x${ROTOR_VAR_A}y\"}\n"
	    "  - {key: L, value: \"<${CENTRIFUGO_VAR_B}>\"}\n"
	    "  - {key: k, value: \"${HOME}${ROTOR_VAR_A\"}\n", env, &o);

	(void)state;
	assert_string_equal(o.pairs.v[0].value, "xoney");
	assert_string_equal(o.pairs.v[1].value, "<>");
	assert_string_equal(o.pairs.v[2].value, "${HOME}${ROTOR_VAR_A");
	conf_free(&c);
	refused("opts:\n  pairs:\n  - {key: K, value: a}\n  - {key: K, value: b}\n", 4, "opts.pairs",
	    "given twice");
	refused("opts:\n  pairs:\n    a: \"${ROTOR_VAR_NONE}\"\n", 3, "opts.pairs",
	    "ROTOR_VAR_NONE is not set");
	refused("opts:\n  pairs: [{key: a}]\n", 2, "opts.pairs", "key: ..., value");
	refused("opts:\n  pairs: text\n", 2, "opts.pairs", "a mapping of texts");
}

static void
no_effect(void **state)
{
	struct opts o;
	struct conf *c;

	(void)state;
	c = apply_clean("opts: {old: {enabled: false, size: 9}, gone: 7}\n", NULL, &o);
	conf_free(&c);
	c = apply_clean("opts: {old: {size: 9}, gone: 0}\n", NULL, &o);
	conf_free(&c);
	c = apply("opts:\n  old: {enabled: true, size: 9}\n  gone: 8\n", NULL, &o);
	assert_false(conf_failed(c));
	assert_int_equal(n_problems(c), 3);
	expect(c, 0, 2, "opts.old.enabled", "has no effect in this version of Rotor");
	expect(c, 0, 2, "opts.old.size", "has no effect");
	expect(c, 0, 3, "opts.gone", "has no effect");
	conf_free(&c);
	refused("opts:\n  gone: many\n", 2, "opts.gone", "a whole number");
}

static void
smaller_rows(void **state)
{
	/* As a module built against a header whose rows ended after `doc` would have it. */
	static const struct short_row {
		const char	*path;
		uint32_t	kind, flags;
		size_t		offset;
		const char	*def, *doc;
	} short_rows[] = {
		{ "any", ROTOR_OPT_INT, 0, offsetof(struct opts, any), "3", "" },
		{ "text", ROTOR_OPT_STR, 0, offsetof(struct opts, text), "x", "" },
	};
	struct rotor_option_table t = { sizeof t, sizeof short_rows[0], "opts",
	    (const struct rotor_option *)(const void *)short_rows, 2, sizeof(struct opts) };
	struct conf *c = load("opts: {any: 9}", NULL);
	struct opts o;

	(void)state;
	memset(&o, 0, sizeof o);
	assert_int_equal(conf_apply(c, &t, &o), 0);
	assert_int_equal(o.any, 9);
	assert_string_equal(o.text, "x");
	conf_free(&c);
}

static void
problems_of_validation(void **state)
{
	const char *const env[] = { "ROTOR_OPTS_ITEMS_B_LIMITS_SIZE=5", "ROTOR_OPTS_COUNT=3", NULL };
	struct opts o;
	struct conf *c = apply("opts:\n  items:\n  - name: a\n    limits:\n      size: 3\n  - name: b\n",
	    env, &o);

	(void)state;
	conf_problem_add(c, 1, "opts.items[0].limits.size", "is %s", "odd");
	expect(c, 1, 5, "opts.items[0].limits.size", "is odd");
	conf_problem_add(c, 1, "opts.items[1].limits.size", "is bad");
	expect(c, 1, 0, "ROTOR_OPTS_ITEMS_B_LIMITS_SIZE", "is bad");
	conf_problem_add(c, 0, "opts.items[1].tags", "default is bad");
	expect(c, 0, 6, "opts.items[1].tags", "default is bad");
	conf_problem_add(c, 0, "opts.count", "hm");
	expect(c, 0, 0, "ROTOR_OPTS_COUNT", "hm");
	conf_problem_add(c, 0, "nothing[9].there[", "hm");
	expect(c, 0, 0, "nothing[9].there[", "hm");
	conf_free(&c);
}

static void
where_values_come_from(void **state)
{
	const char *const env[] = { "ROTOR_OPTS_COUNT=3", NULL };
	char text[128], path[64];
	struct opts o;
	struct conf *c = apply("opts:\n  text: x\n  items: []\n", env, &o);

	(void)state;
	conf_where(c, "opts.text", text, sizeof text);
	assert_int_equal(sscanf(text, "%63[^:]:2", path), 1);
	assert_string_equal(text + strlen(path), ":2");
	/* A default's place is its section. */
	conf_where(c, "opts.any", text, sizeof text);
	assert_non_null(strstr(text, ":1"));
	conf_where(c, "opts.count", text, sizeof text);
	assert_string_equal(text, "environment: ROTOR_OPTS_COUNT");
	assert_int_equal(conf_where(c, "opts.count", text, 4), strlen("environment: ROTOR_OPTS_COUNT"));
	conf_free(&c);
}

static void
printed(void **state)
{
	const struct rotor_option_table *const tables[] = { &table };
	char *text = NULL;
	struct opts o;
	struct conf *c;
	uint32_t format;
	size_t len;
	FILE *f;

	(void)state;
	for (format = CONF_YAML; format <= CONF_RST; format++) {
		f = open_memstream(&text, &len);
		assert_non_null(f);
		assert_int_equal(conf_print(f, &(struct conf_print){ .tables = tables, .n = 1,
		    .format = format }), 0);
		fclose(f);
		if (format <= CONF_JSON) {
			c = apply_clean(text, NULL, &o);
			assert_int_equal(o.wait_ms, 25000);
			assert_int_equal(o.list.n, 2);
			conf_free(&c);
			assert_null(strstr(text, "gone"));
		} else {
			assert_non_null(strstr(text, "opts.items[].limits.size"));
			assert_non_null(strstr(text, "opts.gone"));
		}
		free(text);
	}
}

/* What conf_print() writes of the table with the values of `base`; free() it. */
static char *
print_base(const char *base, const struct conf_print *how, int want)
{
	const struct rotor_option_table *const tables[] = { &table };
	struct conf_print what = *how;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	what.tables = tables;
	what.n = 1;
	what.base = base != NULL ? load(base, NULL) : NULL;
	assert_int_equal(conf_print(f, &what), want);
	conf_free(&what.base);
	fclose(f);
	return (text);
}

static const char base_text[] =
    "opts:\n  on: T\n  count: 0\n  any: 0x10\n  wait: 1m\n  spread: 0s\n  text: 'a \"$b\" c'\n"
    "  list: [x, 'y z']\n  pairs: {K: v}\n  gone: 3\n  mode: slow\n"
    "  items:\n  - name: '12'\n    limits: {size: 9}\n    tags: [t]\n";

/* Reads back as it was, in every form. */
static void
printed_with_base(void **state)
{
	uint32_t format;
	struct opts o;
	struct conf *c;
	char *text;

	(void)state;
	for (format = CONF_YAML; format <= CONF_JSON; format++) {
		text = print_base(base_text, &(struct conf_print){ .format = format }, 0);
		c = apply(text, NULL, &o);
		assert_false(conf_failed(c));
		assert_int_equal(n_problems(c), 1);	/* of "gone", which is kept */
		assert_true(o.on);
		assert_int_equal(o.count, 128);
		assert_int_equal(o.any, 16);
		assert_int_equal(o.wait_ms, 60000);
		assert_int_equal(o.spread_ms, 0);
		assert_string_equal(o.text, "a \"$b\" c");
		assert_string_equal(o.list.v[1], "y z");
		assert_string_equal(o.pairs.v[0].value, "v");
		assert_int_equal(o.items.n, 1);
		assert_string_equal(((struct item *)o.items.v)->name, "12");
		assert_int_equal(((struct item *)o.items.v)->size, 9);
		assert_non_null(strstr(text, "{\"name\": \"12\", \"limits\": {\"size\": 9}, "
		    "\"tags\": [\"t\"]}"));
		conf_free(&c);
		free(text);
	}
}

static void
printed_as_variables(void **state)
{
	char *text = print_base(base_text, &(struct conf_print){ .format = CONF_ENV, .set_only = 1 }, 0);

	(void)state;
	assert_string_equal(text,
	    "ROTOR_OPTS_ANY=0x10\n"
	    "ROTOR_OPTS_GONE=3\n"
	    "ROTOR_OPTS_ITEMS=\"[{\\\"name\\\": \\\"12\\\", \\\"limits\\\": {\\\"size\\\": 9}, "
	    "\\\"tags\\\": [\\\"t\\\"]}]\"\n"
	    "ROTOR_OPTS_LIST=\"x y z\"\n"
	    "ROTOR_OPTS_MODE=\"slow\"\n"
	    "ROTOR_OPTS_ON=T\n"
	    "ROTOR_OPTS_PAIRS=\"{\\\"K\\\": \\\"v\\\"}\"\n"
	    "ROTOR_OPTS_SPREAD=0s\n"
	    "ROTOR_OPTS_TEXT=\"a \\\"\\$b\\\" c\"\n"
	    "ROTOR_OPTS_WAIT=1m\n");
	free(text);
	text = print_base(NULL, &(struct conf_print){ .format = CONF_ENV }, 0);
	assert_memory_equal(text, "ROTOR_OPTS_ANY=0\nROTOR_OPTS_COUNT=128\n", 38);
	assert_non_null(strstr(text, "\nROTOR_OPTS_PAIRS=\"{}\"\n"));
	free(text);
	free(print_base("opts:\n  count: many\n", &(struct conf_print){ .format = CONF_ENV }, -EINVAL));
}

static void
printed_in_sections(void **state)
{
	struct conf_print what = { .format = CONF_MARKDOWN, .section = "opts.tls", .level = 2 };
	char *text = print_base(NULL, &what, 0);

	(void)state;
	assert_string_equal(text, "### opts.tls\n\n"
	    "| key | variable | type | default | meaning |\n|---|---|---|---|---|\n"
	    "| `opts.tls.cert_pem` | `ROTOR_OPTS_TLS_CERT_PEM` | PEM | empty |  |\n\n");
	free(text);
	what.section = "opts.old";
	text = print_base(NULL, &what, 0);
	assert_memory_equal(text, "### Accepted without effect\n", 28);
	assert_non_null(strstr(text, "\n- `opts.old.enabled`\n- `opts.old.size`\n"));
	assert_null(strstr(text, "gone"));
	free(text);
	what.section = "opts.items";
	text = print_base(NULL, &what, 0);
	assert_non_null(strstr(text, "| `opts.items[].limits.size` | `ROTOR_OPTS_ITEMS_<NAME>_LIMITS_SIZE` |"));
	free(text);
	what.section = "opt";
	text = print_base(NULL, &what, -ENOENT);
	assert_string_equal(text, "");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(from_file),
		cmocka_unit_test(zero_in_file_is_default),
		cmocka_unit_test(zero_in_variable_counts),
		cmocka_unit_test(bools),
		cmocka_unit_test(ints),
		cmocka_unit_test(durations),
		cmocka_unit_test(texts_and_choices),
		cmocka_unit_test(secrets_are_not_shown),
		cmocka_unit_test(pem_forms),
		cmocka_unit_test(pem_of_what_is_off),
		cmocka_unit_test(lists_from_variables),
		cmocka_unit_test(named_objects_from_variables),
		cmocka_unit_test(lists_of_names_from_variables),
		cmocka_unit_test(service_links),
		cmocka_unit_test(prefixes_and_unknown_variables),
		cmocka_unit_test(flags_win),
		cmocka_unit_test(unknown_keys),
		cmocka_unit_test(pairs_forms),
		cmocka_unit_test(no_effect),
		cmocka_unit_test(smaller_rows),
		cmocka_unit_test(problems_of_validation),
		cmocka_unit_test(where_values_come_from),
		cmocka_unit_test(printed),
		cmocka_unit_test(printed_with_base),
		cmocka_unit_test(printed_as_variables),
		cmocka_unit_test(printed_in_sections),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
