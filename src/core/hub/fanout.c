/* SPDX-License-Identifier: MIT */
/*
 * hub/fanout.c - from one publication to every subscriber, and from the queues to
 * the sockets.  The hottest code of the server.
 */
#include "config.h"

#include <string.h>

#include <rotor/metrics.h>
#include <rotor/publication.h>
#include <rotor/transport.h>

#include "base/obj.h"
#include "client/client.h"
#include "hub/hub.h"
#include "hub/wire.h"
#include "node/server.h"

/* Makes chan->epoch the publication's, so that each sub compares pointers. */
static void
note_epoch(struct hub_chan *ch, struct rotor_str epoch)
{
	if (epoch.len == 0)
		return;
	if (ch->epoch != NULL && rotor_buf_len(ch->epoch) == epoch.len &&
	    memcmp(rotor_buf_data(ch->epoch), epoch.p, epoch.len) == 0)
		return;
	rotor_buf_unref(&ch->epoch);
	ch->epoch = rotor_buf_new(epoch.p, epoch.len);
}

void
hub_deliver(struct hub *hub, uint64_t hash, struct rotor_publication *pub,
    struct rotor_publication *prev)
{
	const struct stats *st = &hub->w->srv->stats;
	struct hub_chan *ch = map_get(&hub->chans, hash, pub->channel);
	struct wire wi;

	if (ch == NULL)
		return;		/* the last subscriber left meanwhile */
	rotor_metric_add(hub->w, st->messages_received[pub->kind], 1);
	rotor_metric_add(hub->w, st->deliveries, ch->n_subs);
	note_epoch(ch, pub->epoch);
	wire_init(&wi, pub, prev);
	/* Backwards, since a delivery may end that very sub: removal moves the
	 * last one, which has been served, into its place.  Only then may the
	 * channel itself be gone, when it was the last. */
	for (uint32_t i = ch->n_subs; i-- > 0;)
		sub_deliver(ch->subs[i], &wi);
	wire_fini(&wi);
}

void
hub_dirty(struct hub *hub, struct rotor_client *c)
{
	if (c->is_dirty)
		return;
	c->is_dirty = 1;
	c->dirty_next = hub->dirty;
	if (hub->dirty == NULL)
		worker_arm_flush(hub->w);
	hub->dirty = c;
	client_ref(c);
}

void
hub_flush(struct hub *hub)
{
	struct rotor_client *c = hub->dirty, *next;

	hub->dirty = NULL;
	for (; c != NULL; c = next) {
		next = c->dirty_next;
		c->is_dirty = 0;
		if (c->state != CLIENT_CLOSED)
			client_flush(c);
		client_unref(&c);
	}
}

static int
joined_is(const struct hub_joined *j, struct rotor_buf *const *parts, uint32_t n)
{
	return j->frame != NULL && j->n == n && memcmp(j->parts, parts, n * sizeof parts[0]) == 0;
}

void
hub_joined_drop(struct hub_joined *j)
{
	for (uint32_t i = 0; i < j->n; i++)
		rotor_buf_unref(&j->parts[i]);
	j->n = 0;
	rotor_buf_unref(&j->frame);
}

static struct rotor_buf *
join_make(uint32_t protocol, struct rotor_buf *const *parts, uint32_t n)
{
	size_t newline = protocol == ROTOR_JSON, len = (n - 1) * newline;
	struct rotor_buf *frame;
	unsigned char *p;

	for (uint32_t i = 0; i < n; i++)
		len += rotor_buf_len(parts[i]);
	frame = rotor_buf_alloc(len);
	if (frame == NULL)
		return NULL;
	p = rotor_buf_data(frame);
	for (uint32_t i = 0; i < n; i++) {
		if (newline && i > 0)
			*p++ = '\n';
		memcpy(p, rotor_buf_data(parts[i]), rotor_buf_len(parts[i]));
		p += rotor_buf_len(parts[i]);
	}
	return frame;
}

struct rotor_buf *
hub_join(struct hub *hub, uint32_t protocol, struct rotor_buf *const *parts, uint32_t n)
{
	struct hub_joined *j;
	struct rotor_buf *frame;

	ASSERT(n > 1 && n <= HUB_JOIN_MAX);
	for (uint32_t i = 0; i < HUB_JOINS; i++)
		if (joined_is(&hub->joined[i], parts, n))
			return rotor_buf_ref(hub->joined[i].frame);
	frame = join_make(protocol, parts, n);
	if (frame == NULL)
		return NULL;
	j = &hub->joined[hub->n_joins++ % HUB_JOINS];
	hub_joined_drop(j);
	/* The parts' references keep their addresses from being used again, which
	 * is what makes comparing pointers sound. */
	for (uint32_t i = 0; i < n; i++)
		j->parts[i] = rotor_buf_ref(parts[i]);
	j->n = n;
	j->frame = rotor_buf_ref(frame);
	return frame;
}
