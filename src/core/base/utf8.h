/* SPDX-License-Identifier: MIT */
/* base/utf8.h - reading UTF-8 that may be broken. */
#ifndef ROTOR_BASE_UTF8_H
#define ROTOR_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define UTF8_INVALID	0xfffdu		/* what stands for a broken byte */

/* Reads one character from s[0 .. len), len > 0.  Returns the bytes consumed; a
 * byte that starts no valid character (overlong, surrogate, cut off, ...) is
 * consumed alone and reads as UTF8_INVALID. */
size_t utf8_read(const char *s, size_t len, uint32_t *ret_char);
/* 1 when all of s[0 .. len) is valid UTF-8. */
int utf8_valid(const char *s, size_t len);
/* The longest length <= max at which `s` can be cut without splitting a character. */
size_t utf8_cut(const char *s, size_t len, size_t max);

#endif
