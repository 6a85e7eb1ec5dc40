/* SPDX-License-Identifier: MIT */
/* rotor/cmd_serve.c - runs the server. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "conf/conf.h"
#include "node/server.h"

extern char **environ;

#define FLAGS_MAX	64

struct serve_args {
	const char		*file;
	const char		*module_dir;
	struct rotor_pair	flags[FLAGS_MAX];	/* configuration keys given as flags */
	size_t			n_flags;
};

/* Short forms of keys. */
static const struct {
	const char	*opt, *key;
} shorts[] = {
	{ "-a", "http_server.address" },
	{ "-p", "http_server.port" },
};

/* Keys that may stand without a value, meaning true. */
static int
is_switch(const char *key)
{
	static const char *const tails[] = { ".enabled", ".insecure", ".external", ".disabled" };
	size_t len = strlen(key);

	for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
		size_t n = strlen(tails[i]);

		if (len > n && strcmp(key + len - n, tails[i]) == 0)
			return 1;
	}
	return 0;
}

static int
flag_add(struct serve_args *sa, const char *key, const char *value)
{
	if (sa->n_flags == FLAGS_MAX) {
		fprintf(stderr, "rotor: too many flags\n");
		return -1;
	}
	sa->flags[sa->n_flags++] = (struct rotor_pair){ key, value };
	return 0;
}

/* The value of argv[*i]: behind its '=', or the next word.  NULL: there is none. */
static const char *
value_of(int argc, char **argv, int *i, char *eq)
{
	if (eq != NULL)
		return eq + 1;
	return *i + 1 < argc ? argv[++*i] : NULL;
}

static int
flag_parse(struct serve_args *sa, int argc, char **argv, int *i)
{
	char *arg = argv[*i], *eq = arg[1] == '-' ? strchr(arg, '=') : NULL;
	const char *key = arg + 2, *value;

	if (eq != NULL)
		*eq = '\0';
	for (size_t k = 0; k < sizeof shorts / sizeof shorts[0]; k++)
		if (strcmp(arg, shorts[k].opt) == 0)
			key = shorts[k].key;
	if (key == arg + 2 && arg[1] != '-' && strcmp(arg, "-c") != 0) {
		fprintf(stderr, "rotor: unknown option %s\n", arg);
		return -1;
	}
	if (eq == NULL && is_switch(key))
		return flag_add(sa, key, "true");
	value = value_of(argc, argv, i, eq);
	if (value == NULL) {
		fprintf(stderr, "rotor: %s needs a value\n", arg);
		return -1;
	}
	if (strcmp(arg, "-c") == 0 || strcmp(key, "config") == 0)
		sa->file = value;
	else if (strcmp(key, "module-dir") == 0)
		sa->module_dir = value;
	else
		return flag_add(sa, key, value);
	return 0;
}

int
cmd_serve(int argc, char **argv)
{
	struct serve_args sa = { NULL, NULL, { { NULL, NULL } }, 0 };
	struct conf_source src = { .env = environ };
	struct server_args args = { NULL, NULL, 0 };
	struct rotor_server *srv;
	int status = 1;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return cmd_usage("serve", 0);
		if (argv[i][0] != '-' || argv[i][1] == '\0') {
			fprintf(stderr, "rotor: unexpected argument %s\n", argv[i]);
			return cmd_usage("serve", 1);
		}
		if (flag_parse(&sa, argc, argv, &i) != 0)
			return cmd_usage("serve", 1);
	}
	src.file = sa.file != NULL ? sa.file : conf_default_file();
	src.file_optional = 1;		/* the environment may say all */
	src.flags = sa.flags;
	src.n_flags = sa.n_flags;
	args.conf = conf_load(&src);
	args.module_dir = sa.module_dir;
	srv = args.conf != NULL ? server_new(&args) : NULL;
	if (srv != NULL && server_load(srv) == 0)
		status = server_run(srv);
	server_free(&srv);
	return status;
}
