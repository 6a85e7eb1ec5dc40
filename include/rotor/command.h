/* SPDX-License-Identifier: MIT */
/*
 * rotor/command.h - a command-line subcommand that a module brings.
 *
 * `rotor NAME ...` reads the configuration (-c), loads the modules it names, and
 * runs the command; no worker runs and nothing listens.  A module that brings one
 * says "command:NAME" in `provides`.  `rotor NAME --help`, the manual and the
 * completion of the shell are made from the struct.
 */
#ifndef ROTOR_COMMAND_H
#define ROTOR_COMMAND_H

#include <rotor/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rotor_instance;

/* "-u, --user USER".  Of this size for good. */
struct rotor_flag {
	const char	*name;		/* "user" */
	const char	*arg;		/* "USER"; NULL: it takes no value */
	const char	*help;		/* a few words */
	uint32_t	letter;		/* 'u'; 0: none */
};

struct rotor_command {
	size_t		size;
	const char	*name;
	const char	*args;		/* what stands behind the flags: "TOKEN"; "": nothing may */
	const char	*summary;	/* "verify a token" */
	/* argv[0] is the command's name; the flags of every command (-c, --module-dir, -h)
	 * have been taken out.  Returns the exit status: 0 done, 1 failed, 2 wrong usage. */
	int		(*run)(void *ctx, int argc, char **argv);
	const struct rotor_flag	*flags;	/* but for those of every command */
	size_t		n_flags;
};

/* From load() only; the struct must outlive the instance.  ROTOR_OK, or -EEXIST. */
ROTOR_API int rotor_provide_command(struct rotor_instance *inst,
    const struct rotor_command *cmd, void *ctx);

/* Reads the flags of `cmd`, wherever they stand, up to a "--": ret_values[i], of
 * cmd->n_flags, becomes the value last given to flags[i], "" when it takes none, and
 * NULL when it is not given.  Values are borrowed from argv.  The rest is moved to
 * argv[1] and on, behind it a NULL.  Returns how many that are; -1, after a line on
 * standard error, when the usage is wrong. */
ROTOR_API int rotor_command_parse(const struct rotor_command *cmd, int argc, char **argv,
    const char **ret_values);

#ifdef __cplusplus
}
#endif

#endif
