/* SPDX-License-Identifier: MIT */
/* commands.h - gentoken, gensubtoken, checktoken, checksubtoken. */
#ifndef AUTH_JWT_COMMANDS_H
#define AUTH_JWT_COMMANDS_H

#include <stdio.h>

#include <rotor/command.h>

struct auth_conf;

#define AUTH_N_COMMANDS	4u

/* Their ctx is the struct auth_conf. */
extern const struct rotor_command auth_commands[AUTH_N_COMMANDS];
/* The same, for struct rotor_module. */
extern const struct rotor_command *const auth_command_list[AUTH_N_COMMANDS + 1];

/* Runs the command argv[0] at `now` (Unix seconds) with its output on `out`.
 * Returns the exit status. */
int auth_command(const struct auth_conf *conf, double now, FILE *out, int argc, char **argv);

#endif
