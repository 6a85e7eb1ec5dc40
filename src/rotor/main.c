/* SPDX-License-Identifier: MIT */
/*
 * rotor/main.c - picks the subcommand.
 *
 * The executable's own are in the table; any other name is looked for among the
 * commands of the modules that the configuration loads (<rotor/command.h>).
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include <rotor/str.h>


#include "cmd.h"
#include "cmd_module.h"
#include "help.h"
#include "module/flags.h"
#include "module/loader.h"
#include "node/process.h"

static int help_run(void *ctx, int argc, char **argv);
static int version_run(void *ctx, int argc, char **argv);

static const struct rotor_command cmd_help = {
	.size = sizeof cmd_help, .name = "help", .args = "[COMMAND]",
	.summary = "tell what the commands are, or how one is used", .run = help_run,
};

static const struct rotor_command cmd_version = {
	.size = sizeof cmd_version, .name = "version", .args = "",
	.summary = "print the version", .run = version_run,
};

static const struct rotor_command *const cmds[] = {
	&cmd_serve, &cmd_checkconfig, &cmd_genconfig, &cmd_defaultconfig, &cmd_defaultenv,
	&cmd_configdoc, &cmd_modules, &cmd_version, &cmd_help,
};

#define N_CMDS	(sizeof cmds / sizeof cmds[0])

static int
version_run(void *ctx, int argc, char **argv)
{
	(void)ctx;
	if (rotor_command_parse(&cmd_version, argc, argv, NULL) < 0)
		return 2;
	printf("Rotor v%s (ABI %u.%u)\n", rotor_version(), ROTOR_ABI_MAJOR, ROTOR_ABI_MINOR);
	return 0;
}

/* Runs the command argv[0], or tells how it is used. */
static int
dispatch(int argc, char **argv, int help)
{
	for (size_t i = 0; i < N_CMDS; i++)
		if (strcmp(cmds[i]->name, argv[0]) == 0)
			return help ? help_print(cmds[i], NULL, 0) : cmds[i]->run(NULL, argc, argv);
	return help ? cmd_module_help(argv[0]) : cmd_module(argc, argv);
}

/* What a module says of its command, in a few words, or NULL. */
static const char *
summary_of(const struct rotor_module *mod, struct rotor_str name)
{
	for (size_t i = 0; mod->commands != NULL && mod->commands[i] != NULL; i++)
		if (rotor_str_is(name, mod->commands[i]->name))
			return mod->commands[i]->summary;
	return NULL;
}

/* The commands that installed modules bring, by their `provides`. */
static void
print_module_commands(void *priv, const struct loader_entry *e)
{
	const char *p = e->mod != NULL ? e->mod->provides : NULL;

	(void)priv;
	while (p != NULL && (p = strstr(p, "command:")) != NULL) {
		int len = (int)strcspn(p += strlen("command:"), " ");
		const char *summary = summary_of(e->mod, (struct rotor_str){ p, (size_t)len });

		printf("  %-14.*s %s%s(module %s)\n", len, p, summary != NULL ? summary : "",
		    summary != NULL ? " " : "", e->mod->name);
	}
}

static int
help_run(void *ctx, int argc, char **argv)
{
	int n = rotor_command_parse(&cmd_help, argc, argv, NULL);

	(void)ctx;
	if (n < 0)
		return 2;
	if (n > 1)
		return flag_wrong("help", argv[2], "unexpected argument");
	if (n == 1)
		return dispatch(1, argv + 1, 1);
	printf("usage: rotor [COMMAND] [OPTIONS]\n\n"
	    "A real-time messaging server.  Commands:\n");
	for (size_t i = 0; i < N_CMDS; i++)
		printf("  %-14s %s\n", cmds[i]->name, cmds[i]->summary);
	loader_list(NULL, print_module_commands, NULL);
	printf("\nrotor COMMAND --help tells more.  Documentation: rotor(8).\n");
	return 0;
}

/* What the first word stands for when it is no command: the server, with options. */
static char *
command_for(const char *word)
{
	static char serve[] = "serve", help[] = "help", version[] = "version";

	if (word == NULL)
		return serve;
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		return help;
	if (strcmp(word, "--version") == 0)
		return version;
	return word[0] == '-' ? serve : NULL;
}

int
main(int argc, char **argv)
{
	char *name = command_for(argc > 0 ? argv[1] : NULL);
	char *alone[] = { name, NULL };

	if (process_guard_fds() != 0)
		return 1;
	if (name == NULL)
		return dispatch(argc - 1, argv + 1, help_wanted(argc - 1, argv + 1));
	if (argc < 2 || strcmp(name, "serve") != 0)
		return dispatch(1, alone, 0);
	argv[0] = name;
	return dispatch(argc, argv, help_wanted(argc, argv));
}
