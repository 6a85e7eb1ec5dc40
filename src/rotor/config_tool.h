/* SPDX-License-Identifier: MIT */
/* rotor/config_tool.h - what the commands around configuration files share. */
#ifndef ROTOR_CONFIG_TOOL_H
#define ROTOR_CONFIG_TOOL_H

#include <stdint.h>
#include <stdio.h>

#include <rotor/option.h>

struct conf;
struct loader;

/* CONF_YAML or CONF_JSON by the extension of `file`, or -1 after having said why not
 * on standard output. */
int config_format(const char *file);
/* Creates `file`, readable by its owner only.  NULL after having said why not: it
 * exists, for one. */
FILE *config_create(const char *file);
/* Closes what config_create() made; removes it unless `status` is 0 and all could be
 * written.  0 or 1, the exit status. */
int config_close(FILE *f, const char *file, int status);

/* Applies all tables, so that one run finds all faults: look at conf_failed(). */
void config_apply(struct conf *c);
/* One line "PREFIX: PROBLEM" for each that is fatal, or for each that is not. */
void config_report(const struct conf *c, int fatal, FILE *f, const char *prefix);

/* The option tables of the core and of all modules installed in a directory. */
struct config_tables {
	struct loader				*loader;	/* owns the modules' tables */
	const struct rotor_option_table		**v;
	const char				**module;	/* beside v; NULL: the core */
	size_t					n;
	int					failed;		/* no memory */
};

/* Of the modules in `dir`, NULL: the usual one.  0, or -1 after having said that there is no
 * memory.  A missing directory is an empty one. */
int config_tables_init(struct config_tables *t, const char *dir);
void config_tables_fini(struct config_tables *t);

/* Writes every option in a format of conf.h, with its default or what the file `base`
 * (NULL: none) sets; with `set_only` just the latter.  0 or 1, the exit status, after
 * having said on standard output what is wrong. */
int config_write(FILE *f, uint32_t format, const char *base, int set_only);

#endif
