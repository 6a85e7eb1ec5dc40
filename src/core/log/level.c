/* SPDX-License-Identifier: MIT */
/* log/level.c - the names of the levels. */
#include "config.h"

#include "log/level.h"

#include <strings.h>

#include "base/obj.h"
#include "log/log.h"

static const struct level_row {
	const char	*name, *label;
} levels[] = {
	[ROTOR_LOG_TRACE] = { "trace", "TRACE" },
	[ROTOR_LOG_DEBUG] = { "debug", "DEBUG" },
	[ROTOR_LOG_INFO] = { "info", "INFO " },
	[ROTOR_LOG_WARN] = { "warn", "WARN " },
	[ROTOR_LOG_ERROR] = { "error", "ERROR" },
	[ROTOR_LOG_FATAL] = { "fatal", "FATAL" },
	[ROTOR_LOG_NONE] = { "none", "NONE " },
};

const char *
level_name(uint32_t level)
{
	ASSERT(level < ROTOR_LOG_NONE);
	return levels[level].name;
}

const char *
level_label(uint32_t level)
{
	ASSERT(level < ROTOR_LOG_NONE);
	return levels[level].label;
}

int
log_level_parse(const char *name)
{
	int i;

	for (i = 0; i <= (int)ROTOR_LOG_NONE; i++)
		if (strcasecmp(name, levels[i].name) == 0)
			return i;
	return -1;
}
