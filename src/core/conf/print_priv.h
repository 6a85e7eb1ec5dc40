/* SPDX-License-Identifier: MIT */
/*
 * conf/print_priv.h - what the files that write option tables share.
 *
 * Rows of one section may stand in several tables (core, modules).  They are first
 * gathered into a tree of names, in order of appearance, which is then written.
 */
#ifndef ROTOR_CONF_PRINT_PRIV_H
#define ROTOR_CONF_PRINT_PRIV_H

#include "conf/conf_priv.h"

/* A section, or, with a row, an option. */
struct doc {
	const char		*name;		/* the last part of the key */
	size_t			len;
	char			*key;		/* in full */
	struct rotor_option	row;		/* path NULL: a section */
	const struct conf_node	*value;		/* NULL: the default */
	struct doc		*first, *last, *next;
};

struct printer {
	FILE			*f;
	const struct conf_print	*what;
	struct arena		arena;
	struct doc		top;
	size_t			n_rows;
	int			no_memory;
};

/* conf_print.c */
int conf_has_effect(const struct rotor_option *row);
/* The default as it would stand in a file, or "". */
const char *conf_default_text(const struct rotor_option *row);

/* print_file.c */
void print_yaml(FILE *f, const struct doc *section, int depth);
void print_json(FILE *f, const struct doc *section, int depth);
/* 0 or -ENOMEM. */
int print_env(struct printer *p);

/* print_reference.c: 0, or -ENOENT when there is no such section. */
int print_reference(const struct printer *p);

#endif
