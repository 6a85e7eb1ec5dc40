/* SPDX-License-Identifier: MIT */
/* rotor/cmd_defaultconfig.c - a configuration file with every key at its default. */
#include "config.h"

#include "cmd.h"

#include <getopt.h>
#include <stdio.h>

#include "conf/conf.h"
#include "config_tool.h"

static int
write_file(const struct config_tables *t, const char *file, int format)
{
	FILE *f = config_create(file);

	if (f == NULL)
		return (1);
	conf_print(f, t->v, t->n, (uint32_t)format);
	return (config_close(f, file));
}

static int
generate(const char *file, int dry_run)
{
	struct config_tables t;
	int r = 0, format;

	format = config_format(file);
	if (format < 0)
		return (1);
	if (config_tables_init(&t) != 0) {
		puts("error: out of memory");
		return (1);
	}
	if (dry_run)
		conf_print(stdout, t.v, t.n, (uint32_t)format);
	else
		r = write_file(&t, file, format);
	config_tables_fini(&t);
	return (r);
}

int
cmd_defaultconfig(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "dry-run", no_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *file = "rotor.yaml";
	int ch, dry_run = 0;

	optind = 0;
	while ((ch = getopt_long(argc, argv, "c:dh", longs, NULL)) != -1) {
		switch (ch) {
		case 'c':
			file = optarg;
			break;
		case 'd':
			dry_run = 1;
			break;
		default:
			return (cmd_usage("defaultconfig", ch != 'h'));
		}
	}
	return (optind == argc ? generate(file, dry_run) : cmd_usage("defaultconfig", 1));
}
