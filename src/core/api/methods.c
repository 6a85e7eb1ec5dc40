/* SPDX-License-Identifier: MIT */
/* api/methods.c - the table of the methods, which the build makes out of api.proto. */
#include "config.h"

#include <stddef.h>

#include "api/api.h"
#include "base/str.h"
#include "node/stats.h"

#define ROW(nm, rpc, req, res, at_command, at_reply, whole, doc)	\
	{ { sizeof(struct rotor_api_method), #nm, rpc }, at_command, at_reply,	\
	  &req##__descriptor, &res##__descriptor, api_##nm, whole, doc },
#define API_METHOD(nm, rpc, req, res, doc)					\
	ROW(nm, rpc, req, res, offsetof(Ap__Command, nm), offsetof(Ap__Reply, nm), 0, doc)
#define API_METHOD_ALONE(nm, rpc, req, res, doc)				\
	ROW(nm, rpc, req, res, API_NOT_IN_BATCH, 0, 1, doc)

const struct api_method api_methods[] = {
#include "proto/api_methods.h"
};
_Static_assert(sizeof api_methods / sizeof api_methods[0] <= API_MAX_METHODS &&
    API_MAX_METHODS <= STATS_API_METHODS, "room for all methods");
const size_t api_n_methods = sizeof api_methods / sizeof api_methods[0];

const struct rotor_api_method *
rotor_api_method_get(size_t i)
{
	return i < api_n_methods ? &api_methods[i].pub : NULL;
}

const struct rotor_api_method *
rotor_api_method_find(struct rotor_str name)
{
	for (size_t i = 0; i < api_n_methods; i++)
		if (rotor_str_eq(name, rotor_str_of(api_methods[i].pub.name)))
			return &api_methods[i].pub;
	return NULL;
}
