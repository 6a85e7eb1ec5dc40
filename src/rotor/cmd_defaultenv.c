/* SPDX-License-Identifier: MIT */
/* rotor/cmd_defaultenv.c - a configuration with every key, as environment variables. */
#include "config.h"

#include "cmd.h"

#include <stdio.h>

#include "conf/conf.h"
#include "config_tool.h"

enum { BASE, SET_ONLY, N_FLAGS };

static const struct rotor_flag flags[N_FLAGS] = {
	[BASE] = FLAG_BASE,
	[SET_ONLY] = { "base-non-zero-only", NULL, "only what that file sets to other than zero", 0 },
};

static int
run(void *ctx, int argc, char **argv)
{
	const char *v[N_FLAGS];

	(void)ctx;
	if (rotor_command_parse(&cmd_defaultenv, argc, argv, v) < 0)
		return (2);
	return (config_write(stdout, CONF_ENV, v[BASE], v[SET_ONLY] != NULL));
}

const struct rotor_command cmd_defaultenv = {
	.size = sizeof cmd_defaultenv, .name = "defaultenv", .args = "",
	.summary = "print every key at its default as an environment variable", .run = run,
	CMD_FLAGS(flags),
};
