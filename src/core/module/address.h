/* SPDX-License-Identifier: MIT */
/*
 * module/address.h - whose code an address lies in.
 *
 * For whoever has to name a culprit: the watchdog by the callback that a loop is in, a
 * crash by the addresses on the stack.  The table is the process's, as the mappings that
 * it is about are, and is changed only while modules are opened and closed.
 */
#ifndef ROTOR_MODULE_ADDRESS_H
#define ROTOR_MODULE_ADDRESS_H

/* The name of the module that `addr` (of a function or of data) lies in; NULL when it is
 * none's.  It stays valid while the module is open.  Any thread; also in a signal handler. */
const char *module_of_address(const void *addr);

/* What dlopen() returned, with the name of the module in it, from now on; a module that
 * is open twice is added, and dropped, twice.  Beyond ADDRESS_MODULES_MAX modules stay
 * without a name. */
#define ADDRESS_MODULES_MAX	128u
void module_address_add(void *dl, const char *name);
void module_address_drop(void *dl);

#endif
