/* SPDX-License-Identifier: MIT */
/* http_frame.c - see http_frame.h. */
#include "config.h"

#include "http_frame.h"

#include <string.h>

#define FIN	0x80u
#define RSV1	0x40u
#define RSV23	0x30u
#define MASKED	0x80u

/* The payload length behind the 7-bit one: `n` bytes, big-endian. */
static uint64_t
read_length(const unsigned char *p, size_t n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

static int
is_allowed(const struct frame *f)
{
	if (f->opcode & 8)
		return f->opcode <= FRAME_PONG && f->fin && !f->compressed &&
		    f->len <= FRAME_CONTROL_MAX;
	return f->opcode <= FRAME_BINARY && !(f->compressed && f->opcode == FRAME_CONT);
}

int
frame_head_read(const unsigned char *p, size_t len, struct frame *ret)
{
	size_t extra;

	if (len < 2)
		return 0;
	if ((p[0] & RSV23) != 0 || (p[1] & MASKED) == 0)
		return -1;
	ret->opcode = p[0] & 0x0f;
	ret->fin = (p[0] & FIN) != 0;
	ret->compressed = (p[0] & RSV1) != 0;
	ret->len = p[1] & 0x7f;
	extra = ret->len == 126 ? 2 : ret->len == 127 ? 8 : 0;
	if (!is_allowed(ret))
		return -1;
	if (len < 2 + extra + 4)
		return 0;
	if (extra > 0)
		ret->len = read_length(p + 2, extra);
	if ((extra == 2 && ret->len < 126) || (extra == 8 && (ret->len <= 0xffff || ret->len >> 63)))
		return -1;
	memcpy(ret->mask, p + 2 + extra, 4);
	return (int)(2 + extra + 4);
}

unsigned char *
frame_head_write(unsigned char *end, uint8_t opcode, int compressed, size_t len)
{
	size_t extra = len < 126 ? 0 : len <= 0xffff ? 2 : 8, i;
	unsigned char *p = end - 2 - extra;

	p[0] = (unsigned char)(FIN | opcode | (compressed ? RSV1 : 0));
	p[1] = (unsigned char)(extra == 0 ? len : extra == 2 ? 126 : 127);
	for (i = 0; i < extra; i++)
		p[2 + i] = (unsigned char)((uint64_t)len >> (8 * (extra - 1 - i)));
	return p;
}

void
frame_unmask(unsigned char *p, size_t len, const uint8_t mask[4])
{
	uint64_t m, v;
	size_t i;

	memcpy(&m, mask, 4);
	memcpy((unsigned char *)&m + 4, mask, 4);
	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&v, p, 8);
		v ^= m;
		memcpy(p, &v, 8);
	}
	for (i = 0; i < len; i++)
		p[i] ^= mask[i & 3];
}

int
frame_close_code_valid(uint32_t code)
{
	if (code >= 3000)
		return code <= 4999;
	return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}
