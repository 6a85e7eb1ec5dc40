/* SPDX-License-Identifier: MIT */
/*
 * jwks_fetch.c - libcurl's multi handle, driven by one thread.
 *
 * Requests come in through a list under a lock; all else belongs to the thread.
 */
#include "config.h"

#include "jwks_fetch.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#define BODY_FIRST	16384u

/* One request. */
struct fetch {
	struct fetch	*next;
	char		*url;
	uint64_t	start_ms;
	fetch_done_f	*done;
	void		*priv;
	CURL		*easy;
	uint32_t	attempts;	/* begun */
	char		*body;
	size_t		len, room;
	int		too_long;
	char		error[CURL_ERROR_SIZE];
};

struct fetcher {
	pthread_mutex_t	lock;
	struct fetch	*incoming;	/* under the lock, as are the flags */
	int		started, stopping;
	pthread_t	thread;
	CURLM		*multi;
	struct fetch	*waiting;	/* for their time or their turn */
	struct fetch	*running;
	uint32_t	n_running;
};

uint64_t
fetch_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000);
}

static void
fetch_free(struct fetch *x)
{
	curl_easy_cleanup(x->easy);
	free(x->body);
	free(x->url);
	free(x);
}

static void
push(struct fetch **list, struct fetch *x)
{
	x->next = *list;
	*list = x;
}

static void
take_out(struct fetch **list, struct fetch *x)
{
	while (*list != x)
		list = &(*list)->next;
	*list = x->next;
}

/* The end of a request that runs no longer. */
static void
finish(struct fetch *x, const char *error, uint32_t status, int stopped)
{
	struct fetch_result res = {
		.error = error, .stopped = stopped, .body = { x->body, x->len }, .status = status,
		.attempts = x->attempts, .now_ms = fetch_now_ms(),
	};

	x->done(x->priv, &res);
	fetch_free(x);
}

/*
 * The transfer.
 */

/* Anything but the whole length ends the transfer. */
static size_t
on_data(char *p, size_t size, size_t n, void *priv)
{
	struct fetch *x = priv;
	size_t len = size * n, room = x->room > 0 ? x->room : BODY_FIRST;
	char *body;

	if (len > FETCH_MAX_BYTES - x->len) {
		x->too_long = 1;
		return (0);
	}
	while (room < x->len + len)
		room *= 2;
	if (room > x->room) {
		body = realloc(x->body, room);
		if (body == NULL)
			return (0);
		x->body = body;
		x->room = room;
	}
	memcpy(x->body + x->len, p, len);
	x->len += len;
	return (len);
}

#define SET(opt, value)	(r = r != CURLE_OK ? r : curl_easy_setopt(x->easy, (opt), (value)))

static CURLcode
set_options(struct fetch *x)
{
	const char *file, *directory;
	CURLcode r = CURLE_OK;

	SET(CURLOPT_URL, x->url);
	SET(CURLOPT_PRIVATE, x);
	SET(CURLOPT_WRITEFUNCTION, on_data);
	SET(CURLOPT_WRITEDATA, x);
	SET(CURLOPT_ERRORBUFFER, x->error);
	SET(CURLOPT_USERAGENT, "rotor/" PACKAGE_VERSION);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_NOPROGRESS, 1L);
	SET(CURLOPT_TIMEOUT_MS, FETCH_TIMEOUT_MS);
	SET(CURLOPT_FOLLOWLOCATION, 1L);
	SET(CURLOPT_MAXREDIRS, FETCH_MAX_REDIRECTS);
	/* The reference looks at no proxy variables. */
	SET(CURLOPT_PROXY, "");
	/* But at these, as Go does, for the issuers of certificates. */
	if ((file = secure_getenv("SSL_CERT_FILE")) != NULL)
		SET(CURLOPT_CAINFO, file);
	if ((directory = secure_getenv("SSL_CERT_DIR")) != NULL)
		SET(CURLOPT_CAPATH, directory);
#if LIBCURL_VERSION_NUM >= 0x075500
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
	SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
	SET(CURLOPT_REDIR_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	/* An end does not wait for a name server: module.am keeps the code loaded. */
	SET(CURLOPT_QUICK_EXIT, 1L);
#endif
	return (r);
}

/* Begins an attempt.  0 or -1. */
static int
begin(struct fetcher *f, struct fetch *x)
{
	x->len = 0;
	x->too_long = 0;
	x->error[0] = '\0';
	x->attempts++;
	if (x->easy == NULL && ((x->easy = curl_easy_init()) == NULL || set_options(x) != CURLE_OK))
		return (-1);
	return (curl_multi_add_handle(f->multi, x->easy) == CURLM_OK ? 0 : -1);
}

static void
run(struct fetcher *f, struct fetch *x)
{
	if (begin(f, x) != 0) {
		finish(x, "no memory", 0, 0);
		return;
	}
	push(&f->running, x);
	f->n_running++;
}

/* NULL, or what an attempt that ended like this lacks. */
static const char *
find_error(const struct fetch *x, CURLcode code, long status)
{
	if (x->too_long)
		return ("the answer is longer than 1 MiB");
	if (code != CURLE_OK)
		return (x->error[0] != '\0' ? x->error : curl_easy_strerror(code));
	return (status == 200 ? NULL : "the answer's status is not 200");
}

/* An attempt has ended. */
static void
attempt_ended(struct fetcher *f, CURL *easy, CURLcode code)
{
	struct fetch *x = NULL;
	const char *error;
	long status = 0;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &x);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	curl_multi_remove_handle(f->multi, easy);
	error = find_error(x, code, status);
	if (error != NULL && x->attempts < FETCH_ATTEMPTS && begin(f, x) == 0)
		return;
	take_out(&f->running, x);
	f->n_running--;
	finish(x, error, (uint32_t)status, 0);
}

/*
 * The thread.
 */

/* 1: go on. */
static int
take_incoming(struct fetcher *f)
{
	struct fetch *x;
	int stopping;

	pthread_mutex_lock(&f->lock);
	stopping = f->stopping;
	while ((x = f->incoming) != NULL) {
		f->incoming = x->next;
		push(&f->waiting, x);
	}
	pthread_mutex_unlock(&f->lock);
	return (!stopping);
}

/* The one that has waited longest. */
static struct fetch *
earliest(struct fetch *x)
{
	struct fetch *first = x;

	for (; x != NULL; x = x->next) {
		if (x->start_ms < first->start_ms)
			first = x;
	}
	return (first);
}

#define IDLE_MS	60000u

/* Runs what may.  Returns for how long nothing else will be due. */
static uint32_t
run_due(struct fetcher *f)
{
	uint64_t now = fetch_now_ms();
	struct fetch *x;

	while (f->n_running < FETCH_MAX_RUNNING && (x = earliest(f->waiting)) != NULL) {
		if (x->start_ms > now)
			return (x->start_ms - now < IDLE_MS ? (uint32_t)(x->start_ms - now) : IDLE_MS);
		take_out(&f->waiting, x);
		run(f, x);
	}
	return (IDLE_MS);
}

static void
reap(struct fetcher *f)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(f->multi, &left)) != NULL) {
		if (m->msg == CURLMSG_DONE)
			attempt_ended(f, m->easy_handle, m->data.result);
	}
}

static void
fail_all(struct fetcher *f)
{
	struct fetch *x;

	while ((x = f->running) != NULL) {
		f->running = x->next;
		curl_multi_remove_handle(f->multi, x->easy);
		finish(x, "stopped", 0, 1);
	}
	f->n_running = 0;
	while ((x = f->waiting) != NULL) {
		f->waiting = x->next;
		finish(x, "stopped", 0, 1);
	}
}

static void *
fetcher_main(void *priv)
{
	struct fetcher *f = priv;
	uint32_t idle_ms;
	int n;

	while (take_incoming(f)) {
		idle_ms = run_due(f);
		curl_multi_perform(f->multi, &n);
		reap(f);
		curl_multi_poll(f->multi, NULL, 0, (int)idle_ms, NULL);
	}
	fail_all(f);
	return (NULL);
}

struct fetcher *
fetcher_new(void)
{
	struct fetcher *f;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return (NULL);
	f = calloc(1, sizeof *f);
	if (f != NULL && (f->multi = curl_multi_init()) != NULL &&
	    pthread_mutex_init(&f->lock, NULL) == 0)
		return (f);
	if (f != NULL)
		curl_multi_cleanup(f->multi);
	free(f);
	curl_global_cleanup();
	return (NULL);
}

void
fetcher_stop(struct fetcher *f)
{
	int join;

	pthread_mutex_lock(&f->lock);
	join = f->started;
	f->started = 0;
	f->stopping = 1;
	pthread_mutex_unlock(&f->lock);
	if (!join)
		return;
	curl_multi_wakeup(f->multi);
	pthread_join(f->thread, NULL);
}

void
fetcher_free(struct fetcher **fp)
{
	struct fetcher *f = *fp;

	*fp = NULL;
	if (f == NULL)
		return;
	fetcher_stop(f);
	curl_multi_cleanup(f->multi);
	pthread_mutex_destroy(&f->lock);
	free(f);
	curl_global_cleanup();
}

/* Under the lock.  The thread takes no signal: those of the server are its own
 * business, and libcurl's sockets may raise SIGPIPE. */
static int
start_thread(struct fetcher *f)
{
	sigset_t all, old;
	int r;

	if (f->started)
		return (0);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	r = -pthread_create(&f->thread, NULL, fetcher_main, f);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	f->started = r == 0;
	return (r);
}

static struct fetch *
fetch_new(const char *url, uint64_t start_ms, fetch_done_f *done, void *priv)
{
	struct fetch *x = calloc(1, sizeof *x);

	if (x == NULL)
		return (NULL);
	x->url = strdup(url);
	if (x->url == NULL) {
		free(x);
		return (NULL);
	}
	x->start_ms = start_ms;
	x->done = done;
	x->priv = priv;
	return (x);
}

int
fetcher_get(struct fetcher *f, const char *url, uint64_t start_ms, fetch_done_f *done, void *priv)
{
	struct fetch *x = fetch_new(url, start_ms, done, priv);
	int r;

	if (x == NULL)
		return (-ENOMEM);
	pthread_mutex_lock(&f->lock);
	r = f->stopping ? -ESHUTDOWN : start_thread(f);
	if (r == 0)
		push(&f->incoming, x);
	pthread_mutex_unlock(&f->lock);
	if (r != 0)
		fetch_free(x);
	else
		curl_multi_wakeup(f->multi);
	return (r);
}
