/* SPDX-License-Identifier: MIT */
/* rotor/cmd.h - the subcommands of the executable, one file each. */
#ifndef ROTOR_CMD_H
#define ROTOR_CMD_H

/* argv[0] is the subcommand's name; each answers --help itself.  Returns the exit
 * status: 0 done, 1 failed, 2 wrong usage. */
typedef int cmd_run_f(int argc, char **argv);

struct cmd {
	const char	*name;
	const char	*args;		/* for the usage line */
	const char	*summary;
	cmd_run_f	*run;
};

cmd_run_f cmd_serve, cmd_checkconfig, cmd_genconfig, cmd_defaultconfig, cmd_configdoc, cmd_modules,
    cmd_version, cmd_help;

/* Prints "usage: rotor NAME ARGS" and the summary on stdout (or stderr: status 2). */
int cmd_usage(const char *name, int to_stderr);

#endif
