/* SPDX-License-Identifier: MIT */
/* unit/test_conf.h - configurations from texts, for the tests of conf/. */
#ifndef ROTOR_UNIT_TEST_CONF_H
#define ROTOR_UNIT_TEST_CONF_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/conf.h"

/* Writes `len` bytes to a new file with this extension; its name is in `path`. */
static inline void
put_file(char path[64], const char *ext, const char *text, size_t len)
{
	int fd;

	snprintf(path, 64, "/tmp/rotor-test-conf-XXXXXX%s", ext);
	fd = mkstemps(path, (int)strlen(ext));
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
}

static inline struct conf *
load_as(const char *ext, const char *text, const char *const *env)
{
	struct conf_source src = { .env = (char **)(uintptr_t)env };
	struct conf *c;
	char path[64];

	put_file(path, ext, text, strlen(text));
	src.file = path;
	c = conf_load(&src);
	unlink(path);
	assert_non_null(c);
	return (c);
}

static inline struct conf *
load(const char *text, const char *const *env)
{
	return (load_as(".yaml", text, env));
}

/* The problem that is about `key` (NULL: that names none), or NULL. */
static inline const struct conf_problem *
problem(const struct conf *c, const char *key)
{
	const struct conf_problem *v;
	size_t i, n;

	n = conf_problems(c, &v);
	for (i = 0; i < n; i++)
		if ((key == NULL && v[i].key == NULL) ||
		    (key != NULL && v[i].key != NULL && strcmp(v[i].key, key) == 0))
			return (&v[i]);
	return (NULL);
}

static inline size_t
n_problems(const struct conf *c)
{
	const struct conf_problem *v;

	return (conf_problems(c, &v));
}

/* There is a problem about `key`, at this line, whose text holds `words`. */
static inline void
expect(const struct conf *c, int fatal, int line, const char *key, const char *words)
{
	const struct conf_problem *p = problem(c, key);

	if (p == NULL)
		fail_msg("no problem about %s", key != NULL ? key : "(no key)");
	assert_int_equal(p->fatal, fatal);
	assert_int_equal(p->line, line);
	if (strstr(p->text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", p->text, words);
}

#endif
