/* SPDX-License-Identifier: MIT */
/* test_jwt_source.c - keys fetched from a web server: merged, paced, bounded, stopped. */
#include "config.h"

#include "jwt_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fault.h"
#include "jwk.h"
#include "jwks_fetch.h"
#include "jwks_source.h"
#include "pace.h"
#include "wait.h"

/*
 * A web server with one thread: what it answers is decided when a request arrives, and
 * sent when the gate is open.
 */
static struct web {
	pthread_mutex_t	lock;
	pthread_cond_t	changed;
	pthread_t	thread;
	int		fd, shut;		/* shut: the gate */
	unsigned	requests;
	uint16_t	port;
	char		*answer;		/* status line, headers, body */
	char		path[256];		/* of the last request */
} web = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void
web_read(int fd)
{
	char buf[4096];
	size_t len = 0;
	ssize_t n;

	buf[0] = '\0';
	while (strstr(buf, "\r\n\r\n") == NULL && len < sizeof buf - 1 &&
	    (n = read(fd, buf + len, sizeof buf - 1 - len)) > 0) {
		len += (size_t)n;
		buf[len] = '\0';
	}
	sscanf(buf, "GET %255s", web.path);
}

static void
web_serve(int fd)
{
	size_t at = 0, len;
	char *answer;
	ssize_t n;

	pthread_mutex_lock(&web.lock);
	web_read(fd);
	answer = strdup(web.answer);
	web.requests++;
	pthread_cond_broadcast(&web.changed);
	while (web.shut)
		pthread_cond_wait(&web.changed, &web.lock);
	pthread_mutex_unlock(&web.lock);
	len = strlen(answer);
	while (at < len && (n = send(fd, answer + at, len - at, MSG_NOSIGNAL)) > 0)
		at += (size_t)n;
	free(answer);
	close(fd);
}

static void *
web_main(void *priv)
{
	int fd;

	while ((fd = accept(web.fd, NULL, NULL)) >= 0)
		web_serve(fd);
	return (priv);
}

/* Answers from now on with this status line and body (or, with "Location", header). */
static void
web_set(const char *status, const char *head, const char *body)
{
	pthread_mutex_lock(&web.lock);
	free(web.answer);
	web.answer = malloc(strlen(status) + strlen(head) + strlen(body) + 64);
	sprintf(web.answer, "HTTP/1.1 %s\r\nConnection: close\r\n%s\r\n%s", status, head, body);
	pthread_mutex_unlock(&web.lock);
}

static void
web_gate(int shut)
{
	pthread_mutex_lock(&web.lock);
	web.shut = shut;
	pthread_cond_broadcast(&web.changed);
	pthread_mutex_unlock(&web.lock);
}

static void
web_wait(unsigned requests)
{
	pthread_mutex_lock(&web.lock);
	while (web.requests < requests)
		pthread_cond_wait(&web.changed, &web.lock);
	pthread_mutex_unlock(&web.lock);
}

static unsigned
web_requests(void)
{
	unsigned n;

	pthread_mutex_lock(&web.lock);
	n = web.requests;
	pthread_mutex_unlock(&web.lock);
	return (n);
}

static char *set_p256, *set_both;

/* Each test has its own: no request of one may arrive in another. */
static void
web_start(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof sin;

	web.requests = 0;
	web.shut = 0;
	web.fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(web.fd, (struct sockaddr *)&sin, sizeof sin), 0);
	assert_int_equal(listen(web.fd, 64), 0);
	assert_int_equal(getsockname(web.fd, (struct sockaddr *)&sin, &len), 0);
	web.port = ntohs(sin.sin_port);
	assert_int_equal(pthread_create(&web.thread, NULL, web_main, NULL), 0);
}

static void
web_stop(void)
{
	web_gate(0);
	shutdown(web.fd, SHUT_RDWR);
	pthread_join(web.thread, NULL);
	close(web.fd);
	free(web.answer);
	web.answer = NULL;
}

static char *set_p256, *set_both;

static int
group_setup(void **state)
{
	char *one, *two;

	jwt_setup(state);
	one = make_jwk(key.p256, "one", "");
	two = make_jwk(key.ed25519, "two", "");
	set_p256 = malloc(4096);
	set_both = malloc(4096);
	snprintf(set_p256, 4096, "{\"keys\":[%s]}", one);
	snprintf(set_both, 4096, "{\"keys\":[%s,%s]}", one, two);
	free(one);
	free(two);
	return (0);
}

static int
group_teardown(void **state)
{
	free(set_p256);
	free(set_both);
	return (jwt_teardown(state));
}

/*
 * A source, and what it said.
 */

static struct {
	pthread_mutex_t	lock;
	pthread_cond_t	answered;
	unsigned	n[JWKS_OVERLOAD + 1];	/* answers of each kind */
	unsigned	total;
	unsigned	reports, failures, changes;
	uint32_t	attempts, status;	/* of the last report */
	char		error[256];
} said = { .lock = PTHREAD_MUTEX_INITIALIZER, .answered = PTHREAD_COND_INITIALIZER };

static struct fetcher *fetcher;
static struct jwks_source *src;
static char url[64];

#define URL	((struct rotor_str){ url, strlen(url) })
#define KID(s)	((struct rotor_str){ (s), strlen(s) })

static void
on_report(void *priv, const struct jwks_report *r)
{
	(void)priv;
	pthread_mutex_lock(&said.lock);
	said.reports++;
	said.failures += r->error != NULL;
	said.changes += r->changed != 0;
	said.attempts = r->fetch->attempts;
	said.status = r->fetch->status;
	snprintf(said.error, sizeof said.error, "%s", r->error != NULL ? r->error : "");
	assert_memory_equal(r->url, url, strlen(r->url));
	pthread_mutex_unlock(&said.lock);
}

static void
on_answer(void *priv, enum jwks_answer answer, struct jwk *k)
{
	(void)priv;
	assert_true((answer == JWKS_FOUND) == (k != NULL));
	jwk_unref(&k);
	pthread_mutex_lock(&said.lock);
	said.n[answer]++;
	said.total++;
	pthread_cond_signal(&said.answered);
	pthread_mutex_unlock(&said.lock);
}

static int
setup(void **state)
{
	(void)state;
	web_set("200 OK", "", set_p256);
	web_start();
	snprintf(url, sizeof url, "http://127.0.0.1:%u/keys", web.port);
	memset(said.n, 0, sizeof said.n);
	said.total = said.reports = said.failures = said.changes = 0;
	fetcher = fetcher_new();
	src = jwks_source_new(fetcher, on_report, NULL);
	return (src == NULL);
}

static int
teardown(void **state)
{
	(void)state;
	fetcher_stop(fetcher);
	jwks_source_unref(&src);
	fetcher_free(&fetcher);
	web_stop();
	return (0);
}

static void
ask(const char *kid)
{
	assert_int_equal(jwks_source_ask(src, URL, KID(kid), on_answer, NULL), 0);
}

/* Waits until this many have been answered. */
static void
await(unsigned total)
{
	pthread_mutex_lock(&said.lock);
	while (said.total < total)
		pthread_cond_wait(&said.answered, &said.lock);
	pthread_mutex_unlock(&said.lock);
}

static int
is_cached(const char *kid)
{
	struct jwk *k = jwks_source_get(src, URL, KID(kid));
	int found = k != NULL;

	jwk_unref(&k);
	return (found);
}

static void
test_fetch(void **state)
{
	(void)state;
	assert_false(is_cached("one"));
	ask("one");
	await(1);
	assert_int_equal(said.n[JWKS_FOUND], 1);
	assert_true(is_cached("one"));
	assert_false(is_cached("two"));
	assert_string_equal(web.path, "/keys");
	/* Nothing was wrong before, and nothing is. */
	assert_int_equal(said.reports, 1);
	assert_int_equal(said.changes, 0);
	assert_int_equal(said.attempts, 1);
}

static void
test_unknown_is_asked_again(void **state)
{
	(void)state;
	ask("two");
	await(1);
	assert_int_equal(said.n[JWKS_UNKNOWN], 1);
	/* The rest of the set is there all the same. */
	assert_true(is_cached("one"));
	web_set("200 OK", "", set_both);
	ask("two");
	await(2);
	assert_int_equal(said.n[JWKS_FOUND], 1);
	assert_int_equal(web_requests(), 2);
}

static void
test_merged(void **state)
{
	unsigned i;

	(void)state;
	web_set("200 OK", "", set_both);
	web_gate(1);
	for (i = 0; i < 500; i++) {
		ask("one");
		ask("two");
	}
	web_wait(1);
	ask("one");
	web_gate(0);
	await(1001);
	assert_int_equal(said.n[JWKS_FOUND], 1001);
	assert_int_equal(web_requests(), 1);
}

/* A key that is published while an older set is on its way. */
static void
test_late(void **state)
{
	(void)state;
	web_gate(1);
	ask("one");
	web_wait(1);
	web_set("200 OK", "", set_both);
	/* A millisecond later the fetch is known to have begun. */
	for (uint64_t then = fetch_now_ms() + 1; fetch_now_ms() <= then;)
		sched_yield();
	ask("two");
	ask("three");
	web_gate(0);
	await(3);
	assert_int_equal(said.n[JWKS_FOUND], 2);
	assert_int_equal(said.n[JWKS_UNKNOWN], 1);
	assert_int_equal(web_requests(), 2);
}

static void
test_paced(void **state)
{
	uint64_t began = fetch_now_ms();
	unsigned i;

	(void)state;
	for (i = 1; i <= PACE_BURST; i++) {
		ask("none");
		await(i);
	}
	assert_int_equal(web_requests(), PACE_BURST);
	/* What was not there is not waited for. */
	assert_int_equal(jwks_source_ask(src, URL, KID("none"), on_answer, NULL), -ENOENT);
	/* From now on everybody else shares one request a second. */
	for (i = 0; i < 1000; i++) {
		char kid[16];

		snprintf(kid, sizeof kid, "none%u", i);
		ask(kid);
	}
	assert_int_equal(jwks_source_ask(src, URL, KID("none"), on_answer, NULL), -ENOENT);
	await(PACE_BURST + 1000);
	assert_int_equal(said.n[JWKS_UNKNOWN], PACE_BURST + 1000);
	assert_int_equal(web_requests(), PACE_BURST + 1);
	assert_true(fetch_now_ms() - began >= PACE_INTERVAL_MS);
}

static void
test_outage(void **state)
{
	(void)state;
	web_set("500 Oops", "", set_p256);
	ask("one");
	await(1);
	assert_int_equal(said.n[JWKS_UNAVAILABLE], 1);
	assert_int_equal(web_requests(), FETCH_ATTEMPTS);
	assert_int_equal(said.status, 500);
	assert_int_equal(said.changes, 1);
	/* An incident begins once, and ends once. */
	ask("one");
	await(2);
	assert_int_equal(said.failures, 2);
	assert_int_equal(said.changes, 1);
	web_set("200 OK", "", set_p256);
	ask("one");
	await(3);
	assert_int_equal(said.n[JWKS_FOUND], 1);
	assert_int_equal(said.changes, 2);
	/* Only 200 will do. */
	web_set("201 Created", "", set_both);
	ask("two");
	await(4);
	assert_int_equal(said.n[JWKS_UNAVAILABLE], 3);
	/* What is cached is not touched by it. */
	assert_true(is_cached("one"));
}

static void
test_bad_sets(void **state)
{
	(void)state;
	web_set("200 OK", "", "<html>");
	ask("one");
	await(1);
	assert_int_equal(said.n[JWKS_UNAVAILABLE], 1);
	assert_non_null(strstr(said.error, "not a JSON object"));
	web_set("200 OK", "", "{\"keys\":[{\"kid\":\"one\"}]}");
	ask("one");
	await(2);
	assert_int_equal(said.n[JWKS_UNAVAILABLE], 2);
	assert_non_null(strstr(said.error, "use"));
}

static void
test_too_long(void **state)
{
	char *body = malloc(FETCH_MAX_BYTES + 2);

	(void)state;
	/* As long as it may be, with a set in front. */
	memset(body, ' ', FETCH_MAX_BYTES);
	memcpy(body, set_p256, strlen(set_p256));
	body[FETCH_MAX_BYTES] = '\0';
	web_set("200 OK", "", body);
	ask("one");
	await(1);
	assert_int_equal(said.n[JWKS_FOUND], 1);
	strcat(body, " ");
	web_set("200 OK", "", body);
	ask("two");
	await(2);
	assert_int_equal(said.n[JWKS_UNAVAILABLE], 1);
	assert_non_null(strstr(said.error, "longer"));
	free(body);
}

static void
test_no_answer(void **state)
{
	uint64_t began = fetch_now_ms();

	(void)state;
	web_gate(1);
	ask("one");
	await(1);
	assert_int_equal(said.n[JWKS_UNAVAILABLE], 1);
	assert_int_equal(said.attempts, FETCH_ATTEMPTS);
	assert_int_equal(said.status, 0);
	assert_true(fetch_now_ms() - began >= FETCH_ATTEMPTS * (uint64_t)FETCH_TIMEOUT_MS - 10);
}

static void
test_nobody_there(void **state)
{
	(void)state;
	/* A port that is taken, and not listened on. */
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof sin;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof sin), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	snprintf(url, sizeof url, "http://127.0.0.1:%u/", ntohs(sin.sin_port));
	ask("one");
	await(1);
	assert_int_equal(said.n[JWKS_UNAVAILABLE], 1);
	assert_int_equal(said.attempts, FETCH_ATTEMPTS);
	close(fd);
}

static void
test_redirects(void **state)
{
	(void)state;
	/* As Go's client does; but to nothing except http and https. */
	web_set("302 Found", "Location: file:///etc/passwd\r\n", "");
	ask("one");
	await(1);
	assert_int_equal(said.n[JWKS_UNAVAILABLE], 1);
	assert_int_equal(web_requests(), FETCH_ATTEMPTS);
	web_set("302 Found", "Location: /again\r\n", "");
	ask("one");
	await(2);
	assert_int_equal(said.n[JWKS_UNAVAILABLE], 2);
	assert_string_equal(web.path, "/again");
	assert_int_equal(web_requests(), FETCH_ATTEMPTS * (2 + FETCH_MAX_REDIRECTS));
}

static void
test_stop(void **state)
{
	(void)state;
	web_gate(1);
	ask("one");
	web_wait(1);
	ask("two");
	fetcher_stop(fetcher);
	assert_int_equal(said.n[JWKS_OVERLOAD], 2);
	assert_int_equal(said.reports, 0);
	assert_int_equal(jwks_source_ask(src, URL, KID("one"), on_answer, NULL), -ESHUTDOWN);
	fetcher_stop(fetcher);
}

static void
test_too_many_wait(void **state)
{
	struct rotor_str other;
	unsigned i;

	(void)state;
	web_gate(1);
	for (i = 0; i < SOURCE_MAX_OF_URL; i++)
		ask("one");
	assert_int_equal(jwks_source_ask(src, URL, KID("one"), on_answer, NULL), -EBUSY);
	/* There is room for those of another set. */
	other = URL;
	other.len--;
	assert_int_equal(jwks_source_ask(src, other, KID("one"), on_answer, NULL), 0);
	web_gate(0);
	await(SOURCE_MAX_OF_URL + 1);
	assert_int_equal(said.n[JWKS_FOUND], SOURCE_MAX_OF_URL + 1);
	ask("one");
	await(SOURCE_MAX_OF_URL + 2);
}

/*
 * Tokens.
 */

static uint32_t
verify(struct verifier *v, char *jwt)
{
	struct key_ask want = { .answered = 0 };
	struct rotor_str text = { jwt, strlen(jwt) };
	struct rotor_connection_claims claims;
	struct scratch s;
	uint32_t verdict;

	scratch_init(&s);
	verdict = verifier_connection(v, text, NOW, &want, &s, &claims, &ans.why);
	if (verdict == VERIFIER_ASK) {
		snprintf(url, sizeof url, "%.*s", (int)want.url.len, want.url.p);
		wait_for_key(v, &want);
		verdict = verifier_connection(v, text, NOW, &want, &s, &claims, &ans.why);
		jwk_unref(&want.key);
	}
	scratch_fini(&s);
	free(jwt);
	return (verdict);
}

static struct verifier *
verifier_at(const char *path, const char *issuer_regex, const char *audience_regex)
{
	const struct key_sets ks = { .fetcher = fetcher, .report = on_report };
	struct token_conf conf = { CONF_EMPTY };
	char endpoint[256];
	struct verifier *v = NULL;
	struct fault f;

	snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%u%s", web.port, path);
	conf.jwks_public_endpoint = endpoint;
	conf.issuer_regex = issuer_regex;
	conf.audience_regex = audience_regex;
	if (verifier_new(&conf, "client.token", 0, &ks, &v, &f) != 0)
		fail_msg("%s: %s", f.key, f.text);
	return (v);
}

static void
test_tokens(void **state)
{
	struct verifier *v = verifier_at("/set", "", "");

	(void)state;
	/* What no key could help asks for none. */
	assert_int_equal(verify(v, make_kid("{}", "HS256", "one", NULL)), ROTOR_TOKEN_INVALID);
	assert_string_equal(ans.why, "disabled algorithm");
	assert_int_equal(verify(v, make_kid("{}", "none", "one", NULL)), ROTOR_TOKEN_INVALID);
	assert_int_equal(verify(v, make("{}", "ES256", NULL, key.p256)), ROTOR_TOKEN_INVALID);
	assert_string_equal(ans.why, "header has no kid, or a very long one");
	assert_int_equal(verify(v, make_kid("{}", "ES256", "", key.p256)), ROTOR_TOKEN_INVALID);
	assert_int_equal(web_requests(), 0);
	assert_int_equal(verify(v, make_kid("{}", "ES256", "one", key.p256)), ROTOR_TOKEN_VALID);
	assert_string_equal(web.path, "/set");
	assert_int_equal(verify(v, make_kid("{}", "ES256", "one", key.k256)), ROTOR_TOKEN_INVALID);
	assert_string_equal(ans.why, "signature does not match");
	assert_int_equal(verify(v, make_kid("{}", "RS256", "one", key.rsa)), ROTOR_TOKEN_INVALID);
	assert_string_equal(ans.why, "algorithm is not that of the key");
	assert_int_equal(web_requests(), 1);
	/* Time is looked at when the signature is good. */
	assert_int_equal(verify(v, make_kid("{\"exp\":1}", "ES256", "one", key.p256)), ROTOR_TOKEN_EXPIRED);
	assert_int_equal(verify(v, make_kid("{\"exp\":1}", "ES256", "one", key.k256)), ROTOR_TOKEN_INVALID);
	assert_int_equal(verify(v, make_kid("{}", "EdDSA", "two", key.ed25519)), ROTOR_TOKEN_INVALID);
	assert_non_null(strstr(ans.why, "\" is not in the key set: http://127.0.0.1:"));
	web_set("200 OK", "", set_both);
	assert_int_equal(verify(v, make_kid("{}", "EdDSA", "two", key.ed25519)), ROTOR_TOKEN_VALID);
	web_set("404 Not Found", "", "");
	assert_int_equal(verify(v, make_kid("{}", "EdDSA", "three", key.ed25519)), ROTOR_TOKEN_INVALID);
	assert_non_null(strstr(ans.why, "\" is not known, and the key set cannot be fetched: http://"));
	/* Not the token's fault. */
	fetcher_stop(fetcher);
	assert_int_equal(verify(v, make_kid("{}", "EdDSA", "three", key.ed25519)), ROTOR_TOKEN_ERROR);
	assert_int_equal(verify(v, make_kid("{}", "EdDSA", "two", key.ed25519)), ROTOR_TOKEN_VALID);
	verifier_unref(&v);
}

static void
test_tenants(void **state)
{
	struct verifier *v = verifier_at("/{{tenant}}/{{realm}}", "^https://(?P<tenant>a|b)\\.x$",
	    "^(?P<realm>r1|r2)$");

	(void)state;
#define OF(iss, aud)	make_kid("{\"iss\":\"" iss "\",\"aud\":" aud "}", "ES256", "one", key.p256)
	assert_int_equal(verify(v, OF("https://a.x", "\"r1\"")), ROTOR_TOKEN_VALID);
	assert_string_equal(web.path, "/a/r1");
	assert_int_equal(verify(v, OF("https://b.x", "[\"other\",\"r2\",\"r1\"]")), ROTOR_TOKEN_VALID);
	assert_string_equal(web.path, "/b/r2");
	assert_int_equal(verify(v, OF("https://a.x", "\"r1\"")), ROTOR_TOKEN_VALID);
	assert_int_equal(web_requests(), 2);
	/* The same kid elsewhere is another key. */
	web_set("200 OK", "", "{\"keys\":[]}");
	assert_int_equal(verify(v, OF("https://b.x", "\"r1\"")), ROTOR_TOKEN_INVALID);
	assert_int_equal(web_requests(), 3);
	assert_int_equal(verify(v, OF("https://c.x", "\"r1\"")), ROTOR_TOKEN_INVALID);
	assert_int_equal(verify(v, OF("https://a.x", "\"r3\"")), ROTOR_TOKEN_INVALID);
	assert_int_equal(web_requests(), 3);
	verifier_unref(&v);
}

#define TEST(t)	cmocka_unit_test_setup_teardown((t), setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fetch),
		TEST(test_unknown_is_asked_again),
		TEST(test_merged),
		TEST(test_late),
		TEST(test_paced),
		TEST(test_outage),
		TEST(test_bad_sets),
		TEST(test_too_long),
		TEST(test_no_answer),
		TEST(test_nobody_there),
		TEST(test_redirects),
		TEST(test_stop),
		TEST(test_too_many_wait),
		TEST(test_tokens),
		TEST(test_tenants),
	};

	return (cmocka_run_group_tests(tests, group_setup, group_teardown));
}
