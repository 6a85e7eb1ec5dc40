/* SPDX-License-Identifier: MIT */
/* modules/api_grpc/auth.c - the key of a caller: metadata "authorization: apikey KEY". */
#include "config.h"

#include "api_grpc.h"

#include <string.h>

#include <rotor/api.h>
#include <rotor/str.h>

static struct rotor_str
str_of_slice(const grpc_slice *s)
{
	return (struct rotor_str){ (const char *)GRPC_SLICE_START_PTR(*s), GRPC_SLICE_LENGTH(*s) };
}

struct rotor_str
metadata_get(const grpc_metadata_array *md, const char *key)
{
	for (size_t i = 0; i < md->count; i++)
		if (grpc_slice_str_cmp(md->metadata[i].key, key) == 0)
			return str_of_slice(&md->metadata[i].value);
	return (struct rotor_str){ NULL, 0 };
}

const struct rotor_api_caller *
auth_caller(const struct api_grpc *g, const grpc_metadata_array *md)
{
	static const char scheme[] = "apikey ";
	const size_t n = sizeof scheme - 1;
	struct rotor_str value;

	if (g->conf->insecure)
		return rotor_api_anyone(g->srv);
	value = metadata_get(md, "authorization");
	if (!rotor_str_begins(value, scheme))
		return NULL;
	return rotor_api_authenticate(g->srv, g->conf->key,
	    (struct rotor_str){ value.p + n, value.len - n });
}
