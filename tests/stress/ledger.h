/* SPDX-License-Identifier: MIT */
/*
 * ledger.h - channels, what was published into them, and what the clients together have
 * seen of it.
 *
 * A payload is made of who published it (writer), its number with that writer and the
 * channel, and of nothing else; so it can be made again and compared.  Numbers of a
 * writer rise, and each is published once, into one channel.
 */
#ifndef STRESS_LEDGER_H
#define STRESS_LEDGER_H

#include "stress.h"

enum {
	KIND_POSITIONED	= 1,	/* publications have offsets, without gap */
	KIND_RECOVERS	= 2,	/* ... and those missed can be recovered */
	KIND_CACHE	= 4,	/* ... only the newest */
	KIND_JOINS	= 8,	/* joins and leaves are pushed */
	KIND_SERVER	= 16,	/* subscribed to by the connection token */
	KIND_DELTA	= 32,	/* clients ask for deltas */
	KIND_LARGE	= 64,	/* large payloads; no history, whose recovery would not fit a queue */
};

/* A namespace of the server. */
struct kind {
	const char	*name;
	unsigned	channels, flags, history_size;
};

/* A channel's publications under one epoch. */
struct stream;

struct channel {
	char			name[64];
	const struct kind	*kind;
	unsigned		index;
	uint64_t		top;		/* the highest offset heard of */
	uint64_t		gone_below;	/* history_remove may have taken these */
	uint64_t		gone_at;	/* ... the highest such, once all have been answered */
	unsigned		removing;	/* not answered */
	struct stream		*streams;
	uint64_t		published, missed;	/* acknowledged; of which never seen */
};

extern struct channel *channels;
extern unsigned n_channels;

void channels_make(void);
/* NULL: none of ours. */
struct channel *channel_find(struct slice name);
/* The namespaces as the server's configuration wants them, JSON. */
void channels_print_namespaces(void);

unsigned writer_new(void);
/* The next number of the writer, which is about to publish into `ch`. */
unsigned writer_next(unsigned writer, const struct channel *ch);
/* The server has said that it is published. */
void writer_acknowledged(unsigned writer, unsigned number);

#define PAYLOAD_MAX	12000u
/* Makes the payload in `to`, of PAYLOAD_MAX bytes; its length. */
size_t payload_make(char *to, unsigned writer, unsigned number, const struct channel *ch);
/* Whose it is.  1; 0: of another run; -1: nobody's. */
int payload_read(struct slice payload, unsigned *ret_writer, unsigned *ret_number);

/* Somebody has seen this payload at this offset (or, with a NULL epoch, just seen it).
 * NULL, or what is wrong about it. */
const char *ledger_see(struct channel *ch, const char *epoch, uint64_t offset, struct slice payload);
/* How many publications were recovered or delivered for the first time. */
uint64_t ledger_size(void);
/* At the end: order of each writer; what was acknowledged has been seen.  `complete`:
 * there is a client that has seen all of the channels without offsets. */
void ledger_check(int complete);

#endif
