/* SPDX-License-Identifier: MIT */
/*
 * rotor/cmd.h - the subcommands of the executable, one file each.
 *
 * They are the same struct that modules bring: what it says of a command is its
 * --help, its line in `rotor help`, its part of rotor(8), and what its flags are read by.
 * Their ctx is NULL.
 */
#ifndef ROTOR_CMD_H
#define ROTOR_CMD_H

#include <rotor/command.h>

extern const struct rotor_command cmd_checkconfig, cmd_configdoc, cmd_defaultconfig, cmd_defaultenv,
    cmd_genconfig, cmd_modules, cmd_serve;

/* Flags that several commands have. */
#define FLAG_CONFIG	{ "config", "FILE", "configuration file", 'c' }
#define FLAG_MODULE_DIR	{ "module-dir", "DIR", "directory of modules given by name", 0 }
#define FLAG_BASE	{ "base", "FILE", "configuration file with values in place of the defaults", 'b' }

#define CMD_FLAGS(v)	.flags = (v), .n_flags = sizeof(v) / sizeof((v)[0])

#endif
