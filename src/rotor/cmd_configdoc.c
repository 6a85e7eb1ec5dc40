/* SPDX-License-Identifier: MIT */
/* rotor/cmd_configdoc.c - the reference of all configuration keys. */
#include "config.h"

#include "cmd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "config_tool.h"
#include "module/flags.h"

#define LEVEL_MAX	5	/* Markdown has six levels of headings */

enum { MARKDOWN, FORMAT, SECTION, LEVEL, MODULE_DIR, N_FLAGS };

static const struct rotor_flag flags[N_FLAGS] = {
	[MARKDOWN] = { "markdown", NULL, "print Markdown, as without a format", 'm' },
	[FORMAT] = { "format", "FORMAT", "markdown, or rst for a manual page", 'f' },
	[SECTION] = { "section", "SECTION", "only a section (client.token) or a module (auth_jwt)", 's' },
	[LEVEL] = { "base-level", "N", "levels of headings that stand above, 0 to 5", 'l' },
	[MODULE_DIR] = FLAG_MODULE_DIR,
};

static const struct {
	const char	*name;
	uint32_t	format;
} formats[] = {
	{ "markdown", CONF_MARKDOWN },
	{ "rst", CONF_RST },
};

/* A NULL leaves *ret alone; -1 for a name that is none. */
static int
format_get(const char *name, uint32_t *ret)
{
	size_t i;

	for (i = 0; name != NULL && i < sizeof formats / sizeof formats[0]; i++)
		if (strcmp(name, formats[i].name) == 0) {
			*ret = formats[i].format;
			return (0);
		}
	return (name != NULL ? -1 : 0);
}

static int
level_get(const char *text, unsigned *ret)
{
	if (text == NULL)
		return (0);
	if (text[0] < '0' || text[0] > '0' + LEVEL_MAX || text[1] != '\0')
		return (-1);
	*ret = (unsigned)(text[0] - '0');
	return (0);
}

/* A module whose options stand in a section of another name is given by its own. */
static int
print_module(const struct config_tables *t, struct conf_print what)
{
	const char *module = what.section;
	int r = -ENOENT;
	size_t i;

	what.section = NULL;
	what.n = 1;
	for (i = 0; i < t->n; i++) {
		if (t->module[i] == NULL || strcmp(t->module[i], module) != 0)
			continue;
		what.tables = &t->v[i];
		r = conf_print(stdout, &what);
	}
	return (r);
}

static int
print(struct conf_print *what, const char *dir)
{
	struct config_tables t;
	int r;

	if (config_tables_init(&t, dir) != 0)
		return (1);
	what->tables = t.v;
	what->n = t.n;
	r = conf_print(stdout, what);
	if (r == -ENOENT)
		r = print_module(&t, *what);
	if (r == -ENOENT)
		printf("error: no section and no module is called %s\n", what->section);
	else if (r != 0)
		puts("error: out of memory");
	config_tables_fini(&t);
	return (r == 0 ? 0 : 1);
}

static int
run(void *ctx, int argc, char **argv)
{
	struct conf_print what = { .format = CONF_MARKDOWN };
	const char *v[N_FLAGS];

	(void)ctx;
	if (rotor_command_parse(&cmd_configdoc, argc, argv, v) < 0)
		return (2);
	if (format_get(v[FORMAT], &what.format) != 0)
		return (flag_wrong("configdoc", v[FORMAT], "no such format"));
	if (level_get(v[LEVEL], &what.level) != 0)
		return (flag_wrong("configdoc", v[LEVEL], "expected a number from 0 to 5"));
	what.section = v[SECTION] != NULL && v[SECTION][0] != '\0' ? v[SECTION] : NULL;
	return (print(&what, v[MODULE_DIR]));
}

const struct rotor_command cmd_configdoc = {
	.size = sizeof cmd_configdoc, .name = "configdoc", .args = "",
	.summary = "print the reference of all options", .run = run, CMD_FLAGS(flags),
};
