/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int
fault_set(struct fault *f, const char *path, const char *key, const char *fmt, ...)
{
	va_list ap;

	snprintf(f->key, sizeof f->key, "%s.%s", path, key);
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof f->text, fmt, ap);
	va_end(ap);
	return (-EINVAL);
}

int
fault_no_memory(struct fault *f, const char *path)
{
	snprintf(f->key, sizeof f->key, "%s", path);
	snprintf(f->text, sizeof f->text, "no memory");
	return (-ENOMEM);
}
