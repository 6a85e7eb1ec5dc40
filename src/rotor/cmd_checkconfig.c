/* SPDX-License-Identifier: MIT */
/*
 * rotor/cmd_checkconfig.c - what is wrong with a configuration file.
 *
 * Silent when nothing is; otherwise one line a fault on standard output.  Warnings go
 * to standard error and do not count.
 */
#include "config.h"

#include "cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/core_conf.h"
#include "module/loader.h"

struct args {
	const char	*file;
	int		strict;
};

/* 1: go on; 0: help was asked for; -1: wrong usage. */
static int
parse_args(int argc, char **argv, struct args *ret)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "strict", no_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int ch;

	optind = 0;
	while ((ch = getopt_long(argc, argv, "c:sh", longs, NULL)) != -1) {
		switch (ch) {
		case 'c':
			ret->file = optarg;
			break;
		case 's':
			ret->strict = 1;
			break;
		case 'h':
			return (0);
		default:
			return (-1);
		}
	}
	return (optind == argc ? 1 : -1);
}

static void
report(const struct conf *c, int fatal, FILE *f, const char *prefix)
{
	const struct conf_problem *v;
	char text[1024];
	size_t i, n;

	n = conf_problems(c, &v);
	for (i = 0; i < n; i++) {
		if (v[i].fatal != fatal)
			continue;
		conf_problem_format(&v[i], text, sizeof text);
		fprintf(f, "%s: %s\n", prefix, text);
	}
}

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

/* All tables, so that one run shows all faults. */
static void
apply(struct conf *c)
{
	struct conf_core cc;
	struct loader *l;

	core_conf_apply(c, &cc);
	l = loader_new(loader_dir(NULL, cc.module_dir), NULL);
	if (l != NULL && loader_select(l, c) == 0 && loader_apply_options(l, c) == 0)
		conf_check_unknown(c);
	loader_free(&l);
	core_conf_fini(&cc);
}

static int
check(struct conf *c, int strict)
{
	if (conf_file_missing(c)) {
		puts("config file not found");
		return (1);
	}
	if (conf_failed(c)) {
		report(c, 1, stdout, "error getting config");
		return (1);
	}
	apply(c);
	report(c, 0, stderr, "warning");
	if (conf_failed(c)) {
		report(c, 1, stdout, "error validating config");
		return (1);
	}
	return (strict ? report_unknown(c) : 0);
}

int
cmd_checkconfig(int argc, char **argv)
{
	struct args args = { .file = conf_default_file() };
	struct conf_source src = { .env = environ };
	struct conf *c;
	int r;

	r = parse_args(argc, argv, &args);
	if (r <= 0)
		return (cmd_usage("checkconfig", r < 0));
	src.file = args.file;
	c = conf_load(&src);
	if (c == NULL) {
		puts("error getting config: out of memory");
		return (1);
	}
	r = check(c, args.strict);
	conf_free(&c);
	return (r);
}
