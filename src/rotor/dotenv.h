/* SPDX-License-Identifier: MIT */
/* rotor/dotenv.h - environment variables from a file. */
#ifndef ROTOR_DOTENV_H
#define ROTOR_DOTENV_H

/* Sets the variables of `file` that are not set yet; before there are threads.  0, also
 * when there is no such file; -1 after a line on standard error, and then none is set. */
int dotenv_load(const char *file);

#endif
