/* SPDX-License-Identifier: MIT */
/*
 * unknown.h - kids that a key set did not have a moment ago.
 *
 * A table of a fixed size, in which a new one takes the place of an old one; where is
 * nothing that who makes up kids could know.  Times are monotonic milliseconds.  The owner
 * locks.
 */
#ifndef AUTH_JWT_UNKNOWN_H
#define AUTH_JWT_UNKNOWN_H

#include <stdint.h>

#include <rotor/abi.h>

#define UNKNOWN_SLOTS	1024u
#define UNKNOWN_TTL_MS	5000u

struct unknown {
	unsigned char	seed[16];
	struct {
		uint64_t	hash, until_ms;
	}		slots[UNKNOWN_SLOTS];
};

/* `u` is zeroed.  0, or -1: no randomness. */
int unknown_init(struct unknown *u);
void unknown_add(struct unknown *u, struct rotor_str url, struct rotor_str kid, uint64_t now_ms);
/* 1 when it was added in the last seconds, unless others have taken its place. */
int unknown_has(const struct unknown *u, struct rotor_str url, struct rotor_str kid, uint64_t now_ms);

#endif
