/* SPDX-License-Identifier: MIT */
/*
 * hash.c - SipHash-1-3 (Aumasson, Bernstein: "SipHash: a fast short-input PRF") of the
 * context and the string, one behind the other.
 */
#include "config.h"

#include "hash.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct sip {
	uint64_t	v[4];
};

static uint64_t
rotl(uint64_t x, unsigned int bits)
{
	return ((x << bits) | (x >> (64 - bits)));
}

static void
sip_round(struct sip *s)
{
	uint64_t *v = s->v;

	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] = rotl(v[0], 32) + v[3];
	v[2] += v[1];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static void
sip_word(struct sip *s, uint64_t word)
{
	s->v[3] ^= word;
	sip_round(s);
	s->v[0] ^= word;
}

static uint64_t
sip_end(struct sip *s)
{
	int i;

	s->v[2] ^= 0xff;
	for (i = 0; i < 3; i++)
		sip_round(s);
	return (s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3]);
}

int
hash_key_init(struct hash_key *key)
{
	return (getentropy(key, sizeof *key) == 0 ? 0 : -errno);
}

uint64_t
hash_str(const struct hash_key *key, uint64_t context, struct rotor_str s)
{
	struct sip sip = { {
	    key->k[0] ^ 0x736f6d6570736575u, key->k[1] ^ 0x646f72616e646f6du,
	    key->k[0] ^ 0x6c7967656e657261u, key->k[1] ^ 0x7465646279746573u } };
	uint64_t word;
	size_t i;

	sip_word(&sip, context);
	for (i = 0; i + sizeof word <= s.len; i += sizeof word) {
		memcpy(&word, s.p + i, sizeof word);
		sip_word(&sip, word);
	}
	word = 0;
	if (i < s.len)
		memcpy(&word, s.p + i, s.len - i);
	sip_word(&sip, word ^ ((uint64_t)(s.len + sizeof context) << 56));
	return (sip_end(&sip));
}
