/* SPDX-License-Identifier: MIT */
/* slice.h - small helpers around struct rotor_str. */
#ifndef ENGINE_MEMORY_SLICE_H
#define ENGINE_MEMORY_SLICE_H

#include <string.h>

#include <rotor/str.h>

/* Copies `s` to *at and moves *at behind it. */
static inline struct rotor_str
slice_put(char **at, struct rotor_str s)
{
	struct rotor_str copy = { *at, s.len };

	if (s.len > 0)
		memcpy(*at, s.p, s.len);
	*at += s.len;
	return (copy);
}

#endif
