/* SPDX-License-Identifier: MIT */
/*
 * api/openapi.c - an OpenAPI 3 description of the methods, out of the descriptors of
 * their messages.
 *
 * Messages of responses are closed (no other fields) and name the fields that are always
 * there; requests may have fields that nobody knows.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/str.h"
#include "proto/codec.h"
#include "proto/codec_priv.h"

#define IN_REQUEST	1u
#define IN_RESPONSE	2u

/* The messages that are in use, and where. */
struct messages {
	struct {
		const ProtobufCMessageDescriptor	*d;
		uint32_t				where;
	}	*v;
	size_t	n;
	int	failed;
};

/* JSON, with the commas put where they belong. */
struct doc {
	struct out	out;
	int		first;		/* nothing yet in the innermost object or array */
};

static void
element(struct doc *d)
{
	if (!d->first)
		out_byte(&d->out, ',');
	d->first = 0;
}

static void
key(struct doc *d, const char *name)
{
	element(d);
	json_write_string(&d->out, rotor_str_of(name));
	out_byte(&d->out, ':');
}

static void
begin(struct doc *d, char c)
{
	out_byte(&d->out, c);
	d->first = 1;
}

static void
end(struct doc *d, char c)
{
	out_byte(&d->out, c);
	d->first = 0;
}

static void
begin_at(struct doc *d, const char *name)
{
	key(d, name);
	begin(d, '{');
}

static void
string_at(struct doc *d, const char *name, const char *value)
{
	key(d, name);
	json_write_string(&d->out, rotor_str_of(value));
}

/* JSON text as it stands. */
static void
text_at(struct doc *d, const char *name, const char *json)
{
	key(d, name);
	out_put(&d->out, json, strlen(json));
}

static void
ref(struct doc *d, const char *section, const char *name)
{
	key(d, "$ref");
	out_lit(&d->out, "\"#/components/");
	out_put(&d->out, section, strlen(section));
	out_byte(&d->out, '/');
	out_put(&d->out, name, strlen(name));
	out_byte(&d->out, '"');
}

/*
 * Schemas
 */

/* The members of the schema of one value. */
static void
value_members(struct doc *d, const ProtobufCFieldDescriptor *f)
{
	static const struct {
		ProtobufCType	type;
		const char	*json;
	} types[] = {
		{ PROTOBUF_C_TYPE_BOOL, "\"boolean\"" },
		{ PROTOBUF_C_TYPE_DOUBLE, "\"number\"" },
		{ PROTOBUF_C_TYPE_STRING, "\"string\"" },
		{ PROTOBUF_C_TYPE_INT32, "\"integer\",\"minimum\":-2147483648,\"maximum\":2147483647" },
		{ PROTOBUF_C_TYPE_UINT32, "\"integer\",\"minimum\":0,\"maximum\":4294967295" },
		{ PROTOBUF_C_TYPE_INT64,
		    "\"integer\",\"minimum\":-9223372036854775808,\"maximum\":9223372036854775807" },
		{ PROTOBUF_C_TYPE_UINT64, "\"integer\",\"minimum\":0,\"maximum\":18446744073709551615" },
	};

	if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		ref(d, "schemas", ((const ProtobufCMessageDescriptor *)f->descriptor)->short_name);
	else if (f->type == PROTOBUF_C_TYPE_BYTES)
		string_at(d, "description", "Any JSON value.");
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (types[i].type == f->type)
			text_at(d, "type", types[i].json);
}

static void
property(struct doc *d, const ProtobufCFieldDescriptor *f)
{
	begin_at(d, f->name);
	if (!field_repeated(f)) {
		value_members(d, f);
	} else if (field_is_map(f)) {
		string_at(d, "type", "object");
		begin_at(d, "additionalProperties");
		value_members(d, &map_fields(f)[1]);
		end(d, '}');
	} else {
		string_at(d, "type", "array");
		begin_at(d, "items");
		value_members(d, f);
		end(d, '}');
	}
	end(d, '}');
}

static void
required(struct doc *d, const ProtobufCMessageDescriptor *m)
{
	uint64_t always = fields_always(m);

	if (always == 0)
		return;
	key(d, "required");
	begin(d, '[');
	for (unsigned i = 0; i < m->n_fields; i++)
		if (m->fields[i].id < 64 && (always >> m->fields[i].id & 1)) {
			element(d);
			json_write_string(&d->out, rotor_str_of(m->fields[i].name));
		}
	end(d, ']');
}

static void
schema(struct doc *d, const ProtobufCMessageDescriptor *m, uint32_t where)
{
	begin_at(d, m->short_name);
	string_at(d, "type", "object");
	begin_at(d, "properties");
	for (unsigned i = 0; i < m->n_fields; i++)
		property(d, &m->fields[i]);
	end(d, '}');
	if (where == IN_RESPONSE) {
		text_at(d, "additionalProperties", "false");
		required(d, m);
	}
	end(d, '}');
}

/* Notes the message and all that are in it. */
static void
note(struct messages *ms, const ProtobufCMessageDescriptor *m, uint32_t where)
{
	size_t i = 0;
	void *v;

	while (i < ms->n && ms->v[i].d != m)
		i++;
	if (i == ms->n) {
		v = realloc(ms->v, (ms->n + 1) * sizeof *ms->v);
		if (v == NULL) {
			ms->failed = 1;
			return;
		}
		ms->v = v;
		ms->v[ms->n].d = m;
		ms->v[ms->n++].where = 0;
	}
	if (ms->v[i].where & where)
		return;
	ms->v[i].where |= where;
	for (unsigned k = 0; k < m->n_fields; k++) {
		const ProtobufCFieldDescriptor *f = &m->fields[k];

		if (field_repeated(f) && field_is_map(f))
			f = &map_fields(f)[1];
		if (f->type == PROTOBUF_C_TYPE_MESSAGE)
			note(ms, f->descriptor, where);
	}
}

static int
schemas(struct doc *d)
{
	struct messages ms = { .n = 0 };

	for (size_t i = 0; i < api_n_methods; i++) {
		note(&ms, api_methods[i].request, IN_REQUEST);
		note(&ms, api_methods[i].response, IN_RESPONSE);
	}
	begin_at(d, "schemas");
	for (size_t i = 0; i < ms.n; i++)
		schema(d, ms.v[i].d, ms.v[i].where);
	end(d, '}');
	free(ms.v);
	return ms.failed ? -1 : 0;
}

/*
 * Responses
 */

#define AS_JSON	1u
#define AS_TEXT	2u

/* Other than 200: what the server answers before there is a result, and, as JSON, errors
 * as statuses. */
static const struct {
	const char	*status, *description;
	uint32_t	as;
} failures[] = {
	{ "400", "The request is not readable, or wrong", AS_JSON | AS_TEXT },
	{ "401", "No right key", 0 },
	{ "403", "The key may not do this", AS_JSON },
	{ "404", "Unknown channel or method", AS_JSON },
	{ "409", "Conflict", AS_JSON },
	{ "413", "The request is too long", AS_TEXT },
	{ "416", "Unrecoverable position", AS_JSON },
	{ "500", "Internal error", AS_JSON | AS_TEXT },
};
#define N_FAILURES	(sizeof failures / sizeof failures[0])

static void
content(struct doc *d, const char *message)
{
	begin_at(d, "application/json");
	begin_at(d, "schema");
	ref(d, "schemas", message);
	end(d, '}');
	end(d, '}');
}

static void
responses(struct doc *d)
{
	begin_at(d, "responses");
	for (size_t i = 0; i < N_FAILURES; i++) {
		begin_at(d, failures[i].status);
		string_at(d, "description", failures[i].description);
		if (failures[i].as != 0)
			begin_at(d, "content");
		if (failures[i].as & AS_JSON)
			content(d, "Error");
		if (failures[i].as & AS_TEXT)
			text_at(d, "text/plain", "{\"schema\":{\"type\":\"string\"}}");
		if (failures[i].as != 0)
			end(d, '}');
		end(d, '}');
	}
	end(d, '}');
}

/*
 * The whole
 */
static void
operation_responses(struct doc *d, const struct api_method *m)
{
	begin_at(d, "responses");
	begin_at(d, "200");
	string_at(d, "description", "Result or error");
	begin_at(d, "content");
	content(d, m->response->short_name);
	end(d, '}');
	end(d, '}');
	for (size_t i = 0; i < N_FAILURES; i++) {
		begin_at(d, failures[i].status);
		ref(d, "responses", failures[i].status);
		end(d, '}');
	}
	end(d, '}');
}

static void
operation(struct doc *d, const struct api_method *m)
{
	char path[64];

	snprintf(path, sizeof path, "/%s", m->pub.name);
	begin_at(d, path);
	begin_at(d, "post");
	string_at(d, "operationId", m->pub.name);
	string_at(d, "summary", m->doc);
	text_at(d, "parameters", "[{\"$ref\":\"#/components/parameters/ErrorMode\"}]");
	begin_at(d, "requestBody");
	text_at(d, "required", "true");
	begin_at(d, "content");
	content(d, m->request->short_name);
	end(d, '}');
	end(d, '}');
	operation_responses(d, m);
	end(d, '}');
	end(d, '}');
}

static void
preamble(struct doc *d, const char *prefix, int keyless)
{
	string_at(d, "openapi", "3.0.3");
	begin_at(d, "info");
	string_at(d, "title", "Rotor server API");
	string_at(d, "version", rotor_version());
	end(d, '}');
	key(d, "servers");
	begin(d, '[');
	element(d);
	begin(d, '{');
	string_at(d, "url", prefix);
	end(d, '}');
	end(d, ']');
	text_at(d, "security", keyless ? "[]" : "[{\"header\":[]},{\"authorization\":[]},{\"query\":[]}]");
}

static void
components(struct doc *d)
{
	text_at(d, "securitySchemes", "{"
	    "\"header\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-API-Key\"},"
	    "\"authorization\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"Authorization\","
	    "\"description\":\"apikey KEY\"},"
	    "\"query\":{\"type\":\"apiKey\",\"in\":\"query\",\"name\":\"api_key\"}}");
	text_at(d, "parameters", "{\"ErrorMode\":{\"in\":\"header\",\"name\":\"X-Centrifugo-Error-Mode\","
	    "\"description\":\"transport: errors are HTTP statuses\",\"schema\":{\"type\":\"string\","
	    "\"enum\":[\"transport\"]}}}");
	responses(d);
}

struct rotor_buf *
rotor_api_openapi(const char *prefix, int keyless)
{
	struct doc d = { .first = 1 };
	struct rotor_buf *b = NULL;

	out_init(&d.out, NULL, 0);
	begin(&d, '{');
	preamble(&d, prefix, keyless);
	begin_at(&d, "paths");
	for (size_t i = 0; i < api_n_methods; i++)
		operation(&d, &api_methods[i]);
	end(&d, '}');
	begin_at(&d, "components");
	components(&d);
	if (schemas(&d) == 0) {
		end(&d, '}');
		end(&d, '}');
		if (!d.out.failed)
			b = rotor_buf_new(d.out.p, d.out.len);
	}
	out_fini(&d.out);
	return b;
}
