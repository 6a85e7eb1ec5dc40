/* SPDX-License-Identifier: MIT */
/*
 * base/obj.h - objects that know what they are.
 *
 * A heap object starts with `uint32_t magic`.  It is set on allocation, tested on
 * entry to functions and on each cast from void *, and cleared on free, so that a
 * stale or wrong pointer stops the server where it is used instead of far away.
 * The tests are always on.
 */
#ifndef ROTOR_BASE_OBJ_H
#define ROTOR_BASE_OBJ_H

#include <stdint.h>
#include <stdlib.h>

/* Prints what failed and where, and aborts. */
_Noreturn void obj_fail(const char *file, int line, const char *func, const char *what);

/* What obj_fail() has printed, for the crash's line in the log; "" before.  Static storage. */
const char *obj_failure(void);

/* For what cannot happen unless there is a bug. */
#define ASSERT(cond)							\
	do {								\
		if (__builtin_expect(!(cond), 0))			\
			obj_fail(__FILE__, __LINE__, __func__, #cond);	\
	} while (0)

#define OBJ_CHECK(ptr, mg)	ASSERT((ptr) != NULL && (ptr)->magic == (mg))

/* A zeroed object, or NULL. */
#define OBJ_ALLOC(ptr, mg)						\
	do {								\
		(ptr) = calloc(1, sizeof *(ptr));			\
		if ((ptr) != NULL)					\
			(ptr)->magic = (mg);				\
	} while (0)

#define OBJ_FREE(ptr)							\
	do {								\
		(ptr)->magic = 0;					\
		free(ptr);						\
		(ptr) = NULL;						\
	} while (0)

/* `to` becomes `from` (a void *), after the test. */
#define OBJ_CAST(to, from, mg)						\
	do {								\
		(to) = (from);						\
		OBJ_CHECK(to, mg);					\
	} while (0)

/* `to` takes over *from, which becomes NULL. */
#define OBJ_TAKE(to, from, mg)						\
	do {								\
		(to) = *(from);						\
		*(from) = NULL;						\
		OBJ_CHECK(to, mg);					\
	} while (0)

#endif
