/* SPDX-License-Identifier: MIT */
/* unit/test_flags.c - command lines by the flags of a command. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rotor/command.h>

#include "module/flags.h"

enum { USER, QUIET, FORCE, KEY, N_FLAGS };

static const struct rotor_flag flags[N_FLAGS] = {
	[USER] = { "user", "USER", "", 'u' },
	[QUIET] = { "quiet", NULL, "", 'q' },
	[FORCE] = { "force", NULL, "", 'f' },
	[KEY] = { "user-key", "KEY", "", 0 },
};

static const struct rotor_command command = {
	.size = sizeof command, .name = "try", .args = "WORD...", .flags = flags, .n_flags = N_FLAGS,
};

static const struct rotor_command alone = { .size = sizeof alone, .name = "alone" };

/* A line of words, of which the first is the command. */
struct line {
	char	text[256];
	char	*argv[32];
	int	argc;
};

static struct line
line_of(const char *text)
{
	struct line l = { .argc = 0 };

	snprintf(l.text, sizeof l.text, "%s", text);
	return (l);
}

static void
split(struct line *l)
{
	char *save = NULL, *word = strtok_r(l->text, " ", &save);

	for (; word != NULL; word = strtok_r(NULL, " ", &save))
		l->argv[l->argc++] = word;
	l->argv[l->argc] = NULL;
}

static void
test_forms(void **state)
{
	static const struct {
		const char	*line, *user, *quiet, *force, *key, *word;
	} rows[] = {
		{ "try", NULL, NULL, NULL, NULL, NULL },
		{ "try -u 42", "42", NULL, NULL, NULL, NULL },
		{ "try -u42 a", "42", NULL, NULL, NULL, "a" },
		{ "try --user 42", "42", NULL, NULL, NULL, NULL },
		{ "try --user=42", "42", NULL, NULL, NULL, NULL },
		{ "try --user=", "", NULL, NULL, NULL, NULL },
		{ "try --user=a=b", "a=b", NULL, NULL, NULL, NULL },
		{ "try -u -1", "-1", NULL, NULL, NULL, NULL },
		{ "try -u -- -q", "--", "", NULL, NULL, NULL },
		{ "try -u 1 --user 2", "2", NULL, NULL, NULL, NULL },
		{ "try -q a -f", NULL, "", "", NULL, "a" },
		{ "try -qf", NULL, "", "", NULL, NULL },
		{ "try -qfu 42", "42", "", "", NULL, NULL },
		{ "try -qu42", "42", "", NULL, NULL, NULL },
		{ "try --user-key k", NULL, NULL, NULL, "k", NULL },
		{ "try -- -q", NULL, NULL, NULL, NULL, "-q" },
		{ "try -", NULL, NULL, NULL, NULL, "-" },
	};
	const char *v[N_FLAGS];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *const want[N_FLAGS] = { rows[i].user, rows[i].quiet, rows[i].force, rows[i].key };
		struct line l = line_of(rows[i].line);
		int n;

		split(&l);
		n = rotor_command_parse(&command, l.argc, l.argv, v);
		assert_int_equal(n, rows[i].word != NULL);
		assert_null(l.argv[n + 1]);
		if (n > 0)
			assert_string_equal(l.argv[1], rows[i].word);
		for (int k = 0; k < N_FLAGS; k++) {
			if (want[k] == NULL)
				assert_null(v[k]);
			else
				assert_string_equal(v[k], want[k]);
		}
	}
}

static void
test_wrong(void **state)
{
	static const char *const lines[] = {
		"try -x", "try --nosuch", "try --use 42", "try --users 42", "try -u", "try --user", "try -qx",
		"try --quiet=1", "try -q=1", "try --=x", "try -q -u",
	};
	const char *v[N_FLAGS];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct line l = line_of(lines[i]);

		split(&l);
		assert_int_equal(rotor_command_parse(&command, l.argc, l.argv, v), -1);
	}
}

static void
test_without_arguments(void **state)
{
	struct line l = line_of("alone"), more = line_of("alone word");

	(void)state;
	split(&l);
	assert_int_equal(rotor_command_parse(&alone, l.argc, l.argv, NULL), 0);
	split(&more);
	assert_int_equal(rotor_command_parse(&alone, more.argc, more.argv, NULL), -1);
}

/* One at a time, of a line that has others. */
static void
test_take(void **state)
{
	struct line l = line_of("try --other -u 42");
	const char *value = NULL;
	int i = 1;

	(void)state;
	split(&l);
	assert_int_equal(flag_take(flags, N_FLAGS, l.argc, l.argv, &i, &value), -1);
	assert_int_equal(i, 1);
	assert_null(value);
	i = 2;
	assert_int_equal(flag_take(flags, N_FLAGS, l.argc, l.argv, &i, &value), USER);
	assert_int_equal(i, 4);
	assert_string_equal(value, "42");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_without_arguments),
		cmocka_unit_test(test_take),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
