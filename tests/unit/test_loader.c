/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_loader.c - refusals, order, life, options and registry of modules.
 *
 * The modules are those of tests/abi, each wrong in one way; they are looked for in
 * the build directory, where `make check` runs.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/conf.h"
#include "conf/core_conf.h"
#include "log/log.h"
#include "module/loader.h"

#define DIR	"tests/abi/.libs"

struct env {
	char			dir[32];	/* temporary files */
	char			log_file[64];
	struct rotor_log	*log;
	struct conf		*conf;
	struct loader		*l;
};

/* A configuration from text; a new one each time. */
static struct conf *
conf_of(const struct env *e, const char *yaml)
{
	char file[64];
	struct conf_source src = { .file = file };
	struct conf *c;
	FILE *f;

	snprintf(file, sizeof file, "%s/rotor.yaml", e->dir);
	f = fopen(file, "w");
	assert_non_null(f);
	fputs(yaml, f);
	fclose(f);
	c = conf_load(&src);
	assert_non_null(c);
	assert_false(conf_failed(c));
	unlink(file);
	return c;
}

static void
setup(struct env *e, const char *yaml)
{
	memset(e, 0, sizeof *e);
	strcpy(e->dir, "/tmp/test_loader.XXXXXX");
	assert_non_null(mkdtemp(e->dir));
	snprintf(e->log_file, sizeof e->log_file, "%s/log", e->dir);
	e->log = log_new(e->log_file, ROTOR_LOG_DEBUG, LOG_JSON);
	assert_non_null(e->log);
	e->conf = conf_of(e, yaml);
	e->l = loader_new(DIR, e->log);
	assert_non_null(e->l);
}

static void
teardown(struct env *e)
{
	loader_free(&e->l);
	assert_null(e->l);
	conf_free(&e->conf);
	log_free(&e->log);
	unlink(e->log_file);
	rmdir(e->dir);
}

/* Selects and loads, as a server does. */
static int
load(struct env *e)
{
	int rc = loader_select(e->l, e->conf);

	return rc != 0 ? rc : loader_load(e->l, NULL, e->conf);
}

/* How many problems there are, and whether one text has all the words. */
static size_t
problems(const struct conf *c, int fatal)
{
	const struct conf_problem *p;
	size_t n = conf_problems(c, &p), i, count = 0;

	for (i = 0; i < n; i++)
		count += p[i].fatal == fatal;
	return count;
}

static int
problem_says(const struct conf *c, const char *const *words)
{
	const struct conf_problem *p;
	size_t n = conf_problems(c, &p), i, w;

	for (i = 0; i < n; i++) {
		for (w = 0; words[w] != NULL && strstr(p[i].text, words[w]) != NULL; w++)
			;
		if (words[w] == NULL)
			return 1;
	}
	for (i = 0; i < n; i++)
		print_message("problem: %s: %s\n", p[i].key, p[i].text);
	return 0;
}

#define assert_problem(c, ...)	\
	assert_true(problem_says((c), (const char *const[]){ __VA_ARGS__, NULL }))

/* Value of a string member of a line of the log. */
static void
member(const char *line, const char *name, char *ret, size_t size)
{
	char key[32];
	const char *p;
	size_t len;

	snprintf(key, sizeof key, "\"%s\":\"", name);
	p = strstr(line, key);
	assert_non_null(p);
	p += strlen(key);
	len = strcspn(p, "\"");
	assert_true(len < size);
	memcpy(ret, p, len);
	ret[len] = '\0';
}

/* The steps the test modules have logged so far, as "module:step module:step ". */
static void
steps(const struct env *e, char *ret, size_t size)
{
	char line[2048], area[64], msg[128];
	FILE *f = fopen(e->log_file, "r");
	size_t len = 0;

	assert_non_null(f);
	ret[0] = '\0';
	while (fgets(line, sizeof line, f) != NULL) {
		member(line, "area", area, sizeof area);
		member(line, "message", msg, sizeof msg);
		if (strcmp(area, "module") == 0)
			continue;
		len += (size_t)snprintf(ret + len, size - len, "%s:%s ", area, msg);
		assert_true(len < size);
	}
	fclose(f);
	assert_int_equal(truncate(e->log_file, 0), 0);
}

#define assert_steps(e, expected)					\
	do {								\
		char steps_[4096];					\
		steps((e), steps_, sizeof steps_);			\
		assert_string_equal(steps_, (expected));		\
	} while (0)

static int
log_has(const struct env *e, const char *a, const char *b)
{
	char line[2048];
	FILE *f = fopen(e->log_file, "r");
	int found = 0;

	assert_non_null(f);
	while (!found && fgets(line, sizeof line, f) != NULL)
		found = strstr(line, a) != NULL && strstr(line, b) != NULL;
	fclose(f);
	return found;
}

static const struct refusal {
	const char	*modules;
	const char	*words[5];
} refusals[] = {
	{ "wrong_major", { "wrong_major.so", "major version 2", "has 1", "rebuild it" } },
	{ "newer_minor", { "newer_minor.so", "1.1", "1.0", "upgrade the server" } },
	{ "short_size", { "short_size.so", "16 bytes", "1.0", "rebuild it" } },
	{ "no_name", { "no_name.so", "without a name", "ROTOR_MODULE_DEFINE" } },
	{ "bad_name", { "bad_name.so", "a-z, 0-9 and _" } },
	{ "no_symbol", { "no_symbol.so", "rotor_module", "ROTOR_MODULE_DEFINE" } },
	{ "wrong_name", { "wrong_name.so", "\"other_name\"", "other_name.so" } },
	{ "bad_options", { "bad_options.so", "option table", "ROTOR_OPTION_TABLE" } },
	{ "needs_missing", { "\"needs_missing\"", "needs_missing.so", "\"not_there\"", "install it" } },
	{ "circle_a", { "\"circle_b\"", "\"circle_a\"", "circle", "leave one of them out" } },
	{ "absent", { "\"absent\"", DIR "/absent.so", "install it" } },
	{ "Bare", { "expected the name of a module", "\"Bare\"" } },
	{ "bare.so", { "expected the name of a module", "\"bare.so\"" } },
	{ "../etc/passwd", { "\"passwd\"", "../etc/passwd" } },
	{ "/etc/passwd", { "/etc/passwd cannot be opened" } },
	{ "bare, bare", { "\"bare\"", "twice" } },
	{ "bare, " DIR "/bare.so", { "\"bare\"", "twice" } },
	{ "./" DIR "/wrong_major.so", { "./" DIR "/wrong_major.so", "major version 2" } },
};

static void
test_refusals(void **state)
{
	const struct refusal *r;
	char yaml[256];
	struct env e;

	(void)state;
	for (r = refusals; r < refusals + sizeof refusals / sizeof refusals[0]; r++) {
		snprintf(yaml, sizeof yaml, "modules: [%s]\n", r->modules);
		setup(&e, yaml);
		assert_int_equal(load(&e), -EINVAL);
		assert_int_equal(problems(e.conf, 1), 1);
		assert_true(problem_says(e.conf, r->words));
		teardown(&e);
	}
}

static void
test_refusals_are_told_together(void **state)
{
	struct env e;

	(void)state;
	setup(&e, "modules:\n- wrong_major\n- provides_all\n- no_name\n");
	assert_int_equal(load(&e), -EINVAL);
	assert_int_equal(problems(e.conf, 1), 2);
	assert_problem(e.conf, "wrong_major.so");
	assert_problem(e.conf, "no_name.so");
	assert_steps(&e, "");		/* no code of any module has run */
	teardown(&e);
}

static void
test_order(void **state)
{
	struct env e;

	(void)state;
	setup(&e, "modules: [bare, needs_ok]\n");
	assert_int_equal(load(&e), 0);
	assert_true(log_has(&e, "needs it", "\"provides_all\""));
	assert_steps(&e, "provides_all:load needs_ok:load ");
	assert_int_equal(loader_worker_start(e.l, NULL), 0);
	assert_int_equal(loader_start(e.l), 0);
	loader_stop(e.l);
	loader_worker_stop(e.l, NULL);
	assert_steps(&e, "provides_all:worker_start provides_all:start needs_ok:start "
	    "needs_ok:stop provides_all:stop provides_all:worker_stop ");
	loader_unload(e.l);
	assert_steps(&e, "needs_ok:unload provides_all:unload ");
	teardown(&e);
}

/* What is needed comes first even when it is listed later, and is loaded once. */
static void
test_order_of_list(void **state)
{
	struct env e;

	(void)state;
	setup(&e, "modules: [needs_ok, " DIR "/provides_all.so]\n");
	assert_int_equal(load(&e), 0);
	assert_false(log_has(&e, "needs it", "\"provides_all\""));
	assert_steps(&e, "provides_all:load needs_ok:load ");
	teardown(&e);
}

static void
count_route(void *priv, const struct rotor_http_route *route, void *ctx)
{
	int *n = priv;

	(void)ctx;
	assert_int_equal(route->path[0], '/');
	++*n;
}

static int
routes(const struct loader *l)
{
	int n = 0;

	loader_route_foreach(l, count_route, &n);
	return n;
}

static void
test_failed_load(void **state)
{
	struct env e;
	void *ctx;

	(void)state;
	setup(&e, "modules: [provides_all, fail_load, bare]\n");
	assert_int_equal(load(&e), -EIO);
	assert_problem(e.conf, "failed to load", "fail_load.so");
	assert_steps(&e, "provides_all:load provides_all:unload ");
	assert_null(loader_broker(e.l, "all", &ctx));
	assert_int_equal(routes(e.l), 0);
	teardown(&e);
}

static void
test_failed_start(void **state)
{
	struct env e;

	(void)state;
	setup(&e, "modules: [provides_all, fail_start, needs_ok]\n");
	assert_int_equal(load(&e), 0);
	assert_steps(&e, "provides_all:load fail_start:load needs_ok:load ");
	assert_true(loader_worker_start(e.l, NULL) < 0);
	assert_steps(&e, "provides_all:worker_start provides_all:worker_stop ");
	assert_int_equal(loader_start(e.l), -EADDRINUSE);
	assert_true(log_has(&e, "failed to start", "fail_start.so"));
	assert_steps(&e, "provides_all:start provides_all:stop ");
	loader_free(&e.l);
	assert_steps(&e, "needs_ok:unload fail_start:unload provides_all:unload ");
	teardown(&e);
}

static void
test_free_stops(void **state)
{
	struct env e;

	(void)state;
	setup(&e, "modules: [provides_all]\n");
	assert_int_equal(load(&e), 0);
	assert_int_equal(loader_start(e.l), 0);
	loader_free(&e.l);
	assert_steps(&e, "provides_all:load provides_all:start provides_all:stop provides_all:unload ");
	teardown(&e);
}

static void
test_registry(void **state)
{
	void *broker_ctx, *ctx = NULL;
	const struct rotor_broker *broker;
	struct env e;

	(void)state;
	setup(&e, "modules: [provides_all]\n");
	assert_int_equal(load(&e), 0);
	broker = loader_broker(e.l, "all", &broker_ctx);
	assert_non_null(broker);
	assert_non_null(broker->publish);
	assert_non_null(broker_ctx);
	assert_null(loader_broker(e.l, "memory", &ctx));
	assert_null(loader_presence(e.l, "", &ctx));
	assert_null(ctx);		/* untouched */
	assert_non_null(loader_presence(e.l, "all", &ctx));
	assert_ptr_equal(ctx, broker_ctx);
	assert_non_null(loader_auth(e.l, &ctx));
	assert_non_null(loader_command(e.l, "show", &ctx));
	assert_null(loader_command(e.l, "all", &ctx));
	assert_int_equal(routes(e.l), 1);
	loader_unload(e.l);
	assert_null(loader_broker(e.l, "all", &ctx));
	assert_null(loader_presence(e.l, "all", &ctx));
	assert_null(loader_auth(e.l, &ctx));
	assert_null(loader_command(e.l, "show", &ctx));
	assert_int_equal(routes(e.l), 0);
	teardown(&e);
}

static void
test_misuse(void **state)
{
	struct env e;
	void *ctx;

	(void)state;
	setup(&e, "modules: [misuse]\n");
	assert_int_equal(load(&e), 0);
	assert_int_equal(loader_start(e.l), 0);
	assert_steps(&e, "provides_all:load misuse:load "
	    "misuse:second auth exists misuse:auth with a hole invalid misuse:small broker invalid "
	    "misuse:no broker invalid misuse:second command exists misuse:nameless command invalid "
	    "misuse:route on no listener invalid misuse:route taken outside exists "
	    "misuse:same route inside ok misuse:route without slash invalid "
	    "misuse:route with empty ws invalid misuse:route to nowhere invalid "
	    "provides_all:start misuse:late command not now ");
	assert_null(loader_command(e.l, "late", &ctx));
	assert_int_equal(routes(e.l), 2);
	teardown(&e);
}

/* The number among the options of provides_all; its text goes to the log. */
static int
show(const struct loader *l)
{
	const struct rotor_command *cmd;
	char name[] = "show", *argv[] = { name, NULL };
	void *ctx;

	cmd = loader_command(l, "show", &ctx);
	assert_non_null(cmd);
	return cmd->run(ctx, 1, argv);
}

static void
test_options(void **state)
{
	static const struct {
		const char	*yaml;
		int		number;
		const char	*text;
	} cases[] = {
		{ "modules: [provides_all]\n", 7, "default" },
		{ "modules: [provides_all]\nprovides_all:\n  number: 3\n", 3, "default" },
		{ "modules:\n- provides_all: {text: listed, number: 2}\n", 2, "listed" },
		{ "modules:\n- " DIR "/provides_all.so:\n    number: 2\n", 2, "default" },
	};
	char want[80];
	struct env e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		setup(&e, cases[i].yaml);
		assert_int_equal(load(&e), 0);
		assert_int_equal(show(e.l), cases[i].number);
		snprintf(want, sizeof want, "provides_all:load provides_all:%s ", cases[i].text);
		assert_steps(&e, want);
		teardown(&e);
	}
}

static void
test_wrong_option(void **state)
{
	struct env e;

	(void)state;
	setup(&e, "modules: [provides_all]\nprovides_all:\n  number: 10\n");
	assert_int_equal(load(&e), -EINVAL);
	assert_int_equal(problems(e.conf, 1), 1);
	assert_steps(&e, "");
	teardown(&e);
}

/* checkconfig: everything is checked, nothing runs. */
static void
test_apply_options(void **state)
{
	const struct conf_problem *p;
	struct env e;
	size_t n;

	(void)state;
	setup(&e, "modules: [needs_ok]\nprovides_all:\n  number: 3\n");
	assert_int_equal(loader_select(e.l, e.conf), 0);
	assert_int_equal(loader_apply_options(e.l, e.conf), 0);
	conf_check_unknown(e.conf);
	for (n = conf_problems(e.conf, &p); n > 0; n--, p++)
		assert_null(strstr(p->key, "number"));
	assert_steps(&e, "");
	teardown(&e);
}

/* What modules find wrong: one line of the file, one problem or none. */
static void
test_check(void **state)
{
	static const struct {
		const char	*text;
		int		rc;
		const char	*says;		/* NULL: nothing */
	} cases[] = {
		{ "fine", 0, NULL },
		{ "wrong", -EINVAL, "rotor.yaml:2: provides_all.text: is wrong" },
		{ "doubtful", 0, "rotor.yaml:2: provides_all.text: is doubtful" },
		{ "server", -EINVAL, "rotor.yaml:2: provides_all.number: here, 7000, 1, \"\", 0" },
		{ "/else", 0, NULL },
		{ "/al", 0, NULL },
		{ "/all", -EINVAL, "path \"/all\" is served already: provides_all.number has it" },
		{ "/all/", -EINVAL, "path \"/all\" is served already" },
		{ "/a b", -EINVAL, "provides_all.text: expected a path such as" },
		{ "/a?b", -EINVAL, "provides_all.text: expected a path such as" },
		{ "'@'", 0, NULL },
		{ "'@127.0.0.1'", 0, NULL },
		{ "'@::1'", 0, NULL },
		{ "'@127.0.0.1.'", -EINVAL, "expected an address of this machine" },
		{ "'@ab cd'", -EINVAL, "got \"ab cd\"" },
	};
	const struct conf_core cc = { .node_name = "here",
	    .client = { .ping_interval_ms = 7000, .insecure = 1 } };
	const struct conf_problem *p;
	char yaml[160], said[256] = "";
	struct env e;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(yaml, sizeof yaml, "modules: [bare, provides_all]\nprovides_all: {text: %s}\n",
		    cases[i].text);
		setup(&e, yaml);
		assert_int_equal(loader_select(e.l, e.conf), 0);
		assert_int_equal(loader_apply_options(e.l, e.conf), 0);
		assert_int_equal(loader_check(e.l, e.conf, &cc), cases[i].rc);
		if (conf_problems(e.conf, &p) > 0)
			conf_problem_format(p, said, sizeof said);
		if (cases[i].says == NULL ? conf_problems(e.conf, &p) != 0 :
		    strstr(said, cases[i].says) == NULL)
			fail_msg("%s: %s", cases[i].text, said);
		assert_steps(&e, "");
		teardown(&e);
	}
}

static void
test_reload(void **state)
{
	struct conf *c;
	struct env e;

	(void)state;
	setup(&e, "modules: [provides_all]\nprovides_all: {number: 3, text: old}\n");
	assert_int_equal(load(&e), 0);
	assert_int_equal(loader_start(e.l), 0);

	c = conf_of(&e, "modules: [provides_all]\nprovides_all: {number: 99, text: bad}\n");
	assert_int_equal(loader_reload(e.l, c), -EINVAL);
	assert_int_equal(problems(c, 1), 1);
	conf_free(&c);
	assert_int_equal(show(e.l), 3);
	assert_steps(&e, "provides_all:load provides_all:start provides_all:old ");

	c = conf_of(&e, "modules: [bare, provides_all]\nprovides_all: {number: 4, text: new}\n");
	assert_int_equal(loader_reload(e.l, c), 0);
	assert_true(log_has(&e, "restart is needed to load", "\"bare\""));
	conf_free(&e.conf);		/* out of use */
	e.conf = c;
	assert_int_equal(show(e.l), 4);
	assert_steps(&e, "provides_all:reload provides_all:new ");
	teardown(&e);
}

static void
test_two_servers(void **state)
{
	struct env a, b;
	void *ctx_a, *ctx_b;

	(void)state;
	setup(&a, "modules: [provides_all]\nprovides_all: {number: 1}\n");
	setup(&b, "modules: [provides_all]\nprovides_all: {number: 2}\n");
	assert_int_equal(load(&a), 0);
	assert_int_equal(load(&b), 0);
	assert_int_equal(show(a.l), 1);
	assert_int_equal(show(b.l), 2);
	assert_non_null(loader_auth(a.l, &ctx_a));
	assert_non_null(loader_auth(b.l, &ctx_b));
	assert_ptr_not_equal(ctx_a, ctx_b);
	teardown(&a);
	assert_int_equal(show(b.l), 2);
	teardown(&b);
}

/* Without a list: what the sections ask for, named where it is not installed. */
static void
test_default_set(void **state)
{
	struct env e;

	(void)state;
	setup(&e, "websocket: {disabled: true}\nhttp_api: {key: secret}\nhealth: {enabled: true}\n");
	assert_int_equal(load(&e), -EINVAL);
	assert_problem(e.conf, "\"engine_memory\" is not installed", DIR "/engine_memory.so");
	assert_problem(e.conf, "\"http\" is not installed");
	assert_problem(e.conf, "\"api_http\" is not installed");
	assert_problem(e.conf, "\"health\" is not installed");
	assert_int_equal(problems(e.conf, 1), 4);
	assert_problem(e.conf, "\"auth_jwt\"", "runs without it");
	assert_int_equal(problems(e.conf, 0), 1);
	teardown(&e);
}

static void
test_engine_types(void **state)
{
	static const char *const bad[] = { "../evil", "Redis", "a/b" };
	char yaml[64];
	struct env e;
	size_t i;

	(void)state;
	setup(&e, "engine: {type: redis}\n");
	assert_int_equal(load(&e), -EINVAL);
	assert_problem(e.conf, "\"engine_redis\" is not installed");
	teardown(&e);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(yaml, sizeof yaml, "engine: {type: \"%s\"}\n", bad[i]);
		setup(&e, yaml);
		assert_int_equal(load(&e), -EINVAL);
		assert_problem(e.conf, "expected the type of an engine", bad[i]);
		assert_int_equal(problems(e.conf, 1), 1);
		teardown(&e);
	}
}

/* A section whose module the list forgets is not ignored in silence. */
static void
test_forgotten_module(void **state)
{
	struct env e;

	(void)state;
	setup(&e, "modules: [bare]\nwebsocket: {compression: true}\nhttp_api: {disabled: true}\n");
	assert_int_equal(load(&e), 0);
	assert_problem(e.conf, "no effect", "\"websocket\"");
	assert_int_equal(problems(e.conf, 0), 1);
	teardown(&e);
}

struct listed {
	char	names[1024];	/* files, "name.so! " when broken */
	int	n_read;
};

static void
on_entry(void *priv, const struct loader_entry *entry)
{
	struct listed *li = priv;
	size_t len = strlen(li->names);

	assert_memory_equal(entry->file, DIR "/", strlen(DIR "/"));
	assert_true(entry->mod != NULL || entry->why != NULL);
	li->n_read += entry->mod != NULL;
	if (entry->why != NULL)
		assert_non_null(strstr(entry->why, entry->file));
	snprintf(li->names + len, sizeof li->names - len, "%s%s ", entry->file + strlen(DIR "/"),
	    entry->why != NULL ? "!" : "");
}

static void
test_list(void **state)
{
	struct listed li = { "", 0 };

	(void)state;
	assert_int_equal(loader_list(DIR, on_entry, &li), 0);
	assert_string_equal(li.names, "bad_name.so! bad_options.so! bare.so circle_a.so circle_b.so crash.so! "
	    "fail_load.so fail_start.so misuse.so needs_missing.so! needs_ok.so newer_minor.so! "
	    "no_name.so! no_symbol.so! provides_all.so short_size.so! wrong_major.so! wrong_name.so! ");
	assert_int_equal(li.n_read, 10);		/* needs_missing and crash are readable */
	assert_int_equal(loader_list("/nowhere", on_entry, &li), -ENOENT);
}

static void
on_table(void *priv, const char *module, const struct rotor_option_table *t)
{
	const struct rotor_option_table **ret = priv;

	assert_string_equal(module, "provides_all");
	assert_null(*ret);
	*ret = t;
}

static void
test_tables(void **state)
{
	const struct rotor_option_table *t = NULL;
	struct loader *l;

	(void)state;
	l = loader_new(DIR, NULL);
	assert_non_null(l);
	assert_int_equal(loader_foreach_table(l, on_table, &t), 0);
	assert_non_null(t);
	assert_string_equal(t->root, "provides_all");	/* readable after the call */
	assert_int_equal(t->n_rows, 2);
	loader_free(&l);
}

static void
test_dir(void **state)
{
	(void)state;
	unsetenv("ROTOR_MODULE_DIR");
	assert_string_equal(loader_dir("/flag", "/conf"), "/flag");
	assert_string_equal(loader_dir("", "/conf"), "/conf");
	assert_string_equal(loader_dir(NULL, NULL), ROTOR_MODULE_DIR);
	setenv("ROTOR_MODULE_DIR", "/env", 1);
	assert_string_equal(loader_dir(NULL, "/conf"), "/env");
	assert_string_equal(loader_dir("/flag", "/conf"), "/flag");
	unsetenv("ROTOR_MODULE_DIR");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_refusals_are_told_together),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_order_of_list),
		cmocka_unit_test(test_failed_load),
		cmocka_unit_test(test_failed_start),
		cmocka_unit_test(test_free_stops),
		cmocka_unit_test(test_registry),
		cmocka_unit_test(test_misuse),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_wrong_option),
		cmocka_unit_test(test_apply_options),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_two_servers),
		cmocka_unit_test(test_default_set),
		cmocka_unit_test(test_engine_types),
		cmocka_unit_test(test_forgotten_module),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
