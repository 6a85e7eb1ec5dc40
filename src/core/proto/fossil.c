/* SPDX-License-Identifier: MIT */
/*
 * proto/fossil.c - the encoder of fossil deltas.
 *
 *	delta	= size "\n" { copy | literal } checksum ";"
 *	copy	= length "@" offset ","		bytes of `from`
 *	literal	= length ":" bytes
 *
 * Integers are base 64, the most significant digit first.
 *
 * `to` is read once, from left to right.  At each position the places of `from` that
 * may continue it are: where the last copy would have gone on, which finds the text
 * around a changed value; the one as far from the end, which finds the common tail;
 * and those blocks of `from` that hold the next bytes of `to`, which a hash table
 * knows.  The copy that saves most is taken, if any saves enough.
 *
 * Blocks are hashed with str_hash() at each position instead of a rolling hash: that
 * is two multiplications of words that do not wait for the position before, and its
 * seed is secret, so that nobody can send blocks that share a slot.
 *
 * Work is linear in the sizes: a position looks at one block for each byte that `to`
 * has advanced, TRIES at most, and comparisons run on only as far as copies that are
 * then written, or end at once.
 */
#include "config.h"

#include "proto/fossil.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"
#include "proto/json.h"

#define BLOCK		16u	/* bytes behind one entry of the table */
#define TRIES		32u	/* blocks compared at one position */
#define SETTLED		32u	/* a copy of so many bytes is not worth a look at blocks */
#define WORTH		3	/* bytes; a copy that saves no more may hide a better one */
#define COPY_MIN	4u	/* bytes; "4@0," is no shorter */
#define DELTA_MIN	8u	/* "8\n8@0,0;" */
#define SIZE_LIMIT	UINT32_MAX	/* decoders count in 32 bits */

static const char digit[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";

struct copy {
	size_t		to, from, len;
	ptrdiff_t	saves;		/* bytes, against sending the text itself */
};

struct fossil {
	struct rotor_str	from, to;
	size_t			written;	/* bytes of `to` that the output makes */
	size_t			done;		/* the same, with `last` */
	struct copy		last;		/* not written yet; len 0: none */
	size_t			slide[2];	/* offset in `from` minus that in `to`; may wrap */
	size_t			tries;		/* blocks that may be compared now */
	uint32_t		*first;		/* by hash: number of a block + 1; 0: none */
	uint32_t		*next;		/* by block: the next one of the same hash, + 1 */
	size_t			mask;		/* slots of `first` - 1 */
	char			*p, *end;	/* free space; a delta that needs more is too long */
};

static size_t
min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t
digits(size_t v)
{
	size_t n = 1;

	while ((v >>= 6) != 0)
		n++;
	return n;
}

/* How many of the `max` bytes from `a` and `b` on are the same. */
static size_t
same_ahead(const char *a, const char *b, size_t max)
{
	size_t n = 0;

	while (max - n >= 8 && memcmp(a + n, b + n, 8) == 0)
		n += 8;
	while (n < max && a[n] == b[n])
		n++;
	return n;
}

/* The same for the bytes before `a` and `b`. */
static size_t
same_before(const char *a, const char *b, size_t max)
{
	size_t n = 0;

	while (n < max && a[-1 - (ptrdiff_t)n] == b[-1 - (ptrdiff_t)n])
		n++;
	return n;
}

/* The first place at or after `at` where `s` can be cut; in what is not UTF-8,
 * where every place is as good, a near one. */
static size_t
cut_after(struct rotor_str s, size_t at)
{
	size_t n = 0;

	while (n < 3 && at + n < s.len && ((unsigned char)s.p[at + n] & 0xc0) == 0x80)
		n++;
	return at + n;
}

/* ---- output: -1 when the delta becomes too long ---- */

static int
put(struct fossil *f, size_t value, char command, const char *bytes, size_t len)
{
	size_t n = digits(value), i;

	if ((size_t)(f->end - f->p) < n + 1 + len)
		return -1;
	for (i = n; i-- > 0; value >>= 6)
		f->p[i] = digit[value & 63];
	f->p[n] = command;
	if (len > 0)
		memcpy(f->p + n + 1, bytes, len);
	f->p += n + 1 + len;
	return 0;
}

static int
put_literal(struct fossil *f, size_t upto)
{
	size_t len = upto - f->written;

	return len == 0 ? 0 : put(f, len, ':', f->to.p + f->written, len);
}

static int
put_last(struct fossil *f)
{
	if (f->last.len == 0)
		return 0;
	if (put_literal(f, f->last.to) != 0 || put(f, f->last.len, '@', NULL, 0) != 0 ||
	    put(f, f->last.from, ',', NULL, 0) != 0)
		return -1;
	f->written = f->done;
	return 0;
}

/* The sum of the big-endian words of `s`, zeros after the last byte. */
static uint32_t
checksum(struct rotor_str s)
{
	const unsigned char *u = (const unsigned char *)s.p;
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i + 4 <= s.len; i += 4)
		sum += (uint32_t)u[i] << 24 | (uint32_t)u[i + 1] << 16 | (uint32_t)u[i + 2] << 8 | u[i + 3];
	for (; i < s.len; i++)
		sum += (uint32_t)u[i] << (24 - 8 * (i & 3));
	return sum;
}

/* ---- search ---- */

/* `best` becomes the copy around to[at] = from[src], if that one saves more.  It may
 * take the place of a short last copy, but not overlap it. */
static void
consider(const struct fossil *f, size_t at, size_t src, struct copy *best)
{
	const char *to = f->to.p + at, *from = f->from.p + src;
	size_t back = at - (f->last.len < SETTLED ? f->written : f->done);
	size_t start = cut_after(f->to, at - same_before(to, from, min(back, src)));
	size_t end = at + same_ahead(to, from, min(f->to.len - at, f->from.len - src));
	int replaces = start <= f->last.to;
	size_t literal = replaces ? f->written : f->done, cost;
	struct copy c;

	start = start > f->last.to && start < f->done ? f->done : start;
	end = utf8_cut(f->to.p, f->to.len, end);
	if (end <= start)
		return;
	c = (struct copy){ .to = start, .from = src + start - at, .len = end - start };
	cost = digits(c.len) + digits(c.from) + 2;
	/* Of the literals before and after it, one would be there anyway. */
	if (start > literal && end < f->to.len)
		cost += digits(start - literal) + 1;
	c.saves = (ptrdiff_t)(c.len - cost) - (replaces ? f->last.saves : 0);
	if (c.saves > best->saves)
		*best = c;
}

static void
try_slides(const struct fossil *f, size_t at, struct copy *best)
{
	size_t i, src;

	for (i = 0; i < 2; i++) {
		src = at + f->slide[i];
		/* One before the start has wrapped to a large number. */
		if (src <= f->from.len - COPY_MIN &&
		    memcmp(f->to.p + at, f->from.p + src, COPY_MIN) == 0)
			consider(f, at, src, best);
	}
}

static size_t
slot(const struct fossil *f, const char *block)
{
	return (size_t)str_hash((struct rotor_str){ block, BLOCK }) & f->mask;
}

static void
try_blocks(struct fossil *f, size_t at, struct copy *best)
{
	const char *to = f->to.p + at;
	uint32_t b;
	size_t src;

	for (b = f->first[slot(f, to)]; b != 0 && f->tries > 0; b = f->next[b - 1]) {
		f->tries--;
		src = (size_t)(b - 1) * BLOCK;
		if (memcmp(to, f->from.p + src, BLOCK) == 0)
			consider(f, at, src, best);
	}
}

/* 0 or -1. */
static int
take(struct fossil *f, const struct copy *c)
{
	if (c->to >= f->done && put_last(f) != 0)
		return -1;
	f->last = *c;
	f->done = c->to + c->len;
	f->slide[0] = c->from - c->to;
	return 0;
}

static int
encode(struct fossil *f)
{
	size_t at = 0, was;
	struct copy best;

	if (put(f, f->to.len, '\n', NULL, 0) != 0)
		return -1;
	while (f->to.len - at >= COPY_MIN) {
		best = (struct copy){ .saves = WORTH };
		try_slides(f, at, &best);
		if (best.len < SETTLED && f->to.len - at >= BLOCK)
			try_blocks(f, at, &best);
		if (best.len > 0 && take(f, &best) != 0)
			return -1;
		was = at;
		at = best.len > 0 ? f->done : at + 1;
		f->tries = min(f->tries + at - was, TRIES);
	}
	if (put_last(f) != 0 || put_literal(f, f->to.len) != 0)
		return -1;
	return put(f, checksum(f->to), ';', NULL, 0);
}

/* 0 or -1.  f->first is the allocation. */
static int
index_blocks(struct fossil *f)
{
	size_t blocks = f->from.len / BLOCK, slots = 1, b;
	uint32_t *first;

	while (slots < blocks)
		slots *= 2;
	f->first = calloc(slots + blocks, sizeof *f->first);
	if (f->first == NULL)
		return -1;
	f->next = f->first + slots;
	f->mask = slots - 1;
	/* From the last on, so that of equal ones the first is found first: a run of
	 * them then goes on for as long as possible. */
	for (b = blocks; b-- > 0;) {
		first = &f->first[slot(f, f->from.p + b * BLOCK)];
		f->next[b] = *first;
		*first = (uint32_t)b + 1;
	}
	return 0;
}

int
fossil_delta(struct out *o, struct rotor_str from, struct rotor_str to)
{
	struct fossil f = {
		.from = from, .to = to, .slide = { 0, from.len - to.len }, .tries = TRIES,
	};
	int done;

	if (from.len <= BLOCK || to.len <= DELTA_MIN || from.len > SIZE_LIMIT ||
	    to.len > SIZE_LIMIT || o->failed)
		return 0;
	f.p = out_reserve(o, to.len - 1);
	if (f.p == NULL) {
		o->failed = 0;
		return 0;
	}
	f.end = f.p + to.len - 1;
	if (index_blocks(&f) != 0)
		return 0;
	done = encode(&f) == 0;
	if (done)
		o->len = (size_t)(f.p - o->p);
	free(f.first);
	return done;
}
