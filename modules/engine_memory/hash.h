/* SPDX-License-Identifier: MIT */
/*
 * hash.h - a keyed hash of byte strings.
 *
 * Channel names and client-chosen keys come from outside; the random key keeps
 * anyone from choosing names that all land in one bucket.  Any thread.
 */
#ifndef ENGINE_MEMORY_HASH_H
#define ENGINE_MEMORY_HASH_H

#include <rotor/abi.h>

struct hash_key {
	uint64_t	k[2];
};

/* A random key.  0 or -errno. */
int hash_key_init(struct hash_key *key);
/* Hashes `s`.  `context` tells apart equal strings of different owners; 0: none. */
uint64_t hash_str(const struct hash_key *key, uint64_t context, struct rotor_str s);

#endif
