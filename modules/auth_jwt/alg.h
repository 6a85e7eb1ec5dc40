/* SPDX-License-Identifier: MIT */
/*
 * alg.h - the signature algorithms.
 *
 * An algorithm belongs to one family, and so does a key: no key is ever used for
 * another family's algorithm.
 */
#ifndef AUTH_JWT_ALG_H
#define AUTH_JWT_ALG_H

#include <rotor/abi.h>

enum family { FAMILY_HMAC, FAMILY_RSA, FAMILY_ECDSA, FAMILY_EDDSA };

struct alg {
	const char	*name;
	enum family	family;
	const char	*digest;	/* OpenSSL's name; NULL: the algorithm has its own */
	const char	*group;		/* ECDSA: OpenSSL's name of the one curve */
	size_t		coord;		/* bytes of a coordinate there */
};

#define ALG_N	10u
extern const struct alg algs[ALG_N];

/* NULL: there is no such algorithm. */
const struct alg *alg_find(struct rotor_str name);

#endif
