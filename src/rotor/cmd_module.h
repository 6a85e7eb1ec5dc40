/* SPDX-License-Identifier: MIT */
/* rotor/cmd_module.h - runs a subcommand that a module brings. */
#ifndef ROTOR_CMD_MODULE_H
#define ROTOR_CMD_MODULE_H

/* argv[0] is the command's name.  Its exit status; 2 when no loaded module has it. */
int cmd_module(int argc, char **argv);
/* How the command is used, on standard output.  The exit status. */
int cmd_module_help(const char *name);

#endif
