/* SPDX-License-Identifier: MIT */
/*
 * base/decimal.h - decimal numbers in text form, compared exactly.
 *
 * A number stays the text it is: comparing needs no arithmetic, no memory, and time
 * for one pass over the digits.
 */
#ifndef ROTOR_BASE_DECIMAL_H
#define ROTOR_BASE_DECIMAL_H

#include <rotor/abi.h>

#define DECIMAL_MAX_LEN		200u	/* bytes of a number, sign and point included */
#define DECIMAL_MAX_PLACES	19u	/* digits behind the point */

struct decimal {
	struct rotor_str	whole;		/* digits before the point, no leading zeros */
	struct rotor_str	fraction;	/* digits behind it, no trailing zeros */
	int			negative;	/* never for zero */
};

/*
 * Reads [+-]digits[.digits], all of `s`: no exponent, no space, a digit on both sides
 * of the point, within the limits above.  0, or -1 when it is something else.  The
 * result borrows from `s`.
 */
int decimal_parse(struct rotor_str s, struct decimal *ret);
/* Below 0, 0, above 0: a is less than b, the same number, more. */
int decimal_cmp(const struct decimal *a, const struct decimal *b);

#endif
