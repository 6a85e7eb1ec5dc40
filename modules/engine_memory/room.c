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
	rotor_buf_unref(&r->roll);
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

static size_t
info_len(const struct rotor_client_info *info)
{
	return (info->user.len + info->client.len + info->conn_info.len + info->chan_info.len);
}

/* Copies the text to *at, and moves *at behind it. */
static struct rotor_client_info
info_put(char **at, const struct rotor_client_info *info)
{
	struct rotor_client_info copy;

	copy.user = slice_put(at, info->user);
	copy.client = slice_put(at, info->client);
	copy.conn_info = slice_put(at, info->conn_info);
	copy.chan_info = slice_put(at, info->chan_info);
	return (copy);
}

static struct member *
member_new(const struct rotor_client_info *info)
{
	struct member *m = calloc(1, sizeof *m + info_len(info));
	char *at;

	if (m == NULL)
		return (NULL);
	at = m->bytes;
	m->info = info_put(&at, info);
	return (m);
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
	r->text_len += info_len(&m->info);
	rotor_buf_unref(&r->roll);
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
	r->text_len -= info_len(&m->info);
	rotor_buf_unref(&r->roll);
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
	free(m);
	return (-ENOMEM);
}

static void
room_del_member(struct rooms *rs, struct room *r, struct member *m)
{
	table_remove(&rs->members, &m->node);
	room_unlink(r, m);
	user_release(rs, m->user);
	free(m);
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

struct rotor_buf *
room_roll(struct room *r)
{
	struct rotor_client_info *info;
	struct member *m;
	char *at;

	if (r->roll == NULL)
		r->roll = rotor_buf_alloc(r->n_clients * sizeof *info + r->text_len);
	else
		return (rotor_buf_ref(r->roll));
	if (r->roll == NULL)
		return (NULL);
	info = (void *)rotor_buf_data(r->roll);
	at = (char *)(info + r->n_clients);
	for (m = r->first; m != NULL; m = m->next)
		*info++ = info_put(&at, &m->info);
	return (rotor_buf_ref(r->roll));
}

void
rooms_init(struct rooms *rs, const struct hash_key *hash_key)
{
	*rs = (struct rooms){ .hash_key = hash_key };
}

static void
free_room_node(struct table_node *node)
{
	struct room *r = CONTAINER(node, struct room, node);

	rotor_buf_unref(&r->roll);
	free(r);
}

static void
free_user_node(struct table_node *node)
{
	free(CONTAINER(node, struct user, node));
}

static void
free_member_node(struct table_node *node)
{
	free(CONTAINER(node, struct member, node));
}

void
rooms_fini(struct rooms *rs)
{
	table_fini(&rs->members, free_member_node);
	table_fini(&rs->users, free_user_node);
	table_fini(&rs->rooms, free_room_node);
}
