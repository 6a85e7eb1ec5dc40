/* SPDX-License-Identifier: MIT */
/*
 * rotor/option.h - a module's configuration as a table.
 *
 * One row a key: the table drives parsing, defaults, environment overrides, the
 * `defaultconfig` and `configdoc` commands and the manual.  Values land in a
 * struct of the module's own, at the row's offset, in the C type of the row's
 * kind; strings and lists belong to the configuration and live as long as it.
 */
#ifndef ROTOR_OPTION_H
#define ROTOR_OPTION_H

#include <rotor/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rotor_strlist {
	const char *const	*v;
	size_t			n;
};

struct rotor_pair {
	const char	*key;
	const char	*value;
};

struct rotor_pairs {
	const struct rotor_pair	*v;
	size_t			n;
};

/* A list of structs, each filled by the row's `sub` table. */
struct rotor_objlist {
	void		*v;
	size_t		n;
};

/* Kinds, and the C type each is stored in. */
#define ROTOR_OPT_BOOL		1u	/* int32_t, 0 or 1 */
#define ROTOR_OPT_INT		2u	/* int64_t, within min..max */
#define ROTOR_OPT_DURATION	3u	/* int64_t milliseconds; "1h2m", "300ms" */
#define ROTOR_OPT_STR		4u	/* const char *, never NULL */
#define ROTOR_OPT_SECRET	5u	/* as STR; masked wherever it is shown */
#define ROTOR_OPT_PEM		6u	/* as STR: PEM text, however it was given; "" in
				 * a section whose key "enabled" is off */
#define ROTOR_OPT_STRLIST	7u	/* struct rotor_strlist */
#define ROTOR_OPT_PAIRS		8u	/* struct rotor_pairs */
#define ROTOR_OPT_OBJLIST	9u	/* struct rotor_objlist of `sub` */
#define ROTOR_OPT_CHOICE	10u	/* as STR, one of `choices` (space-separated; "" by def) */

#define ROTOR_OPT_F_NOEFFECT	1u	/* known, accepted, warned about when set */
#define ROTOR_OPT_F_SECONDS	2u	/* a duration of whole seconds */
#define ROTOR_OPT_F_ZERO_OK	4u	/* an explicit 0/""/false in a file overrides the default */

struct rotor_option {
	const char		*path;		/* relative to the table's root: "message_size_limit", "tls.enabled" */
	uint32_t		kind;
	uint32_t		flags;
	size_t			offset;		/* in the struct the table fills */
	const char		*def;		/* as it would stand in a file; NULL: zero, "" or empty */
	const char		*doc;		/* one sentence */
	int64_t			min, max;	/* ROTOR_OPT_INT; both 0: any */
	const char		*choices;	/* ROTOR_OPT_CHOICE */
	const struct rotor_option_table	*sub;	/* ROTOR_OPT_OBJLIST */
};

/* A table of rows under one root ("" for the top level, "websocket", ...). */
struct rotor_option_table {
	size_t			size;		/* of this struct */
	size_t			row_size;	/* sizeof(struct rotor_option) as its writer saw it */
	const char		*root;
	const struct rotor_option	*rows;
	size_t			n_rows;
	size_t			struct_size;	/* of the struct the rows fill */
};

#define ROTOR_OPTION_TABLE(rt, rw, st)					\
	{ sizeof(struct rotor_option_table), sizeof(struct rotor_option), \
	  (rt), (rw), sizeof(rw) / sizeof((rw)[0]), sizeof(st) }

#ifdef __cplusplus
}
#endif

#endif
