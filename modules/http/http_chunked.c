/* SPDX-License-Identifier: MIT */
/*
 * http_chunked.c - see http_chunked.h.
 *
 * Sizes and data are counted by functions; everything else is a table: which bytes may
 * come in a state, and which state follows.
 */
#include "config.h"

#include "http_chunked.h"

#include "bytes.h"
#include "http_chars.h"

#define SIZE_DIGITS_MAX		15u
#define EXTRAS_MAX		16384u	/* of extensions beyond the bytes of data; of trailers */
#define TRAILER_LINES_MAX	100u

enum state {
	SIZE,				/* the start */
	EXTENSION, EXTENSION_NAME, EXTENSION_VALUE, EXTENSION_TOKEN,
	EXTENSION_QUOTED, EXTENSION_ESCAPED, EXTENSION_END,
	SIZE_LF,
	DATA, DATA_CR, DATA_LF,
	TRAILER, TRAILER_NAME, TRAILER_VALUE, TRAILER_LF, LAST_LF,
	DONE, N_STATES
};

/* A byte, or the class of bytes, that leads to `next`. */
struct step {
	char	c;
	uint8_t	class;
	uint8_t	next;
};

static const struct step steps[N_STATES][4] = {
	[EXTENSION] = { { 0, HTTP_TOKEN, EXTENSION_NAME } },
	[EXTENSION_NAME] = { { 0, HTTP_TOKEN, EXTENSION_NAME }, { '=', 0, EXTENSION_VALUE },
	    { ';', 0, EXTENSION }, { '\r', 0, SIZE_LF } },
	[EXTENSION_VALUE] = { { 0, HTTP_TOKEN, EXTENSION_TOKEN }, { '"', 0, EXTENSION_QUOTED } },
	[EXTENSION_TOKEN] = { { 0, HTTP_TOKEN, EXTENSION_TOKEN }, { ';', 0, EXTENSION },
	    { '\r', 0, SIZE_LF } },
	[EXTENSION_QUOTED] = { { '"', 0, EXTENSION_END }, { '\\', 0, EXTENSION_ESCAPED },
	    { 0, HTTP_VALUE, EXTENSION_QUOTED } },
	[EXTENSION_ESCAPED] = { { 0, HTTP_VALUE, EXTENSION_QUOTED } },
	[EXTENSION_END] = { { ';', 0, EXTENSION }, { '\r', 0, SIZE_LF } },
	[DATA_CR] = { { '\r', 0, DATA_LF } },
	[DATA_LF] = { { '\n', 0, SIZE } },
	[TRAILER] = { { '\r', 0, LAST_LF }, { 0, HTTP_TOKEN, TRAILER_NAME } },
	[TRAILER_NAME] = { { ':', 0, TRAILER_VALUE }, { 0, HTTP_TOKEN, TRAILER_NAME } },
	[TRAILER_VALUE] = { { '\r', 0, TRAILER_LF }, { 0, HTTP_VALUE, TRAILER_VALUE } },
	[TRAILER_LF] = { { '\n', 0, TRAILER } },
	[LAST_LF] = { { '\n', 0, DONE } },
};

static int
is_step(const struct step *s, char c)
{
	return s->class != 0 ? http_char_is(s->class, c) : s->c != 0 && s->c == c;
}

/* The state that follows, or N_STATES: the byte is none of the grammar's. */
static uint8_t
next_state(uint8_t state, char c)
{
	size_t i;

	for (i = 0; i < sizeof steps[0] / sizeof steps[0][0]; i++)
		if (is_step(&steps[state][i], c))
			return steps[state][i].next;
	return N_STATES;
}

/* Whether there may be more of what is no data: extensions may take as much as the data
 * and a little, trailers the little. */
static int
within_limits(struct http_chunked *d, const struct bytes *out)
{
	if (d->state == TRAILER_LF && ++d->trailers > TRAILER_LINES_MAX)
		return 0;
	return ++d->extras <= EXTRAS_MAX + (d->state < TRAILER ? out->len : 0);
}

/*
 * One function looks at `len` > 0 bytes, and returns how many it used, or minus a status.
 */
static long
feed_line(struct http_chunked *d, char c, const struct bytes *out)
{
	uint8_t next = next_state(d->state, c);

	if (next == N_STATES)
		return -400;
	if (d->state != DATA_CR && d->state != DATA_LF && !within_limits(d, out))
		return -431;
	d->state = next;
	d->done = next == DONE;
	return 1;
}

static long
feed_size(struct http_chunked *d, char c, const struct bytes *out, size_t max)
{
	int digit = http_hex(c);

	if (digit < 0) {
		if (d->digits == 0 || (c != ';' && c != '\r'))
			return -400;
		d->state = c == ';' ? EXTENSION : SIZE_LF;
		return 1;
	}
	if (++d->digits > SIZE_DIGITS_MAX)
		return -413;
	d->left = d->left * 16 + (uint64_t)digit;
	return d->left > max - out->len ? -413 : 1;
}

static long
feed_size_lf(struct http_chunked *d, char c)
{
	if (c != '\n')
		return -400;
	d->digits = 0;
	d->state = d->left > 0 ? DATA : TRAILER;
	if (d->state == TRAILER)
		d->extras = 0;
	return 1;
}

static long
feed_data(struct http_chunked *d, const char *p, size_t len, struct bytes *out, size_t max)
{
	size_t n = len < d->left ? len : (size_t)d->left;

	if (n > max - out->len)
		return -413;
	if (bytes_append(out, p, n) != 0)
		return -503;
	d->left -= n;
	if (d->left == 0)
		d->state = DATA_CR;
	return (long)n;
}

static long
feed(struct http_chunked *d, const char *p, size_t len, struct bytes *out, size_t max)
{
	switch (d->state) {
	case SIZE:
		return feed_size(d, p[0], out, max);
	case SIZE_LF:
		return feed_size_lf(d, p[0]);
	case DATA:
		return feed_data(d, p, len, out, max);
	default:
		return feed_line(d, p[0], out);
	}
}

long
http_chunked_feed(struct http_chunked *d, const char *p, size_t len, struct bytes *out, size_t max)
{
	size_t at = 0;
	long n;

	while (at < len && !d->done) {
		if ((n = feed(d, p + at, len - at, out, max)) < 0)
			return n;
		at += (size_t)n;
	}
	return (long)at;
}
