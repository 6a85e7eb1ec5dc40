/* SPDX-License-Identifier: MIT */
/*
 * auth_jwt.c - connection and subscription tokens as JSON Web Tokens.
 *
 * verifier.c decides about a token, from what token.c, claims.c and keys.c find in
 * it, and this file ties it to the server.  A key that is in a key set and not in the
 * cache is fetched on a thread of its own (jwks_fetch.c); the token waits, and is
 * verified anew on its worker.  Signatures are checked with OpenSSL and
 * claims read from their text, not with libjwt: that one refuses a `typ` other than
 * JWT, prints payloads anew instead of passing them on, refuses integers beyond 64
 * bits in them, and parses RSA and ECDSA keys for each token (an HS256 token takes
 * it 6 us, against 2 here).  libjwt makes the tokens of `rotor gentoken`.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rotor/auth.h>
#include <rotor/check.h>
#include <rotor/log.h>
#include <rotor/loop.h>
#include <rotor/metrics.h>
#include <rotor/module.h>

#include "commands.h"
#include "conf.h"
#include "fault.h"
#include "jwks_fetch.h"
#include "keys.h"
#include "scratch.h"
#include "url_template.h"
#include "verifier.h"

#define AREA	"auth_jwt"

struct auth {
	struct rotor_server	*srv;
	struct rotor_log	*log;
	const struct auth_conf	*conf;

	/* Workers take a reference under the read lock; reload() swaps under the write lock. */
	pthread_rwlock_t	lock;
	struct verifier		*connection;
	struct verifier		*subscription;	/* NULL: connection's does both */

	struct fetcher		*fetcher;	/* NULL: no block ever had a key set */
	rotor_metric_id		fetches_ok, fetches_failed;
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
	  .doc = "URL of a JSON Web Key Set (JWKS) whose keys take the place of those above; " \
	      "{{name}} is filled from a named group of issuer_regex or audience_regex." }, \
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
	  .offset = offsetof(struct auth_conf, member.skip_jwks_safety_check), \
	  .doc = "Only warn of an expression that fills the key set's URL with more than a list " \
	      "of values; then whoever makes a token may choose the URL." }

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

/* Whom the verdict is for. */
struct customer {
	rotor_connection_token_done_f	*connection;	/* NULL: it is a subscription token */
	rotor_subscription_token_done_f	*subscription;
	void				*token;
};

/* Verifies, and tells the customer unless the key must be fetched first (1). */
static int
verify(const struct verifier *v, struct rotor_str jwt, struct key_ask *ask,
    const struct customer *cu, struct scratch *s)
{
	struct rotor_subscription_claims sc;
	struct rotor_connection_claims cc;
	const char *why;
	uint32_t verdict;

	if (cu->connection != NULL)
		verdict = verifier_connection(v, jwt, now_seconds(), ask, s, &cc, &why);
	else
		verdict = verifier_subscription(v, jwt, now_seconds(), ask, s, &sc, &why);
	if (verdict == VERIFIER_ASK)
		return (1);
	if (cu->connection != NULL)
		cu->connection(cu->token, verdict, why, verdict == ROTOR_TOKEN_VALID ? &cc : NULL);
	else
		cu->subscription(cu->token, verdict, why, verdict == ROTOR_TOKEN_VALID ? &sc : NULL);
	return (0);
}

/* A token whose key is being fetched. */
struct pending {
	struct verifier		*v;
	struct rotor_worker	*w;
	struct customer		customer;
	struct key_ask		ask;
	size_t			len;
	char			jwt[];
};

/* The key is there, or is known not to be; on the customer's worker. */
static void
resume(struct rotor_worker *w, void *priv)
{
	struct pending *pd = priv;
	struct scratch s;

	(void)w;
	scratch_init(&s);
	verify(pd->v, (struct rotor_str){ pd->jwt, pd->len }, &pd->ask, &pd->customer, &s);
	scratch_fini(&s);
	jwk_unref(&pd->ask.key);
	verifier_unref(&pd->v);
	free(pd);
}

/* On the fetcher's thread, which may wait for memory as no worker may. */
static void
key_answered(void *priv, enum jwks_answer answer, struct jwk *k)
{
	const struct timespec moment = { 0, 10000000 };
	struct pending *pd = priv;

	pd->ask.answered = 1;
	pd->ask.answer = answer;
	pd->ask.key = k;
	while (rotor_worker_post(pd->w, resume, pd) != 0)
		nanosleep(&moment, NULL);
}

/* Puts the token aside until its key is there. */
static void
wait_for_key(struct verifier *v, struct rotor_worker *w, struct rotor_str jwt,
    struct key_ask *ask, const struct customer *cu, struct scratch *s)
{
	struct pending *pd = malloc(sizeof *pd + jwt.len);
	int r = -ENOMEM;

	if (pd != NULL) {
		*pd = (struct pending){ .v = verifier_ref(v), .w = w, .customer = *cu, .len = jwt.len };
		memcpy(pd->jwt, jwt.p, jwt.len);
		r = verifier_ask(v, ask, key_answered, pd);
		if (r == 0)
			return;
		verifier_unref(&pd->v);
		free(pd);
	}
	ask->answered = 1;
	ask->answer = r == -ENOENT ? JWKS_UNKNOWN : JWKS_OVERLOAD;
	verify(v, jwt, ask, cu, s);
}

static struct verifier *
verifier_in_use(struct auth *a, int subscription)
{
	struct verifier *v;

	pthread_rwlock_rdlock(&a->lock);
	v = verifier_ref(subscription && a->subscription != NULL ? a->subscription : a->connection);
	pthread_rwlock_unlock(&a->lock);
	return (v);
}

static void
verify_for(struct auth *a, struct rotor_worker *w, struct rotor_str jwt, const struct customer *cu)
{
	struct verifier *v = verifier_in_use(a, cu->connection == NULL);
	struct key_ask ask = { .answered = 0 };
	struct scratch s;

	scratch_init(&s);
	if (verify(v, jwt, &ask, cu, &s) != 0)
		wait_for_key(v, w, jwt, &ask, cu, &s);
	scratch_fini(&s);
	verifier_unref(&v);
}

static void
auth_connection_token(void *ctx, struct rotor_worker *w, struct rotor_str jwt,
    rotor_connection_token_done_f *done, void *token)
{
	const struct customer cu = { .connection = done, .token = token };

	verify_for(ctx, w, jwt, &cu);
}

static void
auth_subscription_token(void *ctx, struct rotor_worker *w, struct rotor_str jwt,
    rotor_subscription_token_done_f *done, void *token)
{
	const struct customer cu = { .subscription = done, .token = token };

	verify_for(ctx, w, jwt, &cu);
}

static const struct rotor_auth provider = {
	.size = sizeof provider,
	.connection_token = auth_connection_token,
	.subscription_token = auth_subscription_token,
};

static void
count_ok(struct rotor_worker *control, void *priv)
{
	const struct auth *a = priv;

	rotor_metric_add(control, a->fetches_ok, 1);
}

static void
count_failed(struct rotor_worker *control, void *priv)
{
	const struct auth *a = priv;

	rotor_metric_add(control, a->fetches_failed, 1);
}

/* A key set was fetched, or was not; on the fetcher's thread.  An outage is logged once
 * at its beginning and once at its end. */
static void
log_fetch(void *priv, const struct jwks_report *rep)
{
	char url[URL_MAX_LEN];
	struct auth *a = priv;

	url_public(rep->url, url, sizeof url);
	/* Lost for want of memory: one count. */
	(void)rotor_worker_post(rotor_server_worker(a->srv, ROTOR_CONTROL),
	    rep->error == NULL ? count_ok : count_failed, a);
	if (rep->error != NULL)
		ROTOR_LOG(a->log, rep->changed ? ROTOR_LOG_WARN : ROTOR_LOG_DEBUG, AREA,
		    "no keys from the key set: tokens that need them are refused",
		    ROTOR_F_STR("url", url), ROTOR_F_STR("error", rep->error),
		    ROTOR_F_INT("status", rep->fetch->status), ROTOR_F_INT("attempts", rep->fetch->attempts));
	else
		ROTOR_LOG(a->log, rep->changed ? ROTOR_LOG_INFO : ROTOR_LOG_DEBUG, AREA,
		    rep->changed ? "the key set is there again" : "key set fetched",
		    ROTOR_F_STR("url", url), ROTOR_F_INT("keys", rep->set->taken),
		    ROTOR_F_INT("passed_over", rep->set->passed_over), ROTOR_F_STR("why", rep->set->why));
}

/* Makes a verifier to see whether it can be made. */
static void
check_block(struct rotor_check *chk, const struct token_conf *conf, const char *path)
{
	const struct key_sets none = { .fetcher = NULL };
	struct verifier *v = NULL;
	struct fault f;

	if (verifier_new(conf, path, 0, &none, &v, &f) != 0)
		rotor_check_error(chk, f.key, "%s", f.text);
	else if (f.text[0] != '\0')
		rotor_check_warning(chk, f.key, "%s", f.text);
	verifier_unref(&v);
}

static void
auth_check(struct rotor_check *chk)
{
	const struct auth_conf *conf = rotor_check_conf(chk);

	check_block(chk, &conf->token, "client.token");
	if (conf->subscription_enabled)
		check_block(chk, &conf->subscription, "client.subscription_token");
}

static void
log_keys(const struct auth *a, const struct token_conf *conf, const char *path,
    const struct verifier *v)
{
	char names[KEYS_NAMES_MAX], url[URL_MAX_LEN];

	if (verifier_keys(v) == NULL) {
		url_public(conf->jwks_public_endpoint, url, sizeof url);
		ROTOR_LOG(a->log, ROTOR_LOG_INFO, AREA, "tokens are verified by a key set",
		    ROTOR_F_STR("section", path), ROTOR_F_STR("url", url));
		return;
	}
	keys_names(verifier_keys(v), names, sizeof names);
	if (*names == '\0')
		ROTOR_LOG(a->log, ROTOR_LOG_INFO, AREA, "no key is set: tokens are refused",
		    ROTOR_F_STR("section", path));
	else
		ROTOR_LOG(a->log, ROTOR_LOG_INFO, AREA, "tokens are verified",
		    ROTOR_F_STR("section", path), ROTOR_F_STR("algorithms", names));
}

static int
need_fetcher(struct auth *a, const struct token_conf *conf)
{
	if (*conf->jwks_public_endpoint == '\0' || a->fetcher != NULL)
		return (0);
	a->fetcher = fetcher_new();
	return (a->fetcher != NULL ? 0 : -ENOMEM);
}

static int
make_verifier(struct auth *a, const struct token_conf *conf, const char *path,
    int skip_signature, struct verifier **ret)
{
	struct key_sets ks = { .report = log_fetch, .priv = a };
	struct fault f;
	int r = need_fetcher(a, conf);

	if (r != 0) {
		ROTOR_LOG(a->log, ROTOR_LOG_ERROR, AREA, "no memory to fetch key sets");
		return (r);
	}
	ks.fetcher = a->fetcher;
	r = verifier_new(conf, path, skip_signature, &ks, ret, &f);
	if (r == 0)
		log_keys(a, conf, path, *ret);
	else
		ROTOR_LOG(a->log, ROTOR_LOG_ERROR, AREA, "cannot verify tokens by this configuration",
		    ROTOR_F_STR("key", f.key), ROTOR_F_STR("error", f.text));
	return (r);
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
		verifier_unref(&connection);
		return (r);
	}
	pthread_rwlock_wrlock(&a->lock);
	swap(&a->connection, &connection);
	swap(&a->subscription, &subscription);
	pthread_rwlock_unlock(&a->lock);
	verifier_unref(&connection);
	verifier_unref(&subscription);
	return (0);
}

static int
auth_reload(void *ctx)
{
	return (auth_configure(ctx));
}

/* Who waits for a key gets an answer now, while the workers still run. */
static void
auth_stop(void *ctx)
{
	struct auth *a = ctx;

	if (a->fetcher != NULL)
		fetcher_stop(a->fetcher);
}

static void
auth_unload(void *ctx)
{
	struct auth *a = ctx;

	verifier_unref(&a->connection);
	verifier_unref(&a->subscription);
	fetcher_free(&a->fetcher);
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

static void
add_metrics(struct auth *a)
{
	static const char *const ok = "ok", *const failed = "failed";
	struct rotor_metric *m = rotor_metric_register(a->srv, ROTOR_COUNTER, "auth_jwt",
	    "key_set_fetches_count", "Fetches of key sets (JWKS).", "result", NULL, 0);

	a->fetches_ok = rotor_metric_child(m, &ok);
	a->fetches_failed = rotor_metric_child(m, &failed);
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
	add_metrics(a);
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
    .load = auth_load, .reload = auth_reload, .stop = auth_stop, .unload = auth_unload,
    .check = auth_check, .commands = auth_command_list);
