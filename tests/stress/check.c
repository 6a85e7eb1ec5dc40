/* SPDX-License-Identifier: MIT */
/*
 * check.c - judges what the server says.
 *
 * While a client is subscribed to a channel with offsets, each publication is the one
 * behind the last; what is recovered goes on from the position that was asked for; where
 * nothing was recovered the reply says where the client stands now, and must have had a
 * reason.  Replies come in the order of the commands.
 */
#include "config.h"

#include "client.h"

#include <stdlib.h>
#include <string.h>

#include "fossil.h"

#define RECOVERY_MAX	300u	/* client.recovery_max_publication_limit */

/*
 * Publications
 */
enum { PUB_DATA, PUB_INFO, PUB_OFFSET, PUB_DELTA, PUB_EPOCH, PUB_N };
static const struct field pub_fields[PUB_N] = {
	[PUB_DATA] = { "data", 4 }, [PUB_INFO] = { "info", 5 }, [PUB_OFFSET] = { "offset", 6 },
	[PUB_DELTA] = { "delta", 8 }, [PUB_EPOCH] = { "epoch", 14 },
};

static void
split(struct client *c, struct slice message, const struct field *fields, size_t n, struct slice *v)
{
	if (wire_split(c->enc, message, fields, n, v) < 0)
		client_fail(c, NULL, "a message is malformed");
}

/* What a publication of a subscription with deltas holds, appended to `to`. */
static void
apply_delta(struct client *c, struct channel *ch, const struct slice *pub, struct out *to)
{
	struct view *v = client_view(c, ch);
	struct slice data = pub[PUB_DATA], base = { v->base.p, v->base.len };
	struct out text = { .enc = c->enc };

	if (c->enc == JSON && json_unquote(data, &text) != 0)
		client_fail(c, ch, "data with delta is no string");
	if (c->enc == JSON)
		data = (struct slice){ text.p, text.len };
	if (!wire_uint(c->enc, pub[PUB_DELTA])) {
		out_put(to, data.p, data.len);
	} else {
		tally.deltas++;
		if (!v->has_base || fossil_apply(base, data, to) != 0)
			client_fail(c, ch, "a delta does not fit what the client has");
	}
	free(text.p);
}

/* The payload as it was published; `to` may come to hold it. */
static struct slice
payload_of(struct client *c, struct channel *ch, const struct slice *pub, struct out *to)
{
	struct view *v = client_view(c, ch);

	if (!(ch->kind->flags & KIND_DELTA))
		return pub[PUB_DATA];
	if (v->delta)
		apply_delta(c, ch, pub, to);
	else
		out_put(to, pub[PUB_DATA].p, pub[PUB_DATA].len);
	v->base.len = 0;
	out_put(&v->base, to->p, to->len);
	v->has_base = 1;
	return (struct slice){ to->p, to->len };
}

/* Without offsets: numbers of a writer rise. */
static void
check_order(struct client *c, struct channel *ch, unsigned writer, unsigned number)
{
	struct view *v = client_view(c, ch);
	struct last *l = NULL;

	for (unsigned i = v->n_last; i-- > 0 && l == NULL;)
		if (v->last[i].writer == writer)
			l = &v->last[i];
	if (l != NULL && l->number >= number)
		client_fail(c, ch, "number %u of writer %u comes behind number %u", number, writer, l->number);
	if (l == NULL) {
		if ((v->n_last & (v->n_last - 1)) == 0)
			v->last = must_alloc(v->last, (v->n_last * 2u + 1) * sizeof *v->last);
		l = &v->last[v->n_last++];
		l->writer = writer;
	}
	l->number = number;
}

static void
note_publication(struct client *c, struct channel *ch, struct slice payload, uint64_t offset)
{
	struct view *v = client_view(c, ch);
	int positioned = (ch->kind->flags & KIND_POSITIONED) != 0;
	const char *wrong = NULL;
	unsigned writer, number;
	int ours = payload_read(payload, &writer, &number);

	if (positioned)
		wrong = ledger_see(ch, v->epoch, offset, payload);
	else if (ours == 1 && c->index == 0)
		wrong = ledger_see(ch, NULL, 0, payload);
	if (wrong != NULL)
		client_fail(c, ch, "the publication at offset %llu %s: %.*s", (unsigned long long)offset,
		    wrong, (int)(payload.len < 200 ? payload.len : 200), payload.p);
	if (ours != 1)
		return;
	if (!positioned)
		check_order(c, ch, writer, number);
	if (writer == c->writer && number + 1 > v->own_seen)
		v->own_seen = number + 1;
}

static void
publication(struct client *c, struct channel *ch, struct slice message)
{
	struct view *v = client_view(c, ch);
	struct slice pub[PUB_N], payload;
	struct out to = { .enc = c->enc };
	uint64_t offset;

	split(c, message, pub_fields, PUB_N, pub);
	offset = wire_uint(c->enc, pub[PUB_OFFSET]);
	if ((ch->kind->flags & KIND_POSITIONED) && offset != v->offset + 1)
		client_fail(c, ch, "offset %llu comes behind %llu", (unsigned long long)offset,
		    (unsigned long long)v->offset);
	if (!(ch->kind->flags & KIND_POSITIONED) && offset != 0)
		client_fail(c, ch, "has an offset");
	if (offset == 1 && !v->delta && !str_is(wire_text(c->enc, pub[PUB_EPOCH]), v->epoch))
		client_fail(c, ch, "the first publication does not tell the epoch");
	payload = payload_of(c, ch, pub, &to);
	note_publication(c, ch, payload, offset);
	v->offset = offset;
	free(to.p);
}

/*
 * Subscriptions
 */
enum { SUB_RECOVERABLE, SUB_EPOCH, SUB_PUBLICATIONS, SUB_RECOVERED, SUB_OFFSET, SUB_POSITIONED,
	SUB_WAS_RECOVERING, SUB_DELTA, SUB_N };
/* Of a reply; the push has numbers of its own. */
static const struct field reply_fields[SUB_N] = {
	[SUB_RECOVERABLE] = { "recoverable", 3 }, [SUB_EPOCH] = { "epoch", 6 },
	[SUB_PUBLICATIONS] = { "publications", 7 }, [SUB_RECOVERED] = { "recovered", 8 },
	[SUB_OFFSET] = { "offset", 9 }, [SUB_POSITIONED] = { "positioned", 10 },
	[SUB_WAS_RECOVERING] = { "was_recovering", 12 }, [SUB_DELTA] = { "delta", 13 },
};
static const struct field push_fields[SUB_N] = {
	[SUB_RECOVERABLE] = { "recoverable", 1 }, [SUB_EPOCH] = { "epoch", 4 },
	[SUB_PUBLICATIONS] = { "publications", 1000 }, [SUB_RECOVERED] = { "recovered", 1000 },
	[SUB_OFFSET] = { "offset", 5 }, [SUB_POSITIONED] = { "positioned", 6 },
	[SUB_WAS_RECOVERING] = { "was_recovering", 1000 }, [SUB_DELTA] = { "delta", 1000 },
};

/* Whether the server had all it takes to recover. */
static int
must_recover(const struct channel *ch, const struct position *asked, uint64_t top)
{
	uint64_t missed = top - asked->offset;
	unsigned keeps = ch->kind->history_size < RECOVERY_MAX ? ch->kind->history_size : RECOVERY_MAX;

	if (missed == 0 && !(ch->kind->flags & KIND_CACHE))
		return 1;
	if (ch->kind->flags & KIND_CACHE)
		return top > 0 && top >= ch->gone_below;
	return missed <= keeps && asked->offset + 1 >= ch->gone_below;
}

static void
not_recovered(struct client *c, struct channel *ch, const struct position *asked, uint64_t top)
{
	struct view *v = client_view(c, ch);

	if (asked->recover && asked->offset > top)
		client_fail(c, ch, "the top has gone back from %llu to %llu",
		    (unsigned long long)asked->offset, (unsigned long long)top);
	if (asked->recover && must_recover(ch, asked, top))
		client_fail(c, ch, "was not recovered from %llu to %llu", (unsigned long long)asked->offset,
		    (unsigned long long)top);
	v->offset = top;
	v->has_base = 0;
	tally.unrecovered += asked->recover != 0;
	tally.fresh += !asked->recover;
}

static void
recovered(struct client *c, struct channel *ch, const struct position *asked, struct slice result)
{
	struct view *v = client_view(c, ch);
	struct each e = wire_each(c->enc, result, F_PUBLICATIONS, 0);
	struct slice key, pub, offset;
	unsigned n = 0;
	int r;

	v->offset = asked->offset;
	while ((r = each_next(&e, &key, &pub)) == 1) {
		split(c, pub, &pub_fields[PUB_OFFSET], 1, &offset);
		if ((ch->kind->flags & KIND_CACHE) && n == 0 && wire_uint(c->enc, offset) > 0)
			v->offset = wire_uint(c->enc, offset) - 1;
		publication(c, ch, pub);
		n++;
	}
	if (r < 0)
		client_fail(c, ch, "the list of publications is malformed");
	tally.recovered++;
	tally.recovered_pubs += n;
}

static void
positioned(struct client *c, struct channel *ch, const struct slice *sub, const struct position *asked,
    struct slice result)
{
	struct view *v = client_view(c, ch);
	struct slice epoch = wire_text(c->enc, sub[SUB_EPOCH]);
	uint64_t offset = wire_uint(c->enc, sub[SUB_OFFSET]);

	if (epoch.len == 0 || epoch.len >= EPOCH_MAX || (v->has_position && !str_is(epoch, v->epoch)))
		client_fail(c, ch, "the epoch is %.*s now", (int)epoch.len, epoch.p);
	memcpy(v->epoch, epoch.p, epoch.len);
	v->epoch[epoch.len] = '\0';
	if (offset > ch->top)
		ch->top = offset;
	if (!wire_uint(c->enc, sub[SUB_RECOVERED]))
		not_recovered(c, ch, asked, offset);
	else if (!asked->recover || offset != asked->offset)
		client_fail(c, ch, "was recovered from %llu, which it has not asked for",
		    (unsigned long long)offset);
	else
		recovered(c, ch, asked, result);
	v->has_position = 1;
}

/* The client is subscribed from here on. */
static void
subscribed(struct client *c, struct channel *ch, struct slice result, const struct field *fields,
    const struct position *asked, int server_side)
{
	struct view *v = client_view(c, ch);
	struct slice sub[SUB_N];
	int wants = (ch->kind->flags & KIND_POSITIONED) != 0;

	split(c, result, fields, SUB_N, sub);
	if ((int)wire_uint(c->enc, sub[SUB_POSITIONED]) != wants ||
	    (int)wire_uint(c->enc, sub[SUB_RECOVERABLE]) != ((ch->kind->flags & KIND_RECOVERS) != 0))
		client_fail(c, ch, "the subscription has other properties than its namespace");
	if ((int)wire_uint(c->enc, sub[SUB_WAS_RECOVERING]) != asked->recover)
		client_fail(c, ch, "was_recovering is not what was asked for");
	v->delta = (uint8_t)wire_uint(c->enc, sub[SUB_DELTA]);
	if (v->delta != asked->delta)
		client_fail(c, ch, "deltas are not as asked for");
	v->on = 1;
	v->was_on = 0;
	v->joined = 0;
	v->server_side = (uint8_t)server_side;
	v->n_last = 0;
	v->restarts++;
	if (wants)
		positioned(c, ch, sub, asked, result);
}

/*
 * Replies, by enum command
 */
static void
on_connect(struct client *c, const struct pending *p, struct slice result)
{
	static const struct field f_client = { "client", 1 }, f_subs = { "subs", 6 };
	struct each e = wire_each(c->enc, result, f_subs, 1);
	struct slice id, name, sub;
	struct channel *ch;
	int r;

	(void)p;
	split(c, result, &f_client, 1, &id);
	id = wire_text(c->enc, id);
	if (c->life != LIFE_CONNECTING || id.len != 36)
		client_fail(c, NULL, "an odd reply to connect");
	memcpy(c->id, id.p, id.len);
	c->id[id.len] = '\0';
	while ((r = each_next(&e, &name, &sub)) == 1) {
		if ((ch = channel_find(name)) == NULL)
			client_fail(c, NULL, "is subscribed to %.*s", (int)name.len, name.p);
		subscribed(c, ch, sub, reply_fields, &client_view(c, ch)->asked, 1);
	}
	if (r < 0)
		client_fail(c, NULL, "the subscriptions of connect are malformed");
	for (unsigned i = 0; i < n_channels; i++)
		if (client_has_by_token(c, &channels[i]) && !c->views[i].on)
			client_fail(c, &channels[i], "connect has left out what the token names");
	c->life = LIFE_LIVE;
	tally.connects++;
}

static void
on_subscribe(struct client *c, const struct pending *p, struct slice result)
{
	if (client_view(c, p->ch)->on)
		client_fail(c, p->ch, "is subscribed a second time");
	subscribed(c, p->ch, result, reply_fields, &p->asked, 0);
}

static void
on_unsubscribe(struct client *c, const struct pending *p, struct slice result)
{
	(void)result;
	client_view(c, p->ch)->on = 0;
}

static void
on_publish(struct client *c, const struct pending *p, struct slice result)
{
	const struct view *v = client_view(c, p->ch);

	(void)result;
	writer_acknowledged(c->writer, p->number);
	if (v->on && v->restarts == p->restarts && v->own_seen <= p->number)
		client_fail(c, p->ch, "its own publication %u comes behind the reply", p->number);
}

static void
on_presence(struct client *c, const struct pending *p, struct slice result)
{
	static const struct field f_presence = { "presence", 1 };
	struct each e = wire_each(c->enc, result, f_presence, 1);
	struct slice id, info;
	int found = 0, r;

	while ((r = each_next(&e, &id, &info)) == 1)
		found |= str_is(id, c->id);
	if (r < 0)
		client_fail(c, p->ch, "presence is malformed");
	if (found != client_view(c, p->ch)->on)
		client_fail(c, p->ch, "presence says %s", found ? "that it is here" : "that it is not here");
}

static void
on_presence_stats(struct client *c, const struct pending *p, struct slice result)
{
	static const struct field fields[] = { { "num_clients", 1 }, { "num_users", 2 } };
	struct slice v[2];
	uint64_t clients, users;

	split(c, result, fields, 2, v);
	clients = wire_uint(c->enc, v[0]);
	users = wire_uint(c->enc, v[1]);
	if (users > clients || clients > opt.clients * 4 || (client_view(c, p->ch)->on && users == 0))
		client_fail(c, p->ch, "presence stats say %llu clients, %llu users",
		    (unsigned long long)clients, (unsigned long long)users);
}

/* The publications of a history agree with what was delivered. */
static void
on_history(struct client *c, const struct pending *p, struct slice result)
{
	static const struct field fields[] = { { "epoch", 2 }, { "offset", 3 } }, f_pubs = { "publications", 1 };
	struct each e = wire_each(c->enc, result, f_pubs, 0);
	const struct view *v = client_view(c, p->ch);
	struct slice head[2], key, message, pub[PUB_N];
	char epoch[EPOCH_MAX] = "";
	uint64_t top, offset, before = 0;
	const char *wrong;

	split(c, result, fields, 2, head);
	top = wire_uint(c->enc, head[1]);
	head[0] = wire_text(c->enc, head[0]);
	if (v->on && (v->offset > top || !str_is(head[0], v->epoch)))
		client_fail(c, p->ch, "history says %llu", (unsigned long long)top);
	memcpy(epoch, head[0].p, head[0].len < EPOCH_MAX ? head[0].len : EPOCH_MAX - 1);
	while (each_next(&e, &key, &message) == 1) {
		split(c, message, pub_fields, PUB_N, pub);
		offset = wire_uint(c->enc, pub[PUB_OFFSET]);
		wrong = ledger_see(p->ch, epoch, offset, pub[PUB_DATA]);
		if (wrong != NULL || offset > top || (before > 0 && offset != before + 1))
			client_fail(c, p->ch, "in the history, the publication at offset %llu %s",
			    (unsigned long long)offset, wrong != NULL ? wrong : "is out of place");
		before = offset;
	}
}

static const struct {
	struct field field;
	void (*run)(struct client *, const struct pending *, struct slice result);
} replies[CMD_N] = {
	[CMD_CONNECT] = { { "connect", 5 }, on_connect },
	[CMD_SUBSCRIBE] = { { "subscribe", 6 }, on_subscribe },
	[CMD_UNSUBSCRIBE] = { { "unsubscribe", 7 }, on_unsubscribe },
	[CMD_PUBLISH] = { { "publish", 8 }, on_publish },
	[CMD_PRESENCE] = { { "presence", 9 }, on_presence },
	[CMD_PRESENCE_STATS] = { { "presence_stats", 10 }, on_presence_stats },
	[CMD_HISTORY] = { { "history", 11 }, on_history },
};

/* One that a client may meet: it is subscribed already. */
static void
on_error(struct client *c, const struct pending *p, struct slice error)
{
	static const struct field f_code = { "code", 1 };
	struct slice code;

	split(c, error, &f_code, 1, &code);
	if (p->command != CMD_SUBSCRIBE || wire_uint(c->enc, code) != 105 || !client_view(c, p->ch)->on)
		client_fail(c, p->ch, "a command gets error %llu",
		    (unsigned long long)wire_uint(c->enc, code));
}

static void
reply(struct client *c, uint64_t id, struct slice error, struct slice message)
{
	struct pending p = c->pending[c->first_pending];
	struct slice result;

	if (c->n_pending == 0 || p.id != id)
		client_fail(c, NULL, "reply %llu, awaited was %u", (unsigned long long)id,
		    c->n_pending > 0 ? p.id : 0);
	c->first_pending = (c->first_pending + 1) % PENDING_MAX;
	c->n_pending--;
	c->waits_since = now();
	tally.replies++;
	if (error.p != NULL) {
		on_error(c, &p, error);
		return;
	}
	split(c, message, &replies[p.command].field, 1, &result);
	if (result.p == NULL)
		client_fail(c, p.ch, "reply %u has no result", p.id);
	replies[p.command].run(c, &p, result);
}

/*
 * Pushes
 */
static void
push_pub(struct client *c, struct channel *ch, struct slice body)
{
	if (!client_view(c, ch)->on)
		client_fail(c, ch, "a publication without subscription");
	publication(c, ch, body);
}

static int
is_own(struct client *c, struct slice body)
{
	static const struct field f_info = { "info", 1 }, f_client = { "client", 2 };
	struct slice info, id;

	split(c, body, &f_info, 1, &info);
	split(c, info, &f_client, 1, &id);
	return str_is(wire_text(c->enc, id), c->id);
}

static void
push_join(struct client *c, struct channel *ch, struct slice body)
{
	struct view *v = client_view(c, ch);
	int own = is_own(c, body);

	tally.joins++;
	if (!v->on || !(ch->kind->flags & KIND_JOINS))
		client_fail(c, ch, "a join without subscription");
	if (own && v->joined)
		client_fail(c, ch, "its own join comes twice");
	v->joined |= (uint8_t)own;
}

static void
push_leave(struct client *c, struct channel *ch, struct slice body)
{
	if (!client_view(c, ch)->on || !(ch->kind->flags & KIND_JOINS))
		client_fail(c, ch, "a leave without subscription");
	if (is_own(c, body))
		client_fail(c, ch, "its own leave");
}

static void
push_unsubscribe(struct client *c, struct channel *ch, struct slice body)
{
	static const struct field f_code = { "code", 2 };
	struct slice code;

	split(c, body, &f_code, 1, &code);
	if (wire_uint(c->enc, code) != 2000)
		client_fail(c, ch, "is unsubscribed with code %llu",
		    (unsigned long long)wire_uint(c->enc, code));
	client_view(c, ch)->on = 0;
	tally.unsubscribed++;
}

/* By the API; in place of the subscription that there was. */
static void
push_subscribe(struct client *c, struct channel *ch, struct slice body)
{
	static const struct position nothing;

	subscribed(c, ch, body, push_fields, &nothing, 1);
}

enum { PUSH_CHANNEL, PUSH_PUB, PUSH_JOIN, PUSH_LEAVE, PUSH_UNSUBSCRIBE, PUSH_SUBSCRIBE, PUSH_N };
static const struct field push_names[PUSH_N] = {
	[PUSH_CHANNEL] = { "channel", 2 }, [PUSH_PUB] = { "pub", 4 }, [PUSH_JOIN] = { "join", 5 },
	[PUSH_LEAVE] = { "leave", 6 }, [PUSH_UNSUBSCRIBE] = { "unsubscribe", 7 },
	[PUSH_SUBSCRIBE] = { "subscribe", 9 },
};
static void (*const pushes[PUSH_N])(struct client *, struct channel *, struct slice) = {
	[PUSH_PUB] = push_pub, [PUSH_JOIN] = push_join, [PUSH_LEAVE] = push_leave,
	[PUSH_UNSUBSCRIBE] = push_unsubscribe, [PUSH_SUBSCRIBE] = push_subscribe,
};

static void
push(struct client *c, struct slice message)
{
	struct slice v[PUSH_N], name;
	struct channel *ch;
	unsigned n = 0;

	split(c, message, push_names, PUSH_N, v);
	name = wire_text(c->enc, v[PUSH_CHANNEL]);
	if ((ch = channel_find(name)) == NULL)
		client_fail(c, NULL, "a push of channel %.*s", (int)name.len, name.p);
	if (c->life != LIFE_LIVE)
		client_fail(c, ch, "a push before the reply to connect");
	tally.pushes++;
	for (unsigned i = PUSH_CHANNEL + 1; i < PUSH_N; i++)
		if (v[i].p != NULL && ++n == 1)
			pushes[i](c, ch, v[i]);
	if (n != 1)
		client_fail(c, ch, "a push of %u things", n);
}

static void
pong(struct client *c)
{
	ws_send(&c->ws, c->enc == JSON ? WS_TEXT : WS_BINARY,
	    c->enc == JSON ? str("{}") : (struct slice){ "", 1 });
}

void
check_message(struct client *c, struct slice message)
{
	static const struct field fields[] = { { "id", 1 }, { "error", 2 }, { "push", 4 } };
	struct slice v[3];

	split(c, message, fields, 3, v);
	if (v[2].p != NULL)
		push(c, v[2]);
	else if (v[0].p != NULL)
		reply(c, wire_uint(c->enc, v[0]), v[1], message);
	else if (message.len == (c->enc == JSON ? 2 : 0))
		pong(c);
	else
		client_fail(c, NULL, "a message that is neither reply nor push");
}
