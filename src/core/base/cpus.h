/* SPDX-License-Identifier: MIT */
/* base/cpus.h - how many CPUs this process may use. */
#ifndef ROTOR_BASE_CPUS_H
#define ROTOR_BASE_CPUS_H

#include <stdint.h>

/* Those of its affinity, and no more than the quota of its cgroups; at least 1. */
uint32_t cpus_allowed(void);
/* The smallest quota of the cgroups (v1, v2) it is in, in CPUs, rounded up: threads that
 * share what is left of a CPU waste less than a CPU nobody uses.  0: there is none.  `proc`
 * is "/proc/self". */
uint32_t cpus_quota(const char *proc);

#endif
