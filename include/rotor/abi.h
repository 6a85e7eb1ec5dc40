/* SPDX-License-Identifier: MIT */
/*
 * rotor/abi.h - the version of the module ABI, and the words every header uses.
 *
 * Rules of the ABI: a released struct, function or value never changes in
 * place.  Structs that cross the border start with their own `size`, as their
 * writer saw it; new members go last and are read only when `size` covers them.
 * No bool, enum, bitfield or time_t in such structs.
 *
 * ABI changelog
 *   1.0  first release
 */
#ifndef ROTOR_ABI_H
#define ROTOR_ABI_H

#include <stddef.h>
#include <stdint.h>

#define ROTOR_ABI_MAJOR	1u
#define ROTOR_ABI_MINOR	0u

#if defined(__GNUC__)
#  define ROTOR_API	__attribute__((visibility("default")))
#else
#  define ROTOR_API
#endif

/*
 * What a hook or provider answers; below 0 is a negative errno value.
 */
#define ROTOR_OK	0	/* done, go on */
#define ROTOR_AGAIN	1	/* not now; the caller is told when to try again */
#define ROTOR_DECLINED	2	/* not mine; the next one is asked */
#define ROTOR_DONE	3	/* done, and nobody else is to be asked */

/* A slice of bytes that somebody else owns; not NUL-terminated.  p may be NULL
 * when len is 0. */
struct rotor_str {
	const char	*p;
	size_t		len;
};

/* True when the struct at `obj` is new enough to hold `member`. */
#define ROTOR_HAS(obj, member)						\
	((obj)->size >= offsetof(__typeof__(*(obj)), member) + sizeof((obj)->member))

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the running librotor, such as "0.1.0".  Static storage. */
ROTOR_API const char *rotor_version(void);

#ifdef __cplusplus
}
#endif

#endif
