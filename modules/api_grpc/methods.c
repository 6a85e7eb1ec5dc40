/* SPDX-License-Identifier: MIT */
/* modules/api_grpc/methods.c - the table of methods that are served. */
#include "config.h"

#include "call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/api.h>
#include <rotor/str.h>

static int
method_add(struct api_grpc *g, const struct method_ops *ops, const char *service, const char *name,
    const struct rotor_api_method *api)
{
	struct method *m = &g->methods[g->n_methods];

	*m = (struct method){ .g = g, .ops = ops, .api = api };
	if (service != NULL && asprintf(&m->path, "/%s/%s", service, name) < 0) {
		m->path = NULL;
		return -ENOMEM;
	}
	g->n_methods++;
	return 0;
}

int
methods_make(struct api_grpc *g)
{
	static const struct {
		const struct method_ops	*ops;
		const char		*service, *name;	/* NULL: all others */
		int			reflection;
	} others[] = {
		{ &health_check_ops, "grpc.health.v1.Health", "Check", 0 },
		{ &health_watch_ops, "grpc.health.v1.Health", "Watch", 0 },
		{ &reflection_ops, "grpc.reflection.v1.ServerReflection", "ServerReflectionInfo", 1 },
		{ &reflection_ops, "grpc.reflection.v1alpha.ServerReflection", "ServerReflectionInfo", 1 },
		{ &unknown_ops, NULL, NULL, 0 },
	};
	const size_t n_others = sizeof others / sizeof others[0];
	size_t n_api = 0, i;
	int r = 0;

	while (rotor_api_method_get(n_api) != NULL)
		n_api++;
	g->methods = calloc(n_api + n_others, sizeof *g->methods);
	if (g->methods == NULL)
		return -ENOMEM;
	for (i = 0; r == 0 && i < n_api; i++)
		r = method_add(g, &unary_ops, ROTOR_API_SERVICE, rotor_api_method_get(i)->rpc_name,
		    rotor_api_method_get(i));
	for (i = 0; r == 0 && i < n_others; i++)
		if (!others[i].reflection || g->conf->reflection)
			r = method_add(g, others[i].ops, others[i].service, others[i].name, NULL);
	return r;
}

int
methods_register(struct api_grpc *g)
{
	for (size_t i = 0; i < g->n_methods; i++) {
		struct method *m = &g->methods[i];

		if (m->path == NULL)
			continue;
		m->registered = grpc_server_register_method(g->server, m->path, NULL, m->ops->payload, 0);
		if (m->registered == NULL)
			return -EINVAL;
	}
	return 0;
}

int
methods_await(struct api_grpc *g)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < g->n_methods; i++)
		r = call_await(&g->methods[i]);
	return r;
}

void
methods_free(struct api_grpc *g)
{
	for (size_t i = 0; i < g->n_methods; i++)
		free(g->methods[i].path);
	free(g->methods);
	g->methods = NULL;
	g->n_methods = 0;
}

int
methods_have_service(const struct api_grpc *g, struct rotor_str service)
{
	for (size_t i = 0; i < g->n_methods; i++) {
		const char *path = g->methods[i].path;	/* "/service/Method" */

		if (path != NULL && rotor_str_eq((struct rotor_str){ path + 1, strcspn(path + 1, "/") }, service))
			return 1;
	}
	return 0;
}
