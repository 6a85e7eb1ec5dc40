/* SPDX-License-Identifier: MIT */
/*
 * base/hash.c - the hash of names.
 *
 * Sixteen bytes a step go through a 64x64->128 bit multiplication whose halves are
 * folded together.  Both factors are combined with secret or data-dependent state
 * first, so that who does not know the seed cannot aim for a collision, nor for
 * the factor 0 that would erase what came before.
 */
#include "config.h"

#include "base/str.h"

__extension__ typedef unsigned __int128 u128;

/* Set once before main(), or when the library is loaded, and only read then. */
static uint64_t seed[4];

__attribute__((constructor)) static void
hash_seed(void)
{
	random_fill(seed, sizeof seed);
}

static inline uint64_t
mix(uint64_t a, uint64_t b)
{
	u128 r = (u128)a * b;

	return (uint64_t)r ^ (uint64_t)(r >> 64);
}

static inline uint64_t
load64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static inline uint64_t
load32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

/* 1 to 3 bytes. */
static inline uint64_t
load_few(const char *p, size_t len)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint64_t)u[0] << 16 | (uint64_t)u[len / 2] << 8 | u[len - 1];
}

uint64_t
str_hash(struct rotor_str s)
{
	const char *p = s.p;
	size_t left = s.len;
	uint64_t h = seed[0], a = 0, b = 0;

	for (; left > 16; p += 16, left -= 16)
		h = mix(load64(p) ^ seed[1], load64(p + 8) ^ h);
	/* The loads of the rest may overlap; the length, mixed in last, tells apart
	 * what they cannot. */
	if (left >= 8) {
		a = load64(p);
		b = load64(p + left - 8);
	} else if (left >= 4) {
		a = load32(p);
		b = load32(p + left - 4);
	} else if (left > 0) {
		a = load_few(p, left);
	}
	h = mix(a ^ seed[1], b ^ h);
	return mix(h ^ seed[2], (uint64_t)s.len ^ seed[3]);
}
