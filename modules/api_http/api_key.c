/* SPDX-License-Identifier: MIT */
/* api_key.c - see api_key.h. */
#include "config.h"

#include "api_key.h"

#include <string.h>

#include <rotor/str.h>

static int
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* "apikey KEY": the scheme's word in any case, exactly two fields. */
static struct rotor_str
authorization_key(struct rotor_str h)
{
	static const char scheme[] = "apikey";
	const size_t n = sizeof scheme - 1;
	struct rotor_str none = { NULL, 0 };
	size_t at = n;

	if (h.len <= n || !rotor_str_is_nocase((struct rotor_str){ h.p, n }, scheme) || !is_blank(h.p[n]))
		return none;
	while (at < h.len && is_blank(h.p[at]))
		at++;
	while (h.len > at && is_blank(h.p[h.len - 1]))
		h.len--;
	for (size_t i = at; i < h.len; i++)
		if (is_blank(h.p[i]))
			return none;
	return (struct rotor_str){ h.p + at, h.len - at };
}

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
	    : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes a query value in place; its new length. */
static size_t
query_decode(char *p, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int hi = p[i] == '%' && i + 2 < len ? hex(p[i + 1]) : -1;
		int lo = hi >= 0 ? hex(p[i + 2]) : -1;

		if (lo >= 0) {
			p[n++] = (char)(hi << 4 | lo);
			i += 2;
		} else {
			p[n++] = p[i] == '+' ? ' ' : p[i];
		}
	}
	return n;
}

/* Who has ?api_key=KEY, or NULL. */
static const struct rotor_api_caller *
query_caller(const struct rotor_server *srv, const char *own, struct rotor_str query)
{
	static const char name[] = "api_key=";
	const size_t n = sizeof name - 1;
	const char *p = query.p, *end = query.p + query.len;
	char value[1024];

	while (p != NULL && p < end) {
		const char *amp = memchr(p, '&', (size_t)(end - p));
		size_t len = (size_t)((amp != NULL ? amp : end) - p);

		if (len > n && len - n <= sizeof value &&
		    rotor_str_begins((struct rotor_str){ p, len }, name)) {
			memcpy(value, p + n, len - n);
			return rotor_api_authenticate(srv, own,
			    (struct rotor_str){ value, query_decode(value, len - n) });
		}
		p = amp != NULL ? amp + 1 : NULL;
	}
	return NULL;
}

const struct rotor_api_caller *
api_key_caller(const struct rotor_server *srv, const char *own, struct rotor_http_request *r)
{
	const struct rotor_api_caller *caller;
	struct rotor_str given = rotor_http_header(r, "X-API-Key");

	if (given.len == 0)
		given = authorization_key(rotor_http_header(r, "Authorization"));
	caller = rotor_api_authenticate(srv, own, given);
	return caller != NULL ? caller : query_caller(srv, own, r->query);
}
