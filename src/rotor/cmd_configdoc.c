/* SPDX-License-Identifier: MIT */
/* rotor/cmd_configdoc.c - the reference of all configuration keys. */
#include "config.h"

#include "cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"
#include "config_tool.h"

static int
print(uint32_t format)
{
	struct config_tables t;

	if (config_tables_init(&t) != 0) {
		puts("error: out of memory");
		return (1);
	}
	conf_print(stdout, t.v, t.n, format);
	config_tables_fini(&t);
	return (0);
}

static int
format_get(const char *name, uint32_t *ret)
{
	if (strcmp(name, "markdown") == 0)
		*ret = CONF_MARKDOWN;
	else if (strcmp(name, "rst") == 0)
		*ret = CONF_RST;
	else
		return (-1);
	return (0);
}

int
cmd_configdoc(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "markdown", no_argument, NULL, 'm' },
		{ "format", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	uint32_t format = CONF_MARKDOWN;
	int ch;

	optind = 0;
	while ((ch = getopt_long(argc, argv, "mf:h", longs, NULL)) != -1) {
		if (ch == 'm')
			format = CONF_MARKDOWN;
		else if (ch != 'f')
			return (cmd_usage("configdoc", ch != 'h'));
		else if (format_get(optarg, &format) != 0)
			return (cmd_usage("configdoc", 1));
	}
	return (optind == argc ? print(format) : cmd_usage("configdoc", 1));
}
