/* SPDX-License-Identifier: MIT */
/* http_host.c - see http_host.h. */
#include "config.h"

#include "http_host.h"

#include <arpa/inet.h>
#include <string.h>

#include "http_chars.h"

/* ":8000", ":" or nothing. */
static int
is_port(struct rotor_str s)
{
	unsigned port = 0;
	size_t i;

	if (s.len == 0)
		return 1;
	if (s.p[0] != ':')
		return 0;
	for (i = 1; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return 0;
		if ((port = port * 10 + (unsigned)(s.p[i] - '0')) > 65535)
			return 0;
	}
	return 1;
}

/* The bytes of "[::1]" at the start of `s`, or 0. */
static size_t
ipv6_len(struct rotor_str s)
{
	char text[INET6_ADDRSTRLEN], *end;
	struct in6_addr addr;
	size_t n = s.len - 1 < sizeof text ? s.len - 1 : sizeof text;

	memcpy(text, s.p + 1, n);
	if ((end = memchr(text, ']', n)) == NULL)
		return 0;
	*end = '\0';
	/* A NUL in front of the bracket would end the text too early to be all of it. */
	if (strlen(text) != (size_t)(end - text) || inet_pton(AF_INET6, text, &addr) != 1)
		return 0;
	return (size_t)(end - text) + 2;
}

/* The bytes of a name at the start of `s`; an IPv4 address is one too. */
static size_t
name_len(struct rotor_str s)
{
	size_t n = 0;

	while (n < s.len) {
		if (http_char_is(HTTP_REG_NAME, s.p[n]))
			n++;
		else if (s.p[n] == '%' && s.len - n >= 3 && http_hex(s.p[n + 1]) >= 0 && http_hex(s.p[n + 2]) >= 0)
			n += 3;
		else
			break;
	}
	return n;
}

int
http_host_is_valid(struct rotor_str s)
{
	int literal = s.len > 0 && s.p[0] == '[';
	size_t n = literal ? ipv6_len(s) : name_len(s);

	if (literal && n == 0)
		return 0;
	return is_port((struct rotor_str){ s.p + n, s.len - n });
}
