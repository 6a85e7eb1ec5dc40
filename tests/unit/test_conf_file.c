/* SPDX-License-Identifier: MIT */
/* unit/test_conf_file.c - files as such: syntax, lines, bounds. */
#include "config.h"

#include "test_conf.h"

static void
refused(const char *text, int line, const char *key, const char *words)
{
	struct conf *c = load(text, NULL);

	assert_true(conf_failed(c));
	expect(c, 1, line, key, words);
	conf_free(&c);
	assert_null(c);
}

static void
keys_and_values(void **state)
{
	struct conf *c = load("client:\n  Ping_Interval: 10s\n  empty:\n  tilde: ~\nlog: {level: debug}\n",
	    NULL);

	(void)state;
	assert_false(conf_failed(c));
	assert_string_equal(conf_raw(c, "client.ping_interval"), "10s");
	assert_string_equal(conf_raw(c, "CLIENT.PING_INTERVAL"), "10s");
	assert_string_equal(conf_raw(c, "log.level"), "debug");
	assert_null(conf_raw(c, "client"));
	assert_null(conf_raw(c, "client.empty"));
	assert_null(conf_raw(c, "client.ping"));
	assert_true(conf_is_set(c, "client"));
	assert_true(conf_is_set(c, "client.ping_interval"));
	assert_false(conf_is_set(c, "client.empty"));
	assert_false(conf_is_set(c, "client.tilde"));
	assert_false(conf_is_set(c, "health"));
	conf_free(&c);
}

static void
json(void **state)
{
	struct conf *c = load("{\n\t\"client\": {\n\t\t\"token\":{\"hmac_secret_key\":\"a\\/b\\u0041\"},\n"
	    "\t\t\"list\": [\"x\",\"y\"], \"nil\": null\n\t}\n}\n", NULL);

	(void)state;
	assert_false(conf_failed(c));
	assert_string_equal(conf_raw(c, "client.token.hmac_secret_key"), "a/bA");
	assert_true(conf_is_set(c, "client.list"));
	assert_false(conf_is_set(c, "client.nil"));
	conf_free(&c);
}

static void
json_that_is_no_yaml(void **state)
{
	struct conf *c;

	(void)state;
	c = load_as(".json", "\t{\r\n\t\"a\"\t:\t\"x\\\\\\\"\\ud83d\\ude00\\u0041\\t\", \"b\":\"1\\t2\"\n}\n\t", NULL);
	assert_false(conf_failed(c));
	assert_string_equal(conf_raw(c, "a"), "x\\\"\xf0\x9f\x98\x80" "A\t");
	assert_string_equal(conf_raw(c, "b"), "1\t2");
	conf_free(&c);
	c = load_as(".json", "{\n\"a\": \"\\ud83dx\"}", NULL);
	expect(c, 1, 2, NULL, "malformed");
	conf_free(&c);
	c = load_as(".json", "{\"a\": \"\\", NULL);
	expect(c, 1, 1, NULL, "malformed");
	conf_free(&c);
}

static void
empty_files(void **state)
{
	static const char *const texts[] = { "", "\n", "# nothing\n", "---\n", "{}", "null\n" };
	struct conf *c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		c = load(texts[i], NULL);
		assert_false(conf_failed(c));
		assert_int_equal(n_problems(c), 0);
		conf_free(&c);
	}
}

static void
missing_file(void **state)
{
	struct conf_source src = { .file = "/nonexistent/rotor.yaml", .file_optional = 1 };
	struct conf *c;

	(void)state;
	c = conf_load(&src);
	assert_false(conf_failed(c));
	assert_true(conf_file_missing(c));
	expect(c, 0, 0, NULL, "not found");
	conf_free(&c);
	src.file_optional = 0;
	c = conf_load(&src);
	assert_true(conf_failed(c));
	assert_true(conf_file_missing(c));
	conf_free(&c);
	src.file = "/tmp";
	c = conf_load(&src);
	assert_true(conf_failed(c));
	assert_false(conf_file_missing(c));
	conf_free(&c);
}

static void
malformed(void **state)
{
	(void)state;
	refused("a: 1\nb: [1, 2\nc: 3\n", 3, NULL, "malformed");
	refused("a: 1\nb: \"x\n", 3, NULL, "malformed");
	refused("a: 1\n\tb: 2\n", 2, NULL, "malformed");
	refused("a: \xff\xfe\n", 1, NULL, "malformed");
	refused("{\"a\": 1,\n\"b\" 2}", 2, NULL, "malformed");
	refused("- a\n- b\n", 1, NULL, "a mapping of sections, got a list");
	refused("hello\n", 1, NULL, "a mapping of sections");
	refused("a: 1\n---\nb: 2\n", 2, NULL, "one YAML document");
	refused("a: \"x\\0y\"\n", 1, "a", "NUL");
	refused("a: !!int 3\n", 1, NULL, "tags");
	refused("? [a, b]\n: 1\n", 1, NULL, "key must be plain text");
}

static void
duplicate_keys(void **state)
{
	(void)state;
	refused("a: 1\nb: 2\na: 3\n", 3, "a", "given twice");
	refused("a:\n  b: 1\n  c: 2\n  B: 3\n", 4, "B", "given twice");
	refused("{\"a\": 1,\n \"a\": 2}", 2, "a", "given twice");
}

static void
aliases(void **state)
{
	(void)state;
	refused("a: &x [1,1]\nb: *x\n", 2, NULL, "aliases");
}

static char *
repeat(const char *s, size_t n)
{
	char *buf = malloc(strlen(s) * n + 1);
	size_t i;

	assert_non_null(buf);
	for (i = 0; i < n; i++)
		memcpy(buf + i * strlen(s), s, strlen(s));
	buf[n * strlen(s)] = '\0';
	return (buf);
}

static void
too_deep(void **state)
{
	char *text = repeat("[", 100000);

	(void)state;
	refused(text, 1, NULL, "nested too deeply");
	free(text);
	text = repeat("{\"a\":", 100000);
	refused(text, 1, NULL, "nested too deeply");
	free(text);
}

static void
too_much(void **state)
{
	char *text = repeat("# a comment\n", 400000);

	(void)state;
	refused(text, 0, NULL, "is larger than");
	free(text);
	text = repeat("- 1\n", 250000);
	refused(text, 200000, NULL, "too many values");
	free(text);
}

static void
too_many_keys(void **state)
{
	char *text = malloc(3000 * 16);
	size_t len = 0;
	int i;

	(void)state;
	assert_non_null(text);
	for (i = 0; i < 3000; i++)
		len += (size_t)snprintf(text + len, 16, "k%d: 1\n", i);
	refused(text, 2049, NULL, "too many keys");
	free(text);
}

static void
problem_text(void **state)
{
	struct conf_problem p = { .file = "rotor.yaml", .line = 3, .key = "log.level", .text = "is odd" };
	char buf[64];

	(void)state;
	conf_problem_format(&p, buf, sizeof buf);
	assert_string_equal(buf, "rotor.yaml:3: log.level: is odd");
	p.line = 0;
	conf_problem_format(&p, buf, sizeof buf);
	assert_string_equal(buf, "rotor.yaml: log.level: is odd");
	p.key = NULL;
	assert_int_equal(conf_problem_format(&p, buf, 8), strlen("rotor.yaml: is odd"));
	assert_string_equal(buf, "rotor.y");
}

static void
modules_list(void **state)
{
	struct conf *c = load("modules:\n- http\n- greet: {text: hi}\n- /opt/x/loud.so:\n    volume: 11\n",
	    NULL);
	const struct conf_module *v;
	size_t n;

	(void)state;
	assert_false(conf_failed(c));
	assert_int_equal(conf_modules(c, &v, &n), 0);
	assert_int_equal(n, 3);
	assert_string_equal(v[0].name, "http");
	assert_int_equal(v[0].line, 2);
	assert_string_equal(v[1].name, "greet");
	assert_int_equal(v[1].line, 3);
	assert_string_equal(v[2].name, "/opt/x/loud.so");
	assert_string_equal(conf_raw(c, "greet.text"), "hi");
	assert_string_equal(conf_raw(c, "loud.volume"), "11");
	conf_free(&c);
	c = load("modules: []\n", NULL);
	assert_int_equal(conf_modules(c, &v, &n), -1);
	conf_free(&c);
}

static void
modules_from_variable(void **state)
{
	const char *const env[] = { "ROTOR_MODULES=websocket  api_http", NULL };
	struct conf *c = load("modules: [http]\n", env);
	const struct conf_module *v;
	size_t n;

	(void)state;
	assert_int_equal(conf_modules(c, &v, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(v[1].name, "api_http");
	conf_free(&c);
}

static void
modules_malformed(void **state)
{
	(void)state;
	refused("greet: {text: a}\nmodules:\n- greet: {text: hi}\n", 3, "greet", "section of its own");
	refused("modules:\n- a\n- [b]\n", 3, "modules", "the name of a module");
	refused("modules:\n- greet: 3\n", 2, "greet", "options as a mapping");
	refused("modules:\n- {a: {}, b: {}}\n", 2, "modules", "one name with its options");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_and_values),
		cmocka_unit_test(json),
		cmocka_unit_test(json_that_is_no_yaml),
		cmocka_unit_test(empty_files),
		cmocka_unit_test(missing_file),
		cmocka_unit_test(malformed),
		cmocka_unit_test(duplicate_keys),
		cmocka_unit_test(aliases),
		cmocka_unit_test(too_deep),
		cmocka_unit_test(too_much),
		cmocka_unit_test(too_many_keys),
		cmocka_unit_test(problem_text),
		cmocka_unit_test(modules_list),
		cmocka_unit_test(modules_from_variable),
		cmocka_unit_test(modules_malformed),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
