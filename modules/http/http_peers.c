/* SPDX-License-Identifier: MIT */
/* http_peers.c - see http_peers.h. */
#include "config.h"

#include "http_peers.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/random.h>

#include "http_priv.h"

#define TABLE_BITS	14u
#define N_LOCKS		64u

struct network {
	uint16_t	family;
	uint8_t		addr[16];
	unsigned	bits;
};

struct entry {
	struct entry	*next;
	uint64_t	key;
	int64_t		n;
};

struct http_peers {
	int64_t			max;
	uint64_t		seed;		/* odd; strangers choose the keys */
	struct network		*exempt;
	size_t			n_exempt;
	pthread_mutex_t		locks[N_LOCKS];
	struct entry		*table[1u << TABLE_BITS];
};

static int
network_parse(const char *text, struct network *ret)
{
	const char *slash = strchr(text, '/');
	char addr[INET6_ADDRSTRLEN], rest;
	unsigned all;

	if (snprintf(addr, sizeof addr, "%.*s", (int)(slash != NULL ? (size_t)(slash - text) : strlen(text)),
	    text) >= (int)sizeof addr)
		return -EINVAL;
	ret->family = strchr(addr, ':') != NULL ? AF_INET6 : AF_INET;
	all = ret->family == AF_INET6 ? 128 : 32;
	ret->bits = all;
	if (inet_pton(ret->family, addr, ret->addr) != 1)
		return -EINVAL;
	if (slash != NULL && (sscanf(slash + 1, "%3u%c", &ret->bits, &rest) != 1 || slash[1] == '+'))
		return -EINVAL;
	return ret->bits <= all ? 0 : -EINVAL;
}

int
http_network_is_valid(const char *text)
{
	struct network n;

	return network_parse(text, &n) == 0;
}

static int
network_has(const struct network *n, const struct http_peer *peer)
{
	unsigned whole = n->bits / 8, rest = n->bits % 8;

	if (n->family != peer->family || memcmp(n->addr, peer->addr, whole) != 0)
		return 0;
	return rest == 0 || ((n->addr[whole] ^ peer->addr[whole]) & (0xff00u >> rest) & 0xffu) == 0;
}

static int
is_counted(const struct http_peers *ps, const struct http_peer *peer)
{
	if (peer->family != AF_INET && peer->family != AF_INET6)
		return 0;
	for (size_t i = 0; i < ps->n_exempt; i++)
		if (network_has(&ps->exempt[i], peer))
			return 0;
	return 1;
}

struct http_peers *
http_peers_new(int64_t max, const struct rotor_strlist *exempt)
{
	struct http_peers *ps = calloc(1, sizeof *ps);

	if (ps == NULL)
		return NULL;
	ps->max = max;
	for (size_t i = 0; i < N_LOCKS; i++)
		pthread_mutex_init(&ps->locks[i], NULL);
	if (getrandom(&ps->seed, sizeof ps->seed, 0) != sizeof ps->seed)
		ps->seed = (uint64_t)(uintptr_t)ps;
	ps->seed |= 1;
	ps->exempt = calloc(exempt->n + 1, sizeof ps->exempt[0]);
	for (; ps->exempt != NULL && ps->n_exempt < exempt->n; ps->n_exempt++)
		if (network_parse(exempt->v[ps->n_exempt], &ps->exempt[ps->n_exempt]) != 0)
			break;
	if (ps->exempt == NULL || ps->n_exempt < exempt->n)
		http_peers_free(&ps);
	return ps;
}

void
http_peers_free(struct http_peers **pp)
{
	struct http_peers *ps = *pp;
	struct entry *e;

	if (ps == NULL)
		return;
	*pp = NULL;
	for (size_t i = 0; i < sizeof ps->table / sizeof ps->table[0]; i++)
		while ((e = ps->table[i]) != NULL) {
			ps->table[i] = e->next;
			free(e);
		}
	for (size_t i = 0; i < N_LOCKS; i++)
		pthread_mutex_destroy(&ps->locks[i]);
	free(ps->exempt);
	free(ps);
}

/* An IPv4 address, or the first half of one of IPv6: 0::/32 is nobody's. */
static uint64_t
key_of(const struct http_peer *peer)
{
	uint64_t key = 0;
	size_t i, n = peer->family == AF_INET6 ? 8 : 4;

	for (i = 0; i < n; i++)
		key = key << 8 | peer->addr[i];
	return key;
}

static size_t
slot_of(const struct http_peers *ps, uint64_t key)
{
	return (size_t)((key ^ key >> 32) * ps->seed >> (64 - TABLE_BITS));
}

/* Where the entry of `key` hangs, or where it would. */
static struct entry **
entry_find(struct http_peers *ps, uint64_t key)
{
	struct entry **at = &ps->table[slot_of(ps, key)];

	while (*at != NULL && (*at)->key != key)
		at = &(*at)->next;
	return at;
}

static int
count(struct http_peers *ps, uint64_t key)
{
	struct entry **at = entry_find(ps, key);

	if (*at == NULL) {
		if ((*at = calloc(1, sizeof **at)) == NULL)
			return 0;
		(*at)->key = key;
	}
	if ((*at)->n >= ps->max)
		return 0;
	(*at)->n++;
	return 1;
}

int
http_peers_enter(struct http_peers *ps, const struct http_peer *peer)
{
	pthread_mutex_t *lock;
	uint64_t key;
	int ok;

	if (ps == NULL || !is_counted(ps, peer))
		return 1;
	key = key_of(peer);
	lock = &ps->locks[slot_of(ps, key) % N_LOCKS];
	pthread_mutex_lock(lock);
	ok = count(ps, key);
	pthread_mutex_unlock(lock);
	return ok;
}

void
http_peers_leave(struct http_peers *ps, const struct http_peer *peer)
{
	struct entry **at, *e;
	pthread_mutex_t *lock;
	uint64_t key;

	if (ps == NULL || !is_counted(ps, peer))
		return;
	key = key_of(peer);
	lock = &ps->locks[slot_of(ps, key) % N_LOCKS];
	pthread_mutex_lock(lock);
	at = entry_find(ps, key);
	e = *at;
	if (e != NULL && --e->n == 0) {
		*at = e->next;
		free(e);
	}
	pthread_mutex_unlock(lock);
}
