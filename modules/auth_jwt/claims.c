/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "claims.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/str.h>

#include "b64.h"
#include "scan.h"
#include "scratch.h"

/* Stores a value in the field of its row.  0, or -1: wrong type, or no memory. */
typedef int read_f(const struct scan_value *v, struct scratch *s, void *field);

struct row {
	const char	*name;
	const char	*why;		/* when it cannot be read */
	uint32_t	kinds;		/* of token that know it */
	read_f		*read;
	size_t		offset;
};

#define ROW(name, kinds, read, type, field)				\
	{ (name), "claim " name " has a wrong type or value", (kinds), (read), offsetof(type, field) }

/* A text with a NUL has another meaning to whoever reads it up to there. */
static int
read_str(const struct scan_value *v, struct scratch *s, void *field)
{
	struct rotor_str *str = field;

	if (v->type == SCAN_NULL)
		return (0);
	if (scan_text(v, s, str) != 0)
		return (-1);
	return (str->len > 0 && memchr(str->p, '\0', str->len) != NULL ? -1 : 0);
}

/* A payload: any value, null too. */
static int
read_raw(const struct scan_value *v, struct scratch *s, void *field)
{
	struct rotor_str *str = field;

	(void)s;
	*str = v->raw;
	return (0);
}

static int
read_object(const struct scan_value *v, struct scratch *s, void *field)
{
	if (v->type == SCAN_NULL)
		return (0);
	return (v->type == SCAN_OBJECT ? read_raw(v, s, field) : -1);
}

/* A number, or its text in a string. */
static int
read_time(const struct scan_value *v, struct scratch *s, void *field)
{
	struct rotor_str text = v->raw;
	struct claim_time *t = field;

	if (v->type == SCAN_NULL)
		return (0);
	if (v->type == SCAN_STRING && scan_text(v, s, &text) != 0)
		return (-1);
	if (scan_double(text, &t->at) != 0 || !isfinite(t->at))
		return (-1);
	t->given = 1;
	return (0);
}

static int
read_int(const struct scan_value *v, struct scratch *s, void *field)
{
	struct claim_int *i = field;

	(void)s;
	if (v->type == SCAN_NULL)
		return (0);
	if (v->type != SCAN_NUMBER || scan_int64(v->raw, &i->n) != 0)
		return (-1);
	i->given = 1;
	return (0);
}

/* The number of elements; -1: not an array. */
static int
count_elements(const struct scan_value *v, size_t *ret)
{
	struct scan_value el;
	struct scan sc;
	int r;

	if (scan_enter_array(&sc, v) != 0)
		return (-1);
	for (*ret = 0; (r = scan_next_element(&sc, &el)) == 1; ++*ret)
		;
	return (r);
}

static int
read_aud_array(const struct scan_value *v, struct scratch *s, struct claim_strs *aud)
{
	struct scan_value el;
	struct scan sc;
	size_t n;
	int r;

	if (count_elements(v, &n) != 0 || scan_enter_array(&sc, v) != 0)
		return (-1);
	aud->n = 0;
	aud->v = scratch_array(s, n, sizeof *aud->v);
	if (aud->v == NULL)
		return (-1);
	while ((r = scan_next_element(&sc, &el)) == 1) {
		if (scan_text(&el, s, &aud->v[aud->n++]) != 0)
			return (-1);
	}
	return (r);
}

static int
read_aud(const struct scan_value *v, struct scratch *s, void *field)
{
	struct claim_strs *aud = field;

	if (v->type == SCAN_ARRAY)
		return (read_aud_array(v, s, aud));
	aud->n = 1;
	aud->v = scratch_array(s, 1, sizeof *aud->v);
	return (aud->v == NULL ? -1 : scan_text(v, s, aud->v));
}

static int
compare_subs(const void *av, const void *bv)
{
	const struct claim_sub *a = av, *b = bv;
	int r = rotor_str_cmp(a->channel, b->channel);

	return (r != 0 ? r : a->order < b->order ? -1 : a->order > b->order);
}

/* Leaves each channel once; of several the last said holds, as for every claim. */
static void
unique_subs(struct claim_subs *subs)
{
	size_t i, n = 0;

	qsort(subs->v, subs->n, sizeof *subs->v, compare_subs);
	for (i = 0; i < subs->n; i++) {
		const struct claim_sub *last = n > 0 ? &subs->v[n - 1] : NULL;

		if (last != NULL && rotor_str_eq(last->channel, subs->v[i].channel))
			n--;
		subs->v[n++] = subs->v[i];
	}
	subs->n = n;
}

static int
read_channels(const struct scan_value *v, struct scratch *s, void *field)
{
	struct claim_subs *subs = field;
	struct scan_value el;
	struct scan sc;
	size_t n, i;
	int r;

	if (v->type == SCAN_NULL)
		return (0);
	if (count_elements(v, &n) != 0 || scan_enter_array(&sc, v) != 0)
		return (-1);
	subs->n = n;
	subs->v = scratch_array(s, n, sizeof *subs->v);
	if (subs->v == NULL)
		return (-1);
	for (i = 0; (r = scan_next_element(&sc, &el)) == 1; i++) {
		subs->v[i].order = i;
		if (read_str(&el, s, &subs->v[i].channel) != 0)
			return (-1);
	}
	unique_subs(subs);
	return (r);
}

static const struct {
	const char	*name;
	uint32_t	bit;
} overrides[] = {
	{ "presence", ROTOR_OVR_PRESENCE },
	{ "join_leave", ROTOR_OVR_JOIN_LEAVE },
	{ "force_push_join_leave", ROTOR_OVR_FORCE_PUSH_JOIN_LEAVE },
	{ "force_recovery", ROTOR_OVR_FORCE_RECOVERY },
	{ "force_positioning", ROTOR_OVR_FORCE_POSITIONING },
};

static uint32_t
override_bit(struct rotor_str name)
{
	size_t i;

	for (i = 0; i < sizeof overrides / sizeof overrides[0]; i++) {
		if (rotor_str_is(name, overrides[i].name))
			return (overrides[i].bit);
	}
	return (0);
}

/* {"value": bool}; without a value it is false. */
static int
read_flag(const struct scan_value *v, struct scratch *s, int *ret)
{
	struct scan_value val;
	struct rotor_str key;
	struct scan sc;
	int r, on = 0;

	if (scan_enter_object(&sc, v) != 0)
		return (-1);
	while ((r = scan_next_member(&sc, s, &key, &val)) == 1) {
		if (!rotor_str_is(key, "value"))
			continue;
		if (val.type != SCAN_TRUE && val.type != SCAN_FALSE && val.type != SCAN_NULL)
			return (-1);
		on = val.type == SCAN_TRUE;
	}
	*ret = on;
	return (r);
}

static int
read_override(const struct scan_value *v, struct scratch *s, void *field)
{
	struct claim_override *o = field;
	struct scan_value val;
	struct rotor_str key;
	struct scan sc;
	uint32_t bit;
	int r, on;

	if (v->type == SCAN_NULL)
		return (0);
	if (scan_enter_object(&sc, v) != 0)
		return (-1);
	while ((r = scan_next_member(&sc, s, &key, &val)) == 1) {
		bit = override_bit(key);
		if (bit == 0 || val.type == SCAN_NULL)
			continue;
		if (read_flag(&val, s, &on) != 0)
			return (-1);
		o->set |= bit;
		o->value = (o->value & ~bit) | (on ? bit : 0);
	}
	return (r);
}

#define ANY	(CLAIMS_CONNECTION | CLAIMS_SUBSCRIPTION)

static const struct row sub_rows[] = {
	ROW("info", ANY, read_raw, struct claim_sub, info),
	ROW("b64info", ANY, read_str, struct claim_sub, b64info),
	ROW("data", ANY, read_raw, struct claim_sub, data),
	ROW("b64data", ANY, read_str, struct claim_sub, b64data),
	ROW("override", ANY, read_override, struct claim_sub, override),
};

static const struct row *
find_row(const struct row *rows, size_t n, uint32_t kind, struct rotor_str name)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if ((rows[i].kinds & kind) != 0 && rotor_str_is(name, rows[i].name))
			return (&rows[i]);
	}
	return (NULL);
}

static int
read_sub(const struct scan_value *v, struct scratch *s, struct claim_sub *sub)
{
	const struct row *row;
	struct scan_value val;
	struct rotor_str key;
	struct scan sc;
	int r;

	if (v->type == SCAN_NULL)
		return (0);
	if (scan_enter_object(&sc, v) != 0)
		return (-1);
	while ((r = scan_next_member(&sc, s, &key, &val)) == 1) {
		row = find_row(sub_rows, sizeof sub_rows / sizeof sub_rows[0], ANY, key);
		if (row != NULL && row->read(&val, s, (char *)sub + row->offset) != 0)
			return (-1);
	}
	return (r);
}

static int
count_members(const struct scan_value *v, struct scratch *s, size_t *ret)
{
	struct scan_value val;
	struct rotor_str key;
	struct scan sc;
	int r;

	if (scan_enter_object(&sc, v) != 0)
		return (-1);
	for (*ret = 0; (r = scan_next_member(&sc, s, &key, &val)) == 1; ++*ret)
		;
	return (r);
}

static int
read_subs(const struct scan_value *v, struct scratch *s, void *field)
{
	struct claim_subs *subs = field;
	struct scan_value val;
	struct scan sc;
	size_t n, i;
	int r;

	if (v->type == SCAN_NULL)
		return (0);
	if (count_members(v, s, &n) != 0 || scan_enter_object(&sc, v) != 0)
		return (-1);
	subs->n = n;
	subs->v = scratch_array(s, n, sizeof *subs->v);
	if (subs->v == NULL)
		return (-1);
	for (i = 0; (r = scan_next_member(&sc, s, &subs->v[i].channel, &val)) == 1; i++) {
		struct rotor_str channel = subs->v[i].channel;

		subs->v[i].order = i;
		if ((channel.len > 0 && memchr(channel.p, '\0', channel.len) != NULL) ||
		    read_sub(&val, s, &subs->v[i]) != 0)
			return (-1);
	}
	unique_subs(subs);
	return (r);
}

static const struct row claim_rows[] = {
	ROW("jti", ANY, read_str, struct claims, jti),
	ROW("iss", ANY, read_str, struct claims, iss),
	ROW("sub", ANY, read_str, struct claims, sub),
	ROW("aud", ANY, read_aud, struct claims, aud),
	ROW("exp", ANY, read_time, struct claims, exp),
	ROW("nbf", ANY, read_time, struct claims, nbf),
	ROW("iat", ANY, read_time, struct claims, iat),
	ROW("expire_at", ANY, read_int, struct claims, expire_at),
	ROW("info", ANY, read_raw, struct claims, top.info),
	ROW("b64info", ANY, read_str, struct claims, top.b64info),
	ROW("channel", ANY, read_str, struct claims, top.channel),
	ROW("channels", CLAIMS_CONNECTION, read_channels, struct claims, channels),
	ROW("subs", CLAIMS_CONNECTION, read_subs, struct claims, subs),
	ROW("meta", CLAIMS_CONNECTION, read_object, struct claims, meta),
	ROW("client", CLAIMS_SUBSCRIPTION, read_str, struct claims, client),
	ROW("data", CLAIMS_SUBSCRIPTION, read_raw, struct claims, top.data),
	ROW("b64data", CLAIMS_SUBSCRIPTION, read_str, struct claims, top.b64data),
	ROW("override", CLAIMS_SUBSCRIPTION, read_override, struct claims, top.override),
};

/* A user id of another type than string is its JSON text. */
static int
read_user(const struct scan_value *v, struct scratch *s, struct rotor_str *ret)
{
	*ret = (struct rotor_str){ NULL, 0 };
	if (v->type == SCAN_STRING || v->type == SCAN_NULL)
		return (read_str(v, s, ret));
	return (read_raw(v, s, ret));
}

int
claims_read(struct rotor_str text, uint32_t kind, const char *user_claim,
    struct scratch *s, struct claims *ret, const char **ret_why)
{
	const struct row *row;
	struct scan_value doc, v;
	struct rotor_str key;
	struct scan sc;
	int r;

	memset(ret, 0, sizeof *ret);
	*ret_why = "its claims are not a JSON object";
	if (scan_document(text, &doc) != 0 || scan_enter_object(&sc, &doc) != 0)
		return (-1);
	while ((r = scan_next_member(&sc, s, &key, &v)) == 1) {
		if (*user_claim != '\0' && rotor_str_is(key, user_claim) &&
		    read_user(&v, s, &ret->user) != 0)
			return (-1);
		row = find_row(claim_rows, sizeof claim_rows / sizeof claim_rows[0], kind, key);
		if (row != NULL && row->read(&v, s, (char *)ret + row->offset) != 0) {
			*ret_why = row->why;
			return (-1);
		}
	}
	if (*user_claim == '\0')
		ret->user = ret->sub;
	return (r);
}

int
header_read(struct rotor_str text, struct scratch *s, struct header *ret, const char **ret_why)
{
	struct header h = { .alg = { NULL, 0 } };
	struct rotor_str key;
	struct scan_value doc, v;
	struct scan sc;
	int r;

	*ret_why = "header is not a JSON object";
	if (scan_document(text, &doc) != 0 || scan_enter_object(&sc, &doc) != 0)
		return (-1);
	while ((r = scan_next_member(&sc, s, &key, &v)) == 1) {
		if ((rotor_str_is(key, "alg") && scan_text(&v, s, &h.alg) != 0) ||
		    (rotor_str_is(key, "kid") && read_str(&v, s, &h.kid) != 0)) {
			*ret_why = "header's alg or kid is not a string";
			return (-1);
		}
		/* Extensions that must be understood (RFC 7515, 4.1.11); none is. */
		if (rotor_str_is(key, "crit")) {
			*ret_why = "header names critical extensions";
			return (-1);
		}
	}
	*ret = h;
	return (r);
}

int
claim_payload(struct rotor_str raw, struct rotor_str b64, struct scratch *s,
    struct rotor_str *ret)
{
	if (b64.len > 0)
		return (b64_decode_std(b64, s, ret));
	*ret = raw;
	return (0);
}

int
claim_sub_grant(const struct claim_sub *sub, struct scratch *s, struct rotor_sub_grant *ret)
{
	struct rotor_sub_grant g = {
		.size = sizeof g,
		.channel = sub->channel,
		.override_set = sub->override.set,
		.override_value = sub->override.value,
	};

	if (claim_payload(sub->info, sub->b64info, s, &g.info) != 0 ||
	    claim_payload(sub->data, sub->b64data, s, &g.data) != 0)
		return (-1);
	*ret = g;
	return (0);
}
