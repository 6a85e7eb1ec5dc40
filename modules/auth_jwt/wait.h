/* SPDX-License-Identifier: MIT */
/* wait.h - a key from a key set, for who has nothing else to do: commands, not workers. */
#ifndef AUTH_JWT_WAIT_H
#define AUTH_JWT_WAIT_H

struct key_ask;
struct verifier;

/* Blocks until *ask is answered.  The caller unrefs ask->key. */
void wait_for_key(const struct verifier *v, struct key_ask *ask);

#endif
