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
	assert_string_equal(conf_raw(c, "a"), "\xef\xbf\xbdx");
	conf_free(&c);
}

/* What a JSON file is called does not matter, and YAML that only begins like it is YAML. */
static void
json_by_any_name(void **state)
{
	static const char *const exts[] = { ".json", ".JSON", ".yaml", ".yml", ".conf", "" };
	static const char text[] = "\xef\xbb\xbf{\n\t\"a\":\t\"\\ud83d\\ude00\\/\\b\"\n}";
	struct conf *c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof exts / sizeof exts[0]; i++) {
		c = load_as(exts[i], text, NULL);
		assert_int_equal(n_problems(c), 0);
		assert_string_equal(conf_raw(c, "a"), "\xf0\x9f\x98\x80/\b");
		conf_free(&c);
	}
	for (i = 2; i < sizeof exts / sizeof exts[0]; i++) {
		c = load_as(exts[i], "{a: {b: 1,},\n c: 'x'} # comment\n", NULL);
		assert_int_equal(n_problems(c), 0);
		assert_string_equal(conf_raw(c, "c"), "x");
		conf_free(&c);
	}
}

static void
json_nearly(void **state)
{
	static const struct {
		const char	*text;
		int		line;
		const char	*key, *words;
	} cases[] = {
		{ "{\"a\": 1,\n\"b\": {\"c\": 2,\n},\n\"d\": 3}", 3, NULL, "a comma behind the last value" },
		{ "{\"a\": [1,\n2,\n]}", 3, NULL, "a comma behind the last value" },
		{ "{\n// no\n\"a\": 1}", 2, NULL, "no comments" },
		{ "{\"a\": 1 # no\n}", 1, NULL, "no comments" },
		{ "{\n\"a\": 'x'}", 2, NULL, "double quotes" },
		{ "{\n\"a\": \"x\n\"}", 2, NULL, "does not end" },
		{ "{\"a\": \"\\x\"}", 1, NULL, "wrong escape" },
		{ "{\"a\": \"\\", 1, NULL, "does not end" },
		{ "{\"a\": 1\n\"b\": 2}", 2, NULL, "does not end" },
		{ "{\"a\": 1\n", 2, NULL, "ends too early" },
		{ "{\"a\": 1}\n{}", 2, NULL, "malformed JSON" },
		{ "{\"a\": 1}\n}", 2, NULL, "malformed JSON" },
		{ "{a: 1}", 1, NULL, "key between double quotes" },
		{ "{\"a\": +1}", 1, NULL, "malformed JSON" },
		{ "{\"a\": nil}", 1, NULL, "malformed JSON" },
		{ "{\n\"a\": \"x\\u0000y\"}", 2, "a", "NUL" },
		{ "{\n\"a\\u0000\": 1}", 2, NULL, "NUL" },
		{ "{\"a\": 1,\n \"A\": 2}", 2, "A", "given twice" },
		{ "[]", 1, NULL, "a mapping of sections" },
	};
	struct conf *c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		c = load_as(".json", cases[i].text, NULL);
		expect(c, 1, cases[i].line, cases[i].key, cases[i].words);
		assert_int_equal(n_problems(c), 1);
		conf_free(&c);
	}
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
	refused("a: 1\nb: *x\n", 2, NULL, "there is no &x above");
	refused("a: &x\n  b: [1, *x]\n", 2, NULL, "inside what it stands for");
	refused("a: &x 1\n*x : 2\n", 2, NULL, "key must be plain text");
	refused("a: &x 1\nb:\n  <<: *x\n", 3, "<<", "a list of mappings");
	refused("a: &x {k: 1}\nb:\n  <<: [*x, 1]\n", 3, "<<", "a list of mappings");
	refused("a:\n  <<: {k: 1}\n  <<: {l: 1}\n", 3, "<<", "given twice");
}

static void
check_values(const char *text, const char *const *v)
{
	struct conf *c = load(text, NULL);

	assert_false(conf_failed(c));
	for (; v[0] != NULL; v += 2)
		if (v[1] == NULL)
			assert_null(conf_raw(c, v[0]));
		else
			assert_string_equal(conf_raw(c, v[0]), v[1]);
	conf_free(&c);
}

/* Each is a whole copy: what one mapping gets from elsewhere changes no other. */
static void
aliases_and_merge_keys(void **state)
{
	(void)state;
	check_values("a: &x text\nb: *x\nc: &y {k: {l: *x}}\nd: *y\n", (const char *const[]){
	    "b", "text", "c.k.l", "text", "d.k.l", "text", NULL });
	check_values("a: &x 1\nb: &x 2\nc: *x\n", (const char *const[]){ "c", "2", NULL });
	check_values("x: &x {k: 1, l: 2}\ny: &y {l: 3, m: 4}\n"
	    "a: {<<: *x, k: own}\nb: {k: own, <<: [*x, *y]}\nc: {<<: [*y, *x]}\n"
	    "d: {<<: *x, K: own}\ne: &e {<<: *x}\nf: {<<: *e, n: 5}\ng: {\"<<\": 1}\n",
	    (const char *const[]){ "a.k", "own", "a.l", "2", "b.k", "own", "b.l", "2", "b.m", "4",
	    "c.l", "3", "c.k", "1", "d.k", "own", "f.k", "1", "f.n", "5", "e.n", NULL, "x.k", "1",
	    "g.<<", "1", NULL });
}

/* The x- keys hold what is to be merged, and nothing else. */
static void
keys_of_the_writers_own(void **state)
{
	struct conf *c = load("x-common: &c {level: debug}\nlog: {<<: *c}\n", NULL);

	(void)state;
	conf_check_unknown(c);
	assert_null(problem(c, "x-common"));
	assert_non_null(problem(c, "log"));
	assert_string_equal(conf_raw(c, "log.level"), "debug");
	conf_free(&c);
}

/* Nine times nine: refused by the count of what it would become, and at once. */
static void
alias_bombs(void **state)
{
	char text[4096];
	size_t len;
	int i;

	(void)state;
	len = (size_t)snprintf(text, sizeof text, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
	for (i = 1; i < 12; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,"
		    "*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	refused(text, 6, NULL, "too many values");
	len = (size_t)snprintf(text, sizeof text, "a0: &a0 {k: 1}\n");
	for (i = 1; i < 60; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "a%d: &a%d {k: *a%d}\n", i, i, i - 1);
	refused(text, 32, NULL, "nested too deeply");
}

static void
too_many_anchors(void **state)
{
	char *text = malloc(3000 * 16);
	size_t len = 0;
	int i;

	(void)state;
	assert_non_null(text);
	len += (size_t)snprintf(text, 16, "a:\n");
	for (i = 0; i < 2000; i++)
		len += (size_t)snprintf(text + len, 16, "- &a%d 1\n", i);
	refused(text, 1026, NULL, "more than 1024 YAML anchors");
	free(text);
}

static void
toml(void **state)
{
	struct conf *c = load_as(".toml", "# comment\n[client]\nchannel_limit = 1_000\ninsecure = true\n"
	    "token.hmac_secret_key = \"a\\u0041\"\n\n[[channel.namespaces]]\nname = 'x'\nratio = 0.1\n"
	    "[[channel.namespaces]]\nname = 'y'\n", NULL);

	(void)state;
#ifdef HAVE_TOML
	assert_int_equal(n_problems(c), 0);
	assert_string_equal(conf_raw(c, "client.channel_limit"), "1000");
	assert_string_equal(conf_raw(c, "client.insecure"), "true");
	assert_string_equal(conf_raw(c, "client.token.hmac_secret_key"), "aA");
	conf_problem_add(c, 1, "client.channel_limit", "here");
	expect(c, 1, 3, "client.channel_limit", "here");
	conf_problem_add(c, 1, "channel.namespaces[1].name", "there");
	expect(c, 1, 11, "channel.namespaces[1].name", "there");
#else
	expect(c, 1, 0, NULL, "built without it");
#endif
	conf_free(&c);
}

static void
toml_refused(void **state)
{
#ifdef HAVE_TOML
	char *dots = repeat("a.", 100000), *nest = repeat("[", 100000);
	char keys[200000 + 16], lists[100000 + 16];
	const struct {
		const char	*text;
		int		line;
		const char	*key, *words;
	} cases[] = {
		{ "a = 1\nb = \n", 2, NULL, "malformed TOML" },
		{ "a = 1\na = 2\n", 2, NULL, "malformed TOML" },
		{ "a = 1\nb = \"x\\u0000y\"\n", 2, "b", "NUL" },
		{ "a = 1\nA = 2\n", 0, NULL, "" },	/* in either order: sorted by name */
		{ "a = 1\nb = \"x\n", 2, NULL, "malformed TOML" },
		{ keys, 1, NULL, "too many parts" },
		{ lists, 1, NULL, "malformed TOML" },
	};
	struct conf *c;
	size_t i;

	snprintf(keys, sizeof keys, "%sb = 1\n", dots);
	snprintf(lists, sizeof lists, "a = %s\n", nest);
	free(dots);
	free(nest);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		c = load_as(".toml", cases[i].text, NULL);
		assert_true(conf_failed(c));
		if (cases[i].line > 0)
			expect(c, 1, cases[i].line, cases[i].key, cases[i].words);
		conf_free(&c);
	}
#endif
	(void)state;
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
		cmocka_unit_test(json_by_any_name),
		cmocka_unit_test(json_nearly),
		cmocka_unit_test(empty_files),
		cmocka_unit_test(missing_file),
		cmocka_unit_test(malformed),
		cmocka_unit_test(duplicate_keys),
		cmocka_unit_test(aliases),
		cmocka_unit_test(aliases_and_merge_keys),
		cmocka_unit_test(keys_of_the_writers_own),
		cmocka_unit_test(alias_bombs),
		cmocka_unit_test(too_many_anchors),
		cmocka_unit_test(toml),
		cmocka_unit_test(toml_refused),
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
