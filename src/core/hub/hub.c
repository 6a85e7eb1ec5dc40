/* SPDX-License-Identifier: MIT */
/* hub/hub.c - clients, users and channels of a worker.  Fan-out: hub/fanout.c. */
#include "config.h"

#include "hub/hub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/obj.h"
#include "base/str.h"
#include "client/client.h"
#include "node/interest.h"

#define ID_LEN	16u
#define FEW	64u	/* clients of a user that are not worth a walk of all */

struct hub *
hub_new(struct rotor_worker *w)
{
	struct hub *hub = calloc(1, sizeof *hub);

	if (hub == NULL)
		return NULL;
	hub->w = w;
	hub->steps_end = &hub->steps;
	hub->ping[ROTOR_JSON] = rotor_buf_new("{}", 2);
	hub->ping[ROTOR_PROTOBUF] = rotor_buf_new("", 1);
	if (hub->ping[ROTOR_JSON] == NULL || hub->ping[ROTOR_PROTOBUF] == NULL)
		hub_free(&hub);
	return hub;
}

void
hub_free(struct hub **hp)
{
	struct hub *hub = *hp;

	if (hub == NULL)
		return;
	ASSERT(hub->steps == NULL && hub->open == NULL && hub->ending == NULL && hub->clients.n == 0 && hub->chans.n == 0);
	for (uint32_t i = 0; i < HUB_JOINS; i++)
		hub_joined_drop(&hub->joined[i]);
	rotor_buf_unref(&hub->ping[ROTOR_JSON]);
	rotor_buf_unref(&hub->ping[ROTOR_PROTOBUF]);
	map_fini(&hub->clients);
	map_fini(&hub->users);
	map_fini(&hub->chans);
	free(hub);
	*hp = NULL;
}

static void
list_in(struct rotor_client **list, struct rotor_client *c)
{
	c->all_next = *list;
	c->all_prevp = list;
	if (c->all_next != NULL)
		c->all_next->all_prevp = &c->all_next;
	*list = c;
}

static void
list_out(struct rotor_client *c)
{
	*c->all_prevp = c->all_next;
	if (c->all_next != NULL)
		c->all_next->all_prevp = c->all_prevp;
}

void
hub_attach(struct hub *hub, struct rotor_client *c)
{
	list_in(&hub->open, c);
	hub->n_attached++;
}

void
hub_ending(struct hub *hub, struct rotor_client *c)
{
	list_out(c);
	list_in(&hub->ending, c);
}

void
hub_detach(struct hub *hub, struct rotor_client *c)
{
	list_out(c);
	hub->n_attached--;
}

static struct rotor_str
id_key(const unsigned char id[ID_LEN])
{
	return (struct rotor_str){ (const char *)id, ID_LEN };
}

struct rotor_client *
hub_client_get(struct hub *hub, const unsigned char id[ID_LEN])
{
	struct rotor_str key = id_key(id);

	return map_get(&hub->clients, str_hash(key), key);
}

struct hub_user *
hub_user_get(struct hub *hub, struct rotor_str user)
{
	return map_get(&hub->users, str_hash(user), user);
}

/* Out of a list that is short, so that it need not be in order. */
static struct rotor_client *
next_of_few(const struct hub_user *u, uint64_t *pos)
{
	struct rotor_client *found = NULL;
	uint64_t least = MAP_SCAN_END, at;

	for (struct rotor_client *c = u->clients; c != NULL; c = c->user_next) {
		at = map_position(str_hash(id_key(c->id)));
		if (at >= *pos && at < least) {
			least = at;
			found = c;
		}
	}
	*pos = found != NULL ? least + 1 : MAP_SCAN_END;
	return found;
}

struct rotor_client *
hub_client_next(struct hub *hub, const struct rotor_str *user, uint64_t *pos, uint32_t *work)
{
	const struct hub_user *u = user != NULL ? hub_user_get(hub, *user) : NULL;
	struct rotor_client *c;

	if (user != NULL && u == NULL) {
		*pos = MAP_SCAN_END;
		return NULL;
	}
	while (*work > 0 && *pos < MAP_SCAN_END) {
		(*work)--;
		if (u != NULL && u->n_clients <= FEW)
			return next_of_few(u, pos);
		c = map_scan(&hub->clients, pos);
		if (c == NULL || u == NULL || c->user == u)
			return c;
	}
	return NULL;
}

static struct hub_user *
user_make(struct hub *hub, struct rotor_str name)
{
	uint64_t hash = str_hash(name);
	struct hub_user *u = map_get(&hub->users, hash, name);

	if (u != NULL)
		return u;
	u = calloc(1, sizeof *u + name.len + 1);
	if (u == NULL)
		return NULL;
	u->magic = HUB_USER_MAGIC;
	u->hash = hash;
	if (name.len > 0)
		memcpy(u->text, name.p, name.len);
	u->name = (struct rotor_str){ u->text, name.len };
	if (map_put(&hub->users, hash, u->name, u) != 0)
		OBJ_FREE(u);
	return u;
}

static void
user_drop_empty(struct hub *hub, struct hub_user *u)
{
	OBJ_CHECK(u, HUB_USER_MAGIC);
	if (u->n_clients > 0)
		return;
	map_del(&hub->users, u->hash, u->name);
	OBJ_FREE(u);
}

int
hub_client_add(struct hub *hub, struct rotor_client *c, struct rotor_str user)
{
	struct hub_user *u = user_make(hub, user);
	struct rotor_str key = id_key(c->id);

	if (u == NULL)
		return -ENOMEM;
	if (map_put(&hub->clients, str_hash(key), key, c) != 0) {
		user_drop_empty(hub, u);
		return -ENOMEM;
	}
	c->user = u;
	c->user_next = u->clients;
	c->user_prevp = &u->clients;
	if (u->clients != NULL)
		u->clients->user_prevp = &c->user_next;
	u->clients = c;
	u->n_clients++;
	return 0;
}

int
hub_client_remove(struct hub *hub, struct rotor_client *c)
{
	struct rotor_str key = id_key(c->id);

	if (c->user_prevp == NULL)
		return 0;
	map_del(&hub->clients, str_hash(key), key);
	*c->user_prevp = c->user_next;
	if (c->user_next != NULL)
		c->user_next->user_prevp = c->user_prevp;
	c->user_prevp = NULL;
	return 1;
}

void
hub_user_release(struct hub *hub, struct rotor_client *c)
{
	struct hub_user *u = c->user;

	if (u == NULL)
		return;
	c->user = NULL;
	u->n_clients--;
	user_drop_empty(hub, u);
}

struct hub_chan *
hub_chan_get(struct hub *hub, struct rotor_str name)
{
	return map_get(&hub->chans, str_hash(name), name);
}

struct hub_chan *
hub_chan_make(struct hub *hub, struct rotor_str name, const struct chan_options *opts, int *ret_new)
{
	uint64_t hash = str_hash(name);
	struct hub_chan *ch = map_get(&hub->chans, hash, name);

	*ret_new = 0;
	if (ch != NULL)
		return ch;
	ch = calloc(1, sizeof *ch + name.len + 1);
	if (ch == NULL)
		return NULL;
	ch->magic = HUB_CHAN_MAGIC;
	ch->hash = hash;
	ch->opts = opts;
	memcpy(ch->text, name.p, name.len);
	ch->name = (struct rotor_str){ ch->text, name.len };
	if (map_put(&hub->chans, hash, ch->name, ch) != 0) {
		OBJ_FREE(ch);
		return NULL;
	}
	*ret_new = 1;
	return ch;
}

int
hub_sub_add(struct hub_chan *ch, struct sub *s)
{
	OBJ_CHECK(ch, HUB_CHAN_MAGIC);
	if (ch->n_subs == ch->cap) {
		uint32_t cap = ch->cap == 0 ? 1 : ch->cap + ch->cap / 2 + 1;
		struct sub **subs = realloc(ch->subs, cap * sizeof *subs);

		if (subs == NULL)
			return -ENOMEM;
		ch->subs = subs;
		ch->cap = cap;
	}
	s->chan = ch;
	s->index = ch->n_subs;
	ch->subs[ch->n_subs++] = s;
	return 0;
}

void
hub_chan_drop_empty(struct hub *hub, struct hub_chan *ch)
{
	OBJ_CHECK(ch, HUB_CHAN_MAGIC);
	if (ch->n_subs > 0)
		return;
	map_del(&hub->chans, ch->hash, ch->name);
	rotor_buf_unref(&ch->epoch);
	free(ch->subs);
	OBJ_FREE(ch);
}

void
hub_sub_remove(struct hub *hub, struct sub *s)
{
	struct hub_chan *ch = s->chan;

	OBJ_CHECK(ch, HUB_CHAN_MAGIC);
	ASSERT(s->index < ch->n_subs && ch->subs[s->index] == s);
	ch->subs[s->index] = ch->subs[--ch->n_subs];
	ch->subs[s->index]->index = s->index;
	s->chan = NULL;
	if (ch->n_subs > 0)
		return;
	interest_remove(hub->w, ch->hash, ch->name);
	hub_chan_drop_empty(hub, ch);
}
