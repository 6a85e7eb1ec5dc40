/* SPDX-License-Identifier: MIT */
/* modules/api_grpc/api_grpc.c - the server API over gRPC: the module's life. */
#include "config.h"

#include "api_grpc.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include <rotor/api.h>
#include <rotor/check.h>
#include <rotor/log.h>
#include <rotor/module.h>

static void
check(struct rotor_check *chk)
{
	const struct api_grpc_conf *conf = rotor_check_conf(chk);

	if (!conf->enabled)
		return;
	tls_check(chk, &conf->tls);
	rotor_check_address(chk, "grpc_api.address", conf->address);
}

static int
load(struct rotor_instance *inst, void **ret_ctx)
{
	const struct api_grpc_conf *conf = rotor_instance_conf(inst);
	struct api_grpc *g = calloc(1, sizeof *g);

	if (g == NULL)
		return -ENOMEM;
	g->magic = API_GRPC_MAGIC;
	g->conf = conf;
	g->log = rotor_instance_log(inst);
	g->srv = rotor_instance_server(inst);
	*ret_ctx = g;
	return ROTOR_OK;
}

static int
start(void *ctx)
{
	struct api_grpc *g = ctx;

	assert(g->magic == API_GRPC_MAGIC);
	if (!g->conf->enabled)
		return ROTOR_OK;	/* listed, but not switched on */
	if (g->conf->insecure)
		ROTOR_LOG(g->log, ROTOR_LOG_WARN, "api_grpc", "INSECURE gRPC API mode: no key is asked for");
	else if (g->conf->key[0] == '\0' && !rotor_api_has_keys(g->srv))
		ROTOR_LOG(g->log, ROTOR_LOG_WARN, "api_grpc", "every gRPC API call will be refused: "
		    "set grpc_api.key or api.keys, or grpc_api.insecure to ask for none");
	return server_start(g);
}

static void
stop(void *ctx)
{
	struct api_grpc *g = ctx;

	assert(g->magic == API_GRPC_MAGIC);
	if (g->server != NULL)
		server_stop(g);
}

static void
unload(void *ctx)
{
	struct api_grpc *g = ctx;

	assert(g->magic == API_GRPC_MAGIC);
	server_free(g);
	if (g->server != NULL)
		return;		/* still in use, see server_free() */
	g->magic = 0;
	free(g);
}

ROTOR_MODULE_DEFINE(api_grpc,
    .summary = "server API over gRPC",
    .provides = "api:grpc",
    .options = &api_grpc_options,
    .load = load,
    .start = start,
    .stop = stop,
    .unload = unload,
    .check = check);
