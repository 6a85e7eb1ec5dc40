/* SPDX-License-Identifier: MIT */
/* proto/delta.c - see proto/delta.h. */
#include "config.h"

#include "proto/delta.h"

#include <errno.h>

#include <rotor/transport.h>

#include "base/utf8.h"
#include "proto/json.h"

int
delta_form(struct out *o, uint32_t protocol, const struct rotor_publication *pub,
    const struct rotor_str *delta, struct rotor_publication *form)
{
	*form = *pub;
	if (delta != NULL) {
		form->data = *delta;
		form->flags |= PUB_IS_DELTA;
	}
	if (protocol == ROTOR_JSON || delta != NULL) {
		form->epoch = (struct rotor_str){ NULL, 0 };
		form->version = 0;
	}
	if (protocol != ROTOR_JSON)
		return 0;
	if (!utf8_valid(form->data.p, form->data.len))
		return -EINVAL;
	json_write_string(o, form->data);
	form->data = (struct rotor_str){ o->p, o->len };
	form->flags |= ROTOR_PUB_JSON;
	return o->failed ? -ENOMEM : 0;
}
