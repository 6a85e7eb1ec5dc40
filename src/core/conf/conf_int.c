/* SPDX-License-Identifier: MIT */
/*
 * conf/conf_int.c - whole numbers, as people and as other programs write them.
 *
 *	4096  -1  0x1000  0o7  0b101  010 (octal)  1_000_000	as in Go
 *	65536.0  1.048576e+07					as floating point is printed
 */
#include "config.h"

#include "conf/conf_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DIGITS	400	/* a double has no more in front of its point */
#define DIGITS		"0123456789"

/* A sign, the digits of a fraction and what power of ten is to be added to it. */
struct decimal_text {
	int	negative;
	char	digits[MAX_DIGITS + 1];	/* no leading zeros */
	int	n;
	int	places;			/* digits behind the point; below 0: zeros to append */
};

/* "123.45": -1 when there is no digit or too many. */
static int
scan_digits(const char **sp, struct decimal_text *ret)
{
	const char *s = *sp;
	int point = 0, any = 0;

	for (; (*s >= '0' && *s <= '9') || (*s == '.' && !point); s++) {
		if (*s == '.') {
			point = 1;
			continue;
		}
		any = 1;
		ret->places += point;
		if (*s == '0' && ret->n == 0)
			continue;
		if (ret->n == MAX_DIGITS)
			return (-1);
		ret->digits[ret->n++] = *s;
	}
	*sp = s;
	return (any ? 0 : -1);
}

static int
scan_decimal(const char *s, struct decimal_text *ret)
{
	char *end;
	long exp;

	*ret = (struct decimal_text){ .negative = *s == '-' };
	s += *s == '-' || *s == '+';
	if (scan_digits(&s, ret) != 0)
		return (-1);
	if (*s == 'e' || *s == 'E') {
		if (strchr(DIGITS, s[1 + (s[1] == '-' || s[1] == '+')]) == NULL || s[1] == '\0')
			return (-1);
		exp = strtol(s + 1, &end, 10);
		if (exp < -MAX_DIGITS || exp > MAX_DIGITS)
			return (-1);
		ret->places -= (int)exp;
		s = end;
	}
	return (*s == '\0' ? 0 : -1);
}

/* The number when it is a whole one and fits. */
static int
decimal_whole(struct decimal_text *d, int64_t *ret)
{
	int64_t v = 0;
	int i;

	for (; d->places > 0 && d->n > 0; d->places--)
		if (d->digits[--d->n] != '0')
			return (-1);
	for (i = 0; i < d->n - (d->places < 0 ? d->places : 0) && d->n > 0; i++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_sub_overflow(v, i < d->n ? d->digits[i] - '0' : 0, &v))
			return (-1);
	/* Counted downwards: INT64_MIN has no positive twin. */
	if (!d->negative && v == INT64_MIN)
		return (-1);
	*ret = d->negative ? v : -v;
	return (0);
}

/* Copies `s` without the underscores between its digits.  -1: too long, or one that
 * stands elsewhere. */
static int
drop_underscores(const char *s, char *to, size_t size)
{
	size_t i, n = 0, len = strlen(s);

	if (len >= size)
		return (-1);
	for (i = 0; i < len; i++) {
		if (s[i] != '_')
			to[n++] = s[i];
		else if (i == 0 || strchr("0123456789abcdefABCDEFxXoO", s[i - 1]) == NULL ||
		    s[i + 1] == '\0' || s[i + 1] == '_')
			return (-1);
	}
	to[n] = '\0';
	return (0);
}

/* The base of the digits at *sp, whose prefix is skipped. */
static int
scan_base(const char **sp)
{
	const char *s = *sp;

	if (s[0] != '0' || s[1] == '\0')
		return (10);
	if (strchr("xXoObB", s[1]) == NULL)
		return (8);
	*sp += 2;
	return (strchr("xX", s[1]) != NULL ? 16 : strchr("bB", s[1]) != NULL ? 2 : 8);
}

static int
scan_based(const char *s, int64_t *ret)
{
	const char *digits = s + (*s == '-' || *s == '+');
	int base = scan_base(&digits);
	long long v;
	char *end, buf[80];

	if (strlen(digits) + 2 > sizeof buf || strspn(digits, "0123456789abcdefABCDEF") == 0)
		return (-1);
	/* The sign stays with the number: INT64_MIN has no positive twin. */
	buf[0] = *s == '-' ? '-' : '+';
	strcpy(buf + 1, digits);
	errno = 0;
	v = strtoll(buf, &end, base);
	if (errno != 0 || *end != '\0')
		return (-1);
	*ret = v;
	return (0);
}

int
conf_parse_int(const char *s, int64_t *ret)
{
	struct decimal_text d;
	char buf[MAX_DIGITS + 16];

	if (scan_based(s, ret) == 0)
		return (0);
	if (strchr(s, '_') != NULL)
		return (drop_underscores(s, buf, sizeof buf) == 0 ? scan_based(buf, ret) : -1);
	if (strpbrk(s, ".eE") == NULL || scan_decimal(s, &d) != 0)
		return (-1);
	return (decimal_whole(&d, ret));
}
