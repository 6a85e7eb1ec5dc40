/* SPDX-License-Identifier: MIT */
/*
 * base/decimal.c - decimal numbers in text form, compared exactly.
 *
 * What is a number is what the reference server takes for one, its two limits and
 * its one oddity included (see read_sign()).
 */
#include "config.h"

#include "base/decimal.h"

#include <string.h>

#include <rotor/str.h>

#define SECOND_SIGN_LEN	42u	/* the shortest text that may have two signs */

static struct rotor_str
skip(struct rotor_str s, size_t n)
{
	return ((struct rotor_str){ s.p + n, s.len - n });
}

/* Cuts a run of digits off the front of *s. */
static struct rotor_str
take_digits(struct rotor_str *s)
{
	struct rotor_str run = { s->p, 0 };

	while (run.len < s->len && s->p[run.len] >= '0' && s->p[run.len] <= '9')
		run.len++;
	*s = skip(*s, run.len);
	return (run);
}

/*
 * Cuts the sign off; returns it, or 0.  The reference reads long texts another way
 * than short ones, and that way takes a second sign behind a '-': it changes nothing,
 * but then "--" may stand before a zero only, as *ret_zero says.
 */
static char
read_sign(struct rotor_str *s, int *ret_zero)
{
	int two = s->len >= SECOND_SIGN_LEN && s->p[0] == '-';
	char sign = s->p[0];

	*ret_zero = 0;
	if (sign != '-' && sign != '+')
		return (0);
	*s = skip(*s, 1);
	if (two && (s->p[0] == '+' || s->p[0] == '-')) {
		*ret_zero = s->p[0] == '-';
		*s = skip(*s, 1);
	}
	return (sign);
}

int
decimal_parse(struct rotor_str s, struct decimal *ret)
{
	struct decimal d = { .negative = 0 };
	int must_be_zero;
	char sign;

	if (s.len == 0 || s.len > DECIMAL_MAX_LEN)
		return (-1);
	sign = read_sign(&s, &must_be_zero);
	d.whole = take_digits(&s);
	if (d.whole.len == 0)
		return (-1);
	if (s.len > 0 && s.p[0] == '.') {
		s = skip(s, 1);
		d.fraction = take_digits(&s);
		if (d.fraction.len == 0 || d.fraction.len > DECIMAL_MAX_PLACES)
			return (-1);
	}
	if (s.len > 0)
		return (-1);
	while (d.whole.len > 0 && d.whole.p[0] == '0')
		d.whole = skip(d.whole, 1);
	while (d.fraction.len > 0 && d.fraction.p[d.fraction.len - 1] == '0')
		d.fraction.len--;
	d.negative = sign == '-' && d.whole.len + d.fraction.len > 0;
	if (must_be_zero && d.negative)
		return (-1);
	*ret = d;
	return (0);
}

static int
cmp_sizes(size_t a, size_t b)
{
	return ((a > b) - (a < b));
}

int
decimal_cmp(const struct decimal *a, const struct decimal *b)
{
	int c;

	if (a->negative != b->negative)
		return (b->negative - a->negative);
	c = cmp_sizes(a->whole.len, b->whole.len);
	/* Whole parts of one length, and fractions, are in the order of strings. */
	if (c == 0)
		c = rotor_str_cmp(a->whole, b->whole);
	if (c == 0)
		c = rotor_str_cmp(a->fraction, b->fraction);
	return (a->negative ? -c : c);
}
