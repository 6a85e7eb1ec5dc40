/* SPDX-License-Identifier: MIT */
/*
 * jwks_cache.c - a hash table of chains under a read-write lock.  Tokens look keys up
 * under the read lock, so what they write into an entry is atomic.
 */
#include "config.h"

#include "jwks_cache.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/str.h>

#include "jwk.h"

#define N_CHAINS	1024u		/* a power of two */

struct entry {
	struct entry		*next;
	struct jwk		*key;
	uint64_t		expires_ms;	/* by what its set said last */
	_Atomic uint64_t	ask_ms;		/* when the set is to be looked at again */
	_Atomic uint64_t	used_ms;	/* last */
	size_t			url_len, kid_len;
	char			name[];		/* URL and kid, one behind the other */
};

struct jwks_cache {
	pthread_rwlock_t	lock;
	size_t			n;
	struct entry		*chains[N_CHAINS];
};

struct jwks_cache *
jwks_cache_new(void)
{
	struct jwks_cache *c = calloc(1, sizeof *c);

	if (c != NULL && pthread_rwlock_init(&c->lock, NULL) != 0) {
		free(c);
		c = NULL;
	}
	return (c);
}

/* Takes *ep out of its chain, and frees it. */
static void
drop(struct jwks_cache *c, struct entry **ep)
{
	struct entry *e = *ep;

	*ep = e->next;
	c->n--;
	jwk_unref(&e->key);
	free(e);
}

void
jwks_cache_free(struct jwks_cache **cp)
{
	struct jwks_cache *c = *cp;
	size_t i;

	*cp = NULL;
	if (c == NULL)
		return;
	for (i = 0; i < N_CHAINS; i++) {
		while (c->chains[i] != NULL)
			drop(c, &c->chains[i]);
	}
	pthread_rwlock_destroy(&c->lock);
	free(c);
}

static uint32_t
hash(uint32_t h, struct rotor_str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.p[i]) * 16777619u;	/* FNV-1a */
	return (h);
}

/* Where the entry hangs, or the end of its chain.  What is hashed comes from the key
 * sets that the operator named, so a table that anybody can guess will do. */
static struct entry **
find(struct jwks_cache *c, struct rotor_str url, struct rotor_str kid)
{
	struct entry **ep = &c->chains[hash(hash(2166136261u, url), kid) & (N_CHAINS - 1)];

	for (; *ep != NULL; ep = &(*ep)->next) {
		const struct entry *e = *ep;

		if (rotor_str_eq((struct rotor_str){ e->name, e->url_len }, url) &&
		    rotor_str_eq((struct rotor_str){ e->name + e->url_len, e->kid_len }, kid))
			break;
	}
	return (ep);
}

struct jwk *
jwks_cache_get(struct jwks_cache *c, struct rotor_str url, struct rotor_str kid, uint64_t now_ms,
    int *ret_look)
{
	struct jwk *k = NULL;
	struct entry *e;

	*ret_look = 0;
	pthread_rwlock_rdlock(&c->lock);
	e = *find(c, url, kid);
	if (e != NULL && e->expires_ms > now_ms) {
		atomic_store(&e->used_ms, now_ms);
		*ret_look = atomic_load(&e->ask_ms) <= now_ms;
		if (*ret_look)
			atomic_store(&e->ask_ms, now_ms + JWKS_CACHE_AGAIN_MS);
		k = jwk_ref(e->key);
	}
	pthread_rwlock_unlock(&c->lock);
	return (k);
}

void
jwks_cache_settle(struct jwks_cache *c, struct rotor_str url, uint64_t now_ms)
{
	const uint64_t seen = now_ms + JWKS_CACHE_TTL_MS, gone = now_ms + JWKS_CACHE_GRACE_MS;
	struct entry *e;
	size_t i;

	pthread_rwlock_wrlock(&c->lock);
	for (i = 0; i < N_CHAINS; i++) {
		for (e = c->chains[i]; e != NULL; e = e->next) {
			if (rotor_str_eq((struct rotor_str){ e->name, e->url_len }, url) &&
			    e->expires_ms != seen && e->expires_ms > gone)
				e->expires_ms = gone;
		}
	}
	pthread_rwlock_unlock(&c->lock);
}

/* Drops what has expired, and when nothing has, what was not used for longest. */
static void
make_room(struct jwks_cache *c, uint64_t now_ms)
{
	struct entry **first = NULL, **ep;
	uint64_t first_ms = UINT64_MAX;
	size_t i;

	for (i = 0; i < N_CHAINS; i++) {
		for (ep = &c->chains[i]; *ep != NULL;) {
			if ((*ep)->expires_ms <= now_ms) {
				drop(c, ep);
				continue;
			}
			if (atomic_load(&(*ep)->used_ms) < first_ms) {
				first_ms = atomic_load(&(*ep)->used_ms);
				first = ep;
			}
			ep = &(*ep)->next;
		}
	}
	if (c->n >= JWKS_CACHE_MAX && first != NULL)
		drop(c, first);
}

static struct entry *
entry_new(struct rotor_str url, struct rotor_str kid)
{
	struct entry *e = malloc(sizeof *e + url.len + kid.len);

	if (e == NULL)
		return (NULL);
	e->next = NULL;
	e->key = NULL;
	e->url_len = url.len;
	e->kid_len = kid.len;
	memcpy(e->name, url.p, url.len);
	memcpy(e->name + url.len, kid.p, kid.len);
	return (e);
}

int
jwks_cache_put(struct jwks_cache *c, struct rotor_str url, struct rotor_str kid,
    struct jwk *k, uint64_t now_ms)
{
	struct entry **ep, *e;

	pthread_rwlock_wrlock(&c->lock);
	ep = find(c, url, kid);
	if (*ep == NULL && c->n >= JWKS_CACHE_MAX) {
		make_room(c, now_ms);
		ep = find(c, url, kid);
	}
	if (*ep == NULL) {
		*ep = entry_new(url, kid);
		c->n += *ep != NULL;
	}
	e = *ep;
	if (e != NULL) {
		jwk_unref(&e->key);
		e->key = jwk_ref(k);
		e->expires_ms = now_ms + JWKS_CACHE_TTL_MS;
		atomic_store(&e->ask_ms, now_ms + JWKS_CACHE_LOOK_MS);
		atomic_store(&e->used_ms, now_ms);
	}
	pthread_rwlock_unlock(&c->lock);
	return (e != NULL ? 0 : -ENOMEM);
}

size_t
jwks_cache_size(struct jwks_cache *c)
{
	size_t n;

	pthread_rwlock_rdlock(&c->lock);
	n = c->n;
	pthread_rwlock_unlock(&c->lock);
	return (n);
}
