/* SPDX-License-Identifier: MIT */
/* token.c - the three parts of a token.  See verifier.h. */
#include "config.h"

#include "verifier.h"

#include <string.h>

#include <rotor/str.h>

#include "b64.h"

/* Cuts *rest at its first dot; the front, or all of it without a dot. */
static struct rotor_str
next_part(struct rotor_str *rest)
{
	struct rotor_str part = *rest;
	const char *dot = part.len > 0 ? memchr(part.p, '.', part.len) : NULL;

	if (dot != NULL)
		part.len = (size_t)(dot - part.p);
	rest->p += part.len + (dot != NULL);
	rest->len -= part.len + (dot != NULL);
	return (part);
}

/* Secrets that are kept in files often end in a line end, which belongs to no token; the
 * reference takes them, too. */
static struct rotor_str
without_line_end(struct rotor_str jwt)
{
	while (jwt.len > 0 && (jwt.p[jwt.len - 1] == '\n' || jwt.p[jwt.len - 1] == '\r'))
		jwt.len--;
	return (jwt);
}

/* What people paste, and wonder about. */
static const char *
form_fault(struct rotor_str jwt)
{
	size_t i;

	if (rotor_str_is_nocase((struct rotor_str){ jwt.p, jwt.len < 7 ? jwt.len : 7 }, "Bearer "))
		return ("not three parts of base64url: it begins with \"Bearer\"");
	for (i = 0; i < jwt.len; i++) {
		if (memchr(" \t\r\n\"'", jwt.p[i], 6) != NULL)
			return ("not three parts of base64url: it has a blank, a line end or a quote");
	}
	return ("not three parts of base64url");
}

int
token_parse(struct rotor_str jwt, struct scratch *s, struct token *ret, const char **ret_why)
{
	struct rotor_str rest, header, claims, json;

	*ret_why = "longer than 64 KiB";
	if (jwt.len > TOKEN_MAX_LEN)
		return (-1);
	jwt = rest = without_line_end(jwt);
	*ret_why = form_fault(jwt);
	if (jwt.len == 0)
		return (-1);
	header = next_part(&rest);
	claims = next_part(&rest);
	/* A dot too many is left in the third part, where it is no digit. */
	if (claims.len == 0 || rest.p != claims.p + claims.len + 1)
		return (-1);
	ret->signed_text = (struct rotor_str){ jwt.p, header.len + 1 + claims.len };
	if (b64_decode_url(header, s, &json) != 0 ||
	    b64_decode_url(claims, s, &ret->claims) != 0 ||
	    b64_decode_url(rest, s, &ret->sig) != 0)
		return (-1);
	return (header_read(json, s, &ret->header, ret_why));
}
