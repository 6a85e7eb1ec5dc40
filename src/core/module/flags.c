/* SPDX-License-Identifier: MIT */
/*
 * module/flags.c - flags of commands, by their tables.
 *
 * Not getopt_long(): the executable takes the flags that every command has out of a
 * line whose other flags it does not know yet, and `serve` has a flag for every key of
 * the configuration.
 */
#include "config.h"

#include "module/flags.h"

#include <stdio.h>
#include <string.h>

#include <rotor/str.h>

/* 1 when the word `arg` begins with this flag; *ret_value is a value that is joined to
 * it, or NULL. */
static int
is_flag(const struct rotor_flag *f, char *arg, char **ret_value)
{
	size_t len;

	*ret_value = NULL;
	if (arg[0] != '-' || arg[1] == '\0')
		return 0;
	if (arg[1] != '-') {
		if (f->letter != (uint32_t)(unsigned char)arg[1])
			return 0;
		*ret_value = arg[2] != '\0' ? arg + 2 : NULL;
		return 1;
	}
	arg += 2;
	len = strcspn(arg, "=");
	*ret_value = arg[len] == '=' ? arg + len + 1 : NULL;
	return rotor_str_is((struct rotor_str){ arg, len }, f->name);
}

/* A flag without a value, at argv[*i]. */
static const char *
take_switch(char **argv, int *i, const char *joined)
{
	char *arg = argv[*i];

	if (joined == NULL) {
		(*i)++;
		return "";
	}
	if (arg[1] == '-')
		return NULL;
	arg[1] = '-';		/* "-qu" becomes "-u" */
	argv[*i] = arg + 1;
	return "";
}

int
flag_take(const struct rotor_flag *flags, size_t n, int argc, char **argv, int *i,
    const char **ret_value)
{
	char *joined;
	size_t k;

	for (k = 0; k < n && !is_flag(&flags[k], argv[*i], &joined); k++)
		;
	if (k == n)
		return -1;
	if (flags[k].arg == NULL) {
		*ret_value = take_switch(argv, i, joined);
		return (int)k;
	}
	(*i)++;
	*ret_value = joined != NULL ? joined : *i < argc ? argv[(*i)++] : NULL;
	return (int)k;
}

int
flag_wrong(const char *command, const char *arg, const char *what)
{
	fprintf(stderr, "rotor %s: %s: %s; see rotor %s --help\n", command, arg, what, command);
	return 2;
}

/* Moves what is no flag to the front.  How many words that leaves, or -1. */
static int
parse(const struct rotor_command *cmd, int argc, char **argv, const char **ret_values)
{
	int i = 1, n = 1, k, only_args = 0;
	const char *value;
	char *arg;

	while (i < argc) {
		arg = argv[i];
		if (only_args || arg[0] != '-' || arg[1] == '\0') {
			argv[n++] = argv[i++];
			continue;
		}
		if (strcmp(arg, "--") == 0) {
			only_args = 1;
			i++;
			continue;
		}
		k = flag_take(cmd->flags, cmd->n_flags, argc, argv, &i, &value);
		if (k < 0 || value == NULL) {
			flag_wrong(cmd->name, arg, k < 0 ? "unknown option" :
			    cmd->flags[k].arg != NULL ? "needs a value" : "takes no value");
			return -1;
		}
		ret_values[k] = value;
	}
	return n;
}

int
rotor_command_parse(const struct rotor_command *cmd, int argc, char **argv, const char **ret_values)
{
	size_t f;
	int n;

	for (f = 0; f < cmd->n_flags; f++)
		ret_values[f] = NULL;
	n = parse(cmd, argc, argv, ret_values);
	if (n < 0)
		return -1;
	argv[n] = NULL;
	if (n > 1 && (cmd->args == NULL || cmd->args[0] == '\0')) {
		flag_wrong(cmd->name, argv[1], "unexpected argument");
		return -1;
	}
	return n - 1;
}
