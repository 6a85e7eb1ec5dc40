/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "unknown.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

int
unknown_init(struct unknown *u)
{
	return (RAND_bytes(u->seed, sizeof u->seed) == 1 ? 0 : -1);
}

/* 0: cannot be told; none has it. */
static uint64_t
hash(const struct unknown *u, struct rotor_str url, struct rotor_str kid)
{
	unsigned char md[EVP_MAX_MD_SIZE] = { 0 };
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint64_t h = 0;

	if (ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
	    EVP_DigestUpdate(ctx, u->seed, sizeof u->seed) == 1 &&
	    EVP_DigestUpdate(ctx, &url.len, sizeof url.len) == 1 &&
	    EVP_DigestUpdate(ctx, url.p, url.len) == 1 &&
	    EVP_DigestUpdate(ctx, kid.p, kid.len) == 1 && EVP_DigestFinal_ex(ctx, md, NULL) == 1)
		memcpy(&h, md, sizeof h);
	EVP_MD_CTX_free(ctx);
	return (h);
}

void
unknown_add(struct unknown *u, struct rotor_str url, struct rotor_str kid, uint64_t now_ms)
{
	uint64_t h = hash(u, url, kid);

	u->slots[h % UNKNOWN_SLOTS].hash = h;
	u->slots[h % UNKNOWN_SLOTS].until_ms = now_ms + UNKNOWN_TTL_MS;
}

int
unknown_has(const struct unknown *u, struct rotor_str url, struct rotor_str kid, uint64_t now_ms)
{
	uint64_t h = hash(u, url, kid);

	return (h != 0 && u->slots[h % UNKNOWN_SLOTS].hash == h &&
	    u->slots[h % UNKNOWN_SLOTS].until_ms > now_ms);
}
