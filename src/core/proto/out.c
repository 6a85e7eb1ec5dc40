/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "proto/json.h"

#include <stdlib.h>
#include <string.h>

#define OUT_MIN	256u

void
out_init(struct out *o, void *first, size_t first_len)
{
	*o = (struct out){ .p = first, .cap = first != NULL ? first_len : 0, .borrowed = first != NULL };
}

void
out_fini(struct out *o)
{
	if (!o->borrowed)
		free(o->p);
	*o = (struct out){ .p = NULL };
}

void
out_reset(struct out *o)
{
	o->len = 0;
	o->failed = 0;
	if (out_reserve(o, o->head) != NULL)
		o->len = o->head;
}

/* Makes room for `len` more bytes. */
static int
out_grow(struct out *o, size_t len)
{
	size_t cap = o->cap < OUT_MIN ? OUT_MIN : o->cap;
	char *p;

	if (len > SIZE_MAX / 4 - o->len || (o->limit != 0 && o->len + len > o->limit)) {
		o->over = 1;
		return -1;
	}
	while (cap < o->len + len)
		cap *= 2;
	if (o->limit != 0 && cap > o->limit)
		cap = o->limit;
	p = o->borrowed ? malloc(cap) : realloc(o->p, cap);
	if (p == NULL)
		return -1;
	if (o->borrowed && o->len > 0)
		memcpy(p, o->p, o->len);
	o->p = p;
	o->cap = cap;
	o->borrowed = 0;
	return 0;
}

char *
out_reserve(struct out *o, size_t len)
{
	if (o->failed)
		return NULL;
	if ((o->p == NULL || o->cap - o->len < len) && out_grow(o, len) != 0) {
		o->failed = 1;
		return NULL;
	}
	return o->p + o->len;
}

void
out_put(struct out *o, const void *p, size_t len)
{
	char *to = len == 0 ? NULL : out_reserve(o, len);

	if (to == NULL)
		return;
	memcpy(to, p, len);
	o->len += len;
}

void
out_byte(struct out *o, char c)
{
	char *to = out_reserve(o, 1);

	if (to == NULL)
		return;
	*to = c;
	o->len++;
}

void
out_u64(struct out *o, uint64_t v)
{
	char digits[20], *p = digits + sizeof digits;

	do
		*--p = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	out_put(o, p, (size_t)(digits + sizeof digits - p));
}

void
out_i64(struct out *o, int64_t v)
{
	if (v < 0)
		out_byte(o, '-');
	out_u64(o, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void
out_varint(struct out *o, uint64_t v)
{
	char bytes[10];
	size_t n = 0;

	while (v >= 0x80) {
		bytes[n++] = (char)(v | 0x80);
		v >>= 7;
	}
	bytes[n++] = (char)v;
	out_put(o, bytes, n);
}
