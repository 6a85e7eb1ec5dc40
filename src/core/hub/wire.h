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

#define WIRE_FORMS	2u	/* ROTOR_JSON, ROTOR_PROTOBUF */

struct wire {
	const struct rotor_publication	*pub;
	struct rotor_buf	*form[WIRE_FORMS];
	uint32_t		failed;		/* bit a form: cannot be encoded (payload is not JSON) */
};

void wire_init(struct wire *wi, const struct rotor_publication *pub);
void wire_fini(struct wire *wi);
/* The push in this protocol, borrowed from the cache.  NULL: it has no such form
 * (a binary payload in JSON), or no memory. */
struct rotor_buf *wire_get(struct wire *wi, uint32_t protocol);

#endif
