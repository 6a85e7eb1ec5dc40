/* SPDX-License-Identifier: MIT */
/* stream.c - see stream.h. */
#include "config.h"

#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "slice.h"

#define RING_MIN_CAP	4u

/* What the allocator, and the tables and heaps around it, take for an object. */
#define OBJECT_BYTES	32u

static const char epoch_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
#define N_EPOCH_LETTERS	(sizeof epoch_letters - 1)

static int
epoch_make(char epoch[EPOCH_LEN])
{
	uint64_t r;
	size_t i;

	if (getentropy(&r, sizeof r) != 0)
		return (-errno);
	for (i = 0; i < EPOCH_LEN; i++) {
		epoch[i] = epoch_letters[r % N_EPOCH_LETTERS];
		r /= N_EPOCH_LETTERS;
	}
	return (0);
}

struct stream *
stream_new(struct rotor_str channel, uint64_t hash)
{
	struct stream *s = calloc(1, sizeof *s + channel.len);
	char *at;

	if (s == NULL)
		return (NULL);
	if (epoch_make(s->epoch) != 0) {
		free(s);
		return (NULL);
	}
	at = s->text;
	s->bytes = sizeof *s + channel.len + OBJECT_BYTES;
	lru_init(&s->lru);
	s->node.hash = hash;
	s->name = slice_put(&at, channel);
	return (s);
}

void
stream_free(struct stream **sp)
{
	struct stream *s = *sp;

	*sp = NULL;
	stream_clear(s);
	free((char *)s->version_epoch.p);
	free(s);
}

int
stream_match(struct table_node *node, const void *channel)
{
	const struct stream *s = CONTAINER(node, struct stream, node);

	return (rotor_str_eq(s->name, *(const struct rotor_str *)channel));
}

struct rotor_str
stream_epoch(const struct stream *s)
{
	return ((struct rotor_str){ s->epoch, EPOCH_LEN });
}

/* The i-th oldest. */
static struct rotor_publication **
ring_at(const struct stream *s, uint32_t i)
{
	uint64_t at = (uint64_t)s->head + i;

	return (&s->ring[at < s->cap ? at : at - s->cap]);
}

/* About as much as it takes, whoever else may share it. */
static size_t
publication_bytes(const struct rotor_publication *pub)
{
	size_t n = sizeof *pub + OBJECT_BYTES + pub->channel.len + pub->epoch.len + pub->data.len, i;

	for (i = 0; i < pub->n_tags; i++)
		n += sizeof pub->tags[i] + pub->tags[i].key.len + pub->tags[i].value.len;
	if (pub->info != NULL)
		n += sizeof *pub->info + pub->info->user.len + pub->info->client.len +
		    pub->info->conn_info.len + pub->info->chan_info.len;
	return (n);
}

static void
ring_drop_oldest(struct stream *s)
{
	s->bytes -= publication_bytes(*ring_at(s, 0));
	rotor_publication_unref(ring_at(s, 0));
	s->head = s->head + 1 < s->cap ? s->head + 1 : 0;
	s->n--;
}

/* A ring for `cap` publications; those that have no room in it are dropped. */
static int
ring_resize(struct stream *s, uint32_t cap)
{
	struct rotor_publication **ring = reallocarray(NULL, cap, sizeof *ring);
	uint32_t i;

	if (ring == NULL)
		return (-ENOMEM);
	while (s->n > cap)
		ring_drop_oldest(s);
	for (i = 0; i < s->n; i++)
		ring[i] = *ring_at(s, i);
	free(s->ring);
	s->bytes += (size_t)cap * sizeof *ring - (size_t)s->cap * sizeof *ring;
	s->ring = ring;
	s->cap = cap;
	s->head = 0;
	return (0);
}

/* Room for one more of at most `size`.  The ring grows with use: a large size costs
 * nothing until it is filled. */
static int
ring_reserve(struct stream *s, uint32_t size)
{
	uint32_t cap = s->cap > size / 2 ? size : 2 * s->cap;

	if (s->cap > size)
		return (ring_resize(s, size));
	if (s->n < s->cap || s->cap == size)
		return (0);
	if (cap < RING_MIN_CAP)
		cap = RING_MIN_CAP;
	return (ring_resize(s, cap < size ? cap : size));
}

/* An allocated copy; no allocation when it is empty. */
static int
str_copy(struct rotor_str s, struct rotor_str *ret)
{
	char *at = NULL;

	if (s.len > 0 && (at = malloc(s.len)) == NULL)
		return (-ENOMEM);
	*ret = slice_put(&at, s);
	return (0);
}

int
stream_append(struct stream *s, const struct rotor_publish *req, struct rotor_publication *pub,
    int64_t now_ms)
{
	struct rotor_str version_epoch;

	if (str_copy(req->version_epoch, &version_epoch) != 0)
		return (-ENOMEM);
	if (ring_reserve(s, req->history_size) != 0) {
		free((char *)version_epoch.p);
		return (-ENOMEM);
	}
	while (s->n >= req->history_size)
		ring_drop_oldest(s);
	s->n++;
	*ring_at(s, s->n - 1) = pub;
	s->bytes += publication_bytes(pub) + version_epoch.len - s->version_epoch.len;
	s->top++;
	s->items_until_ms = due_in(now_ms, req->history_ttl_ms);
	free((char *)s->version_epoch.p);
	s->version = pub->version;
	s->version_epoch = version_epoch;
	return (0);
}

struct rotor_publication *
stream_newest(const struct stream *s)
{
	return (s->n > 0 ? rotor_publication_ref(*ring_at(s, s->n - 1)) : NULL);
}

void
stream_clear(struct stream *s)
{
	while (s->n > 0)
		ring_drop_oldest(s);
	free(s->ring);
	s->bytes -= s->cap * sizeof *s->ring;
	s->ring = NULL;
	s->cap = s->head = 0;
}

int
stream_has_version(const struct stream *s, const struct rotor_publish *req)
{
	if (req->pub->version == 0 || req->pub->version > s->version)
		return (0);
	return (req->version_epoch.len == 0 || rotor_str_eq(req->version_epoch, s->version_epoch));
}

void
stream_touch(struct stream *s, int64_t now_ms, int64_t ttl_ms)
{
	s->meta_until_ms = ttl_ms > 0 ? due_in(now_ms, ttl_ms) : DUE_NEVER;
}

int64_t
stream_next_due(const struct stream *s)
{
	if (s->n > 0 && s->items_until_ms < s->meta_until_ms)
		return (s->items_until_ms);
	return (s->meta_until_ms);
}

int
stream_expire(struct stream *s, int64_t now_ms)
{
	if (s->meta_until_ms <= now_ms)
		return (1);
	if (s->n > 0 && s->items_until_ms <= now_ms)
		stream_clear(s);
	return (0);
}

/* From `offset` on there are `left`; the query may want fewer. */
static struct stream_range
range_of(uint64_t offset, uint64_t left, const struct rotor_history_query *q)
{
	struct stream_range r = { .offset = offset, .n = left, .reverse = q->reverse != 0 };

	if (q->limit >= 0 && (uint64_t)q->limit < left)
		r.n = (size_t)q->limit;
	return (r);
}

static struct stream_range
select_forward(const struct stream *s, uint64_t oldest, const struct rotor_history_query *q)
{
	uint64_t offset = oldest;

	if (q->has_since && q->since.offset >= s->top)
		return ((struct stream_range){ 0 });
	if (q->has_since && q->since.offset >= oldest)
		offset = q->since.offset + 1;
	return (range_of(offset, s->top - offset + 1, q));
}

static struct stream_range
select_reverse(const struct stream *s, uint64_t oldest, const struct rotor_history_query *q)
{
	uint64_t offset = s->top;

	if (q->has_since) {
		if (q->since.offset <= oldest || q->since.offset - 1 > s->top)
			return ((struct stream_range){ 0 });
		offset = q->since.offset - 1;
	}
	return (range_of(offset, offset - oldest + 1, q));
}

struct stream_range
stream_select(const struct stream *s, const struct rotor_history_query *q)
{
	uint64_t oldest = s->top - s->n + 1;

	if (s->n == 0)
		return ((struct stream_range){ 0 });
	return (q->reverse ? select_reverse(s, oldest, q) : select_forward(s, oldest, q));
}

void
stream_collect(const struct stream *s, const struct stream_range *r, struct rotor_publication **ret)
{
	uint32_t at = (uint32_t)(r->offset - (s->top - s->n + 1));
	size_t i;

	for (i = 0; i < r->n; i++)
		ret[i] = rotor_publication_ref(*ring_at(s, r->reverse ? at - (uint32_t)i : at + (uint32_t)i));
}
