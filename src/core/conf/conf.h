/* SPDX-License-Identifier: MIT */
/*
 * conf/conf.h - the configuration: a file, the environment and flags, poured into
 * option tables.
 *
 * Order: defaults, file, environment, flags; later wins.  A file is YAML or JSON
 * (which is YAML).  Every message names file, line, key and what was expected.
 * A struct conf owns all strings its tables' structs point to; on reload a new
 * one is made and the old kept until nothing points into it.
 *
 * Keys are dotted paths, matched in any case; an element of a list is "[0]":
 * "channel.namespaces[0].history_size".
 */
#ifndef ROTOR_CONF_CONF_H
#define ROTOR_CONF_CONF_H

#include <stdio.h>

#include <rotor/option.h>

#include "base/inner.h"

struct conf;

/* What went wrong, in the order found. */
struct conf_problem {
	int		fatal;		/* 0: a warning */
	const char	*file;		/* "environment" or "command line" when not from the file */
	int		line;		/* 0: not known */
	const char	*key;		/* the variable's name when from the environment; may be NULL */
	const char	*text;		/* "expected a duration such as \"10s\", got \"ten\"" */
	int		unknown;	/* a key or variable that no table knows */
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
ROTOR_INNER struct conf *conf_load(const struct conf_source *src);
ROTOR_INNER void conf_free(struct conf **cp);
/* The file to read when none is named: rotor.yaml in the current directory or,
 * failing that, in the system's configuration directory.  Static storage. */
ROTOR_INNER const char *conf_default_file(void);
/* The file that was read, as it was named; NULL: none. */
ROTOR_INNER const char *conf_file(const struct conf *c);
/* 1 when the file that was to be read does not exist. */
ROTOR_INNER int conf_file_missing(const struct conf *c);

/* Fills `base` (table->struct_size bytes) from the tree.  May be called for any
 * number of tables with distinct rows; what no row covers is left as it is.  0, or
 * -EINVAL when a value was wrong. */
ROTOR_INNER int conf_apply(struct conf *c, const struct rotor_option_table *table, void *base);
/* After all tables: keys and variables that no table knew become warnings. */
ROTOR_INNER void conf_check_unknown(struct conf *c);
/* Adds a problem found by validation; `key` is looked up for its line. */
ROTOR_INNER void conf_problem_add(struct conf *c, int fatal, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Where the value of `key` comes from ("rotor.yaml:3", "environment: NAME"), as
 * snprintf() does; when it is a default, where its section is. */
ROTOR_INNER int conf_where(const struct conf *c, const char *key, char *buf, size_t size);
/* 1 when any fatal problem has been recorded. */
ROTOR_INNER int conf_failed(const struct conf *c);
/* 1 when one of them is a flag that is no key: wrong usage of the command. */
ROTOR_INNER int conf_wrong_flag(const struct conf *c);
/* Those of the file first, in the order of its lines; otherwise as they were found. */
ROTOR_INNER void conf_sort_problems(struct conf *c);
/* The problems so far; valid until the next call that may add one. */
ROTOR_INNER size_t conf_problems(const struct conf *c, const struct conf_problem **ret);
/* "rotor.yaml:3: client.ping_interval: expected ..." as snprintf() does. */
ROTOR_INNER int conf_problem_format(const struct conf_problem *p, char *buf, size_t size);
/* 1 when the file (or env, flags) sets this key or, for a section, anything in it.
 * A variable belongs to every section its name may belong to: CENTRIFUGO_HTTP_API_KEY
 * to "http_api", but also to "http". */
ROTOR_INNER int conf_is_set(const struct conf *c, const char *key);
/* The scalar set at `key`, or NULL. */
ROTOR_INNER const char *conf_raw(const struct conf *c, const char *key);

/* An item of the `modules:` list.  Options given there have become the section of the
 * module's name. */
struct conf_module {
	const char	*name;		/* a name, or a path with a '/' */
	int		line;
};
/* -1 when there is no such list, or an empty one. */
ROTOR_INNER int conf_modules(struct conf *c, const struct conf_module **ret, size_t *ret_n);

#define CONF_YAML	0u
#define CONF_JSON	1u
#define CONF_MARKDOWN	2u	/* reference tables with descriptions */
#define CONF_RST	3u	/* the same, for the manual page */
#define CONF_ENV	4u	/* NAME=value lines for a shell, sorted */

/* What to write of option tables: their defaults, or a reference. */
struct conf_print {
	const struct rotor_option_table	*const *tables;
	size_t		n;
	uint32_t	format;
	struct conf	*base;		/* its values in place of the defaults; NULL: none */
	int		set_only;	/* only what `base` sets to other than zero */
	const char	*section;	/* of a reference: this key and all below it; NULL: all */
	unsigned	level;		/* of a reference: added to that of headings, 1 */
};

/* Keys without effect are left out of files unless `base` sets them; in a reference
 * they stand together at the end.  0; -ENOMEM, perhaps with a part written; -ENOENT:
 * there is no such section; -EINVAL: a value of `base` is wrong (problems in it).  The
 * latter two have written nothing. */
ROTOR_INNER int conf_print(FILE *f, const struct conf_print *what);

/* "1h2m3.5s" -> milliseconds; a bare number is nanoseconds, as in Go.  0 or -1. */
ROTOR_INNER int conf_parse_duration(const char *s, int64_t *ret_ms);

#endif
