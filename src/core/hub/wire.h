/* SPDX-License-Identifier: MIT */
/*
 * hub/wire.h - the encoded forms of one publication on one worker.
 *
 * A form is made when the first subscriber needs it and shared by all that follow.
 */
#ifndef ROTOR_HUB_WIRE_H
#define ROTOR_HUB_WIRE_H

#include <stdint.h>

#include <rotor/buf.h>

struct rotor_publication;

enum wire_form {
	WIRE_PLAIN,
	WIRE_FULL,	/* for who takes deltas: all of it */
	WIRE_DELTA,	/* likewise: a delta, if there is one that is shorter */
	WIRE_FORMS
};

struct wire {
	struct rotor_publication	*pub;
	struct rotor_publication	*prev;		/* the base of a delta, or NULL */
	struct rotor_buf	*form[WIRE_FORMS][2];	/* by ROTOR_JSON, ROTOR_PROTOBUF */
	uint8_t			failed[WIRE_FORMS][2];	/* cannot be encoded */
	uint8_t			delta_known;	/* `delta` has been tried */
	struct rotor_buf	*delta;		/* NULL: there is none */
};

/* Both are borrowed; `prev` may be NULL. */
void wire_init(struct wire *wi, struct rotor_publication *pub, struct rotor_publication *prev);
void wire_fini(struct wire *wi);
/* The push in this protocol and form, borrowed from the cache.  NULL: it has no such
 * form (a binary payload in JSON), or no memory. */
struct rotor_buf *wire_get(struct wire *wi, uint32_t protocol, enum wire_form form);

#endif
