/* SPDX-License-Identifier: MIT */
/*
 * auth_jwt.c - connection and subscription tokens as JSON Web Tokens.
 *
 * verifier.c decides about a token, from what token.c, claims.c and keys.c find in
 * it; this file ties it to the server.  Signatures are checked with OpenSSL and
 * claims read from their text, not with libjwt: that one refuses a `typ` other than
 * JWT, prints payloads anew instead of passing them on, refuses integers beyond 64
 * bits in them, and parses RSA and ECDSA keys for each token (an HS256 token takes
 * it 6 us, against 2 here).  libjwt makes the tokens of `rotor gentoken`.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include <rotor/auth.h>
#include <rotor/log.h>
#include <rotor/module.h>

#include "commands.h"
#include "conf.h"
#include "keys.h"
#include "scratch.h"
#include "verifier.h"

#define AREA	"auth_jwt"

struct auth {
	struct rotor_server	*srv;
	struct rotor_log	*log;
	const struct auth_conf	*conf;

	/* Workers verify under the read lock; reload() swaps under the write lock. */
	pthread_rwlock_t	lock;
	struct verifier		*connection;
	struct verifier		*subscription;	/* NULL: connection's does both */
};

#define TOKEN_ROWS(root, member)					\
	{ .path = root ".hmac_secret_key", .kind = ROTOR_OPT_SECRET,	\
	  .offset = offsetof(struct auth_conf, member.hmac_secret_key),	\
	  .doc = "Secret that tokens signed with HS256, HS384 or HS512 are verified with." }, \
	{ .path = root ".hmac_previous_secret_key", .kind = ROTOR_OPT_SECRET, \
	  .offset = offsetof(struct auth_conf, member.hmac_previous_secret_key), \
	  .doc = "Secret that is tried when the others fail, while a new one is rolled out." }, \
	{ .path = root ".hmac_previous_secret_key_valid_until", .kind = ROTOR_OPT_INT, \
	  .offset = offsetof(struct auth_conf, member.hmac_previous_valid_until), \
	  .doc = "Unix time in seconds after which the previous secret is ignored; 0: never." }, \
	{ .path = root ".rsa_public_key", .kind = ROTOR_OPT_PEM,	\
	  .offset = offsetof(struct auth_conf, member.rsa_public_key),	\
	  .doc = "Public key or certificate (PEM) for tokens signed with RS256, RS384 or RS512." }, \
	{ .path = root ".ecdsa_public_key", .kind = ROTOR_OPT_PEM,	\
	  .offset = offsetof(struct auth_conf, member.ecdsa_public_key), \
	  .doc = "Public key or certificate (PEM) for tokens signed with ES256, ES384 or ES512, " \
	      "whichever fits its curve." },				\
	{ .path = root ".jwks_public_endpoint", .kind = ROTOR_OPT_STR,	\
	  .offset = offsetof(struct auth_conf, member.jwks_public_endpoint), \
	  .doc = "URL of a JSON Web Key Set; not supported yet, the server refuses to start with it." }, \
	{ .path = root ".audience", .kind = ROTOR_OPT_STR,		\
	  .offset = offsetof(struct auth_conf, member.audience),	\
	  .doc = "Value that must be among the token's aud." },		\
	{ .path = root ".audience_regex", .kind = ROTOR_OPT_STR,	\
	  .offset = offsetof(struct auth_conf, member.audience_regex),	\
	  .doc = "Regular expression that one of the token's aud must match; excludes audience." }, \
	{ .path = root ".issuer", .kind = ROTOR_OPT_STR,		\
	  .offset = offsetof(struct auth_conf, member.issuer),		\
	  .doc = "Value that the token's iss must have." },		\
	{ .path = root ".issuer_regex", .kind = ROTOR_OPT_STR,		\
	  .offset = offsetof(struct auth_conf, member.issuer_regex),	\
	  .doc = "Regular expression that the token's iss must match; excludes issuer." }, \
	{ .path = root ".user_id_claim", .kind = ROTOR_OPT_STR,		\
	  .offset = offsetof(struct auth_conf, member.user_id_claim),	\
	  .doc = "Claim that holds the user id instead of sub; letters and underscores." }, \
	{ .path = root ".insecure_skip_jwks_endpoint_safety_check", .kind = ROTOR_OPT_BOOL, \
	  .flags = ROTOR_OPT_F_NOEFFECT,				\
	  .offset = offsetof(struct auth_conf, member.skip_jwks_safety_check), \
	  .doc = "Allows any expression to feed placeholders of the key set's URL." }

static const struct rotor_option rows[] = {
	TOKEN_ROWS("token", token),
	{ .path = "subscription_token.enabled", .kind = ROTOR_OPT_BOOL,
	  .offset = offsetof(struct auth_conf, subscription_enabled),
	  .doc = "Verify subscription tokens with the keys of this section instead of client.token's." },
	TOKEN_ROWS("subscription_token", subscription),
};

static const struct rotor_option_table options =
    ROTOR_OPTION_TABLE("client", rows, struct auth_conf);

/* The time with its fraction: a token is not valid in the very instant of its nbf,
 * but it is later in that second. */
static double
now_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

static void
auth_connection_token(void *ctx, struct rotor_worker *w, struct rotor_str jwt,
    rotor_connection_token_done_f *done, void *token)
{
	struct rotor_connection_claims claims;
	struct auth *a = ctx;
	const char *why;
	struct scratch s;
	uint32_t verdict;

	(void)w;
	scratch_init(&s);
	pthread_rwlock_rdlock(&a->lock);
	verdict = verifier_connection(a->connection, jwt, now_seconds(), &s, &claims, &why);
	pthread_rwlock_unlock(&a->lock);
	done(token, verdict, why, verdict == ROTOR_TOKEN_VALID ? &claims : NULL);
	scratch_fini(&s);
}

static void
auth_subscription_token(void *ctx, struct rotor_worker *w, struct rotor_str jwt,
    rotor_subscription_token_done_f *done, void *token)
{
	struct rotor_subscription_claims claims;
	const struct verifier *v;
	struct auth *a = ctx;
	const char *why;
	struct scratch s;
	uint32_t verdict;

	(void)w;
	scratch_init(&s);
	pthread_rwlock_rdlock(&a->lock);
	v = a->subscription != NULL ? a->subscription : a->connection;
	verdict = verifier_subscription(v, jwt, now_seconds(), &s, &claims, &why);
	pthread_rwlock_unlock(&a->lock);
	done(token, verdict, why, verdict == ROTOR_TOKEN_VALID ? &claims : NULL);
	scratch_fini(&s);
}

static const struct rotor_auth provider = {
	.size = sizeof provider,
	.connection_token = auth_connection_token,
	.subscription_token = auth_subscription_token,
};

static int
make_verifier(const struct auth *a, const struct token_conf *conf, const char *path,
    int skip_signature, struct verifier **ret)
{
	char err[VERIFIER_ERR_MAX], names[KEYS_NAMES_MAX];
	int r = verifier_new(conf, path, skip_signature, ret, err);

	if (r != 0) {
		ROTOR_LOG(a->log, ROTOR_LOG_ERROR, AREA, "cannot verify tokens by this configuration",
		    ROTOR_F_STR("error", err));
		return (r);
	}
	keys_names(verifier_keys(*ret), names, sizeof names);
	if (*names == '\0')
		ROTOR_LOG(a->log, ROTOR_LOG_INFO, AREA, "no key is set: tokens are refused",
		    ROTOR_F_STR("section", path));
	else
		ROTOR_LOG(a->log, ROTOR_LOG_INFO, AREA, "tokens are verified",
		    ROTOR_F_STR("section", path), ROTOR_F_STR("algorithms", names));
	return (0);
}

static void
swap(struct verifier **a, struct verifier **b)
{
	struct verifier *v = *a;

	*a = *b;
	*b = v;
}

/* Makes the verifiers of the present configuration and puts them in use; when they
 * cannot be made those in use stay. */
static int
auth_configure(struct auth *a)
{
	struct verifier *connection = NULL, *subscription = NULL;
	int skip, r;

	skip = rotor_server_conf_int(a->srv, "client.insecure_skip_token_signature_verify") != 0;
	if (skip)
		ROTOR_LOG(a->log, ROTOR_LOG_WARN, AREA, "INSECURE: token signatures are not verified");
	r = make_verifier(a, &a->conf->token, "client.token", skip, &connection);
	if (r == 0 && a->conf->subscription_enabled)
		r = make_verifier(a, &a->conf->subscription, "client.subscription_token", skip,
		    &subscription);
	if (r != 0) {
		verifier_free(&connection);
		return (r);
	}
	pthread_rwlock_wrlock(&a->lock);
	swap(&a->connection, &connection);
	swap(&a->subscription, &subscription);
	pthread_rwlock_unlock(&a->lock);
	verifier_free(&connection);
	verifier_free(&subscription);
	return (0);
}

static int
auth_reload(void *ctx)
{
	return (auth_configure(ctx));
}

static void
auth_unload(void *ctx)
{
	struct auth *a = ctx;

	verifier_free(&a->connection);
	verifier_free(&a->subscription);
	pthread_rwlock_destroy(&a->lock);
	free(a);
}

static int
auth_provide(struct rotor_instance *inst, struct auth *a)
{
	size_t i;
	int r = rotor_provide_auth(inst, &provider, a);

	if (r != 0)
		ROTOR_LOG(a->log, ROTOR_LOG_ERROR, AREA, "another module verifies tokens already");
	for (i = 0; r == 0 && i < AUTH_N_COMMANDS; i++) {
		r = rotor_provide_command(inst, &auth_commands[i], (void *)(uintptr_t)a->conf);
		if (r != 0)
			ROTOR_LOG(a->log, ROTOR_LOG_ERROR, AREA, "another module has this command already",
			    ROTOR_F_STR("command", auth_commands[i].name));
	}
	return (r);
}

static int
auth_load(struct rotor_instance *inst, void **ret_ctx)
{
	struct auth *a = calloc(1, sizeof *a);
	int r;

	if (a == NULL)
		return (-ENOMEM);
	a->srv = rotor_instance_server(inst);
	a->log = rotor_instance_log(inst);
	a->conf = rotor_instance_conf(inst);
	r = -pthread_rwlock_init(&a->lock, NULL);
	if (r != 0) {
		free(a);
		return (r);
	}
	r = auth_configure(a);
	if (r == 0)
		r = auth_provide(inst, a);
	if (r != 0)
		auth_unload(a);
	else
		*ret_ctx = a;
	return (r);
}

ROTOR_MODULE_DEFINE(auth_jwt,
    .summary = "verifies connection and subscription tokens (JWT)",
    .provides = "auth:jwt command:gentoken command:gensubtoken "
	"command:checktoken command:checksubtoken",
    .options = &options,
    .load = auth_load, .reload = auth_reload, .unload = auth_unload);
