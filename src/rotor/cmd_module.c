/* SPDX-License-Identifier: MIT */
/* rotor/cmd_module.c - see cmd_module.h. */
#include "config.h"

#include "cmd_module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rotor/str.h>

#include "cmd.h"
#include "conf/conf.h"
#include "help.h"
#include "module/flags.h"
#include "module/loader.h"
#include "node/server.h"

/* What every command of a module takes, removed from its arguments. */
enum { CONFIG, MODULE_DIR, N_COMMON };

static const struct rotor_flag common[N_COMMON] = {
	[CONFIG] = FLAG_CONFIG,
	[MODULE_DIR] = FLAG_MODULE_DIR,
};

/* The new argc, or -1 after having said what is wrong. */
static int
strip(int argc, char **argv, const char **ret_values)
{
	int i = 1, n = 1, k = -1, only_args = 0;
	const char *value = NULL;

	while (i < argc) {
		const char *arg = argv[i];

		only_args = only_args || strcmp(arg, "--") == 0;
		if (!only_args)
			k = flag_take(common, N_COMMON, argc, argv, &i, &value);
		if (only_args || k < 0) {
			argv[n++] = argv[i++];
		} else if (value == NULL) {
			flag_wrong(argv[0], arg, "needs a value");
			return -1;
		} else {
			ret_values[k] = value;
		}
	}
	argv[n] = NULL;
	return n;
}

/* The installed module that says it brings the command. */
struct provider {
	const char	*command;
	char		module[64];	/* "" when there is none */
};

static void
look(void *priv, const struct loader_entry *e)
{
	const char *p = e->mod != NULL ? e->mod->provides : NULL;
	struct provider *pr = priv;

	while (p != NULL && (p = strstr(p, "command:")) != NULL) {
		p += strlen("command:");
		if (rotor_str_is((struct rotor_str){ p, strcspn(p, " ") }, pr->command))
			snprintf(pr->module, sizeof pr->module, "%s", e->mod->name);
	}
}

static struct provider
provider_of(const char *command, const char *module_dir)
{
	struct provider pr = { .command = command };

	loader_list(module_dir, look, &pr);
	return pr;
}

/* No module that is loaded brings it. */
static int
unknown(const char *name, const char *module_dir)
{
	struct provider pr = provider_of(name, module_dir);

	if (pr.module[0] != '\0')
		fprintf(stderr, "rotor: the command \"%s\" is of the module %s, which this configuration "
		    "does not load\n", name, pr.module);
	else
		fprintf(stderr, "rotor: unknown command \"%s\"; see rotor --help\n", name);
	return 2;
}

/* A server that has loaded its modules, or NULL after its problems were reported. */
static struct rotor_server *
load(const struct conf_source *src, const char *module_dir)
{
	struct server_args args = { .conf = conf_load(src), .module_dir = module_dir, .quiet = 1 };
	struct rotor_server *srv;

	if (args.conf == NULL) {
		fprintf(stderr, "rotor: out of memory\n");
		return NULL;
	}
	srv = server_new(&args);
	if (srv != NULL && server_load_modules(srv) != 0)
		server_free(&srv);
	return srv;
}

int
cmd_module(int argc, char **argv)
{
	struct conf_source src = { .file_optional = 1, .env = environ };
	const char *values[N_COMMON] = { NULL };
	const struct rotor_command *cmd;
	struct rotor_server *srv;
	void *ctx;
	int status;

	argc = strip(argc, argv, values);
	if (argc < 0)
		return 2;
	src.file = values[CONFIG] != NULL ? values[CONFIG] : conf_default_file();
	if (values[CONFIG] != NULL && access(src.file, F_OK) != 0)
		fprintf(stderr, "rotor: %s: file not found; going on with the environment\n", src.file);
	srv = load(&src, values[MODULE_DIR]);
	if (srv == NULL)
		return 1;
	cmd = loader_command(server_loader(srv), argv[0], &ctx);
	status = cmd != NULL ? cmd->run(ctx, argc, argv) : unknown(argv[0], values[MODULE_DIR]);
	server_free(&srv);
	return status;
}

/* Without the user's configuration, which need not be right for this; but it may be
 * what names the module. */
int
cmd_module_help(const char *name)
{
	struct provider pr = provider_of(name, NULL);
	char modules[sizeof pr.module + 32], *env[] = { modules, NULL };
	struct conf_source src = { .env = env };
	const struct rotor_command *cmd;
	struct rotor_server *srv;
	int status = 2;
	void *ctx;

	snprintf(modules, sizeof modules, "ROTOR_MODULES=%s", pr.module);
	if (pr.module[0] == '\0')
		src = (struct conf_source){ .file = conf_default_file(), .file_optional = 1, .env = environ };
	srv = load(&src, NULL);
	if (srv == NULL)
		return 1;
	cmd = loader_command(server_loader(srv), name, &ctx);
	status = cmd != NULL ? help_print(cmd, common, N_COMMON) : unknown(name, NULL);
	server_free(&srv);
	return status;
}
