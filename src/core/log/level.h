/* SPDX-License-Identifier: MIT */
/* log/level.h - the names of the levels. */
#ifndef ROTOR_LOG_LEVEL_H
#define ROTOR_LOG_LEVEL_H

#include <stdint.h>

/* "info", for machines; `level` is below ROTOR_LOG_NONE.  Static storage. */
const char *level_name(uint32_t level);
/* "INFO ", padded to one width, for people. */
const char *level_label(uint32_t level);

#endif
