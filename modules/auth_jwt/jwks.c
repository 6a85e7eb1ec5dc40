/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "jwks.h"

#include <stdio.h>
#include <string.h>

#include <rotor/str.h>

#include "scan.h"
#include "scratch.h"

static int
fail(struct jwks_summary *sum, const char *why)
{
	snprintf(sum->why, sizeof sum->why, "%s", why);
	return (-1);
}

/* The value of "keys"; of several the last. */
static int
find_keys(struct rotor_str text, struct scratch *s, struct scan_value *ret)
{
	struct scan_value doc, v;
	struct rotor_str key;
	struct scan sc;
	int r, found = -1;

	if (scan_document(text, &doc) != 0 || scan_enter_object(&sc, &doc) != 0)
		return (-1);
	while ((r = scan_next_member(&sc, s, &key, &v)) == 1) {
		if (!rotor_str_is(key, "keys"))
			continue;
		*ret = v;
		found = 0;
	}
	return (r == 0 ? found : -1);
}

static void
read_key(const struct scan_value *v, jwks_key_f *fn, void *priv, struct jwks_summary *sum)
{
	char why[JWK_WHY_MAX];
	struct rotor_str kid;
	struct scratch s;
	struct jwk *k;

	scratch_init(&s);
	if (sum->taken < JWKS_MAX_KEYS && jwk_read(v, &s, &k, &kid, why) == 0) {
		fn(priv, kid, k);
		jwk_unref(&k);
		sum->taken++;
	} else if (sum->passed_over++ == 0) {
		snprintf(sum->why, sizeof sum->why, "%s",
		    sum->taken < JWKS_MAX_KEYS ? why : "there are too many");
	}
	scratch_fini(&s);
}

int
jwks_read(struct rotor_str text, jwks_key_f *fn, void *priv, struct jwks_summary *ret)
{
	struct scan_value keys, v;
	struct scratch s;
	struct scan sc;
	int r;

	memset(ret, 0, sizeof *ret);
	scratch_init(&s);
	r = find_keys(text, &s, &keys);
	if (r == 0)
		r = scan_enter_array(&sc, &keys);
	scratch_fini(&s);
	if (r != 0)
		return (fail(ret, "not a JSON object with an array \"keys\""));
	while (scan_next_element(&sc, &v) == 1)
		read_key(&v, fn, priv, ret);
	if (ret->taken > 0)
		return (0);
	return (ret->passed_over > 0 ? -1 : fail(ret, "it has no keys"));
}
