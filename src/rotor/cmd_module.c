/* SPDX-License-Identifier: MIT */
/* rotor/cmd_module.c - see cmd_module.h. */
#include "config.h"

#include "cmd_module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "module/loader.h"
#include "node/server.h"

extern char **environ;

/* What every command of a module takes, removed from its arguments. */
struct common {
	const char	*file;
	const char	*module_dir;
};

/* 1 when `arg` is the option, whose value is then *ret_value (*ret_used words). */
static int
takes(char **argv, int i, int argc, const char *shortopt, const char *longopt,
    const char **ret_value, int *ret_used)
{
	size_t len = strlen(longopt);

	if (strncmp(argv[i], longopt, len) == 0 && argv[i][len] == '=') {
		*ret_value = argv[i] + len + 1;
		*ret_used = 1;
		return 1;
	}
	if (i + 1 < argc && (strcmp(argv[i], longopt) == 0 || (shortopt != NULL && strcmp(argv[i], shortopt) == 0))) {
		*ret_value = argv[i + 1];
		*ret_used = 2;
		return 1;
	}
	return 0;
}

static int
strip(int argc, char **argv, struct common *ret)
{
	int n = 0, used;

	for (int i = 0; i < argc;) {
		if (takes(argv, i, argc, "-c", "--config", &ret->file, &used) ||
		    takes(argv, i, argc, NULL, "--module-dir", &ret->module_dir, &used)) {
			i += used;
			continue;
		}
		argv[n++] = argv[i++];
	}
	argv[n] = NULL;
	return n;
}

int
cmd_module(int argc, char **argv)
{
	struct common common = { NULL, NULL };
	struct conf_source src = { .file_optional = 1, .env = environ };
	struct server_args args = { .quiet = 1 };
	const struct rotor_command *cmd;
	struct rotor_server *srv;
	void *ctx;
	int status = 1;

	argc = strip(argc, argv, &common);
	src.file = common.file != NULL ? common.file : conf_default_file();
	args.conf = conf_load(&src);
	args.module_dir = common.module_dir;
	srv = args.conf != NULL ? server_new(&args) : NULL;
	if (srv == NULL)
		return 1;
	if (server_load(srv) == 0) {
		cmd = loader_command(server_loader(srv), argv[0], &ctx);
		if (cmd != NULL) {
			status = cmd->run(ctx, argc, argv);
		} else {
			fprintf(stderr, "rotor: unknown command \"%s\"; see rotor --help\n", argv[0]);
			status = 2;
		}
	}
	server_free(&srv);
	return status;
}
