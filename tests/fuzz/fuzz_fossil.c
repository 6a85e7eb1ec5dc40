/* SPDX-License-Identifier: MIT */
/*
 * fuzz_fossil.c - deltas between any two byte strings: decoded, they give the second
 * one, they are shorter than it, and UTF-8 when it is.
 *
 * The first two bytes (the low one first) are the length of the string the delta
 * starts from, cut to what there is; the rest is the other.
 */
#include "config.h"

#include "fuzz.h"

#include <string.h>

#include "../unit/fossil_rig.h"
#include "base/obj.h"
#include "proto/fossil.h"
#include "proto/json.h"
#include "proto/text.h"

static void
check(struct rotor_str from, struct rotor_str to, struct rotor_str delta)
{
	size_t len;
	char *p = fossil_apply(from, delta, &len);

	ASSERT(p != NULL && len == to.len && memcmp(p, to.p, len) == 0);
	ASSERT(delta.len < to.len);
	ASSERT(!text_valid(to) || text_valid(delta));
	free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rotor_str from, to;
	struct out o;
	size_t n;

	if (len < 2)
		return 0;
	n = data[0] | (size_t)data[1] << 8;
	if (n > len - 2)
		n = len - 2;
	from = (struct rotor_str){ (const char *)data + 2, n };
	to = (struct rotor_str){ from.p + n, len - 2 - n };
	out_init(&o, NULL, 0);
	if (fossil_delta(&o, from, to) == 1)
		check(from, to, (struct rotor_str){ o.p, o.len });
	else
		ASSERT(o.len == 0 && !o.failed);
	out_fini(&o);
	return 0;
}
