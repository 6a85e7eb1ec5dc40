/* SPDX-License-Identifier: MIT */
/*
 * rotor/main.c - picks the subcommand.
 *
 * The executable's own are in the table; any other name is looked for among the
 * commands of the modules that the configuration loads (<rotor/command.h>).
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/abi.h>

#include "cmd.h"
#include "cmd_module.h"
#include "module/loader.h"

static const struct cmd cmds[] = {
	{ "serve", "[-c FILE] [--KEY VALUE]... [--module-dir DIR]",
	  "run the server (also without a subcommand)", cmd_serve },
	{ "checkconfig", "[-c FILE] [-s]", "check a configuration file", cmd_checkconfig },
	{ "genconfig", "[-c FILE]", "write a minimal configuration with fresh secrets", cmd_genconfig },
	{ "defaultconfig", "[-c FILE] [-d]", "write a configuration with all defaults", cmd_defaultconfig },
	{ "configdoc", "[-m|--format FORMAT]", "print the reference of all options", cmd_configdoc },
	{ "modules", "[-c FILE] [--module-dir DIR] [--json]", "list the installed modules", cmd_modules },
	{ "version", "", "print the version", cmd_version },
	{ "help", "", "print this help", cmd_help },
};

#define N_CMDS	(sizeof cmds / sizeof cmds[0])

static const struct cmd *
cmd_find(const char *name)
{
	for (size_t i = 0; i < N_CMDS; i++)
		if (strcmp(cmds[i].name, name) == 0)
			return &cmds[i];
	return NULL;
}

int
cmd_usage(const char *name, int to_stderr)
{
	const struct cmd *cmd = cmd_find(name);
	FILE *f = to_stderr ? stderr : stdout;

	fprintf(f, "usage: rotor %s %s\n", cmd->name, cmd->args);
	if (!to_stderr)
		fprintf(f, "\n%s\n", cmd->summary);
	return to_stderr ? 2 : 0;
}

int
cmd_version(int argc, char **argv)
{
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return cmd_usage(argv[0], 0);
	if (argc > 1)
		return cmd_usage(argv[0], 1);
	printf("Rotor v%s (ABI %u.%u)\n", rotor_version(), ROTOR_ABI_MAJOR, ROTOR_ABI_MINOR);
	return 0;
}

/* The commands that installed modules bring, by their `provides`. */
static void
print_module_commands(void *priv, const struct loader_entry *e)
{
	const char *p = e->mod != NULL ? e->mod->provides : NULL;

	(void)priv;
	while (p != NULL && (p = strstr(p, "command:")) != NULL) {
		int len = (int)strcspn(p += strlen("command:"), " ");

		printf("  %-14.*s (module %s)\n", len, p, e->mod->name);
	}
}

int
cmd_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("usage: rotor [COMMAND] [OPTIONS]\n\n"
	    "A real-time messaging server.  Commands:\n");
	for (size_t i = 0; i < N_CMDS; i++)
		printf("  %-14s %s\n", cmds[i].name, cmds[i].summary);
	loader_list(NULL, print_module_commands, NULL);
	printf("\nrotor COMMAND --help tells more.  Documentation: rotor(8).\n");
	return 0;
}

static int
is_help(const char *arg)
{
	return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
}

int
main(int argc, char **argv)
{
	static char serve[] = "serve";
	char *serve_argv[] = { serve, NULL };
	const struct cmd *cmd;

	if (argc > 1 && is_help(argv[1]))
		return cmd_help(argc, argv);
	if (argc > 1 && argv[1][0] != '-') {
		cmd = cmd_find(argv[1]);
		return cmd != NULL ? cmd->run(argc - 1, argv + 1) : cmd_module(argc - 1, argv + 1);
	}
	if (argc < 2)
		return cmd_serve(1, serve_argv);
	argv[0] = serve;
	return cmd_serve(argc, argv);
}
