/* SPDX-License-Identifier: MIT */
/* module/flags.h - one flag of a command line, looked up in a table. */
#ifndef ROTOR_MODULE_FLAGS_H
#define ROTOR_MODULE_FLAGS_H

#include <rotor/command.h>

#include "base/inner.h"

/* Takes the flag at argv[*i] and its value: "-u USER", "-uUSER", "--user USER",
 * "--user=USER"; letters without a value may stand together ("-qu USER"; argv is then
 * written to).  Returns its index in `flags`, with *i behind it and *ret_value as
 * rotor_command_parse() has it, or NULL: there is no value, or one too many.  -1: it is
 * none of these flags; nothing has changed. */
ROTOR_INNER int flag_take(const struct rotor_flag *flags, size_t n, int argc, char **argv, int *i,
    const char **ret_value);
/* "rotor COMMAND: ARG: WHAT; see ..." on standard error.  2, the exit status. */
ROTOR_INNER int flag_wrong(const char *command, const char *arg, const char *what);

#endif
