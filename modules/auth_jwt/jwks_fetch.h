/* SPDX-License-Identifier: MIT */
/*
 * jwks_fetch.h - GETs key sets over HTTP, on a thread of its own.
 *
 * The thread starts with the first request.  An attempt has a second; there are two,
 * one right after the other.  Times are monotonic milliseconds.
 */
#ifndef AUTH_JWT_JWKS_FETCH_H
#define AUTH_JWT_JWKS_FETCH_H

#include <rotor/abi.h>

struct fetcher;

#define FETCH_ATTEMPTS		2u
#define FETCH_TIMEOUT_MS	1000L		/* of one attempt */
#define FETCH_MAX_BYTES		(1u << 20)	/* of the answer's body */
#define FETCH_MAX_REDIRECTS	10L
#define FETCH_MAX_RUNNING	16u		/* the others wait for their turn */
#define FETCH_ERR_MAX		256u

struct fetch_result {
	const char		*error;		/* NULL: fetched */
	int			stopped;	/* fetcher_stop() is what went wrong */
	struct rotor_str	body;
	uint32_t		status;		/* HTTP's; 0: there was no answer */
	uint32_t		attempts;
	uint64_t		now_ms;
};

/* On the fetcher's thread, once a request; or on the thread of fetcher_stop(). */
typedef void fetch_done_f(void *priv, const struct fetch_result *res);

/* NULL: no memory. */
struct fetcher *fetcher_new(void);
/* Fails what runs and what waits ("stopped"), and refuses the rest.  Does not wait
 * for the network.  May be called twice. */
void fetcher_stop(struct fetcher *f);
/* Stops and frees it.  NULL in *fp is a no-op. */
void fetcher_free(struct fetcher **fp);

/* GETs `url`, http or https, not before `start_ms`.  0; or -errno, and then `done` is
 * not called.  Any thread. */
int fetcher_get(struct fetcher *f, const char *url, uint64_t start_ms, fetch_done_f *done,
    void *priv);

/* What the times above count from. */
uint64_t fetch_now_ms(void);

#endif
