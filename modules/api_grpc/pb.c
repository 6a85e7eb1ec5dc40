/* SPDX-License-Identifier: MIT */
/* modules/api_grpc/pb.c - see pb.h. */
#include "config.h"

#include "pb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int
take_varint(struct rotor_str *in, uint64_t *ret)
{
	uint64_t n = 0;
	unsigned char c;

	for (unsigned shift = 0; shift < 64 && in->len > 0; shift += 7) {
		c = (unsigned char)*in->p++;
		in->len--;
		n |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80) {
			*ret = n;
			return 0;
		}
	}
	return -1;
}

static int
take_bytes(struct rotor_str *in, uint64_t len, struct rotor_str *ret)
{
	if (len > in->len)
		return -1;
	*ret = (struct rotor_str){ in->p, (size_t)len };
	in->p += len;
	in->len -= (size_t)len;
	return 0;
}

int
pb_next(struct rotor_str *in, struct pb_field *ret)
{
	uint64_t key;

	if (in->len == 0)
		return 0;
	*ret = (struct pb_field){ .number = 0 };
	if (take_varint(in, &key) != 0 || key >> 3 == 0 || key > UINT32_MAX)
		return -1;
	ret->number = (uint32_t)(key >> 3);
	ret->wire = key & 7;
	switch (ret->wire) {
	case PB_VARINT:
		return take_varint(in, &ret->num) == 0 ? 1 : -1;
	case PB_BYTES:
		return take_varint(in, &ret->num) == 0 && take_bytes(in, ret->num, &ret->bytes) == 0 ? 1 : -1;
	case 1:
		return take_bytes(in, 8, &ret->bytes) == 0 ? 1 : -1;
	case 5:
		return take_bytes(in, 4, &ret->bytes) == 0 ? 1 : -1;
	default:
		return -1;
	}
}

struct rotor_str
pb_get(struct rotor_str message, uint32_t number)
{
	struct pb_field f;

	while (pb_next(&message, &f) > 0)
		if (f.number == number && f.wire == PB_BYTES)
			return f.bytes;
	return (struct rotor_str){ NULL, 0 };
}

static void
put(struct pb_out *o, const void *p, size_t len)
{
	size_t cap = o->len + len > 2 * o->cap ? o->len + len + 64 : 2 * o->cap;
	char *grown;

	if (o->failed || len == 0)
		return;
	if (o->len + len > o->cap) {
		grown = realloc(o->p, cap);
		if (grown == NULL) {
			o->failed = 1;
			return;
		}
		o->p = grown;
		o->cap = cap;
	}
	memcpy(o->p + o->len, p, len);
	o->len += len;
}

static void
put_varint(struct pb_out *o, uint64_t n)
{
	unsigned char buf[10];
	size_t len = 0;

	for (; n >= 0x80; n >>= 7)
		buf[len++] = (unsigned char)(n | 0x80);
	buf[len++] = (unsigned char)n;
	put(o, buf, len);
}

void
pb_put_num(struct pb_out *o, uint32_t number, uint64_t n)
{
	put_varint(o, (uint64_t)number << 3 | PB_VARINT);
	put_varint(o, n);
}

void
pb_put_bytes(struct pb_out *o, uint32_t number, struct rotor_str bytes)
{
	put_varint(o, (uint64_t)number << 3 | PB_BYTES);
	put_varint(o, bytes.len);
	put(o, bytes.p, bytes.len);
}

void
pb_put_message(struct pb_out *o, uint32_t number, struct pb_out *sub)
{
	pb_put_bytes(o, number, (struct rotor_str){ sub->p, sub->len });
	o->failed |= sub->failed;
	free(sub->p);
	*sub = (struct pb_out){ .p = NULL };
}

int
pb_finish(struct pb_out *o, grpc_slice *ret)
{
	if (o->failed) {
		free(o->p);
		return -ENOMEM;
	}
	*ret = o->p != NULL ? grpc_slice_new(o->p, o->len, free) : grpc_empty_slice();
	*o = (struct pb_out){ .p = NULL };
	return 0;
}
