/* SPDX-License-Identifier: MIT */
/* conf/conf_duration.c - durations in Go's syntax. */
#include "config.h"

#include "conf/conf_priv.h"

#include <string.h>

#include <rotor/str.h>

/* Longest names first: "m" begins "ms". */
static const struct unit {
	const char	*name;
	int64_t		ns;
} units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "\xc2\xb5s", 1000 },		/* micro sign */
	{ "\xce\xbcs", 1000 },		/* Greek mu */
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", 60000000000 },
	{ "h", 3600000000000 },
};

static const struct unit *
unit_find(const char *s)
{
	size_t i;

	for (i = 0; i < sizeof units / sizeof units[0]; i++)
		if (rotor_str_begins(rotor_str_of(s), units[i].name))
			return (&units[i]);
	return (NULL);
}

/* The digits at *sp as whole and millionth parts of a unit; further digits of a
 * fraction are below a nanosecond for all units but hours, where nobody uses them. */
static int
scan_number(const char **sp, int64_t *ret_whole, int64_t *ret_micro)
{
	const char *s = *sp;
	int64_t whole = 0, micro = 0, weight = 100000;
	int digits = 0;

	for (; *s >= '0' && *s <= '9'; s++, digits++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, *s - '0', &whole))
			return (-1);
	if (*s == '.')
		for (s++; *s >= '0' && *s <= '9'; s++, digits++, weight /= 10)
			micro += (*s - '0') * weight;
	if (digits == 0)
		return (-1);
	*sp = s;
	*ret_whole = whole;
	*ret_micro = micro;
	return (0);
}

/* One "1.5h" at *sp, added to *ns. */
static int
scan_part(const char **sp, int64_t *ns)
{
	const struct unit *u;
	int64_t whole, micro, part;

	if (scan_number(sp, &whole, &micro) != 0)
		return (-1);
	u = unit_find(*sp);
	if (u == NULL)
		return (-1);
	*sp += strlen(u->name);
	if (__builtin_mul_overflow(whole, u->ns, &part) || __builtin_add_overflow(*ns, part, ns))
		return (-1);
	/* At most 1e6 * 3.6e12, which fits. */
	return (__builtin_add_overflow(*ns, micro * u->ns / 1000000, ns) ? -1 : 0);
}

int
conf_parse_duration(const char *s, int64_t *ret_ms)
{
	int64_t ns = 0;
	int negative = *s == '-';

	if (*s == '-' || *s == '+')
		s++;
	if (*s == '\0')
		return (-1);
	if (strchr("0123456789", s[strlen(s) - 1]) != NULL) {
		if (conf_parse_int(s, &ns) != 0 || ns < 0)
			return (-1);
	} else {
		while (*s != '\0')
			if (scan_part(&s, &ns) != 0)
				return (-1);
	}
	/* Up, so that what is not zero does not become zero. */
	*ret_ms = ns / 1000000 + (ns % 1000000 != 0);
	if (negative)
		*ret_ms = -*ret_ms;
	return (0);
}
