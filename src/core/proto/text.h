/* SPDX-License-Identifier: MIT */
/* proto/text.h - UTF-8 as the codecs need it, on top of base/utf8.h. */
#ifndef ROTOR_PROTO_TEXT_H
#define ROTOR_PROTO_TEXT_H

#include <rotor/abi.h>

/* 1 when all of `s` is UTF-8. */
int text_valid(struct rotor_str s);
/* The length of the character at p < end, or 0 when there is no valid one. */
size_t text_char_len(const char *p, const char *end);
/* Writes one character to `to`, which needs 4 bytes; returns its length. */
size_t text_put_char(char *to, uint32_t c);

#endif
