/* SPDX-License-Identifier: MIT */
/* base/uuid.c - version 4 UUIDs, raw and as text. */
#include "config.h"

#include "base/str.h"

void
uuid_make(unsigned char uuid[16])
{
	random_fill(uuid, 16);
	uuid[6] = (unsigned char)((uuid[6] & 0x0f) | 0x40);	/* version 4 */
	uuid[8] = (unsigned char)((uuid[8] & 0x3f) | 0x80);	/* RFC 4122 variant */
}

/* A dash stands before these bytes. */
static int
dash_before(size_t i)
{
	return i == 4 || i == 6 || i == 8 || i == 10;
}

void
uuid_text(const unsigned char uuid[16], char text[36])
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < 16; i++) {
		if (dash_before(i))
			*text++ = '-';
		*text++ = digits[uuid[i] >> 4];
		*text++ = digits[uuid[i] & 15];
	}
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
uuid_parse(struct rotor_str s, unsigned char ret_uuid[16])
{
	unsigned char uuid[16];
	const char *p = s.p;
	size_t i;
	int hi, lo;

	if (s.len != 36)
		return -1;
	for (i = 0; i < 16; i++, p += 2) {
		if (dash_before(i) && *p++ != '-')
			return -1;
		hi = hex_digit(p[0]);
		lo = hex_digit(p[1]);
		if (hi < 0 || lo < 0)
			return -1;
		uuid[i] = (unsigned char)(hi << 4 | lo);
	}
	memcpy(ret_uuid, uuid, sizeof uuid);
	return 0;
}
