/* SPDX-License-Identifier: MIT */
/* rotor/help.c - the text of --help, from the struct of a command. */
#include "config.h"

#include "help.h"

#include <stdio.h>
#include <string.h>

int
help_wanted(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return 1;
	return 0;
}

static void
print_usage(const struct rotor_flag *flags, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (flags[i].letter != 0)
			printf(" [-%c", (char)flags[i].letter);
		else
			printf(" [--%s", flags[i].name);
		printf("%s%s]", flags[i].arg != NULL ? " " : "", flags[i].arg != NULL ? flags[i].arg : "");
	}
}

/* "--user USER" into buf; its length, whole even when it was cut. */
static int
flag_text(const struct rotor_flag *f, char *buf, size_t size)
{
	return snprintf(buf, size, "--%s%s%s", f->name, f->arg != NULL ? " " : "",
	    f->arg != NULL ? f->arg : "");
}

static int
width_of(const struct rotor_flag *flags, size_t n, int least)
{
	size_t i;
	int len;

	for (i = 0; i < n; i++)
		if ((len = flag_text(&flags[i], NULL, 0)) > least)
			least = len;
	return least;
}

static void
print_flags(const struct rotor_flag *flags, size_t n, int width)
{
	char text[256];
	size_t i;

	for (i = 0; i < n; i++) {
		flag_text(&flags[i], text, sizeof text);
		if (flags[i].letter != 0)
			printf("  -%c, %-*s  %s\n", (char)flags[i].letter, width, text, flags[i].help);
		else
			printf("      %-*s  %s\n", width, text, flags[i].help);
	}
}

int
help_print(const struct rotor_command *cmd, const struct rotor_flag *more, size_t n_more)
{
	static const struct rotor_flag help = { "help", NULL, "this text", 'h' };
	const char *args = cmd->args != NULL ? cmd->args : "";
	int width;

	printf("usage: rotor %s", cmd->name);
	print_usage(cmd->flags, cmd->n_flags);
	print_usage(more, n_more);
	printf("%s%s\n\n%s\n\n", args[0] != '\0' ? " " : "", args,
	    cmd->summary != NULL ? cmd->summary : "");
	width = width_of(more, n_more, width_of(cmd->flags, cmd->n_flags, 0));
	print_flags(cmd->flags, cmd->n_flags, width);
	print_flags(more, n_more, width);
	print_flags(&help, 1, width);
	return 0;
}
