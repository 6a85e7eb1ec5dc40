/* SPDX-License-Identifier: MIT */
/* node/denied.c - see node/denied.h. */
#include "config.h"

#include "node/denied.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/loop.h>
#include <rotor/metrics.h>

#include "base/map.h"
#include "base/obj.h"
#include "base/str.h"
#include "loop/worker.h"
#include "node/server.h"

#define KEY_MAX		1280u	/* what does not fit was never denied */
#define SWEEP_MS	1000u	/* between two sweeps, which take entries that */
#define SWEEP_TURN	2048u	/* have expired out of a part of the set */

struct entry {
	uint32_t		magic;
#define ENTRY_MAGIC		0x91e3ad46u
	enum denied_kind	kind;
	uint64_t		hash;
	int64_t			issued_before;
	int64_t			expire_at;
	size_t			len;
	char			key[];
};

struct denied {
	uint32_t		magic;
#define DENIED_MAGIC		0x3cb0e7f5u
	uint32_t		max;
	atomic_uint		n;		/* entries; read without the lock */
	pthread_rwlock_t	lock;
	struct map		map;		/* struct entry by key */
	struct rotor_timer	*sweep;
	uint64_t		swept;		/* where the next sweep begins */
	rotor_metric_id		entries[DENIED_KINDS];	/* gauges */
};

/* Kind, length of the name, name, channel. */
struct key {
	struct rotor_str	s;
	uint64_t		hash;
	char			text[KEY_MAX];
};

/* 0, or -E2BIG. */
static int
key_make(struct key *k, enum denied_kind kind, struct rotor_str name, struct rotor_str channel)
{
	char *p = k->text;

	if (name.len > KEY_MAX - 3 || channel.len > KEY_MAX - 3 - name.len)
		return -E2BIG;
	*p++ = (char)kind;
	*p++ = (char)(name.len & 0xff);
	*p++ = (char)(name.len >> 8);
	if (name.len > 0)
		memcpy(p, name.p, name.len);
	if (channel.len > 0)
		memcpy(p + name.len, channel.p, channel.len);
	k->s = (struct rotor_str){ k->text, 3 + name.len + channel.len };
	k->hash = str_hash(k->s);
	return 0;
}

static struct rotor_str
entry_key(const struct entry *e)
{
	return (struct rotor_str){ e->key, e->len };
}

static int
expired(int64_t expire_at, int64_t now)
{
	return expire_at != 0 && expire_at <= now;
}

/* Under the lock. */
static void
entry_drop(struct denied *d, struct rotor_worker *w, struct entry *e)
{
	OBJ_CHECK(e, ENTRY_MAGIC);
	map_del(&d->map, e->hash, entry_key(e));
	rotor_metric_add(w, d->entries[e->kind], -1);
	OBJ_FREE(e);
	atomic_store(&d->n, (unsigned)d->map.n);
}

/* Likewise. */
static int
entry_make(struct denied *d, struct rotor_worker *w, enum denied_kind kind, const struct key *k,
    struct entry **ret)
{
	struct entry *e;

	if (d->map.n >= d->max)
		return -ENOSPC;
	e = calloc(1, sizeof *e + k->s.len);
	if (e == NULL)
		return -ENOMEM;
	e->magic = ENTRY_MAGIC;
	e->kind = kind;
	e->hash = k->hash;
	e->len = k->s.len;
	memcpy(e->key, k->s.p, k->s.len);
	if (map_put(&d->map, e->hash, entry_key(e), e) != 0) {
		OBJ_FREE(e);
		return -ENOMEM;
	}
	rotor_metric_add(w, d->entries[kind], 1);
	atomic_store(&d->n, (unsigned)d->map.n);
	*ret = e;
	return 0;
}

int
denied_add(struct denied *d, struct rotor_worker *w, const struct denial *what)
{
	struct entry *e;
	struct key k;
	int r;

	OBJ_CHECK(d, DENIED_MAGIC);
	r = key_make(&k, what->kind, what->name, what->channel);
	if (r != 0)
		return r;
	pthread_rwlock_wrlock(&d->lock);
	e = map_get(&d->map, k.hash, k.s);
	if (e == NULL)
		r = entry_make(d, w, what->kind, &k, &e);
	if (r == 0) {
		e->issued_before = what->issued_before;
		e->expire_at = what->expire_at;
	}
	pthread_rwlock_unlock(&d->lock);
	return r;
}

void
denied_remove(struct denied *d, struct rotor_worker *w, const struct denial *what)
{
	struct entry *e;
	struct key k;

	OBJ_CHECK(d, DENIED_MAGIC);
	if (key_make(&k, what->kind, what->name, what->channel) != 0)
		return;
	pthread_rwlock_wrlock(&d->lock);
	e = map_get(&d->map, k.hash, k.s);
	if (e != NULL)
		entry_drop(d, w, e);
	pthread_rwlock_unlock(&d->lock);
}

/* 1 when there is an entry that holds at `now` for what was issued at `issued_at`. */
static int
holds(struct denied *d, enum denied_kind kind, struct rotor_str name, struct rotor_str channel,
    int64_t issued_at, int64_t now)
{
	const struct entry *e;
	struct key k;
	int r;

	if (key_make(&k, kind, name, channel) != 0)
		return 0;
	pthread_rwlock_rdlock(&d->lock);
	e = map_get(&d->map, k.hash, k.s);
	r = e != NULL && !expired(e->expire_at, now) &&
	    (kind != DENIED_ISSUED || issued_at < e->issued_before);
	pthread_rwlock_unlock(&d->lock);
	return r;
}

static int
nothing_denied(const struct denied *d)
{
	OBJ_CHECK(d, DENIED_MAGIC);
	return atomic_load(&d->n) == 0;
}

int
denied_user(struct denied *d, struct rotor_str user, int64_t now)
{
	return !nothing_denied(d) && user.len > 0 && holds(d, DENIED_USER, user, STR_LIT(""), 0, now);
}

int
denied_token(struct denied *d, const struct token_facts *t, int64_t now)
{
	if (nothing_denied(d))
		return 0;
	return (t->id.len > 0 && holds(d, DENIED_TOKEN, t->id, STR_LIT(""), 0, now)) ||
	    holds(d, DENIED_ISSUED, t->user, t->channel, t->issued_at, now);
}

static void
sweep(struct rotor_worker *control, void *priv)
{
	struct denied *d = priv;
	int64_t now = control->now_unix_ms / 1000;
	struct entry *e;

	rotor_timer_set(d->sweep, SWEEP_MS);
	if (nothing_denied(d))
		return;
	pthread_rwlock_wrlock(&d->lock);
	for (unsigned i = 0; i < SWEEP_TURN && (e = map_scan(&d->map, &d->swept)) != NULL; i++)
		if (expired(e->expire_at, now))
			entry_drop(d, control, e);
	if (d->swept == MAP_SCAN_END)
		d->swept = 0;
	pthread_rwlock_unlock(&d->lock);
}

static int
metrics_add(struct denied *d, struct rotor_server *srv)
{
	static const char *const kinds[DENIED_KINDS] = {
		[DENIED_USER] = "user", [DENIED_TOKEN] = "token", [DENIED_ISSUED] = "issued",
	};
	struct rotor_metric *m = rotor_metric_register(srv, ROTOR_GAUGE, "node", "num_denied",
	    "Blocked users, revoked tokens, and users with invalidated tokens.", "kind", NULL, 0);

	for (int i = 0; m != NULL && i < DENIED_KINDS; i++)
		d->entries[i] = rotor_metric_child(m, &kinds[i]);
	return m != NULL ? 0 : -ENOMEM;
}

struct denied *
denied_new(struct rotor_server *srv, uint32_t max)
{
	struct denied *d;

	OBJ_ALLOC(d, DENIED_MAGIC);
	if (d == NULL)
		return NULL;
	d->max = max;
	map_init(&d->map);
	pthread_rwlock_init(&d->lock, NULL);
	d->sweep = rotor_timer_new(srv->control, sweep, d);
	if (d->sweep == NULL || metrics_add(d, srv) != 0)
		denied_free(&d);
	else
		rotor_timer_set(d->sweep, SWEEP_MS);
	return d;
}

void
denied_free(struct denied **dp)
{
	struct denied *d;
	struct entry *e;

	if (*dp == NULL)
		return;
	OBJ_TAKE(d, dp, DENIED_MAGIC);
	rotor_timer_free(&d->sweep);
	for (size_t pos = 0; (e = map_next(&d->map, &pos)) != NULL;)
		OBJ_FREE(e);
	map_fini(&d->map);
	pthread_rwlock_destroy(&d->lock);
	OBJ_FREE(d);
}
