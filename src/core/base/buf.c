/* SPDX-License-Identifier: MIT */
/* base/buf.c - reference-counted bytes, in one block with their count. */
#include "config.h"

#include <rotor/buf.h>

#include <stdatomic.h>
#include <string.h>

#include "base/obj.h"

struct rotor_buf {
	uint32_t		magic;
#define BUF_MAGIC		0x0b5f3e91u
	_Atomic uint32_t	refs;
	size_t			len;
	unsigned char		headroom[ROTOR_BUF_HEADROOM];
	unsigned char		data[];		/* 16-aligned, as malloc() aligns */
};

_Static_assert(offsetof(struct rotor_buf, data) % 8 == 0, "data is aligned");

struct rotor_buf *
rotor_buf_alloc(size_t len)
{
	struct rotor_buf *b;

	if (len > SIZE_MAX - sizeof *b)
		return NULL;
	b = malloc(sizeof *b + len);
	if (b == NULL)
		return NULL;
	b->magic = BUF_MAGIC;
	atomic_init(&b->refs, 1);
	b->len = len;
	return b;
}

struct rotor_buf *
rotor_buf_new(const void *data, size_t len)
{
	struct rotor_buf *b = rotor_buf_alloc(len);

	if (b != NULL && len > 0)
		memcpy(b->data, data, len);
	return b;
}

struct rotor_buf *
rotor_buf_ref(struct rotor_buf *b)
{
	OBJ_CHECK(b, BUF_MAGIC);
	atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
	return b;
}

void
rotor_buf_unref(struct rotor_buf **bp)
{
	struct rotor_buf *b;

	if (*bp == NULL)
		return;
	OBJ_TAKE(b, bp, BUF_MAGIC);
	/* Whoever frees must see what the other holders did before they let go. */
	if (atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1)
		OBJ_FREE(b);
}

unsigned char *
rotor_buf_data(struct rotor_buf *b)
{
	OBJ_CHECK(b, BUF_MAGIC);
	return b->data;
}

size_t
rotor_buf_len(const struct rotor_buf *b)
{
	OBJ_CHECK(b, BUF_MAGIC);
	return b->len;
}

void
rotor_buf_trim(struct rotor_buf *b, size_t len)
{
	OBJ_CHECK(b, BUF_MAGIC);
	ASSERT(len <= b->len);
	b->len = len;
}
