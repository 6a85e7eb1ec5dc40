/* SPDX-License-Identifier: MIT */
/*
 * conf/conf.h - the configuration: a file, the environment and flags, poured into
 * option tables.
 *
 * Order: defaults, file, environment, flags; later wins.  A file is YAML or JSON
 * (which is YAML).  Every message names file, line, key and what was expected.
 * A struct conf owns all strings its tables' structs point to; on reload a new
 * one is made and the old kept until nothing points into it.
 */
#ifndef ROTOR_CONF_CONF_H
#define ROTOR_CONF_CONF_H

#include <stdio.h>

#include <rotor/option.h>

struct conf;

/* What went wrong, in the order found. */
struct conf_problem {
	int		fatal;		/* 0: a warning */
	const char	*file;		/* "environment" or "command line" when not from the file */
	int		line;		/* 0: not known */
	const char	*key;
	const char	*text;		/* "expected a duration such as \"10s\", got \"ten\"" */
};

struct conf_source {
	const char	*file;		/* NULL: none */
	int		file_optional;	/* a missing file is only a warning */
	char		**env;		/* environ, or NULL */
	const struct rotor_pair	*flags;	/* "http_server.port" = "9000" */
	size_t		n_flags;
};

/* Reads file, environment and flags into a tree; tables are applied afterwards.
 * Never NULL but for lack of memory; look at conf_failed(). */
struct conf *conf_load(const struct conf_source *src);
void conf_free(struct conf **cp);

/* Fills `base` (table->struct_size bytes) from the tree.  May be called for any
 * number of tables with distinct rows.  0, or -EINVAL when a value was wrong. */
int conf_apply(struct conf *c, const struct rotor_option_table *table, void *base);
/* After all tables: keys and variables that no table knew become warnings. */
void conf_check_unknown(struct conf *c);
/* Adds a problem found by validation; `key` is looked up for its line. */
void conf_problem_add(struct conf *c, int fatal, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* 1 when any fatal problem has been recorded. */
int conf_failed(const struct conf *c);
size_t conf_problems(const struct conf *c, const struct conf_problem **ret);
/* 1 when the file (or env, flags) sets this key or, for a section, anything in it. */
int conf_is_set(const struct conf *c, const char *key);
/* The scalar set at `key`, or NULL. */
const char *conf_raw(const struct conf *c, const char *key);

/* The `modules:` list: names with, for each, the mapping of its own options. */
struct conf_module {
	const char	*name;		/* a name, or a path with a '/' */
	int		line;
};
/* -1 when there is no such list. */
int conf_modules(struct conf *c, const struct conf_module **ret, size_t *ret_n);

#define CONF_YAML	0u
#define CONF_JSON	1u
#define CONF_MARKDOWN	2u	/* reference table with descriptions */
#define CONF_RST	3u	/* for the manual page */
/* Writes the tables with their defaults. */
void conf_print(FILE *f, const struct rotor_option_table *const *tables, size_t n, uint32_t format);

/* "1h2m3.5s" -> milliseconds; a bare number is nanoseconds, as in Go.  0 or -1. */
int conf_parse_duration(const char *s, int64_t *ret_ms);

#endif
