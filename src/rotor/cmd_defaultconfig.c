/* SPDX-License-Identifier: MIT */
/* rotor/cmd_defaultconfig.c - a configuration file with every key. */
#include "config.h"

#include "cmd.h"

#include <stdio.h>

#include "config_tool.h"

enum { CONFIG, BASE, DRY_RUN, N_FLAGS };

static const struct rotor_flag flags[N_FLAGS] = {
	[CONFIG] = { "config", "FILE", "file to write, .yaml or .json (rotor.yaml)", 'c' },
	[BASE] = FLAG_BASE,
	[DRY_RUN] = { "dry-run", NULL, "print it instead", 'd' },
};

static int
write_file(const char *file, uint32_t format, const char *base)
{
	FILE *f = config_create(file);

	if (f == NULL)
		return (1);
	return (config_close(f, file, config_write(f, format, base, 0)));
}

static int
run(void *ctx, int argc, char **argv)
{
	const char *v[N_FLAGS], *file;
	int format;

	(void)ctx;
	if (rotor_command_parse(&cmd_defaultconfig, argc, argv, v) < 0)
		return (2);
	file = v[CONFIG] != NULL ? v[CONFIG] : "rotor.yaml";
	format = config_format(file);
	if (format < 0)
		return (1);
	if (v[DRY_RUN] != NULL)
		return (config_write(stdout, (uint32_t)format, v[BASE], 0));
	return (write_file(file, (uint32_t)format, v[BASE]));
}

const struct rotor_command cmd_defaultconfig = {
	.size = sizeof cmd_defaultconfig, .name = "defaultconfig", .args = "",
	.summary = "write a configuration with every key at its default", .run = run, CMD_FLAGS(flags),
};
