/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "b64.h"

#include <stdint.h>

#include "scratch.h"

/* Value + 1 of each digit of either alphabet; 0 is no digit. */
static const uint8_t digits[256] = {
	['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7,
	['H'] = 8, ['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14,
	['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21,
	['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26,
	['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33,
	['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
	['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47,
	['v'] = 48, ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52,
	['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56, ['4'] = 57,
	['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62,
	['+'] = 63, ['-'] = 63, ['/'] = 64, ['_'] = 64,
};

struct form {
	char	foreign[2];	/* digits of the other alphabet */
	int	padded;
	int	lines;		/* CR and LF are skipped */
};

static const struct form form_url = { { '+', '/' }, 0, 0 };
static const struct form form_std = { { '-', '_' }, 1, 1 };

/* The digit's value, or -1. */
static int
digit_value(const struct form *f, char c)
{
	int v = digits[(unsigned char)c] - 1;

	if (v >= 62 && c == f->foreign[v - 62])
		return (-1);
	return (v);
}

static int
decode(const struct form *f, struct rotor_str src, struct scratch *s, struct rotor_str *ret)
{
	char *out, *at;
	uint32_t acc = 0;
	size_t i, n = 0, pad = 0;
	int v;

	out = at = scratch_alloc(s, src.len / 4 * 3 + 3);
	if (out == NULL)
		return (-1);
	for (i = 0; i < src.len; i++) {
		if (f->lines && (src.p[i] == '\n' || src.p[i] == '\r'))
			continue;
		if (src.p[i] == '=') {
			pad++;
			continue;
		}
		v = digit_value(f, src.p[i]);
		if (v < 0 || pad > 0)
			return (-1);
		acc = acc << 6 | (uint32_t)v;
		if ((n++ & 3) != 0)
			*at++ = (char)(acc >> (6 - 2 * ((n - 1) & 3)));
	}
	/* What is left of the last digit must be zero; one digit alone is no byte. */
	if ((n & 3) == 1 || ((n & 3) != 0 && (acc & ((n & 3) == 2 ? 15u : 3u)) != 0))
		return (-1);
	if (pad != (f->padded ? (4 - (n & 3)) & 3 : 0))
		return (-1);
	*ret = (struct rotor_str){ out, (size_t)(at - out) };
	return (0);
}

int
b64_decode_url(struct rotor_str src, struct scratch *s, struct rotor_str *ret)
{
	return (decode(&form_url, src, s, ret));
}

int
b64_decode_std(struct rotor_str src, struct scratch *s, struct rotor_str *ret)
{
	return (decode(&form_std, src, s, ret));
}
