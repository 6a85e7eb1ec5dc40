/* SPDX-License-Identifier: MIT */
/*
 * module/registry.c - what modules provide to the server and to each other.
 *
 * An entry belongs to the instance that made it and goes with it.  The list grows
 * during load() only, hence needs no lock afterwards; it is short, and the server
 * looks things up once.
 */
#include "config.h"

#include "module/loader_priv.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

/* How a table crosses the border. */
static const struct kind {
	size_t	size;		/* as we know it */
	size_t	min;		/* as the ABI's first version had it */
	size_t	required;	/* from here to `min` are pointers that may not be NULL */
} kinds[] = {
	[PROVIDED_BROKER] = { sizeof(struct rotor_broker),
	    SIZE_TO(struct rotor_broker, history_remove), offsetof(struct rotor_broker, publish) },
	[PROVIDED_PRESENCE] = { sizeof(struct rotor_presence),
	    SIZE_TO(struct rotor_presence, stats), offsetof(struct rotor_presence, add) },
	[PROVIDED_AUTH] = { sizeof(struct rotor_auth),
	    SIZE_TO(struct rotor_auth, subscription_token), offsetof(struct rotor_auth, connection_token) },
	[PROVIDED_COMMAND] = { sizeof(struct rotor_command),
	    SIZE_TO(struct rotor_command, run), offsetof(struct rotor_command, run) },
	[PROVIDED_ROUTE] = { sizeof(struct rotor_http_route),
	    SIZE_TO(struct rotor_http_route, label), SIZE_TO(struct rotor_http_route, label) },
};

#define WS_SIZE_1_0	SIZE_TO(struct rotor_ws_handler, closed)

static int
pointers_set(const void *table, size_t from, size_t to)
{
	static const void *const null;
	const char *p = table;

	for (; from < to; from += sizeof null)
		if (memcmp(p + from, &null, sizeof null) == 0)
			return 0;
	return 1;
}

static void
provided_free(struct provided *p)
{
	free(p->name);
	free(p);
}

/* Copies what a module passes.  0, -EPERM outside load(), -EINVAL or -ENOMEM. */
static int
provided_new(struct rotor_instance *inst, uint32_t kind, const char *name, const void *table,
    void *ctx, struct provided **ret)
{
	const struct kind *k = &kinds[kind];
	struct provided *p;

	OBJ_CHECK(inst, INSTANCE_MAGIC);
	if (inst->state != INSTANCE_LOADING)
		return -EPERM;
	if (table == NULL || name == NULL)
		return -EINVAL;
	p = calloc(1, sizeof *p);
	if (p == NULL)
		return -ENOMEM;
	p->kind = kind;
	p->inst = inst;
	p->ctx = ctx;
	if (table_copy(&p->table, k->size, table, k->min) != 0 ||
	    !pointers_set(&p->table, k->required, k->min)) {
		provided_free(p);
		return -EINVAL;
	}
	p->name = strdup(name);
	if (p->name == NULL) {
		provided_free(p);
		return -ENOMEM;
	}
	*ret = p;
	return 0;
}

static struct provided *
registry_find(const struct registry *r, uint32_t kind, const char *name)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->v[i]->kind == kind && strcmp(r->v[i]->name, name) == 0)
			return r->v[i];
	return NULL;
}

static int
registry_add(struct registry *r, struct provided *p)
{
	int rc = ptrs_push(&r->v, &r->n, p);

	if (rc != 0)
		provided_free(p);
	return rc;
}

void
registry_drop(struct registry *r, const struct rotor_instance *inst)
{
	size_t i, n = 0;

	for (i = 0; i < r->n; i++) {
		if (r->v[i]->inst == inst)
			provided_free(r->v[i]);
		else
			r->v[n++] = r->v[i];
	}
	r->n = n;
}

/* Whatever has one owner a name. */
static int
provide(struct rotor_instance *inst, uint32_t kind, const char *name, const void *table, void *ctx)
{
	struct provided *p;
	int rc;

	rc = provided_new(inst, kind, name, table, ctx, &p);
	if (rc != 0)
		return rc;
	if (registry_find(&inst->loader->registry, kind, name) != NULL) {
		provided_free(p);
		return -EEXIST;
	}
	return registry_add(&inst->loader->registry, p);
}

int
rotor_provide_broker(struct rotor_instance *inst, const char *type, const struct rotor_broker *broker,
    void *ctx)
{
	return provide(inst, PROVIDED_BROKER, type, broker, ctx);
}

int
rotor_provide_presence(struct rotor_instance *inst, const char *type,
    const struct rotor_presence *presence, void *ctx)
{
	return provide(inst, PROVIDED_PRESENCE, type, presence, ctx);
}

int
rotor_provide_auth(struct rotor_instance *inst, const struct rotor_auth *auth, void *ctx)
{
	return provide(inst, PROVIDED_AUTH, "", auth, ctx);
}

int
rotor_provide_command(struct rotor_instance *inst, const struct rotor_command *cmd, void *ctx)
{
	return provide(inst, PROVIDED_COMMAND, cmd != NULL ? cmd->name : NULL, cmd, ctx);
}

static int
route_valid(const struct rotor_http_route *r)
{
	return r->path != NULL && r->path[0] == '/' &&
	    (r->flags & (ROTOR_HTTP_EXTERNAL | ROTOR_HTTP_INTERNAL)) != 0 &&
	    (r->handle != NULL || r->ws != NULL);
}

/* Replaces the module's handler by a copy. */
static int
route_copy_ws(struct provided *p)
{
	struct rotor_ws_handler *ws = &p->ws;

	if (p->table.route.ws == NULL)
		return 0;
	if (table_copy(ws, sizeof *ws, p->table.route.ws, WS_SIZE_1_0) != 0 ||
	    ws->open == NULL || ws->message == NULL || ws->closed == NULL)
		return -EINVAL;
	p->table.route.ws = ws;
	return 0;
}

/* The same path may be served by one module outside and by another inside. */
static int
route_taken(const struct registry *r, const struct rotor_http_route *route)
{
	const struct rotor_http_route *have;
	size_t i;

	for (i = 0; i < r->n; i++) {
		have = &r->v[i]->table.route;
		if (r->v[i]->kind == PROVIDED_ROUTE && strcmp(have->path, route->path) == 0 &&
		    (have->flags & route->flags & (ROTOR_HTTP_EXTERNAL | ROTOR_HTTP_INTERNAL)) != 0)
			return 1;
	}
	return 0;
}

int
rotor_http_route_add(struct rotor_instance *inst, const struct rotor_http_route *route, void *ctx)
{
	struct provided *p;
	int rc;

	rc = provided_new(inst, PROVIDED_ROUTE, route != NULL ? route->path : NULL, route, ctx, &p);
	if (rc != 0)
		return rc;
	p->table.route.path = p->name;
	if (!route_valid(&p->table.route) || route_copy_ws(p) != 0)
		rc = -EINVAL;
	else if (route_taken(&inst->loader->registry, &p->table.route))
		rc = -EEXIST;
	if (rc != 0) {
		provided_free(p);
		return rc;
	}
	return registry_add(&inst->loader->registry, p);
}

void
loader_route_foreach(const struct loader *l, rotor_http_route_f *fn, void *priv)
{
	const struct registry *r = &l->registry;
	size_t i;

	OBJ_CHECK(l, LOADER_MAGIC);
	for (i = 0; i < r->n; i++)
		if (r->v[i]->kind == PROVIDED_ROUTE)
			fn(priv, &r->v[i]->table.route, r->v[i]->ctx);
}

void
rotor_http_route_foreach(struct rotor_instance *inst, rotor_http_route_f *fn, void *priv)
{
	OBJ_CHECK(inst, INSTANCE_MAGIC);
	loader_route_foreach(inst->loader, fn, priv);
}

static const void *
lookup(const struct loader *l, uint32_t kind, const char *name, void **ret_ctx)
{
	const struct provided *p;

	OBJ_CHECK(l, LOADER_MAGIC);
	p = registry_find(&l->registry, kind, name);
	if (p == NULL)
		return NULL;
	*ret_ctx = p->ctx;
	return &p->table;
}

const struct rotor_broker *
loader_broker(const struct loader *l, const char *type, void **ret_ctx)
{
	return lookup(l, PROVIDED_BROKER, type, ret_ctx);
}

const struct rotor_presence *
loader_presence(const struct loader *l, const char *type, void **ret_ctx)
{
	return lookup(l, PROVIDED_PRESENCE, type, ret_ctx);
}

const struct rotor_auth *
loader_auth(const struct loader *l, void **ret_ctx)
{
	return lookup(l, PROVIDED_AUTH, "", ret_ctx);
}

const struct rotor_command *
loader_command(const struct loader *l, const char *name, void **ret_ctx)
{
	return lookup(l, PROVIDED_COMMAND, name, ret_ctx);
}
