/* SPDX-License-Identifier: MIT */
/* channel/access.c - who may publish, see who is present, and read history. */
#include "config.h"

#include <stddef.h>

#include "base/obj.h"
#include "channel/name.h"

/* A family of options, as offsets into struct chan_options. */
struct access_family {
	size_t	for_client, for_subscriber, for_anonymous;
};

#define ACCESS_FAMILY(x)							\
	{ offsetof(struct chan_options, allow_##x##_for_client),		\
	  offsetof(struct chan_options, allow_##x##_for_subscriber),		\
	  offsetof(struct chan_options, allow_##x##_for_anonymous) }

static const struct access_family access_families[] = {
	[CHAN_PUBLISH] = ACCESS_FAMILY(publish),
	[CHAN_PRESENCE] = ACCESS_FAMILY(presence),
	[CHAN_HISTORY] = ACCESS_FAMILY(history),
};

static int
is_on(const struct chan_options *o, size_t offset)
{
	return (*(const int32_t *)(const void *)((const char *)o + offset) != 0);
}

int
chan_access_allowed(const struct chan_options *o, enum chan_access what,
    struct rotor_str user, int subscribed, int insecure)
{
	const struct access_family *f;

	ASSERT((size_t)what < sizeof access_families / sizeof access_families[0]);
	f = &access_families[what];
	if (insecure)
		return (1);
	if (user.len == 0 && !is_on(o, f->for_anonymous))
		return (0);
	return (is_on(o, f->for_client) || (subscribed && is_on(o, f->for_subscriber)));
}
