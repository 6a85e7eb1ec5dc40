/* SPDX-License-Identifier: MIT */
/* http_offer.c - see http_offer.h. */
#include "config.h"

#include "http_offer.h"

#include <rotor/str.h>

#include "http_chars.h"

#define BITS_MIN	8u
#define BITS_MAX	15u

/* A parameter's value, as far as it matters: two digits tell a window. */
struct value {
	int		given;
	size_t		len;		/* of the whole */
	char		p[2];
};

struct offer {
	uint32_t	seen;		/* parameters, a bit each */
	uint32_t	bits;		/* for our side; 0: the client leaves it to us */
};

/*
 * Words of a header (RFC 9110 5.6)
 */
static void
skip(struct rotor_str *s, size_t n)
{
	s->p += n;
	s->len -= n;
}

static void
skip_blanks(struct rotor_str *s)
{
	while (s->len > 0 && (s->p[0] == ' ' || s->p[0] == '\t'))
		skip(s, 1);
}

/* Takes `c`, with the blanks in front of it.  1, or 0: something else is there. */
static int
take_char(struct rotor_str *s, char c)
{
	skip_blanks(s);
	if (s->len == 0 || s->p[0] != c)
		return 0;
	skip(s, 1);
	return 1;
}

/* Empty: there is none. */
static struct rotor_str
take_token(struct rotor_str *s)
{
	struct rotor_str t;

	skip_blanks(s);
	t = *s;
	while (s->len > 0 && http_char_is(HTTP_TOKEN, s->p[0]))
		skip(s, 1);
	t.len -= s->len;
	return t;
}

static void
value_add(struct value *v, char c)
{
	if (v->len < sizeof v->p)
		v->p[v->len] = c;
	v->len++;
}

/* The rest of a quoted string.  0, or -1: it does not end, or says what no token may. */
static int
take_quoted(struct rotor_str *s, struct value *v)
{
	for (; s->len > 0 && s->p[0] != '"'; skip(s, 1)) {
		if (s->p[0] == '\\')
			skip(s, 1);
		if (s->len == 0 || !http_char_is(HTTP_TOKEN, s->p[0]))
			return -1;
		value_add(v, s->p[0]);
	}
	return v->len > 0 && take_char(s, '"') ? 0 : -1;
}

/* 0, or -1: that is no value. */
static int
take_value(struct rotor_str *s, struct value *v)
{
	struct rotor_str token;
	size_t i;

	v->given = 1;
	if (take_char(s, '"'))
		return take_quoted(s, v);
	token = take_token(s);
	for (i = 0; i < token.len; i++)
		value_add(v, token.p[i]);
	return token.len > 0 ? 0 : -1;
}

/*
 * Parameters
 */
/* 8 to 15, or 0: it is none of them. */
static uint32_t
window_bits(const struct value *v)
{
	uint32_t n = 0;
	size_t i;

	if (v->len == 0 || v->len > sizeof v->p || v->p[0] == '0')
		return 0;
	for (i = 0; i < v->len; i++) {
		if (v->p[i] < '0' || v->p[i] > '9')
			return 0;
		n = n * 10 + (uint32_t)(v->p[i] - '0');
	}
	return n >= BITS_MIN && n <= BITS_MAX ? n : 0;
}

/* 1 when the offer can be taken with this parameter. */
static int
no_takeover(struct offer *o, const struct value *v)
{
	(void)o;
	return !v->given;
}

/* How far back a client looks is all the same to us. */
static int
client_bits(struct offer *o, const struct value *v)
{
	(void)o;
	return !v->given || window_bits(v) != 0;
}

static int
server_bits(struct offer *o, const struct value *v)
{
	o->bits = window_bits(v);
	return o->bits >= OFFER_BITS_SMALL;
}

/* One that is unknown or comes twice makes an offer that has to be declined. */
static int
take_param(struct offer *o, struct rotor_str name, const struct value *v)
{
	static const struct {
		const char	*name;
		int		(*take)(struct offer *o, const struct value *v);
	} params[] = {
		{ "server_no_context_takeover", no_takeover },
		{ "client_no_context_takeover", no_takeover },
		{ "server_max_window_bits", server_bits },
		{ "client_max_window_bits", client_bits },
	};
	uint32_t i, bit;

	for (i = 0; i < sizeof params / sizeof params[0]; i++) {
		if (!rotor_str_is_nocase(name, params[i].name))
			continue;
		bit = 1u << i;
		if (o->seen & bit)
			return 0;
		o->seen |= bit;
		return params[i].take(o, v);
	}
	return 0;
}

/*
 * Offers
 */
/* Reads one.  1: it can be taken; 0: it cannot; -1: that is no list of offers. */
static int
take_offer(struct rotor_str *s, struct offer *o)
{
	struct rotor_str name = take_token(s);
	int ok = rotor_str_is_nocase(name, "permessage-deflate");

	*o = (struct offer){ 0, 0 };
	while (name.len > 0 && take_char(s, ';')) {
		struct value v = { 0 };

		name = take_token(s);
		if (take_char(s, '=') && take_value(s, &v) != 0)
			return -1;
		ok = ok && take_param(o, name, &v);
	}
	return name.len > 0 ? ok : -1;
}

uint32_t
offer_choose(struct rotor_str offers, int *ret_say)
{
	struct offer o;
	int ok, more;

	for (;;) {
		while (take_char(&offers, ','))
			;		/* empty elements */
		if (offers.len == 0 || (ok = take_offer(&offers, &o)) < 0)
			return 0;
		more = take_char(&offers, ',');
		if (!more && offers.len > 0)
			return 0;	/* nothing of what is broken can be trusted */
		if (ok)
			break;
	}
	*ret_say = o.bits != 0;
	return o.bits == 0 || o.bits == OFFER_BITS_LARGE ? OFFER_BITS_LARGE : OFFER_BITS_SMALL;
}
