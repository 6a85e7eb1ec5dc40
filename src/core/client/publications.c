/* SPDX-License-Identifier: MIT */
/* client/publications.c - see client/publications.h. */
#include "config.h"

#include "client/publications.h"

#include <errno.h>

#include <rotor/publication.h>

#include "base/arena.h"
#include "base/str.h"
#include "proto/codec.h"
#include "proto/delta.h"
#include "proto/fossil.h"
#include "proto/json.h"

/* Making deltas takes time, and a recovery has them made all at once: of publications
 * beyond this sum the subscriber gets the data itself. */
#define DELTA_BYTES_MAX		131072u

#define PUB_FRAME_BYTES		64u	/* around the data of one */

struct rotor_publication **
publications_keep(struct arena *a, struct rotor_publication *const *pubs, size_t n)
{
	struct rotor_publication **kept = arena_alloc(a, (n + 1) * sizeof *kept);

	for (size_t i = 0; kept != NULL && i < n; i++)
		kept[i] = rotor_publication_ref(pubs[i]);
	return kept;
}

void
publications_drop(struct rotor_publication **pubs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		rotor_publication_unref(&pubs[i]);
}

size_t
publications_bytes(struct rotor_publication *const *pubs, size_t n)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += PUB_FRAME_BYTES + pubs[i]->data.len;
	return bytes;
}

Cp__ClientInfo *
client_info_fill(struct arena *a, const struct rotor_client_info *from)
{
	Cp__ClientInfo *info = arena_alloc(a, sizeof *info);

	if (info == NULL)
		return NULL;
	cp__client_info__init(info);
	info->user = arena_strndup(a, from->user.p, from->user.len);
	info->client = arena_strndup(a, from->client.p, from->client.len);
	info->conn_info = codec_bytes(from->conn_info);
	info->chan_info = codec_bytes(from->chan_info);
	return info->user != NULL && info->client != NULL ? info : NULL;
}

static int
tags_fill(struct arena *a, const struct rotor_publication *pub, Cp__Publication *p)
{
	p->tags = arena_alloc(a, (pub->n_tags + 1) * sizeof *p->tags);
	if (p->tags == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < pub->n_tags; i++) {
		Cp__Publication__TagsEntry *e = arena_alloc(a, sizeof *e);

		if (e == NULL)
			return -ENOMEM;
		cp__publication__tags_entry__init(e);
		e->key = arena_strndup(a, pub->tags[i].key.p, pub->tags[i].key.len);
		e->value = arena_strndup(a, pub->tags[i].value.p, pub->tags[i].value.len);
		if (e->key == NULL || e->value == NULL)
			return -ENOMEM;
		p->tags[i] = e;
	}
	p->n_tags = pub->n_tags;
	return 0;
}

static Cp__Publication *
publication_fill(struct arena *a, const struct rotor_publication *pub)
{
	Cp__Publication *p = arena_alloc(a, sizeof *p);

	if (p == NULL)
		return NULL;
	cp__publication__init(p);
	p->data = codec_bytes(pub->data);
	p->offset = pub->offset;
	p->version = pub->version;
	p->delta = (pub->flags & PUB_IS_DELTA) != 0;
	if (pub->info != NULL && (p->info = client_info_fill(a, pub->info)) == NULL)
		return NULL;
	if (pub->n_tags > 0 && tags_fill(a, pub, p) != 0)
		return NULL;
	/* The first of a stream tells its epoch to clients that began before it. */
	if (pub->offset == 1 && pub->epoch.len > 0 && (p->epoch = arena_strndup(a, pub->epoch.p, pub->epoch.len)) == NULL)
		return NULL;
	return p;
}

int
publications_fill(struct arena *a, struct rotor_publication *const *pubs, size_t n,
    Cp__Publication ***ret)
{
	Cp__Publication **v = arena_alloc(a, (n + 1) * sizeof *v);

	if (v == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if ((v[i] = publication_fill(a, pubs[i])) == NULL)
			return -ENOMEM;
	*ret = v;
	return 0;
}

/* The data of `form` is in `o`, or another's for as long as the arena. */
static Cp__Publication *
form_fill(struct arena *a, struct rotor_publication *form, const struct out *o)
{
	if (form->data.p == o->p)
		form->data = arena_str(a, form->data);
	return form->data.p != NULL || form->data.len == 0 ? publication_fill(a, form) : NULL;
}

/* One of a row: as a delta from `prev`, or, when that is NULL, with all its data. */
static Cp__Publication *
publication_fill_delta(struct arena *a, uint32_t protocol, const struct rotor_publication *pub,
    const struct rotor_publication *prev)
{
	struct rotor_publication form;
	Cp__Publication *p = NULL;
	struct rotor_str delta;
	struct out o, d;
	int is_delta;

	out_init(&o, NULL, 0);
	out_init(&d, NULL, 0);
	is_delta = prev != NULL && fossil_delta(&d, prev->data, pub->data);
	delta = arena_str(a, (struct rotor_str){ d.p, d.len });
	switch (delta_form(&o, protocol, pub, is_delta ? &delta : NULL, &form)) {
	case 0:
		p = form_fill(a, &form, &o);
		break;
	case -EINVAL:
		p = publication_fill(a, pub);	/* which then fails to be encoded, as without deltas */
	}
	out_fini(&o);
	out_fini(&d);
	return p;
}

int
publications_fill_delta(struct arena *a, uint32_t protocol, struct rotor_publication *const *pubs,
    size_t n, Cp__Publication ***ret)
{
	Cp__Publication **v = arena_alloc(a, (n + 1) * sizeof *v);
	size_t bytes = 0;

	if (v == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		bytes += pubs[i]->data.len;
		v[i] = publication_fill_delta(a, protocol, pubs[i],
		    i > 0 && bytes <= DELTA_BYTES_MAX ? pubs[i - 1] : NULL);
		if (v[i] == NULL)
			return -ENOMEM;
	}
	*ret = v;
	return 0;
}
