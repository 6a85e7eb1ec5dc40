/* SPDX-License-Identifier: MIT */
/* hub/wire.c - see hub/wire.h. */
#include "config.h"

#include "hub/wire.h"

#include <string.h>

#include <rotor/publication.h>
#include <rotor/transport.h>

#include "client/reply.h"
#include "proto/delta.h"
#include "proto/fossil.h"
#include "proto/hot.h"
#include "proto/json.h"

void
wire_init(struct wire *wi, struct rotor_publication *pub, struct rotor_publication *prev)
{
	*wi = (struct wire){ .pub = pub, .prev = prev };
}

void
wire_fini(struct wire *wi)
{
	for (unsigned i = 0; i < WIRE_FORMS; i++)
		for (unsigned protocol = 0; protocol < 2; protocol++)
			rotor_buf_unref(&wi->form[i][protocol]);
	rotor_buf_unref(&wi->delta);
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

/* For who takes deltas; `delta` NULL: all of it. */
static struct rotor_buf *
encode_form(const struct rotor_publication *pub, uint32_t protocol, const struct rotor_str *delta)
{
	struct rotor_publication form;
	struct rotor_buf *b = NULL;
	struct out data;

	out_init(&data, NULL, 0);
	if (delta_form(&data, protocol, pub, delta, &form) == 0)
		b = encode(&form, protocol);
	out_fini(&data);
	return b;
}

static void
delta_make(struct wire *wi)
{
	struct out o;

	wi->delta_known = 1;
	if (wi->prev == NULL)
		return;
	out_init(&o, NULL, 0);
	if (fossil_delta(&o, wi->prev->data, wi->pub->data))
		wi->delta = rotor_buf_new(o.p, o.len);
	out_fini(&o);
}

/* What is sent when `form` is asked for. */
static enum wire_form
form_choose(struct wire *wi, uint32_t protocol, enum wire_form form)
{
	if (form == WIRE_DELTA) {
		if (!wi->delta_known)
			delta_make(wi);
		if (wi->delta == NULL)
			form = WIRE_FULL;
	}
	return form == WIRE_FULL && protocol == ROTOR_PROTOBUF ? WIRE_PLAIN : form;
}

static struct rotor_buf *
form_make(const struct wire *wi, uint32_t protocol, enum wire_form form)
{
	struct rotor_str delta;

	if (form != WIRE_DELTA)
		return form == WIRE_PLAIN ? encode(wi->pub, protocol) : encode_form(wi->pub, protocol, NULL);
	delta = (struct rotor_str){ (const char *)rotor_buf_data(wi->delta), rotor_buf_len(wi->delta) };
	return encode_form(wi->pub, protocol, &delta);
}

struct rotor_buf *
wire_get(struct wire *wi, uint32_t protocol, enum wire_form form)
{
	form = form_choose(wi, protocol, form);
	if (wi->form[form][protocol] == NULL && !wi->failed[form][protocol]) {
		wi->form[form][protocol] = form_make(wi, protocol, form);
		wi->failed[form][protocol] = wi->form[form][protocol] == NULL;
	}
	return wi->form[form][protocol];
}
