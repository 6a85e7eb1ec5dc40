/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "proto/text.h"

#include "base/utf8.h"

size_t
text_char_len(const char *p, const char *end)
{
	uint32_t c;
	size_t n = utf8_read(p, (size_t)(end - p), &c);

	/* U+FFFD itself takes three bytes; alone it stands for a broken one. */
	return n == 1 && c == UTF8_INVALID ? 0 : n;
}

int
text_valid(struct rotor_str s)
{
	return utf8_valid(s.p, s.len);
}

size_t
text_put_char(char *to, uint32_t c)
{
	/* By length: the bits that mark the first byte. */
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4, i;

	for (i = n - 1; i > 0; i--) {
		to[i] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	to[0] = (char)(lead[n] | c);
	return n;
}
