/* SPDX-License-Identifier: MIT */
/* rotor/config_tool.h - what the commands around configuration files share. */
#ifndef ROTOR_CONFIG_TOOL_H
#define ROTOR_CONFIG_TOOL_H

#include <stdint.h>
#include <stdio.h>

#include <rotor/option.h>

struct loader;

/* CONF_YAML or CONF_JSON by the extension of `file`, or -1 after having said why not
 * on standard output. */
int config_format(const char *file);
/* Creates `file`, readable by its owner only.  NULL after having said why not: it
 * exists, for one. */
FILE *config_create(const char *file);
/* Closes what config_create() made; removes it when not all could be written.  0 or 1,
 * the exit status. */
int config_close(FILE *f, const char *file);

/* The option tables of the core and of all modules installed in the default
 * directory. */
struct config_tables {
	struct loader				*loader;	/* owns the modules' tables */
	const struct rotor_option_table		**v;
	size_t					n;
};

/* 0, or -1 when there is no memory.  A missing module directory is an empty one. */
int config_tables_init(struct config_tables *t);
void config_tables_fini(struct config_tables *t);

#endif
