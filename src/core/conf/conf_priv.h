/* SPDX-License-Identifier: MIT */
/*
 * conf/conf_priv.h - what the conf_*.c files share.
 *
 * The tree: one struct conf_node a value of the file, kept with its line.  What
 * comes from the environment or the command line becomes a node too, so that all
 * values are parsed by the same code.
 */
#ifndef ROTOR_CONF_CONF_PRIV_H
#define ROTOR_CONF_CONF_PRIV_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "conf/conf.h"

/* Bounds on what a file or a variable may hold. */
#define CONF_MAX_FILE	(4u << 20)	/* bytes */
#define CONF_MAX_DEPTH	32u
#define CONF_MAX_NODES	200000u
#define CONF_MAX_KEYS	2048u		/* in one mapping */
#define CONF_MAX_TABLES	64u		/* of options; those beyond give no hints */
#define CONF_MAX_PATH	512u		/* a full key, or a variable's name */

enum conf_node_kind { NODE_NULL, NODE_SCALAR, NODE_LIST, NODE_MAP };

/* What the tables made of a node. */
enum conf_node_use {
	USE_NONE,	/* nobody knows it */
	USE_SECTION,	/* known; its children are judged one by one */
	USE_VALUE	/* a row's value: all below it is known */
};

struct conf_node {
	const char		*key;		/* as written; NULL in a list and at the top */
	const char		*text;		/* of a scalar; never holds NUL, so it is a C string */
	struct conf_node	*first, *last;	/* children */
	struct conf_node	*next;
	const char		*where;		/* the file, "environment", "command line" */
	const char		*var;		/* the variable it came from, or NULL */
	int			line;		/* 0: not known */
	enum conf_node_kind	kind;
	enum conf_node_use	use;
	int			refused;	/* has been complained about as a section */
	size_t			n;		/* children */
};

/* A ROTOR_* or CENTRIFUGO_* variable. */
struct conf_env {
	const char		*name;
	const char		*value;
	struct conf_node	*node;		/* once a row has asked for it */
	int			appended;	/* its names are in the list */
	int			link;		/* of Kubernetes: no option's value */
	int			used;
};

struct conf_flag {
	const char		*key;
	struct conf_node	*node;
	int			used;
};

struct conf {
	uint32_t		magic;
#define CONF_MAGIC		0x6d0c51e9u
	struct arena		arena;
	const char		*file;		/* as given, or NULL */
	int			missing;
	struct conf_node	*root;		/* a mapping; empty without a file */
	struct conf_env		*env;
	size_t			n_env;
	struct conf_flag	*flags;
	size_t			n_flags;
	int			has_wrong_flag;	/* one of them is no key */
	const struct rotor_option_table	*tables[CONF_MAX_TABLES];	/* that were applied, for hints */
	size_t			n_tables, n_hints;
	struct conf_problem	*problems;
	size_t			n_problems, cap_problems;
	size_t			n_fatal;
	int			no_memory;
};

/* conf_tree.c */
struct conf_node *conf_node_new(struct conf *c, enum conf_node_kind kind, const char *where, int line);
void conf_node_append(struct conf_node *parent, struct conf_node *child);
/* The child called `key` (len bytes, any case), or NULL. */
struct conf_node *conf_node_get(const struct conf_node *n, const char *key, size_t len);
/* The text of the scalar called `key`, or NULL. */
const char *conf_node_text(const struct conf_node *n, const char *key);
/* The whole file, NUL-terminated, up to `max` bytes; free() it.  NULL with errno set;
 * EFBIG: larger. */
char *conf_file_read(const char *path, size_t max, size_t *ret_len);

/* A mapping becomes a list of one, as in Centrifugo; anything else stays.  0, or -1: no
 * memory. */
int conf_node_make_list(struct conf *c, struct conf_node *n);
/* The readers of formats.  `var` as in struct conf_node.  NULL after having recorded why;
 * an empty text is a NODE_NULL node. */
struct conf_node *conf_yaml_parse(struct conf *c, const char *text, size_t len, const char *where,
    const char *var);
struct conf_node *conf_json_parse(struct conf *c, const char *text, size_t len, const char *where,
    const char *var);
struct conf_node *conf_toml_parse(struct conf *c, const char *text, size_t len, const char *where,
    const char *var);

/* conf_parse.c: whatever `text`, the contents of `file`, is in; and YAML or JSON. */
struct conf_node *conf_parse_file(struct conf *c, const char *file, const char *text, size_t len);
struct conf_node *conf_parse(struct conf *c, const char *text, size_t len, const char *where,
    const char *var);

/* conf_modules.c: moves the options inside the `modules:` list to the sections of
 * their modules, so that only names are left. */
void conf_modules_merge(struct conf *c);

/* conf_env.c */
int conf_env_init(struct conf *c, char **env);
/* Appends `path` ("history.size" or "en-v") to the name in buf[CONF_MAX_PATH]. */
void conf_env_name(char *buf, const char *path, size_t len);
/* The variable for a name without its prefix, or NULL; empty ones do not count. */
struct conf_env *conf_env_find(const struct conf *c, const char *name);
/* 1 when there is a non-empty variable whose name starts with `name` and '_'. */
int conf_env_has_below(const struct conf *c, const char *name);
/* The variable's value as a node for an option of `kind`; NULL: there is none, or
 * it was malformed, which has been recorded. */
struct conf_node *conf_env_node(struct conf *c, const char *name, uint32_t kind);
/* The same for a list of objects, whose names may be appended to the file's (NULL:
 * there is none), which then has all: NULL as well. */
struct conf_node *conf_env_objects(struct conf *c, const char *name, struct conf_node *file);
/* The value of a variable by its full name, or NULL. */
const char *conf_env_value(const struct conf *c, const char *name, size_t len);
/* Warns of variables that no row has asked for: they are unknown, or not for us. */
void conf_env_check_unknown(struct conf *c);

/* conf_problem.c */
void conf_problem_vat(struct conf *c, int fatal, const struct conf_node *n, const char *key,
    const char *fmt, va_list ap) __attribute__((format(printf, 5, 0)));
void conf_problem_at(struct conf *c, int fatal, const struct conf_node *n, const char *key,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* "expected WHAT, got ..."; the value is not shown when it is a secret. */
void conf_expected(struct conf *c, const struct conf_node *n, const char *key, int secret,
    const char *what, ...) __attribute__((format(printf, 5, 6)));
/* `hint` is added to the text, or is "". */
void conf_problem_unknown(struct conf *c, const char *where, int line, const char *key,
    const char *hint);
void conf_no_memory(struct conf *c);
/* Arena allocation that records its failure. */
void *conf_alloc(struct conf *c, size_t n, size_t size);
char *conf_strndup(struct conf *c, const char *s, size_t len);

/* conf_value.c */
union conf_value {
	int32_t			b;
	int64_t			i;
	const char		*s;
	struct rotor_strlist	list;
	struct rotor_pairs	pairs;
};

struct conf_kind {
	const char	*name;		/* for the reference */
	const char	*zero;		/* as it stands in a file */
	int		quoted;		/* its scalars are strings */
	size_t		size;
	/* 0, or -EINVAL after having recorded the problem. */
	int		(*parse)(struct conf *c, const struct rotor_option *row,
			    const struct conf_node *n, const char *key, union conf_value *ret);
	int		(*is_zero)(const union conf_value *v);
	int		(*equal)(const union conf_value *a, const union conf_value *b);
};

/* NULL for a kind that is not known.  ROTOR_OPT_OBJLIST has no functions. */
const struct conf_kind *conf_kind_get(uint32_t kind);

/* conf_hint.c.  A table whose keys may be meant; it must live as long as `c`. */
void conf_hint_table(struct conf *c, const struct rotor_option_table *table);
/* "; did you mean client.allowed_origins?", or "", as snprintf() does. */
int conf_hint(struct conf *c, const char *key, char *buf, size_t size);
/* The same for a variable, whose name is `prefix` and `name`. */
int conf_hint_variable(struct conf *c, const char *prefix, const char *name, char *buf, size_t size);

/* conf_int.c: a whole number in any notation.  0 or -1. */
int conf_parse_int(const char *s, int64_t *ret);

/* conf_pem.c: PEM text from text, its base64, or a file of it.  NULL: none of these. */
const char *conf_pem_load(struct conf *c, const char *s);

/* conf_apply.c: row `i` of a table, with what its writer did not know zeroed. */
void conf_row_get(const struct rotor_option_table *t, size_t i, struct rotor_option *ret);
/* What the file, a variable or a flag sets for a row; NULL when the default stands, is
 * equal to it, or the value is wrong, which has been recorded. */
const struct conf_node *conf_row_value(struct conf *c, const struct rotor_option_table *table,
    const struct rotor_option *row);
/* "root.path" into buf[CONF_MAX_PATH]. */
void conf_key_join(char *buf, const char *root, const char *path);

#endif
