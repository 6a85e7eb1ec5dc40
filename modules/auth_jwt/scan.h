/* SPDX-License-Identifier: MIT */
/*
 * scan.h - a strict JSON scanner over the text of a token.
 *
 * It yields values as slices of the text, so that payloads (`info`, `data`,
 * `meta`) leave the server byte for byte as the token's maker wrote them.  It
 * takes RFC 8259 and nothing else: text must be UTF-8, nesting is bounded, and
 * it never recurses.  Escapes are resolved only where a string is asked for.
 */
#ifndef AUTH_JWT_SCAN_H
#define AUTH_JWT_SCAN_H

#include <rotor/abi.h>

struct scratch;

#define SCAN_MAX_DEPTH	512u

enum scan_type {
	SCAN_NULL, SCAN_FALSE, SCAN_TRUE, SCAN_NUMBER, SCAN_STRING, SCAN_ARRAY, SCAN_OBJECT
};

struct scan_value {
	enum scan_type		type;
	struct rotor_str	raw;	/* from its first byte to its last */
};

struct scan {
	const char	*p, *end;
	int		first;		/* no member or element has been read yet */
};

/* One value with nothing but white space around it.  0, or -1: malformed. */
int scan_document(struct rotor_str text, struct scan_value *ret);

/* Start to walk a value; -1 when it is not an object, or not an array. */
int scan_enter_object(struct scan *sc, const struct scan_value *v);
int scan_enter_array(struct scan *sc, const struct scan_value *v);
/* The next member or element: 1; 0 at the end; -1: malformed, or no memory. */
int scan_next_member(struct scan *sc, struct scratch *s, struct rotor_str *ret_key,
    struct scan_value *ret);
int scan_next_element(struct scan *sc, struct scan_value *ret);

/* The text of a SCAN_STRING without quotes and escapes: a slice of the input when
 * there are none, in `s` otherwise; lone surrogates become U+FFFD.  0 or -1. */
int scan_text(const struct scan_value *v, struct scratch *s, struct rotor_str *ret);
/* An integer without fraction and exponent, in range.  0 or -1. */
int scan_int64(struct rotor_str text, int64_t *ret);
/* Any JSON number, to about 15 digits; independent of the locale.  0 or -1. */
int scan_double(struct rotor_str text, double *ret);

#endif
