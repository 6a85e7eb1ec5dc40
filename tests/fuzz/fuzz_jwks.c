/* SPDX-License-Identifier: MIT */
/*
 * fuzz_jwks.c - key sets as an endpoint may send them.
 *
 * Beyond not crashing: a key that is taken has an id, can be asked, and believes no
 * signature of the fuzzer's.
 */
#include "config.h"

#include "fuzz.h"

#include <stdlib.h>

#include "alg.h"
#include "jwks.h"

static void
on_key(void *priv, struct rotor_str kid, struct jwk *k)
{
	const struct rotor_str text = { "a.b", 3 }, sig = { "0123456789abcdef", 16 };
	const char *why;
	size_t i;

	(void)priv;
	if (kid.len == 0 || kid.len > JWK_KID_MAX)
		abort();
	for (i = 0; i < ALG_N; i++) {
		struct rotor_str name = { algs[i].name, 5 };

		if (jwk_verify(k, name, text, sig, &why) == 0)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct jwks_summary sum;

	if ((jwks_read((struct rotor_str){ (const char *)data, len }, on_key, NULL, &sum) == 0) !=
	    (sum.taken > 0) || sum.taken > JWKS_MAX_KEYS)
		abort();
	return 0;
}
