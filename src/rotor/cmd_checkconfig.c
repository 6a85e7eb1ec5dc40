/* SPDX-License-Identifier: MIT */
/*
 * rotor/cmd_checkconfig.c - what is wrong with a configuration file.
 *
 * Silent when nothing is; otherwise one line a fault on standard output.  Warnings go
 * to standard error and do not count.
 */
#include "config.h"

#include "cmd.h"

#include <stdio.h>
#include <unistd.h>

#include "conf/conf.h"
#include "config_tool.h"
#include "node/server.h"

enum { CONFIG, STRICT, N_FLAGS };

static const struct rotor_flag flags[N_FLAGS] = {
	[CONFIG] = FLAG_CONFIG,
	[STRICT] = { "strict", NULL, "keys that nothing knows are faults as well", 's' },
};

/* 1 when there are keys in the file that nothing knows; they are named. */
static int
report_unknown(const struct conf *c)
{
	const struct conf_problem *v;
	size_t i, n;
	int found = 0;

	n = conf_problems(c, &v);
	for (i = 0; i < n; i++)
		if (v[i].unknown && v[i].line > 0)
			printf("%s%s", found++ ? ", " : "unknown keys in config: ", v[i].key);
	if (found)
		putchar('\n');
	return (found > 0);
}

static int
check(struct conf *c, int strict)
{
	int failed;

	if (conf_file_missing(c)) {
		puts("config file not found");
		return (1);
	}
	if (conf_failed(c)) {
		config_report(c, 1, stdout, "error getting config");
		return (1);
	}
	failed = server_check(c) != 0;
	config_report(c, 0, stderr, "warning");
	if (failed) {
		config_report(c, 1, stdout, "error validating config");
		return (1);
	}
	return (strict ? report_unknown(c) : 0);
}

static int
run(void *ctx, int argc, char **argv)
{
	struct conf_source src = { .env = environ };
	const char *v[N_FLAGS];
	struct conf *c;
	int status;

	(void)ctx;
	if (rotor_command_parse(&cmd_checkconfig, argc, argv, v) < 0)
		return (2);
	src.file = v[CONFIG] != NULL ? v[CONFIG] : conf_default_file();
	c = conf_load(&src);
	if (c == NULL) {
		puts("error getting config: out of memory");
		return (1);
	}
	status = check(c, v[STRICT] != NULL);
	conf_free(&c);
	return (status);
}

const struct rotor_command cmd_checkconfig = {
	.size = sizeof cmd_checkconfig, .name = "checkconfig", .args = "",
	.summary = "check a configuration file", .run = run, CMD_FLAGS(flags),
};
