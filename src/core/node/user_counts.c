/* SPDX-License-Identifier: MIT */
/* node/user_counts.c - see node/user_counts.h. */
#include "config.h"

#include "node/user_counts.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/str.h"

struct count {
	uint32_t	n;
	size_t		len;
	char		user[];
};

struct user_counts {
	pthread_mutex_t	lock;
	struct map	map;	/* struct count by user */
};

struct user_counts *
user_counts_new(void)
{
	struct user_counts *u = calloc(1, sizeof *u);

	if (u != NULL) {
		pthread_mutex_init(&u->lock, NULL);
		map_init(&u->map);
	}
	return u;
}

void
user_counts_free(struct user_counts **up)
{
	struct count *c;

	if (*up == NULL)
		return;
	for (size_t pos = 0; (c = map_next(&(*up)->map, &pos)) != NULL;)
		free(c);
	map_fini(&(*up)->map);
	pthread_mutex_destroy(&(*up)->lock);
	free(*up);
	*up = NULL;
}

static int
count_first(struct user_counts *u, uint64_t hash, struct rotor_str user)
{
	struct count *c = malloc(sizeof *c + user.len);

	if (c == NULL)
		return -ENOMEM;
	c->n = 1;
	c->len = user.len;
	memcpy(c->user, user.p, user.len);
	if (map_put(&u->map, hash, (struct rotor_str){ c->user, c->len }, c) == 0)
		return 0;
	free(c);
	return -ENOMEM;
}

int
user_counts_add(struct user_counts *u, struct rotor_str user, uint32_t limit)
{
	uint64_t hash = str_hash(user);
	struct count *c;
	int r = 0;

	pthread_mutex_lock(&u->lock);
	c = map_get(&u->map, hash, user);
	if (c == NULL)
		r = count_first(u, hash, user);
	else if (c->n >= limit)
		r = -EBUSY;
	else
		c->n++;
	pthread_mutex_unlock(&u->lock);
	return r;
}

void
user_counts_remove(struct user_counts *u, struct rotor_str user)
{
	uint64_t hash = str_hash(user);
	struct count *c;

	pthread_mutex_lock(&u->lock);
	c = map_get(&u->map, hash, user);
	if (c != NULL && --c->n == 0) {
		map_del(&u->map, hash, user);
		free(c);
	}
	pthread_mutex_unlock(&u->lock);
}
