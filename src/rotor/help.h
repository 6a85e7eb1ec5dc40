/* SPDX-License-Identifier: MIT */
/* rotor/help.h - what a command says of itself. */
#ifndef ROTOR_HELP_H
#define ROTOR_HELP_H

#include <stddef.h>

#include <rotor/command.h>

/* 1 when -h or --help is among the words behind argv[0]. */
int help_wanted(int argc, char **argv);
/* Usage, summary and flags of `cmd`, and `more` flags that it does not know of, on
 * standard output.  0, the exit status. */
int help_print(const struct rotor_command *cmd, const struct rotor_flag *more, size_t n_more);

#endif
