/* SPDX-License-Identifier: MIT */
/*
 * commands.c - the token commands.  What they print on success and failure is what
 * Centrifugo's print, so that scripts may go on reading it; failures go to stdout
 * too, with exit status 1.
 */
#include "config.h"

#include "commands.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jwt.h>

#include <rotor/str.h>

#include "conf.h"
#include "fault.h"
#include "jwks_fetch.h"
#include "scan.h"
#include "scratch.h"
#include "url_template.h"
#include "verifier.h"
#include "wait.h"

#define WRONG_USAGE	2	/* exit status, as for a wrong flag */
#define TTL_DEFAULT	(7 * 24 * 3600)
#define TTL_MAX		INT64_C(100000000000)	/* some 3,000 years */

struct request {
	const struct token_conf	*conf;
	const char	*path;		/* of conf */
	double		now;
	FILE		*out;
	const char	*name;		/* of the command */
	int		subscription;
	const char	*user;
	const char	*channel;
	int64_t		ttl;		/* seconds; 0 or less: no expiry */
	int		quiet;
	char		**args;
	int		n_args;
};

/* Text out of a token: nothing in it may talk to the terminal. */
static void
put_text(FILE *out, struct rotor_str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		putc((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f ? '?' : s.p[i], out);
}

/* Seconds as "168h0m0s", leading zero units left out. */
static void
put_duration(FILE *out, int64_t sec)
{
	int64_t h = sec / 3600, m = sec / 60 % 60;

	if (h > 0)
		fprintf(out, "%" PRId64 "h", h);
	if (h > 0 || m > 0)
		fprintf(out, "%" PRId64 "m", m);
	fprintf(out, "%" PRId64 "s", sec % 60);
}

/* libjwt answers errno values. */
static int
add_grants(jwt_t *jwt, const struct request *rq)
{
	const char *claim = rq->conf->user_id_claim;
	long now = (long)rq->now;
	int r = 0;

	if (*rq->user != '\0')
		r = jwt_add_grant(jwt, "sub", rq->user);
	if (r == 0 && rq->subscription)
		r = jwt_add_grant(jwt, "channel", rq->channel);
	if (r == 0)
		r = jwt_add_grant_int(jwt, "iat", now);
	if (r == 0 && rq->ttl > 0)
		r = jwt_add_grant_int(jwt, "exp", now + (long)rq->ttl);
	/* What the server asks for, so that it takes the token. */
	if (r == 0 && *rq->conf->audience != '\0')
		r = jwt_add_grant(jwt, "aud", rq->conf->audience);
	if (r == 0 && *rq->conf->issuer != '\0')
		r = jwt_add_grant(jwt, "iss", rq->conf->issuer);
	if (r == 0 && *claim != '\0') {
		jwt_del_grants(jwt, claim);
		r = jwt_add_grant(jwt, claim, rq->user);
	}
	return (r);
}

/* A signed token, which the caller frees; NULL with errno set. */
static char *
make_token(const struct request *rq)
{
	const char *key = rq->conf->hmac_secret_key;
	char *text = NULL;
	jwt_t *jwt;
	int r = jwt_new(&jwt);

	if (r == 0) {
		r = add_grants(jwt, rq);
		if (r == 0)
			r = jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)key,
			    (int)strlen(key));
		if (r == 0 && (text = jwt_encode_str(jwt)) == NULL)
			r = ENOMEM;
		jwt_free(jwt);
	}
	errno = r;
	return (text);
}

static void
print_made(const struct request *rq, const char *token)
{
	fputs("HMAC SHA-256 JWT for ", rq->out);
	if (*rq->user != '\0')
		fprintf(rq->out, "user \"%s\"", rq->user);
	else
		fputs("anonymous user", rq->out);
	if (rq->subscription)
		fprintf(rq->out, " and channel \"%s\"", rq->channel);
	if (rq->ttl > 0) {
		fputs(" with expiration TTL ", rq->out);
		put_duration(rq->out, rq->ttl);
	} else {
		fputs(" without expiration", rq->out);
	}
	fprintf(rq->out, ":\n%s\n", token);
}

static int
generate(const struct request *rq)
{
	char *token;

	if (rq->subscription && *rq->channel == '\0') {
		fputs("channel is required\n", rq->out);
		return (WRONG_USAGE);
	}
	if (*rq->conf->hmac_secret_key == '\0') {
		fprintf(rq->out, "error: %s only supports tokens signed with HMAC, and "
		    "%s.hmac_secret_key is not set\n", rq->name, rq->path);
		return (1);
	}
	token = make_token(rq);
	if (token == NULL) {
		fprintf(rq->out, "error: %s\n", strerror(errno));
		return (1);
	}
	if (rq->quiet)
		fputs(token, rq->out);
	else
		print_made(rq, token);
	free(token);
	return (0);
}

static uint32_t
verify(const struct request *rq, const struct verifier *v, struct rotor_str jwt,
    struct key_ask *ask, struct scratch *s, struct rotor_str *ret_user,
    struct rotor_str *ret_channel, const char **ret_why)
{
	struct rotor_subscription_claims sc = { .size = sizeof sc };
	struct rotor_connection_claims cc = { .size = sizeof cc };
	uint32_t verdict;

	if (rq->subscription)
		verdict = verifier_subscription(v, jwt, rq->now, ask, s, &sc, ret_why);
	else
		verdict = verifier_connection(v, jwt, rq->now, ask, s, &cc, ret_why);
	*ret_user = rq->subscription ? sc.user : cc.user;
	*ret_channel = sc.grant.channel;
	return (verdict);
}

static void
print_valid(const struct request *rq, struct rotor_str user, struct rotor_str channel,
    struct rotor_str claims)
{
	const char *quote = rq->subscription ? "\"" : "";

	fprintf(rq->out, "valid %stoken for ", rq->subscription ? "subscription " : "");
	if (user.len > 0) {
		fprintf(rq->out, "user %s", quote);
		put_text(rq->out, user);
		fputs(quote, rq->out);
	} else {
		fputs("anonymous user", rq->out);
	}
	if (rq->subscription) {
		fputs(" and channel \"", rq->out);
		put_text(rq->out, channel);
		putc('"', rq->out);
	}
	fputs("\npayload: ", rq->out);
	put_text(rq->out, claims);
	putc('\n', rq->out);
}

static void
print_refused(const struct request *rq, uint32_t verdict, const char *why, const struct token *t)
{
	fputs("error: token with algorithm ", rq->out);
	put_text(rq->out, t->header.alg);
	fputs(" and claims ", rq->out);
	put_text(rq->out, t->claims);
	fprintf(rq->out, " has error: %s%s\n",
	    verdict == ROTOR_TOKEN_INVALID ? "invalid token: " : "", why);
}

static int
check_token(const struct request *rq, const struct verifier *v, struct scratch *s)
{
	struct rotor_str jwt = rotor_str_of(rq->args[0]), user, channel;
	struct key_ask ask = { .answered = 0 };
	struct token t;
	const char *why;
	uint32_t verdict;

	if (token_parse(jwt, s, &t, &why) != 0) {
		fprintf(rq->out, "error: invalid token: %s\n", why);
		return (1);
	}
	verdict = verify(rq, v, jwt, &ask, s, &user, &channel, &why);
	if (verdict == VERIFIER_ASK) {
		wait_for_key(v, &ask);
		verdict = verify(rq, v, jwt, &ask, s, &user, &channel, &why);
		jwk_unref(&ask.key);
	}
	if (verdict != ROTOR_TOKEN_VALID) {
		print_refused(rq, verdict, why, &t);
		return (1);
	}
	print_valid(rq, user, channel, t.claims);
	return (0);
}

/* What a key set lacks is said at once, for nobody reads a log here. */
static void
print_report(void *priv, const struct jwks_report *rep)
{
	const struct request *rq = priv;
	char url[URL_MAX_LEN];

	if (rep->error == NULL)
		return;
	url_public(rep->url, url, sizeof url);
	fprintf(rq->out, "%s: %s\n", url, rep->error);
}

static int
check_by(const struct request *rq, const struct key_sets *ks)
{
	struct verifier *v;
	struct scratch s;
	struct fault f;
	int status;

	if (verifier_new(rq->conf, rq->path, 0, ks, &v, &f) != 0) {
		fprintf(rq->out, "error: %s: %s\n", f.key, f.text);
		return (1);
	}
	scratch_init(&s);
	status = check_token(rq, v, &s);
	scratch_fini(&s);
	verifier_unref(&v);
	return (status);
}

static int
check(const struct request *rq)
{
	struct key_sets ks = { .report = print_report, .priv = (void *)(uintptr_t)rq };
	int status;

	if (rq->n_args != 1) {
		fprintf(rq->out, "error: provide token to check [rotor %s <TOKEN>]\n", rq->name);
		return (WRONG_USAGE);
	}
	ks.fetcher = fetcher_new();
	if (ks.fetcher == NULL) {
		fputs("error: no memory\n", rq->out);
		return (1);
	}
	status = check_by(rq, &ks);
	fetcher_free(&ks.fetcher);
	return (status);
}

static int
run(void *ctx, int argc, char **argv)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (auth_command(ctx, (double)ts.tv_sec, stdout, argc, argv));
}

enum { USER, TTL, QUIET, CHANNEL, N_FLAGS };

/* gentoken has all but the last. */
static const struct rotor_flag flags[N_FLAGS] = {
	[USER] = { "user", "USER", "user id (none: anonymous)", 'u' },
	[TTL] = { "ttl", "SECONDS", "lifetime (604800); -1: no expiry", 't' },
	[QUIET] = { "quiet", NULL, "print the token and nothing else", 'q' },
	[CHANNEL] = { "channel", "CHANNEL", "channel (required)", 's' },
};

#define COMMAND(nm, ag, sm, nf)						\
	{ .size = sizeof(struct rotor_command), .name = (nm), .args = (ag), .summary = (sm), .run = run, \
	  .flags = flags, .n_flags = (nf) }

const struct rotor_command auth_commands[AUTH_N_COMMANDS] = {
	COMMAND("gentoken", "", "make a connection token for trying things out", CHANNEL),
	COMMAND("gensubtoken", "", "make a subscription token for trying things out", N_FLAGS),
	COMMAND("checktoken", "TOKEN", "verify a connection token", 0),
	COMMAND("checksubtoken", "TOKEN", "verify a subscription token", 0),
};

const struct rotor_command *const auth_command_list[AUTH_N_COMMANDS + 1] = {
	&auth_commands[0], &auth_commands[1], &auth_commands[2], &auth_commands[3], NULL,
};

/* Beside auth_commands, row by row. */
static const struct verb {
	int	subscription;
	int	(*run)(const struct request *);
} verbs[AUTH_N_COMMANDS] = {
	{ 0, generate },
	{ 1, generate },
	{ 0, check },
	{ 1, check },
};

static int
parse_ttl(const char *text, int64_t *ret)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n > TTL_MAX)
		return (-1);
	*ret = n;
	return (0);
}

/* -1: wrong usage, which has been said. */
static int
parse_flags(struct request *rq, const struct rotor_command *cmd, int argc, char **argv)
{
	const char *v[N_FLAGS] = { NULL };

	rq->n_args = rotor_command_parse(cmd, argc, argv, v);
	rq->args = argv + 1;
	if (v[USER] != NULL)
		rq->user = v[USER];
	if (v[CHANNEL] != NULL)
		rq->channel = v[CHANNEL];
	rq->quiet = v[QUIET] != NULL;
	if (rq->n_args >= 0 && v[TTL] != NULL && parse_ttl(v[TTL], &rq->ttl) != 0) {
		fprintf(stderr, "rotor %s: --ttl takes seconds, or -1, not \"%s\"\n", cmd->name, v[TTL]);
		return (-1);
	}
	return (rq->n_args);
}

static size_t
find_command(const char *name)
{
	size_t i = 0;

	while (i < AUTH_N_COMMANDS && strcmp(auth_commands[i].name, name) != 0)
		i++;
	return (i);
}

int
auth_command(const struct auth_conf *conf, double now, FILE *out, int argc, char **argv)
{
	struct request rq = {
		.conf = &conf->token, .path = "client.token", .now = now, .out = out,
		.name = argv[0], .user = "", .channel = "", .ttl = TTL_DEFAULT,
	};
	size_t i = find_command(argv[0]);

	if (i == AUTH_N_COMMANDS)
		return (1);
	rq.subscription = verbs[i].subscription;
	if (rq.subscription && conf->subscription_enabled) {
		rq.conf = &conf->subscription;
		rq.path = "client.subscription_token";
	}
	if (parse_flags(&rq, &auth_commands[i], argc, argv) < 0)
		return (2);
	return (verbs[i].run(&rq));
}
