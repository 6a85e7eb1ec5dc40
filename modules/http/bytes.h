/* SPDX-License-Identifier: MIT */
/*
 * bytes.h - a growing run of bytes, for what arrived incomplete.
 *
 * At rest it is empty and owns nothing.  All zeros is a valid empty run.
 */
#ifndef HTTP_BYTES_H
#define HTTP_BYTES_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
	char		*p;
	uint32_t	len, cap;
};

/* Makes room for `n` more.  0 or -ENOMEM. */
static inline int
bytes_reserve(struct bytes *b, size_t n)
{
	size_t need = b->len + n, cap = b->cap != 0 ? b->cap : 256;
	char *p;

	if (need <= b->cap)
		return 0;
	if (need > UINT32_MAX / 2)
		return -ENOMEM;
	while (cap < need)
		cap *= 2;
	if ((p = realloc(b->p, cap)) == NULL)
		return -ENOMEM;
	b->p = p;
	b->cap = (uint32_t)cap;
	return 0;
}

/* 0 or -ENOMEM; then nothing was appended. */
static inline int
bytes_append(struct bytes *b, const void *data, size_t n)
{
	if (n == 0)
		return 0;
	if (bytes_reserve(b, n) != 0)
		return -ENOMEM;
	memcpy(b->p + b->len, data, n);
	b->len += (uint32_t)n;
	return 0;
}

static inline void
bytes_fini(struct bytes *b)
{
	free(b->p);
	*b = (struct bytes){ 0 };
}

/* Drops the first `n`; gives the memory back when none are left. */
static inline void
bytes_shift(struct bytes *b, size_t n)
{
	if (n >= b->len) {
		bytes_fini(b);
		return;
	}
	if (n > 0)
		memmove(b->p, b->p + n, b->len - n);
	b->len -= (uint32_t)n;
}

#endif
