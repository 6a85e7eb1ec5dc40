/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "alg.h"

#include <string.h>

#include <rotor/str.h>

const struct alg algs[ALG_N] = {
	{ "HS256", FAMILY_HMAC, "SHA256", NULL, 0 },
	{ "HS384", FAMILY_HMAC, "SHA384", NULL, 0 },
	{ "HS512", FAMILY_HMAC, "SHA512", NULL, 0 },
	{ "RS256", FAMILY_RSA, "SHA256", NULL, 0 },
	{ "RS384", FAMILY_RSA, "SHA384", NULL, 0 },
	{ "RS512", FAMILY_RSA, "SHA512", NULL, 0 },
	{ "ES256", FAMILY_ECDSA, "SHA256", "prime256v1", 32 },
	{ "ES384", FAMILY_ECDSA, "SHA384", "secp384r1", 48 },
	{ "ES512", FAMILY_ECDSA, "SHA512", "secp521r1", 66 },
	{ "EdDSA", FAMILY_EDDSA, NULL, NULL, 0 },
};

const struct alg *
alg_find(struct rotor_str name)
{
	size_t i;

	for (i = 0; i < ALG_N; i++) {
		if (rotor_str_is(name, algs[i].name))
			return (&algs[i]);
	}
	return (NULL);
}
