/* SPDX-License-Identifier: MIT */
/* fossil.h - applies fossil deltas. */
#ifndef STRESS_FOSSIL_H
#define STRESS_FOSSIL_H

#include "wire.h"

/* Appends what `delta` makes of `from` to `o`, having checked size and checksum.  0, or
 * -1 when it is not a delta of `from`. */
int fossil_apply(struct slice from, struct slice delta, struct out *o);

#endif
