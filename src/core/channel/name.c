/* SPDX-License-Identifier: MIT */
/*
 * channel/name.c - splitting and checking channel names.
 *
 * A name is any bytes, NUL included; only the boundaries of the configuration give
 * it a structure.  An empty boundary or prefix turns that structure off.
 */
#include "config.h"

#include "channel/name.h"

#include <stdlib.h>
#include <string.h>

#include <rotor/codes.h>
#include <rotor/regex.h>

#include "base/str.h"
#include "conf/core_conf.h"

/* Where `what` begins in `s`, or NULL; an empty `what` is nowhere. */
static const char *
str_find(struct rotor_str s, struct rotor_str what)
{
	if (what.len == 0 || s.len < what.len)
		return (NULL);
	return (memmem(s.p, s.len, what.p, what.len));
}

/* What follows `at` + `skip` in `s`. */
static struct rotor_str
str_after(struct rotor_str s, const char *at, size_t skip)
{
	const char *p = at + skip;

	return ((struct rotor_str){ p, s.len - (size_t)(p - s.p) });
}

static int
str_starts(struct rotor_str s, struct rotor_str prefix)
{
	return (prefix.len > 0 && s.len >= prefix.len && memcmp(s.p, prefix.p, prefix.len) == 0);
}

static int
namespace_search(const void *key, const void *member)
{
	const struct chan_options *o = member;

	return (rotor_str_cmp(*(const struct rotor_str *)key, rotor_str_of(o->name)));
}

const struct chan_options *
chan_namespace_find(const struct conf_channel *cc, struct rotor_str name)
{
	const struct chan_options *o = cc->namespaces.v;
	size_t n = cc->namespaces.n;

	if (name.len == 0)
		return (&cc->without_namespace);
	if (n == 0)
		return (NULL);
	if (cc->namespaces_sorted)
		return (bsearch(&name, o, n, sizeof *o, namespace_search));
	for (; n > 0; o++, n--) {
		if (rotor_str_is(name, o->name))
			return (o);
	}
	return (NULL);
}

uint32_t
chan_name_parse(const struct conf_channel *cc, struct rotor_str full, struct chan_name *ret)
{
	struct rotor_str prefix = rotor_str_of(cc->private_prefix);
	struct rotor_str boundary = rotor_str_of(cc->namespace_boundary);
	struct chan_name n = { .full = full, .rest = full };
	struct rotor_str public = full, ns = { NULL, 0 };
	const char *at;

	n.is_private = str_starts(full, prefix);
	if (n.is_private)
		public = str_after(full, full.p, prefix.len);
	at = str_find(public, boundary);
	if (at != NULL) {
		ns = (struct rotor_str){ public.p, (size_t)(at - public.p) };
		n.rest = str_after(public, at, boundary.len);
	}
	n.opts = chan_namespace_find(cc, ns);
	if (n.opts == NULL)
		return (ROTOR_ERR_UNKNOWN_CHANNEL);
	n.is_user_limited = n.opts->allow_user_limited_channels &&
	    str_find(full, rotor_str_of(cc->user_boundary)) != NULL;
	*ret = n;
	return (0);
}

static int
str_is_ascii(struct rotor_str s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if ((unsigned char)s.p[i] > 0x7f)
			return (0);
	}
	return (1);
}

int
chan_name_valid(const struct chan_name *n)
{
	if (n->opts->regex != NULL)
		return (rotor_regex_match(n->opts->regex, n->rest));
	return (str_is_ascii(n->full));
}

/* The text behind the last user boundary.  0 when there is none. */
static int
user_list(const struct conf_channel *cc, struct rotor_str full, struct rotor_str *ret)
{
	struct rotor_str boundary = rotor_str_of(cc->user_boundary);
	const char *at;
	int found = 0;

	/* From the left, because that decides where overlapping ones begin. */
	while ((at = str_find(full, boundary)) != NULL) {
		full = str_after(full, at, boundary.len);
		found = 1;
	}
	if (found)
		*ret = full;
	return (found);
}

int
chan_name_lists_user(const struct conf_channel *cc, const struct chan_name *n, struct rotor_str user)
{
	struct rotor_str sep = rotor_str_of(cc->user_separator);
	struct rotor_str list;
	const char *at;

	if (!user_list(cc, n->full, &list))
		return (0);
	while ((at = str_find(list, sep)) != NULL) {
		if (rotor_str_eq((struct rotor_str){ list.p, (size_t)(at - list.p) }, user))
			return (1);
		list = str_after(list, at, sep.len);
	}
	return (rotor_str_eq(list, user));
}
