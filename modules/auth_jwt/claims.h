/* SPDX-License-Identifier: MIT */
/*
 * claims.h - the claims of a token, typed.
 *
 * Reading checks each known claim's JSON type and ignores unknown ones; null is as
 * good as absent, except in payloads.  Nothing here has been verified yet.
 */
#ifndef AUTH_JWT_CLAIMS_H
#define AUTH_JWT_CLAIMS_H

#include <rotor/abi.h>
#include <rotor/auth.h>

struct scratch;

#define CLAIMS_CONNECTION	1u
#define CLAIMS_SUBSCRIPTION	2u

struct claim_time {
	int	given;
	double	at;		/* Unix seconds; finite */
};

struct claim_int {
	int	given;
	int64_t	n;
};

struct claim_strs {
	struct rotor_str	*v;
	size_t			n;
};

struct claim_override {
	uint32_t	set;		/* ROTOR_OVR_*: said at all */
	uint32_t	value;		/* and on */
};

/* What a token may say about one subscription. */
struct claim_sub {
	struct rotor_str	channel;
	size_t			order;		/* of appearance */
	struct rotor_str	info, b64info;	/* JSON text; base64 text */
	struct rotor_str	data, b64data;
	struct claim_override	override;
};

struct claim_subs {
	struct claim_sub	*v;		/* by channel, each channel once */
	size_t			n;
};

struct claims {
	struct rotor_str	jti, iss, sub;
	struct rotor_str	user;		/* the user id claim, or sub */
	struct claim_strs	aud;
	struct claim_time	exp, nbf, iat;
	struct claim_int	expire_at;
	struct rotor_str	client;
	struct rotor_str	meta;		/* JSON text of an object */
	struct claim_subs	channels, subs;
	struct claim_sub	top;		/* channel, info, data, override beside the others */
};

/* Reads `text`, the claims of a token of `kind`.  `user_claim` names the claim that
 * replaces sub, or is "".  0, or -1 with a reason; *ret then is undefined.  Slices
 * point into `text` and `s`. */
int claims_read(struct rotor_str text, uint32_t kind, const char *user_claim,
    struct scratch *s, struct claims *ret, const char **ret_why);

struct header {
	struct rotor_str	alg, kid;	/* empty: not said */
};

/* A token's header.  0, or -1 with a reason. */
int header_read(struct rotor_str text, struct scratch *s, struct header *ret,
    const char **ret_why);

/* What a sub grants: base64 wins over JSON.  0, or -1: malformed base64, or no
 * memory. */
int claim_sub_grant(const struct claim_sub *sub, struct scratch *s, struct rotor_sub_grant *ret);
/* The payload of a JSON claim and its base64 twin; likewise. */
int claim_payload(struct rotor_str raw, struct rotor_str b64, struct scratch *s,
    struct rotor_str *ret);

#endif
