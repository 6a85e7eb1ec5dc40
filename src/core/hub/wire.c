/* SPDX-License-Identifier: MIT */
/* hub/wire.c - see hub/wire.h. */
#include "config.h"

#include "hub/wire.h"

#include <string.h>

#include <rotor/publication.h>
#include <rotor/transport.h>

#include "client/reply.h"
#include "proto/hot.h"
#include "proto/json.h"

void
wire_init(struct wire *wi, const struct rotor_publication *pub)
{
	*wi = (struct wire){ .pub = pub };
}

void
wire_fini(struct wire *wi)
{
	for (unsigned i = 0; i < WIRE_FORMS; i++)
		rotor_buf_unref(&wi->form[i]);
}

static struct rotor_buf *
encode(const struct rotor_publication *pub, uint32_t protocol)
{
	char first[2048];
	struct rotor_buf *b;
	struct out o;
	int r;

	out_init(&o, first, sizeof first);
	r = pub->kind == ROTOR_PUBLICATION ? hot_push_pub(&o, protocol, pub->channel, pub)
	    : hot_push_join_leave(&o, protocol, pub->channel, pub);
	b = r == 0 ? reply_finish(&o, protocol) : NULL;
	out_fini(&o);
	return b;
}

struct rotor_buf *
wire_get(struct wire *wi, uint32_t protocol)
{
	uint32_t bit = 1u << protocol;

	if (wi->form[protocol] == NULL && !(wi->failed & bit)) {
		wi->form[protocol] = encode(wi->pub, protocol);
		if (wi->form[protocol] == NULL)
			wi->failed |= bit;
	}
	return wi->form[protocol];
}
