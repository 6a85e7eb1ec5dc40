/* SPDX-License-Identifier: MIT */
/* ledger.c - see ledger.h. */
#include "config.h"

#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	uint64_t	hash;		/* of the payload; 0: not seen yet */
	unsigned	writer, number;
};

struct stream {
	struct stream	*next;
	char		epoch[32];
	uint64_t	first, cap;	/* entries[0] is of offset `first` */
	struct entry	*entries;
};

enum { ACKNOWLEDGED = 1, SEEN = 2 };

struct writer {
	unsigned	n;
	struct sent {
		uint16_t	channel;
		uint8_t		state;
	}		*sent;
	/* ledger_check(): the last number in which channel */
	unsigned	last, last_pass;
};

static const struct kind kinds[] = {
	{ "stream", 8, KIND_POSITIONED | KIND_RECOVERS, 250 },
	{ "short", 6, KIND_POSITIONED | KIND_RECOVERS, 12 },
	{ "joins", 2, KIND_POSITIONED | KIND_RECOVERS | KIND_JOINS, 100 },
	{ "cache", 3, KIND_POSITIONED | KIND_RECOVERS | KIND_CACHE, 1 },
	{ "pos", 2, KIND_POSITIONED, 20 },
	{ "plain", 2, 0, 0 },
	{ "delta", 4, KIND_POSITIONED | KIND_RECOVERS | KIND_DELTA, 60 },
	{ "dcache", 1, KIND_POSITIONED | KIND_RECOVERS | KIND_CACHE | KIND_DELTA, 1 },
	{ "large", 1, KIND_LARGE, 0 },
	{ "server", 6, KIND_POSITIONED | KIND_RECOVERS | KIND_SERVER, 100 },
};

struct channel *channels;
unsigned n_channels;

static struct writer *writers;
static unsigned n_writers;
static uint64_t n_seen;

void
channels_make(void)
{
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
		n_channels += kinds[k].channels;
	channels = must_alloc(NULL, n_channels * sizeof *channels);
	memset(channels, 0, n_channels * sizeof *channels);
	for (unsigned k = 0, at = 0; k < ARRAY_LEN(kinds); k++)
		for (unsigned i = 0; i < kinds[k].channels; i++, at++) {
			channels[at].kind = &kinds[k];
			channels[at].index = at;
			(void)snprintf(channels[at].name, sizeof channels[at].name, "%s:%u",
			    kinds[k].name, i);
		}
}

struct channel *
channel_find(struct slice name)
{
	for (unsigned i = 0; i < n_channels; i++)
		if (str_is(name, channels[i].name))
			return &channels[i];
	return NULL;
}

void
channels_print_namespaces(void)
{
	static const struct {
		unsigned flag;
		const char *option;
	} rows[] = {
		{ KIND_POSITIONED, "\"force_positioning\":true" },
		{ KIND_RECOVERS, "\"force_recovery\":true" },
		{ KIND_CACHE, "\"force_recovery_mode\":\"cache\"" },
		{ KIND_JOINS, "\"join_leave\":true,\"force_push_join_leave\":true" },
		{ KIND_DELTA, "\"allowed_delta_types\":[\"fossil\"],\"delta_publish\":true" },
	};

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		printf("%s{\"name\":\"%s\",\"presence\":true", k > 0 ? "," : "[", kinds[k].name);
		for (size_t i = 0; i < ARRAY_LEN(rows); i++)
			if (kinds[k].flags & rows[i].flag)
				printf(",%s", rows[i].option);
		if (kinds[k].history_size > 0)
			printf(",\"history_size\":%u,\"history_ttl\":\"600s\"", kinds[k].history_size);
		printf(",\"allow_subscribe_for_client\":true,\"allow_publish_for_client\":true,"
		    "\"allow_history_for_client\":true,\"allow_presence_for_client\":true}");
	}
	printf("]\n");
}

/*
 * Writers
 */
unsigned
writer_new(void)
{
	if ((n_writers & (n_writers - 1)) == 0)
		writers = must_alloc(writers, (n_writers * 2u + 1) * sizeof *writers);
	writers[n_writers] = (struct writer){ 0 };
	return n_writers++;
}

unsigned
writer_next(unsigned writer, const struct channel *ch)
{
	struct writer *w = &writers[writer];

	if ((w->n & (w->n - 1)) == 0)
		w->sent = must_alloc(w->sent, (w->n * 2u + 1) * sizeof *w->sent);
	w->sent[w->n] = (struct sent){ (uint16_t)ch->index, 0 };
	return w->n++;
}

void
writer_acknowledged(unsigned writer, unsigned number)
{
	writers[writer].sent[number].state |= ACKNOWLEDGED;
}

/*
 * Payloads.  Those of a channel resemble each other, and hold what JSON escapes.  Some
 * are large, and in one channel all are, for the sake of those who read slowly.
 */
static size_t
words(char *to, size_t max, int large, uint64_t of_channel, uint64_t of_payload)
{
	static const char *const table[] = { "lorem ", "ipsum ", "dolor ", "sit ", "amet ",
	    "za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87 ", "\\\"quoted\\\" ", "<b>&", "\xf0\x9f\x98\x80",
	    "\\\\", "\\n", "\\u00e9", "{}[]", "0123456789abcdef" };
	size_t times = mix(of_payload) % 64 == 0 ? 40 : large ? 20 : 1;
	size_t n = (4 + mix(of_payload + 1) % 28) * times, len = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t own = mix(of_payload ^ i << 32), shared = mix(of_channel + i);
		const char *word = table[(own % 16 == 0 ? own >> 8 : shared >> 8) % ARRAY_LEN(table)];
		size_t word_len = strlen(word);

		if (len + word_len > max)
			break;
		memcpy(to + len, word, word_len);
		len += word_len;
	}
	return len;
}

size_t
payload_make(char *to, unsigned writer, unsigned number, const struct channel *ch)
{
	size_t n = (size_t)snprintf(to, PAYLOAD_MAX, "{\"r\":\"%s\",\"w\":%u,\"n\":%u,\"c\":%u,\"x\":\"",
	    opt.run, writer, number, ch->index);

	n += words(to + n, PAYLOAD_MAX - n - 3, ch->kind->flags & KIND_LARGE, ch->index * UINT64_C(1000),
	    opt.seed ^ mix((uint64_t)writer << 32 | number));
	memcpy(to + n, "\"}", 2);
	return n + 2;
}

int
payload_read(struct slice payload, unsigned *ret_writer, unsigned *ret_number)
{
	char text[128] = "", run[32];
	size_t n = payload.len < sizeof text ? payload.len : sizeof text - 1;

	memcpy(text, payload.p, n);
	if (sscanf(text, "{\"r\":\"%31[^\"]\",\"w\":%u,\"n\":%u,", run, ret_writer, ret_number) != 3)
		return -1;
	return strcmp(run, opt.run) == 0;
}

/*
 * The ledger
 */
static struct stream *
stream_of(struct channel *ch, const char *epoch, uint64_t offset)
{
	struct stream *s;

	for (s = ch->streams; s != NULL; s = s->next)
		if (strcmp(s->epoch, epoch) == 0)
			return s;
	s = must_alloc(NULL, sizeof *s);
	*s = (struct stream){ .next = ch->streams, .first = offset > 1000 ? offset - 1000 : 1 };
	(void)snprintf(s->epoch, sizeof s->epoch, "%s", epoch);
	ch->streams = s;
	return s;
}

/* NULL for what was published before this run. */
static struct entry *
entry_of(struct channel *ch, const char *epoch, uint64_t offset)
{
	struct stream *s = stream_of(ch, epoch, offset);

	if (offset < s->first)
		return NULL;
	if (offset - s->first >= s->cap) {
		uint64_t cap = (offset - s->first + 1) * 2;

		s->entries = must_alloc(s->entries, cap * sizeof *s->entries);
		memset(s->entries + s->cap, 0, (cap - s->cap) * sizeof *s->entries);
		s->cap = cap;
	}
	return &s->entries[offset - s->first];
}

/* A payload of this run, met for the first time. */
static const char *
first_sight(struct channel *ch, struct slice payload, unsigned writer, unsigned number)
{
	char made[PAYLOAD_MAX];
	struct sent *sent;
	size_t n;

	if (writer >= n_writers || number >= writers[writer].n)
		return "was never published";
	sent = &writers[writer].sent[number];
	if (sent->channel != ch->index)
		return "was published into another channel";
	if (sent->state & SEEN)
		return "is in the stream twice";
	n = payload_make(made, writer, number, ch);
	if (n != payload.len || memcmp(made, payload.p, n) != 0)
		return "is not what was published";
	sent->state |= SEEN;
	n_seen++;
	return NULL;
}

const char *
ledger_see(struct channel *ch, const char *epoch, uint64_t offset, struct slice payload)
{
	struct entry none = { 0 }, *e = epoch != NULL ? entry_of(ch, epoch, offset) : &none;
	uint64_t hash = hash_bytes(payload) | 1;
	unsigned writer, number;
	int ours;

	if (offset > ch->top)
		ch->top = offset;
	if (e == NULL)
		return NULL;
	if (e->hash != 0)
		return e->hash == hash ? NULL : "differs from what another client got at that offset";
	ours = payload_read(payload, &writer, &number);
	if (ours < 0)
		return "is nobody's";
	*e = (struct entry){ hash, ours ? writer : 0, ours ? number + 1 : 0 };
	return ours ? first_sight(ch, payload, writer, number) : NULL;
}

uint64_t
ledger_size(void)
{
	return n_seen;
}

/* Each writer's publications are in its order.  Returns how many entries are unknown
 * between those known. */
static uint64_t
stream_check(const struct channel *ch, const struct stream *s, unsigned pass)
{
	uint64_t holes = 0, pending = 0;
	int begun = 0;

	for (uint64_t i = 0; i < s->cap; i++) {
		const struct entry *e = &s->entries[i];
		struct writer *w = &writers[e->writer];

		pending += e->hash == 0 && begun;
		if (e->hash == 0)
			continue;
		holes += pending;
		pending = 0;
		begun = 1;
		if (e->number == 0)
			continue;
		if (w->last_pass == pass && w->last >= e->number)
			fail("%s: at offset %llu is number %u of writer %u, behind number %u", ch->name,
			    (unsigned long long)(s->first + i), e->number - 1, e->writer, w->last - 1);
		w->last_pass = pass;
		w->last = e->number;
	}
	return holes;
}

void
ledger_check(int complete)
{
	unsigned pass = 0;

	for (unsigned w = 0; w < n_writers; w++)
		for (unsigned i = 0; i < writers[w].n; i++) {
			const struct sent *sent = &writers[w].sent[i];

			channels[sent->channel].published += (sent->state & ACKNOWLEDGED) != 0;
			channels[sent->channel].missed += sent->state == ACKNOWLEDGED;
		}
	for (unsigned i = 0; i < n_channels; i++) {
		struct channel *ch = &channels[i];
		uint64_t holes = 0;

		for (struct stream *s = ch->streams; s != NULL; s = s->next)
			holes += stream_check(ch, s, ++pass);
		if (!(ch->kind->flags & KIND_POSITIONED) && !complete)
			continue;
		if (ch->missed > holes)
			fail("%s: %llu publications were acknowledged and never came", ch->name,
			    (unsigned long long)(ch->missed - holes));
		if (opt.verbose)
			printf("%-10s top %llu, acknowledged %llu, never seen %llu\n", ch->name,
			    (unsigned long long)ch->top, (unsigned long long)ch->published,
			    (unsigned long long)ch->missed);
	}
}
