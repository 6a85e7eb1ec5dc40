/* SPDX-License-Identifier: MIT */
/*
 * jwks_source.h - the keys behind one jwks_public_endpoint: cached, or fetched.
 *
 * One fetch brings all keys of a URL, so all who wait for any of them wait for the
 * same one.  A key that is not in the set is looked for again each time a token names
 * it, for it may just have been published; but a URL is asked five times at once at
 * most and then once a second (pace.h), whatever tokens say.  Who comes too early
 * waits for the next turn, unless his key was looked for seconds ago: then he is told at
 * once.  One URL has a quarter of all places to wait in at most, so that who makes up keys
 * of one set does not take them from the others.  Any thread, but where said.
 */
#ifndef AUTH_JWT_JWKS_SOURCE_H
#define AUTH_JWT_JWKS_SOURCE_H

#include <rotor/abi.h>

#include "jwks.h"

struct fetch_result;
struct fetcher;
struct jwks_source;

#define SOURCE_MAX_WAITING	16384u	/* tokens */
#define SOURCE_MAX_OF_URL	(SOURCE_MAX_WAITING / 4)
#define SOURCE_MAX_URLS		1024u	/* being fetched, or fetched in the last seconds */

/* What came of a fetch, for log and metrics; on the fetcher's thread. */
struct jwks_report {
	const char			*url;
	const struct fetch_result	*fetch;
	const struct jwks_summary	*set;		/* NULL: not fetched */
	const char			*error;		/* NULL: there are keys */
	int				changed;	/* it was well before and is not now, or vice versa */
};
typedef void jwks_report_f(void *priv, const struct jwks_report *r);

/* What there is of a key. */
enum jwks_answer {
	JWKS_FOUND,
	JWKS_UNKNOWN,		/* not in the set */
	JWKS_UNAVAILABLE,	/* the set cannot be fetched */
	JWKS_OVERLOAD		/* nobody asked: too many wait, or the fetcher was stopped */
};

/* On the fetcher's thread, once.  `k` (JWKS_FOUND) comes with a reference for the
 * callee; otherwise it is NULL. */
typedef void jwks_done_f(void *priv, enum jwks_answer answer, struct jwk *k);

/* Fetches with `f`, which must outlive it (fetcher_stop() first).  NULL: no memory. */
struct jwks_source *jwks_source_new(struct fetcher *f, jwks_report_f *report, void *priv);
/* Those who wait get their answer all the same. */
void jwks_source_unref(struct jwks_source **sp);

/* The key when it is in the cache, with a reference for the caller; or NULL. */
struct jwk *jwks_source_get(struct jwks_source *src, struct rotor_str url, struct rotor_str kid);
/* Fetches the set and calls `done`.  0; or -errno, and then `done` is not called: -ENOENT,
 * the key is known not to be there; -EBUSY, too many wait. */
int jwks_source_ask(struct jwks_source *src, struct rotor_str url, struct rotor_str kid,
    jwks_done_f *done, void *priv);

#endif
