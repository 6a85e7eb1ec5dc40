/* SPDX-License-Identifier: MIT */
/* http_deflate.c - see http_deflate.h. */
#include "config.h"

#include "http_deflate.h"

#include <sys/types.h>
#include <zlib.h>

#include "http_offer.h"

#define KEEP_MAX	(64u * 1024u)	/* of the inflated message, between messages */
#define SLICE		512u		/* compressed between two looks at the clock */
#define STORED_MAX	65535u		/* bytes of a stored block */
#define STORED_HEAD	5u
#define MEMORY		16u		/* messages remembered: more than forms of a publication */

/* Ends every flushed deflate block; not sent (RFC 7692 7.2.1). */
static const unsigned char tail[4] = { 0x00, 0x00, 0xff, 0xff };

struct stream {
	z_stream	z;
	uint32_t	level;		/* 0: not initialised */
};

/* A message and what it was compressed to: fan-out sends it many times. */
struct memory {
	struct rotor_buf	*from, *to;	/* NULL: free */
	uint32_t		level, bits;
};

struct deflater {
	deflater_clock_f	*clock;
	uint64_t		window_us, used_us;	/* when it began; spent in it */
	z_stream		in;
	int			in_ready;
	struct bytes		inflated;
	struct stream		large, small;		/* by window */
	struct memory		memory[MEMORY];
	uint32_t		n_memory;		/* ever remembered; the oldest makes room */
};

struct deflater *
deflater_new(deflater_clock_f *clock)
{
	struct deflater *d = calloc(1, sizeof *d);

	if (d != NULL)
		d->clock = clock;
	return d;
}

static void
stream_end(struct stream *s)
{
	if (s->level != 0)
		(void)deflateEnd(&s->z);
}

void
deflater_free(struct deflater **dp)
{
	struct deflater *d = *dp;

	*dp = NULL;
	if (d == NULL)
		return;
	if (d->in_ready)
		(void)inflateEnd(&d->in);
	stream_end(&d->large);
	stream_end(&d->small);
	deflater_forget(d);
	bytes_fini(&d->inflated);
	free(d);
}

/*
 * Inflating
 */
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

	if (!d->in_ready && inflateInit2(&d->in, -MAX_WBITS) != Z_OK)
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

/*
 * Compressing
 */
static void
memory_drop(struct memory *m)
{
	rotor_buf_unref(&m->from);
	rotor_buf_unref(&m->to);
}

void
deflater_forget(struct deflater *d)
{
	uint32_t i;

	for (i = 0; i < MEMORY && i < d->n_memory; i++)
		memory_drop(&d->memory[i]);
	d->n_memory = 0;
}

/* With a reference for the caller, or NULL. */
static struct rotor_buf *
recall(struct deflater *d, struct rotor_buf *from, uint32_t level, uint32_t bits)
{
	uint32_t i;

	for (i = 0; i < MEMORY && i < d->n_memory; i++)
		if (d->memory[i].from == from && d->memory[i].level == level && d->memory[i].bits == bits)
			return rotor_buf_ref(d->memory[i].to);
	return NULL;
}

static void
remember(struct deflater *d, struct rotor_buf *from, struct rotor_buf *to, uint32_t level,
    uint32_t bits)
{
	struct memory *m = &d->memory[d->n_memory++ % MEMORY];

	memory_drop(m);
	*m = (struct memory){ rotor_buf_ref(from), rotor_buf_ref(to), level, bits };
}

/* How long may be spent on compressing now. */
static uint64_t
time_left(struct deflater *d, uint64_t now_us)
{
	if (now_us - d->window_us >= DEFLATER_WINDOW_US) {
		d->window_us = now_us;
		d->used_us = 0;
	}
	return d->used_us < DEFLATER_SHARE_US ? DEFLATER_SHARE_US - d->used_us : 0;
}

/* The stream for these parameters, ready for a message; NULL: no memory. */
static z_stream *
out_stream(struct deflater *d, uint32_t level, uint32_t bits)
{
	struct stream *s = bits == OFFER_BITS_LARGE ? &d->large : &d->small;
	/* zlib clears its hash table whenever the window has moved: a small window with a
	 * table for a large one takes three times as long. */
	int mem_level = bits == OFFER_BITS_LARGE ? 8 : 5;

	if (s->level == 0 && deflateInit2(&s->z, (int)level, Z_DEFLATED, -(int)bits, mem_level,
	    Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	s->level = level;
	return deflateReset(&s->z) == Z_OK && deflateParams(&s->z, (int)level, Z_DEFAULT_STRATEGY) == Z_OK ?
	    &s->z : NULL;
}

/* Compresses bytes until they or the time are at an end.  How many, or -1. */
static ssize_t
deflate_until(struct deflater *d, z_stream *z, unsigned char *p, size_t len, uint64_t until_us)
{
	size_t at = 0, n;
	int over;

	do {
		n = len - at < SLICE ? len - at : SLICE;
		over = at + n == len || d->clock() >= until_us;
		z->next_in = p + at;
		z->avail_in = (uInt)n;
		if (deflate(z, over ? Z_SYNC_FLUSH : Z_NO_FLUSH) != Z_OK || z->avail_in > 0 ||
		    z->avail_out == 0)
			return -1;
		at += n;
	} while (!over);
	return (ssize_t)at;
}

/* Writes stored blocks, up to the head of the empty one whose rest is not sent; their end. */
static unsigned char *
store(unsigned char *to, const unsigned char *p, size_t len)
{
	size_t n;

	for (; len > 0; p += n, len -= n) {
		n = len < STORED_MAX ? len : STORED_MAX;
		*to++ = 0;
		*to++ = (unsigned char)n;
		*to++ = (unsigned char)(n >> 8);
		*to++ = (unsigned char)~n;
		*to++ = (unsigned char)(~n >> 8);
		to = (unsigned char *)mempcpy(to, p, n);
	}
	*to++ = 0;
	return to;
}

static struct rotor_buf *
deflate_fresh(struct deflater *d, z_stream *z, struct rotor_buf *from, uint64_t until_us)
{
	unsigned char *p = rotor_buf_data(from), *end;
	size_t len = rotor_buf_len(from), blocks = (len / STORED_MAX + 1) * STORED_HEAD + 1;
	/* A sync flush adds an empty stored block beyond deflateBound(). */
	size_t cap = deflateBound(z, len) + 16;
	struct rotor_buf *to = rotor_buf_alloc(cap + blocks);
	ssize_t done;

	if (to == NULL)
		return NULL;
	z->next_out = rotor_buf_data(to);
	z->avail_out = (uInt)cap;
	done = deflate_until(d, z, p, len, until_us);
	if (done < 0 || len - (size_t)done > z->avail_out) {
		rotor_buf_unref(&to);
		return NULL;
	}
	end = z->next_out;
	end = (size_t)done < len ? store(end, p + done, len - (size_t)done) : end - sizeof tail;
	rotor_buf_trim(to, (size_t)(end - rotor_buf_data(to)));
	return to;
}

struct rotor_buf *
deflater_deflate(struct deflater *d, struct rotor_buf *from, uint32_t level, uint32_t bits)
{
	struct rotor_buf *to = recall(d, from, level, bits);
	uint64_t now_us, left_us;
	z_stream *z;

	if (to != NULL)
		return to;
	now_us = d->clock();
	if ((left_us = time_left(d, now_us)) == 0 || (z = out_stream(d, level, bits)) == NULL ||
	    (to = deflate_fresh(d, z, from, now_us + left_us)) == NULL)
		return NULL;
	d->used_us += d->clock() - now_us;
	remember(d, from, to, level, bits);
	return to;
}
