/* SPDX-License-Identifier: MIT */
/*
 * node/publication.c - publications as one block of memory.
 *
 * The block holds, in this order: the count, the public struct, the client info,
 * the tags, and the bytes that all their slices point to.  So a publication costs
 * one allocation, and nothing in it needs to be freed apart.
 */
#include "config.h"

#include <rotor/publication.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/obj.h"

struct pub_block {
	uint32_t			magic;
#define PUB_MAGIC			0x7d2c91e5u
	_Atomic uint32_t		refs;
	struct rotor_publication	pub;
};

static struct pub_block *
pub_block_of(struct rotor_publication *pub)
{
	struct pub_block *b;

	ASSERT(pub != NULL);
	b = (struct pub_block *)(void *)((char *)pub - offsetof(struct pub_block, pub));
	OBJ_CHECK(b, PUB_MAGIC);
	return (b);
}

/* Adds `len` times `n` to *sum.  The slices may overlap, so their sum may be more
 * than an address space holds. */
static int
sum_add(size_t *sum, size_t len, size_t n)
{
	size_t bytes;

	return (__builtin_mul_overflow(len, n, &bytes) || __builtin_add_overflow(*sum, bytes, sum));
}

/* Bytes of the whole block for `from`, or 0 when there are too many. */
static size_t
pub_block_size(const struct rotor_publication *from)
{
	const struct rotor_client_info *info = from->info;
	size_t sum = sizeof(struct pub_block);
	int over = 0;
	size_t i;

	over |= sum_add(&sum, from->channel.len, 1);
	over |= sum_add(&sum, from->epoch.len, 1);
	over |= sum_add(&sum, from->data.len, 1);
	if (info != NULL) {
		over |= sum_add(&sum, sizeof *info, 1);
		over |= sum_add(&sum, info->user.len, 1);
		over |= sum_add(&sum, info->client.len, 1);
		over |= sum_add(&sum, info->conn_info.len, 1);
		over |= sum_add(&sum, info->chan_info.len, 1);
	}
	over |= sum_add(&sum, sizeof *from->tags, from->n_tags);
	for (i = 0; i < from->n_tags && !over; i++) {
		over |= sum_add(&sum, from->tags[i].key.len, 1);
		over |= sum_add(&sum, from->tags[i].value.len, 1);
	}
	return (over ? 0 : sum);
}

/* Copies `s` to *at and moves *at behind it. */
static struct rotor_str
put_str(char **at, struct rotor_str s)
{
	struct rotor_str copy = { *at, s.len };

	if (s.len > 0)
		memcpy(*at, s.p, s.len);
	*at += s.len;
	return (copy);
}

static void
put_info(char **at, struct rotor_client_info *to, const struct rotor_client_info *from)
{
	to->user = put_str(at, from->user);
	to->client = put_str(at, from->client);
	to->conn_info = put_str(at, from->conn_info);
	to->chan_info = put_str(at, from->chan_info);
}

/* Points the block's slices to copies of what they point to in `from`. */
static void
pub_fill(struct pub_block *b, const struct rotor_publication *from)
{
	struct rotor_client_info *info = (struct rotor_client_info *)(void *)(b + 1);
	struct rotor_tag *tags = (struct rotor_tag *)(void *)(info + (from->info != NULL));
	char *at = (char *)(tags + from->n_tags);
	size_t i;

	b->pub.channel = put_str(&at, from->channel);
	b->pub.epoch = put_str(&at, from->epoch);
	b->pub.data = put_str(&at, from->data);
	if (from->info != NULL) {
		put_info(&at, info, from->info);
		b->pub.info = info;
	}
	for (i = 0; i < from->n_tags; i++) {
		tags[i].key = put_str(&at, from->tags[i].key);
		tags[i].value = put_str(&at, from->tags[i].value);
	}
	b->pub.tags = from->n_tags > 0 ? tags : NULL;
}

struct rotor_publication *
rotor_publication_new(const struct rotor_publication *from)
{
	struct rotor_publication known = { 0 };
	struct pub_block *b;
	size_t len;

	/* A module of another release may know fewer members, or more. */
	memcpy(&known, from, from->size < sizeof known ? from->size : sizeof known);
	known.size = sizeof known;
	len = pub_block_size(&known);
	if (len == 0 || (b = malloc(len)) == NULL)
		return (NULL);
	b->magic = PUB_MAGIC;
	atomic_init(&b->refs, 1);
	b->pub = known;
	pub_fill(b, &known);
	return (&b->pub);
}

struct rotor_publication *
rotor_publication_ref(struct rotor_publication *pub)
{
	atomic_fetch_add_explicit(&pub_block_of(pub)->refs, 1, memory_order_relaxed);
	return (pub);
}

void
rotor_publication_unref(struct rotor_publication **pubp)
{
	struct pub_block *b;

	if (*pubp == NULL)
		return;
	b = pub_block_of(*pubp);
	*pubp = NULL;
	/* The last owner must see all that the others did before they let go. */
	if (atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1)
		OBJ_FREE(b);
}
