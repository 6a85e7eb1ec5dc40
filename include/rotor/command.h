/* SPDX-License-Identifier: MIT */
/*
 * rotor/command.h - a command-line subcommand that a module brings.
 *
 * `rotor NAME ...` reads the configuration (-c), loads the modules it names, and
 * runs the command; no worker runs and nothing listens.  A module that brings one
 * says "command:NAME" in `provides`.
 */
#ifndef ROTOR_COMMAND_H
#define ROTOR_COMMAND_H

#include <rotor/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rotor_instance;

struct rotor_command {
	size_t		size;
	const char	*name;
	const char	*args;		/* for the usage line: "[-u USER] [-t SECONDS]" */
	const char	*summary;	/* one line */
	/* argv[0] is the command's name; -c/--config and its value have been taken
	 * out.  Returns the exit status. */
	int		(*run)(void *ctx, int argc, char **argv);
};

/* From load() only; the struct must outlive the instance.  ROTOR_OK, or -EEXIST. */
ROTOR_API int rotor_provide_command(struct rotor_instance *inst,
    const struct rotor_command *cmd, void *ctx);

#ifdef __cplusplus
}
#endif

#endif
