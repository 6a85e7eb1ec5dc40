/* SPDX-License-Identifier: MIT */
/* room.c - see room.h. */
#include "config.h"

#include "room.h"

#include <errno.h>
#include <stdlib.h>

#include "slice.h"

/* A user present in one room. */
struct user {
	struct table_node	node;
	struct room		*room;
	uint32_t		n_clients;
	struct rotor_str	name;		/* in bytes[] */
	char			bytes[];
};

struct member {
	struct table_node		node;
	struct room			*room;
	struct user			*user;
	struct member			*prev, *next;
	_Atomic uint32_t		refs;
	struct rotor_client_info	info;	/* in bytes[] */
	char				bytes[];
};

/* Clients and users are looked up in one room. */
struct room_key {
	const struct room	*room;
	struct rotor_str	name;
};

static int
room_match(struct table_node *node, const void *key)
{
	const struct room *r = CONTAINER(node, struct room, node);
	const struct rotor_str *name = key;

	return (rotor_str_eq(r->name, *name));
}

static int
member_match(struct table_node *node, const void *key)
{
	const struct member *m = CONTAINER(node, struct member, node);
	const struct room_key *k = key;

	return (m->room == k->room && rotor_str_eq(m->info.client, k->name));
}

static int
user_match(struct table_node *node, const void *key)
{
	const struct user *u = CONTAINER(node, struct user, node);
	const struct room_key *k = key;

	return (u->room == k->room && rotor_str_eq(u->name, k->name));
}

static int
info_same(const struct rotor_client_info *a, const struct rotor_client_info *b)
{
	return (rotor_str_eq(a->user, b->user) && rotor_str_eq(a->client, b->client) &&
	    rotor_str_eq(a->conn_info, b->conn_info) && rotor_str_eq(a->chan_info, b->chan_info));
}

struct room *
rooms_find(const struct rooms *rs, struct rotor_str channel, uint64_t hash)
{
	struct table_node *node = table_find(&rs->rooms, hash, room_match, &channel);

	return (node != NULL ? CONTAINER(node, struct room, node) : NULL);
}

static struct room *
room_open(struct rooms *rs, struct rotor_str channel, uint64_t hash)
{
	struct room *r = calloc(1, sizeof *r + channel.len);
	char *at;

	if (r == NULL)
		return (NULL);
	at = r->bytes;
	r->node.hash = hash;
	r->name = slice_put(&at, channel);
	if (table_insert(&rs->rooms, &r->node) != 0) {
		free(r);
		return (NULL);
	}
	return (r);
}

static void
room_close_if_empty(struct rooms *rs, struct room *r)
{
	if (r->n_clients > 0)
		return;
	table_remove(&rs->rooms, &r->node);
	free(r);
}

static struct user *
user_new(struct rooms *rs, const struct room_key *key, uint64_t hash)
{
	struct user *u = calloc(1, sizeof *u + key->name.len);
	char *at;

	if (u == NULL)
		return (NULL);
	at = u->bytes;
	u->node.hash = hash;
	u->name = slice_put(&at, key->name);
	if (table_insert(&rs->users, &u->node) != 0) {
		free(u);
		return (NULL);
	}
	return (u);
}

/* One more client of the user, who may be new to the room.  NULL: no memory. */
static struct user *
user_take(struct rooms *rs, struct room *r, struct rotor_str name)
{
	struct room_key key = { r, name };
	uint64_t hash = hash_str(rs->hash_key, r->node.hash, name);
	struct table_node *node = table_find(&rs->users, hash, user_match, &key);
	struct user *u = node != NULL ? CONTAINER(node, struct user, node) : user_new(rs, &key, hash);

	if (u == NULL)
		return (NULL);
	if (u->n_clients++ == 0) {
		u->room = r;
		r->n_users++;
	}
	return (u);
}

static void
user_release(struct rooms *rs, struct user *u)
{
	if (--u->n_clients > 0)
		return;
	u->room->n_users--;
	table_remove(&rs->users, &u->node);
	free(u);
}

static struct member *
member_new(const struct rotor_client_info *info)
{
	struct member *m = calloc(1, sizeof *m + info->user.len + info->client.len +
	    info->conn_info.len + info->chan_info.len);
	char *at;

	if (m == NULL)
		return (NULL);
	at = m->bytes;
	atomic_init(&m->refs, 1);
	m->info.user = slice_put(&at, info->user);
	m->info.client = slice_put(&at, info->client);
	m->info.conn_info = slice_put(&at, info->conn_info);
	m->info.chan_info = slice_put(&at, info->chan_info);
	return (m);
}

const struct rotor_client_info *
member_info(const struct member *m)
{
	return (&m->info);
}

void
member_unref(struct member **mp)
{
	struct member *m = *mp;

	if (m == NULL)
		return;
	*mp = NULL;
	if (atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) == 1)
		free(m);
}

static void
room_link(struct room *r, struct member *m)
{
	m->room = r;
	m->prev = r->last;
	if (r->last != NULL)
		r->last->next = m;
	else
		r->first = m;
	r->last = m;
	r->n_clients++;
}

static void
room_unlink(struct room *r, struct member *m)
{
	if (m->prev != NULL)
		m->prev->next = m->next;
	else
		r->first = m->next;
	if (m->next != NULL)
		m->next->prev = m->prev;
	else
		r->last = m->prev;
	r->n_clients--;
}

static struct member *
room_find_member(const struct rooms *rs, const struct room *r, struct rotor_str client,
    uint64_t hash)
{
	struct room_key key = { r, client };
	struct table_node *node = table_find(&rs->members, hash, member_match, &key);

	return (node != NULL ? CONTAINER(node, struct member, node) : NULL);
}

/* Adds a member without looking for another one of that client.  0 or -ENOMEM. */
static int
room_add_member(struct rooms *rs, struct room *r, const struct rotor_client_info *info,
    uint64_t hash)
{
	struct member *m = member_new(info);

	if (m == NULL)
		return (-ENOMEM);
	m->user = user_take(rs, r, info->user);
	if (m->user == NULL)
		goto fail;
	m->node.hash = hash;
	if (table_insert(&rs->members, &m->node) != 0) {
		user_release(rs, m->user);
		goto fail;
	}
	room_link(r, m);
	return (0);
fail:
	member_unref(&m);
	return (-ENOMEM);
}

static void
room_del_member(struct rooms *rs, struct room *r, struct member *m)
{
	table_remove(&rs->members, &m->node);
	room_unlink(r, m);
	user_release(rs, m->user);
	member_unref(&m);
}

int
rooms_enter(struct rooms *rs, struct rotor_str channel, uint64_t hash,
    const struct rotor_client_info *info)
{
	struct room *r = rooms_find(rs, channel, hash);
	uint64_t member_hash = hash_str(rs->hash_key, hash, info->client);
	struct member *old;
	int ret;

	if (r == NULL && (r = room_open(rs, channel, hash)) == NULL)
		return (-ENOMEM);
	old = room_find_member(rs, r, info->client, member_hash);
	if (old != NULL && info_same(&old->info, info))
		return (0);
	ret = room_add_member(rs, r, info, member_hash);
	if (ret == 0 && old != NULL)
		room_del_member(rs, r, old);
	room_close_if_empty(rs, r);	/* opened in vain */
	return (ret);
}

void
rooms_leave(struct rooms *rs, struct rotor_str channel, uint64_t hash, struct rotor_str client)
{
	struct room *r = rooms_find(rs, channel, hash);
	struct member *m;

	if (r == NULL)
		return;
	m = room_find_member(rs, r, client, hash_str(rs->hash_key, hash, client));
	if (m == NULL)
		return;
	room_del_member(rs, r, m);
	room_close_if_empty(rs, r);
}

void
room_collect(const struct room *r, struct member **ret)
{
	struct member *m;

	for (m = r->first; m != NULL; m = m->next) {
		atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
		*ret++ = m;
	}
}

void
rooms_init(struct rooms *rs, const struct hash_key *hash_key)
{
	*rs = (struct rooms){ .hash_key = hash_key };
}

static void
free_room_node(struct table_node *node)
{
	free(CONTAINER(node, struct room, node));
}

static void
free_user_node(struct table_node *node)
{
	free(CONTAINER(node, struct user, node));
}

static void
free_member_node(struct table_node *node)
{
	struct member *m = CONTAINER(node, struct member, node);

	member_unref(&m);
}

void
rooms_fini(struct rooms *rs)
{
	table_fini(&rs->members, free_member_node);
	table_fini(&rs->users, free_user_node);
	table_fini(&rs->rooms, free_room_node);
}
