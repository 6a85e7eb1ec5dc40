/* SPDX-License-Identifier: MIT */
/* base/str.h - small helpers around struct rotor_str. */
#ifndef ROTOR_BASE_STR_H
#define ROTOR_BASE_STR_H

#include <string.h>

#include <rotor/str.h>

#define STR_LIT(s)	((struct rotor_str){ (s), sizeof(s) - 1 })

/* A well-mixed, process-seeded hash: names come from clients. */
uint64_t str_hash(struct rotor_str s);

/* 16 random bytes as a version 4 UUID; `text` needs 36 bytes, gets no NUL. */
void uuid_make(unsigned char uuid[16]);
void uuid_text(const unsigned char uuid[16], char text[36]);
/* 0, or -1 when `s` is not a UUID in text form. */
int uuid_parse(struct rotor_str s, unsigned char ret_uuid[16]);
/* Cryptographically random bytes; cannot fail. */
void random_fill(void *p, size_t len);
/* A cheap per-thread random number, for jitter only. */
uint32_t random_jitter(void);

/* Glob with '*', '?', '[..]' and '{a,b}'; matches the whole of `s`.  1, 0, or -1
 * when the pattern is malformed. */
int glob_match(struct rotor_str pattern, struct rotor_str s);

#endif
