/* SPDX-License-Identifier: MIT */
/* http_deflate.c - see http_deflate.h. */
#include "config.h"

#include "http_deflate.h"

#include <zlib.h>

#include <rotor/str.h>

#include "http_parse.h"

#define BITS_MIN	9u	/* zlib has no raw deflate with 8 */
#define BITS_MAX	15u
#define KEEP_MAX	(64u * 1024u)	/* of the inflated message, between messages */

/* Ends every flushed deflate block; not sent (RFC 7692 7.2.1). */
static const unsigned char tail[4] = { 0x00, 0x00, 0xff, 0xff };

struct stream {
	z_stream	z;
	uint32_t	level;		/* 0: not initialised */
};

struct deflater {
	z_stream		in;
	int			in_ready;
	struct bytes		inflated;
	struct stream		out[BITS_MAX + 1];	/* by window bits */
	/* The last message, compressed: fan-out sends it many times. */
	struct rotor_buf	*last_from, *last_to;
	uint32_t		last_level, last_bits;
};

struct deflater *
deflater_new(void)
{
	return calloc(1, sizeof(struct deflater));
}

void
deflater_free(struct deflater **dp)
{
	struct deflater *d = *dp;
	size_t i;

	*dp = NULL;
	if (d == NULL)
		return;
	if (d->in_ready)
		(void)inflateEnd(&d->in);
	for (i = 0; i <= BITS_MAX; i++)
		if (d->out[i].level != 0)
			(void)deflateEnd(&d->out[i].z);
	rotor_buf_unref(&d->last_from);
	rotor_buf_unref(&d->last_to);
	bytes_fini(&d->inflated);
	free(d);
}

/* "12" or "\"12\"" -> 12; 0: not a number of window bits. */
static uint32_t
parse_bits(struct rotor_str v)
{
	uint32_t n = 0;
	size_t i;

	if (v.len >= 2 && v.p[0] == '"' && v.p[v.len - 1] == '"') {
		v.p++;
		v.len -= 2;
	}
	if (v.len == 0 || v.len > 2 || v.p[0] == '0')
		return 0;
	for (i = 0; i < v.len; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return 0;
		n = n * 10 + (uint32_t)(v.p[i] - '0');
	}
	return n >= 8 && n <= BITS_MAX ? n : 0;
}

/* One parameter of an offer.  0, or -1: the offer cannot be accepted. */
static int
take_param(struct rotor_str param, uint32_t *bits, int *say)
{
	struct rotor_str name = { NULL, 0 }, value = param;

	(void)http_list_next(&value, '=', &name);
	if (rotor_str_is_nocase(name, "server_no_context_takeover") ||
	    rotor_str_is_nocase(name, "client_no_context_takeover"))
		return value.len == 0 ? 0 : -1;
	if (rotor_str_is_nocase(name, "client_max_window_bits"))
		return value.len == 0 || parse_bits(value) != 0 ? 0 : -1;
	if (!rotor_str_is_nocase(name, "server_max_window_bits"))
		return -1;
	*bits = parse_bits(value);
	*say = 1;
	return *bits >= BITS_MIN ? 0 : -1;
}

uint32_t
deflate_negotiate(struct rotor_str offers, int *ret_say)
{
	struct rotor_str offer, part;

	while (http_list_next(&offers, ',', &offer)) {
		uint32_t bits = BITS_MAX;
		int say = 0, ok;

		ok = http_list_next(&offer, ';', &part) && rotor_str_is_nocase(part, "permessage-deflate");
		while (ok && http_list_next(&offer, ';', &part))
			ok = take_param(part, &bits, &say) == 0;
		if (ok) {
			*ret_say = say;
			return bits;
		}
	}
	return 0;
}

/* Runs `p` through the inflater.  0 or -errno. */
static int
inflate_some(struct deflater *d, const void *p, size_t len, size_t max)
{
	z_stream *z = &d->in;
	struct bytes *out = &d->inflated;
	size_t room;
	int ret;

	z->next_in = (unsigned char *)(uintptr_t)p;
	z->avail_in = (uInt)len;
	do {
		/* One byte over the limit tells "exactly at" from "beyond". */
		if (out->len > max)
			return -EMSGSIZE;
		if (out->len == out->cap && bytes_reserve(out, 1024) != 0)
			return -ENOMEM;
		room = out->cap - out->len;
		if (room > max + 1 - out->len)
			room = max + 1 - out->len;
		z->next_out = (unsigned char *)out->p + out->len;
		z->avail_out = (uInt)room;
		ret = inflate(z, Z_SYNC_FLUSH);
		out->len += (uint32_t)(room - z->avail_out);
		if (ret != Z_OK && ret != Z_BUF_ERROR && ret != Z_STREAM_END)
			return ret == Z_MEM_ERROR ? -ENOMEM : -EINVAL;
	} while (ret != Z_STREAM_END && z->avail_out == 0);
	if (out->len > max)
		return -EMSGSIZE;
	/* Bytes after a final block belong to no message. */
	return ret == Z_STREAM_END && z->avail_in > 0 && p != tail ? -EINVAL : 0;
}

int
deflater_inflate(struct deflater *d, const void *p, size_t len, size_t max, struct rotor_str *ret)
{
	int err;

	if (!d->in_ready && inflateInit2(&d->in, -(int)BITS_MAX) != Z_OK)
		return -ENOMEM;
	if (d->in_ready)
		(void)inflateReset(&d->in);
	d->in_ready = 1;
	if (d->inflated.cap > KEEP_MAX)
		bytes_fini(&d->inflated);
	d->inflated.len = 0;
	if ((err = inflate_some(d, p, len, max)) != 0 ||
	    (err = inflate_some(d, tail, sizeof tail, max)) != 0)
		return err;
	*ret = (struct rotor_str){ d->inflated.p, d->inflated.len };
	return 0;
}

/* The stream for these parameters, ready for a message; NULL: no memory. */
static z_stream *
out_stream(struct deflater *d, uint32_t level, uint32_t bits)
{
	struct stream *s = &d->out[bits];

	if (s->level == level)
		return deflateReset(&s->z) == Z_OK ? &s->z : NULL;
	if (s->level != 0)
		(void)deflateEnd(&s->z);
	memset(s, 0, sizeof *s);
	if (deflateInit2(&s->z, (int)level, Z_DEFLATED, -(int)bits, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	s->level = level;
	return &s->z;
}

static struct rotor_buf *
deflate_fresh(z_stream *z, struct rotor_buf *from)
{
	/* A sync flush adds an empty stored block beyond deflateBound(). */
	size_t cap = deflateBound(z, rotor_buf_len(from)) + 16, n;
	struct rotor_buf *to = rotor_buf_alloc(cap);

	if (to == NULL)
		return NULL;
	z->next_in = rotor_buf_data(from);
	z->avail_in = (uInt)rotor_buf_len(from);
	z->next_out = rotor_buf_data(to);
	z->avail_out = (uInt)cap;
	n = deflate(z, Z_SYNC_FLUSH) == Z_OK ? cap - z->avail_out : 0;
	if (z->avail_in > 0 || z->avail_out == 0 || n < sizeof tail) {
		rotor_buf_unref(&to);
		return NULL;
	}
	rotor_buf_trim(to, n - sizeof tail);
	return to;
}

struct rotor_buf *
deflater_deflate(struct deflater *d, struct rotor_buf *from, uint32_t level, uint32_t bits)
{
	z_stream *z;

	if (d->last_from == from && d->last_level == level && d->last_bits == bits)
		return rotor_buf_ref(d->last_to);
	rotor_buf_unref(&d->last_from);
	rotor_buf_unref(&d->last_to);
	if ((z = out_stream(d, level, bits)) == NULL || (d->last_to = deflate_fresh(z, from)) == NULL)
		return NULL;
	d->last_from = rotor_buf_ref(from);
	d->last_level = level;
	d->last_bits = bits;
	return rotor_buf_ref(d->last_to);
}
