/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "jwks_source.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/str.h>

#include "jwk.h"
#include "jwks_cache.h"
#include "jwks_fetch.h"
#include "pace.h"
#include "unknown.h"

/* Someone who wants a key. */
struct asker {
	struct asker	*next;
	jwks_done_f	*done;
	void		*priv;
	enum jwks_answer	answer;
	struct jwk	*key;
	int		late;		/* came while the set was on its way */
	size_t		kid_len;
	char		kid[];
};

/* A URL, while it is fetched and for as long as its pace must be remembered. */
struct place {
	struct place		*next;
	struct jwks_source	*src;
	struct pace		pace;
	struct asker		*askers;
	size_t			n_askers;
	int			fetching;	/* a fetch is due or runs */
	uint64_t		start_ms;	/* its start */
	int			failing;	/* the last fetch did */
	char			url[];
};

struct jwks_source {
	atomic_uint		refs;		/* the owner, and each fetch */
	struct fetcher		*fetcher;
	jwks_report_f		*report;
	void			*priv;
	struct jwks_cache	*cache;
	pthread_mutex_t		lock;		/* of what follows */
	struct place		*places;
	size_t			n_places, n_waiting;
	struct unknown		unknown;
};

struct jwks_source *
jwks_source_new(struct fetcher *f, jwks_report_f *report, void *priv)
{
	struct jwks_source *src = calloc(1, sizeof *src);

	if (src == NULL)
		return (NULL);
	src->cache = jwks_cache_new();
	if (src->cache == NULL || unknown_init(&src->unknown) != 0 || pthread_mutex_init(&src->lock, NULL) != 0) {
		jwks_cache_free(&src->cache);
		free(src);
		return (NULL);
	}
	atomic_init(&src->refs, 1);
	src->fetcher = f;
	src->report = report;
	src->priv = priv;
	return (src);
}

void
jwks_source_unref(struct jwks_source **sp)
{
	struct jwks_source *src = *sp;
	struct place *pl;

	*sp = NULL;
	if (src == NULL || atomic_fetch_sub_explicit(&src->refs, 1, memory_order_acq_rel) != 1)
		return;
	while ((pl = src->places) != NULL) {
		src->places = pl->next;
		free(pl);
	}
	jwks_cache_free(&src->cache);
	pthread_mutex_destroy(&src->lock);
	free(src);
}

/*
 * Places.  All under the lock.
 */

/* Forgets places that nothing would be lost with; `all` of them, or those whose last
 * fetch went well. */
static void
forget_idle(struct jwks_source *src, uint64_t now_ms, int all)
{
	struct place **pp = &src->places, *pl;

	while ((pl = *pp) != NULL) {
		if (pl->askers != NULL || pl->fetching || !pace_is_idle(&pl->pace, now_ms) || (pl->failing && !all)) {
			pp = &pl->next;
			continue;
		}
		*pp = pl->next;
		src->n_places--;
		free(pl);
	}
}

static struct place *
find_place(struct jwks_source *src, struct rotor_str url)
{
	struct place *pl;

	for (pl = src->places; pl != NULL; pl = pl->next) {
		if (rotor_str_is(url, pl->url))
			break;
	}
	return (pl);
}

static struct place *
add_place(struct jwks_source *src, struct rotor_str url, uint64_t now_ms)
{
	struct place *pl;

	forget_idle(src, now_ms, 0);
	if (src->n_places >= SOURCE_MAX_URLS)
		forget_idle(src, now_ms, 1);
	if (src->n_places >= SOURCE_MAX_URLS)
		return (NULL);
	pl = calloc(1, sizeof *pl + url.len + 1);
	if (pl == NULL)
		return (NULL);
	memcpy(pl->url, url.p, url.len);
	pl->src = src;
	pl->next = src->places;
	src->places = pl;
	src->n_places++;
	return (pl);
}

/*
 * Fetching.
 */

static fetch_done_f fetched;

/* Under the lock. */
static int
start_fetch(struct place *pl, uint64_t now_ms)
{
	struct jwks_source *src = pl->src;
	int r;

	pl->start_ms = pace_next(&pl->pace, now_ms);
	atomic_fetch_add_explicit(&src->refs, 1, memory_order_relaxed);
	r = fetcher_get(src->fetcher, pl->url, pl->start_ms, fetched, pl);
	if (r != 0)
		atomic_fetch_sub_explicit(&src->refs, 1, memory_order_relaxed);	/* not the last */
	pl->fetching = r == 0;
	return (r);
}

/* Nobody waits for it: looks whether the set still has what is in use. */
static void
look(struct jwks_source *src, struct rotor_str url, uint64_t now_ms)
{
	struct place *pl;

	pthread_mutex_lock(&src->lock);
	pl = find_place(src, url);
	if (pl == NULL)
		pl = add_place(src, url, now_ms);
	if (pl != NULL && !pl->fetching)
		(void)start_fetch(pl, now_ms);	/* or the next token does */
	pthread_mutex_unlock(&src->lock);
}

struct jwk *
jwks_source_get(struct jwks_source *src, struct rotor_str url, struct rotor_str kid)
{
	uint64_t now = fetch_now_ms();
	struct jwk *k;
	int due;

	if (kid.len > JWK_KID_MAX)
		return (NULL);
	k = jwks_cache_get(src->cache, url, kid, now, &due);
	if (due)
		look(src, url, now);
	return (k);
}

struct filling {
	struct jwks_source	*src;
	struct rotor_str	url;
	uint64_t		now_ms;
};

static void
put_key(void *priv, struct rotor_str kid, struct jwk *k)
{
	const struct filling *fl = priv;

	/* Without memory the key is looked for again. */
	(void)jwks_cache_put(fl->src->cache, fl->url, kid, k, fl->now_ms);
}

/* Under the lock: takes the askers whose answer is known out of the place. */
static struct asker *
take_answered(struct place *pl, enum jwks_answer without, uint64_t now_ms)
{
	struct rotor_str url = rotor_str_of(pl->url);
	struct asker **ap = &pl->askers, *a, *out = NULL;
	int due;

	while ((a = *ap) != NULL) {
		struct rotor_str kid = { a->kid, a->kid_len };

		a->key = jwks_cache_get(pl->src->cache, url, kid, now_ms, &due);
		/* The set that came may have left before the key was put in. */
		if (a->key == NULL && a->late && without == JWKS_UNKNOWN) {
			a->late = 0;
			ap = &a->next;
			continue;
		}
		a->answer = a->key != NULL ? JWKS_FOUND : without;
		if (a->answer == JWKS_UNKNOWN)
			unknown_add(&pl->src->unknown, url, kid, now_ms);
		*ap = a->next;
		pl->n_askers--;
		a->next = out;
		out = a;
		pl->src->n_waiting--;
	}
	return (out);
}

static void
answer_all(struct asker *a)
{
	struct asker *next;

	for (; a != NULL; a = next) {
		next = a->next;
		a->done(a->priv, a->answer, a->key);
		free(a);
	}
}

/* What a fetch brought goes into the cache.  NULL, or what is wrong. */
static const char *
fill_cache(struct place *pl, const struct fetch_result *res, struct jwks_summary *sum)
{
	struct filling fl = { pl->src, rotor_str_of(pl->url), res->now_ms };

	if (res->error != NULL)
		return (res->error);
	if (jwks_read(res->body, put_key, &fl, sum) != 0)
		return (sum->why);
	jwks_cache_settle(fl.src->cache, fl.url, res->now_ms);
	return (NULL);
}

static void
fetched(void *priv, const struct fetch_result *res)
{
	struct place *pl = priv;
	struct jwks_source *src = pl->src;
	struct asker *answered, *left = NULL;
	struct jwks_summary sum;
	struct jwks_report rep = { .url = pl->url, .fetch = res, .set = res->error == NULL ? &sum : NULL };

	rep.error = fill_cache(pl, res, &sum);
	rep.changed = pl->failing != (rep.error != NULL);
	if (!res->stopped)
		src->report(src->priv, &rep);
	pthread_mutex_lock(&src->lock);
	pl->failing = rep.error != NULL;
	pl->fetching = 0;
	answered = take_answered(pl, res->stopped ? JWKS_OVERLOAD :
	    rep.error != NULL ? JWKS_UNAVAILABLE : JWKS_UNKNOWN, res->now_ms);
	if (pl->askers != NULL && start_fetch(pl, res->now_ms) != 0)
		left = take_answered(pl, JWKS_OVERLOAD, res->now_ms);
	pthread_mutex_unlock(&src->lock);
	answer_all(answered);
	answer_all(left);
	jwks_source_unref(&src);
}

static struct asker *
asker_new(struct rotor_str kid, jwks_done_f *done, void *priv)
{
	struct asker *a = calloc(1, sizeof *a + kid.len);

	if (a == NULL)
		return (NULL);
	a->done = done;
	a->priv = priv;
	a->kid_len = kid.len;
	memcpy(a->kid, kid.p, kid.len);
	return (a);
}

/* Who would have to wait for the next turn, and just to hear the same again. */
static int
is_in_vain(const struct jwks_source *src, const struct place *pl, struct rotor_str kid, uint64_t now_ms)
{
	return ((pl->fetching ? pl->start_ms > now_ms : pace_is_spent(&pl->pace, now_ms)) &&
	    unknown_has(&src->unknown, rotor_str_of(pl->url), kid, now_ms));
}

/* Under the lock. */
static int
join(struct jwks_source *src, struct rotor_str url, struct asker *a)
{
	uint64_t now = fetch_now_ms();
	struct place *pl = find_place(src, url);
	int r;

	if (pl != NULL && is_in_vain(src, pl, (struct rotor_str){ a->kid, a->kid_len }, now))
		return (-ENOENT);
	if (src->n_waiting >= SOURCE_MAX_WAITING || (pl != NULL && pl->n_askers >= SOURCE_MAX_OF_URL))
		return (-EBUSY);
	if (pl == NULL && (pl = add_place(src, url, now)) == NULL)
		return (-EBUSY);
	if (!pl->fetching && (r = start_fetch(pl, now)) != 0)
		return (r);
	pl->n_askers++;
	a->late = pl->start_ms < now;
	a->next = pl->askers;
	pl->askers = a;
	src->n_waiting++;
	return (0);
}

int
jwks_source_ask(struct jwks_source *src, struct rotor_str url, struct rotor_str kid,
    jwks_done_f *done, void *priv)
{
	struct asker *a;
	int r;

	if (kid.len > JWK_KID_MAX)
		return (-EINVAL);
	a = asker_new(kid, done, priv);
	if (a == NULL)
		return (-ENOMEM);
	pthread_mutex_lock(&src->lock);
	r = join(src, url, a);
	pthread_mutex_unlock(&src->lock);
	if (r != 0)
		free(a);
	return (r);
}
