/* SPDX-License-Identifier: MIT */
/* http_chars.c - see http_chars.h. */
#include "config.h"

#include "http_chars.h"

#define NAME	(HTTP_TOKEN | HTTP_TARGET | HTTP_VALUE | HTTP_REG_NAME)
#define WORD	(HTTP_TOKEN | HTTP_TARGET | HTTP_VALUE)
#define PART	(HTTP_TARGET | HTTP_VALUE | HTTP_REG_NAME)
#define MARK	(HTTP_TARGET | HTTP_VALUE)

const uint8_t http_chars[256] = {
	['\t'] = HTTP_VALUE, [' '] = HTTP_VALUE, ['!'] = NAME, ['"'] = MARK, ['#'] = HTTP_TOKEN | HTTP_VALUE,
	['$'] = NAME, ['%'] = WORD, ['&' ... '\''] = NAME, ['(' ... ')'] = PART, ['*' ... '+'] = NAME,
	[','] = MARK, ['-' ... '.'] = NAME, ['/'] = MARK, ['0' ... '9'] = NAME, [':'] = MARK, [';'] = PART,
	['<'] = MARK, ['='] = PART, ['>' ... '@'] = MARK, ['A' ... 'Z'] = NAME, ['[' ... ']'] = MARK,
	['^'] = WORD, ['_'] = NAME, ['`'] = WORD, ['a' ... 'z'] = NAME, ['{'] = MARK, ['|'] = WORD,
	['}'] = MARK, ['~'] = NAME, [0x80 ... 0xff] = HTTP_VALUE,
};

int
http_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}
