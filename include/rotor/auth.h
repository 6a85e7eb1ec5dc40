/* SPDX-License-Identifier: MIT */
/*
 * rotor/auth.h - what an auth module provides: token verification.
 *
 * Both calls end with `done`, exactly once, on the worker `w` that asked, possibly
 * before the call returns.  Arguments are borrowed for the length of the call,
 * results for the length of the callback.
 */
#ifndef ROTOR_AUTH_H
#define ROTOR_AUTH_H

#include <rotor/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rotor_instance;
struct rotor_worker;

/* Verdicts */
#define ROTOR_TOKEN_VALID	0u
#define ROTOR_TOKEN_EXPIRED	1u	/* or not valid yet */
#define ROTOR_TOKEN_INVALID	2u
#define ROTOR_TOKEN_ERROR	3u	/* cannot tell (key source down, bad base64) */

/* Overrides of channel options: bit in `set` says given, in `value` says on. */
#define ROTOR_OVR_PRESENCE		1u
#define ROTOR_OVR_JOIN_LEAVE		2u
#define ROTOR_OVR_FORCE_PUSH_JOIN_LEAVE	4u
#define ROTOR_OVR_FORCE_RECOVERY	8u
#define ROTOR_OVR_FORCE_POSITIONING	16u

/* A server-side subscription that a token or proxy grants, or the options of a
 * client-side one. */
struct rotor_sub_grant {
	size_t			size;
	struct rotor_str	channel;
	struct rotor_str	info;		/* chan_info; decoded when it was base64 */
	struct rotor_str	data;		/* for the subscribe result; likewise */
	uint32_t		override_set;
	uint32_t		override_value;
};

struct rotor_connection_claims {
	size_t			size;
	struct rotor_str	user;		/* empty: anonymous */
	struct rotor_str	info;		/* conn_info; decoded when it was base64 */
	struct rotor_str	meta;
	int64_t			expire_at;	/* Unix seconds of the connection's expiry; 0: never */
	const struct rotor_sub_grant	*subs;
	size_t			n_subs;
	struct rotor_str	token_id;	/* jti */
	int64_t			issued_at;	/* Unix seconds; 0: not said */
};

struct rotor_subscription_claims {
	size_t			size;
	struct rotor_str	user;
	struct rotor_str	client;		/* empty: any connection of the user */
	int64_t			expire_at;	/* Unix seconds of the subscription's expiry; 0: never */
	struct rotor_sub_grant	grant;
	struct rotor_str	token_id;	/* jti */
	int64_t			issued_at;	/* Unix seconds; 0: not said */
};

/* `why` is for the log at most: it names the failed check and claim.  Of the token's text it
 * has the key's name (kid) at most, quoted, without control characters.  Lives as long as the
 * callback. */
typedef void rotor_connection_token_done_f(void *token, uint32_t verdict, const char *why,
    const struct rotor_connection_claims *claims);
typedef void rotor_subscription_token_done_f(void *token, uint32_t verdict, const char *why,
    const struct rotor_subscription_claims *claims);

struct rotor_auth {
	size_t	size;
	void	(*connection_token)(void *ctx, struct rotor_worker *w, struct rotor_str jwt,
		    rotor_connection_token_done_f *done, void *token);
	void	(*subscription_token)(void *ctx, struct rotor_worker *w, struct rotor_str jwt,
		    rotor_subscription_token_done_f *done, void *token);
};

/* Registers the auth provider of this server.  From load() only.  The table must
 * outlive the instance.  ROTOR_OK, or -EEXIST when there is one already. */
ROTOR_API int rotor_provide_auth(struct rotor_instance *inst, const struct rotor_auth *auth, void *ctx);

#ifdef __cplusplus
}
#endif

#endif
