/* SPDX-License-Identifier: MIT */
/* http_routes.c - the table of routes, a copy of what the modules registered. */
#include "config.h"

#include "http_priv.h"

#include <stdio.h>

struct load {
	struct http_routes	*rs;
	int			failed;
};

static void
add_route(void *priv, const struct rotor_http_route *route, void *ctx)
{
	struct load *ld = priv;
	struct http_routes *rs = ld->rs;
	struct http_route *v = realloc(rs->v, (rs->n + 1) * sizeof *v), *r;
	size_t size = route->size < sizeof r->pub ? route->size : sizeof r->pub;

	if (v == NULL) {
		ld->failed = 1;
		return;
	}
	rs->v = v;
	r = &v[rs->n++];
	memset(r, 0, sizeof *r);
	memcpy(&r->pub, route, size);
	r->path_len = strlen(route->path);
	/* Configured prefixes may end in one slash; requests may not. */
	if (r->path_len > 1 && route->path[r->path_len - 1] == '/')
		r->path_len--;
	r->ctx = ctx;
}

int
http_routes_load(struct http_routes *rs, struct rotor_instance *inst)
{
	struct load ld = { rs, 0 };

	rotor_http_route_foreach(inst, add_route, &ld);
	if (ld.failed)
		http_routes_fini(rs);
	return ld.failed ? -ENOMEM : 0;
}

void
http_routes_fini(struct http_routes *rs)
{
	free(rs->v);
	*rs = (struct http_routes){ 0 };
}

/* How well the route fits: the length of its path, +1 for an exact match. */
static size_t
fit(const struct http_route *r, struct rotor_str path)
{
	if (path.len < r->path_len || memcmp(path.p, r->pub.path, r->path_len) != 0)
		return 0;
	if (path.len == r->path_len)
		return r->path_len + 1;
	/* "/" is in front of every path. */
	if ((r->pub.flags & ROTOR_HTTP_PREFIX) == 0 || (r->path_len > 1 && path.p[r->path_len] != '/'))
		return 0;
	return r->path_len;
}

const struct http_route *
http_routes_find(const struct http_routes *rs, uint32_t listener, struct rotor_str path)
{
	const struct http_route *best = NULL;
	size_t i, n, best_n = 0;

	for (i = 0; i < rs->n; i++) {
		if ((rs->v[i].pub.flags & listener) == 0)
			continue;
		if ((n = fit(&rs->v[i], path)) > best_n) {
			best = &rs->v[i];
			best_n = n;
		}
	}
	return best;
}

static int
label_seen(const struct http_routes *rs, uint32_t listener, size_t end)
{
	size_t i;

	for (i = 0; i < end; i++)
		if ((rs->v[i].pub.flags & listener) != 0 && rs->v[i].pub.label != NULL &&
		    strcmp(rs->v[i].pub.label, rs->v[end].pub.label) == 0)
			return 1;
	return 0;
}

void
http_routes_labels(const struct http_routes *rs, uint32_t listener, char *dst, size_t len)
{
	size_t i, at = 0;
	int n;

	dst[0] = '\0';
	for (i = 0; i < rs->n; i++) {
		if ((rs->v[i].pub.flags & listener) == 0 || rs->v[i].pub.label == NULL ||
		    label_seen(rs, listener, i))
			continue;
		n = snprintf(dst + at, len - at, "%s%s", at > 0 ? ", " : "", rs->v[i].pub.label);
		if (n < 0 || (size_t)n >= len - at)
			return;
		at += (size_t)n;
	}
}
