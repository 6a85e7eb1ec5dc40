/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "proto/wire.h"

#include <endian.h>
#include <string.h>

int
wire_varint(struct wire *w, uint64_t *ret)
{
	uint64_t v = 0;
	unsigned shift;
	unsigned char c;

	for (shift = 0; shift < 64 && w->p < w->end; shift += 7) {
		c = (unsigned char)*w->p++;
		if (shift == 63 && c > 1)
			return -1;
		v |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80) {
			*ret = v;
			return 0;
		}
	}
	return -1;
}

int
wire_bytes(struct wire *w, struct rotor_str *ret)
{
	uint64_t len;

	if (wire_varint(w, &len) != 0 || len > (size_t)(w->end - w->p))
		return -1;
	*ret = (struct rotor_str){ w->p, (size_t)len };
	w->p += len;
	return 0;
}

int
wire_fixed32(struct wire *w, uint64_t *ret)
{
	uint32_t v;

	if (w->end - w->p < 4)
		return -1;
	memcpy(&v, w->p, 4);
	w->p += 4;
	*ret = le32toh(v);
	return 0;
}

int
wire_fixed64(struct wire *w, uint64_t *ret)
{
	uint64_t v;

	if (w->end - w->p < 8)
		return -1;
	memcpy(&v, w->p, 8);
	w->p += 8;
	*ret = le64toh(v);
	return 0;
}

static int
wire_value(struct wire *w, struct wire_field *f)
{
	switch (f->type) {
	case WIRE_VARINT: return wire_varint(w, &f->value);
	case WIRE_FIXED64: return wire_fixed64(w, &f->value);
	case WIRE_BYTES: return wire_bytes(w, &f->bytes);
	case WIRE_FIXED32: return wire_fixed32(w, &f->value);
	default: return -1;
	}
}

int
wire_next(struct wire *w, struct wire_field *ret)
{
	struct wire_field f = { .number = 0 };
	uint64_t tag;

	if (w->p == w->end)
		return 0;
	if (wire_varint(w, &tag) != 0 || tag > UINT32_MAX || tag >> 3 == 0)
		return -1;
	f.number = (uint32_t)(tag >> 3);
	f.type = tag & 7;
	if (wire_value(w, &f) != 0)
		return -1;
	*ret = f;
	return 1;
}
