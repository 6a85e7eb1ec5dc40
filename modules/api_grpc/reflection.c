/* SPDX-License-Identifier: MIT */
/*
 * modules/api_grpc/reflection.c - grpc.reflection.v1(alpha).ServerReflection: tools ask
 * which services there are and for the .proto files behind them.
 *
 * The files are in `descriptors`, a google.protobuf.FileDescriptorSet that the build
 * makes of the .proto files.  Both versions of the service have the same messages.
 */
#include "config.h"

#include "call.h"
#include "descriptors.h"

#include <string.h>

#include <rotor/str.h>

#include "pb.h"

/* Fields of descriptor.proto that are looked at. */
enum {
	SET_FILE = 1,
	FILE_NAME = 1, FILE_PACKAGE = 2, FILE_MESSAGE = 4, FILE_ENUM = 5, FILE_SERVICE = 6,
	ANY_NAME = 1,		/* of messages, enums, services, and what is in them */
	MESSAGE_FIELD = 2, MESSAGE_NESTED = 3, MESSAGE_ENUM = 4,
	ENUM_VALUE = 2, SERVICE_METHOD = 2,
};

/* Fields of reflection.proto. */
enum {
	REQUEST_FILE_BY_NAME = 3, REQUEST_FILE_OF_SYMBOL = 4, REQUEST_FILE_OF_EXTENSION = 5,
	REQUEST_EXTENSIONS_OF_TYPE = 6, REQUEST_LIST_SERVICES = 7,
	RESPONSE_HOST = 1, RESPONSE_REQUEST = 2, RESPONSE_FILE = 4, RESPONSE_EXTENSIONS = 5,
	RESPONSE_SERVICES = 6, RESPONSE_ERROR = 7,
	ERROR_CODE = 1, ERROR_MESSAGE = 2,
};

/* If `name` is `part`, or begins with it and a dot: 1, and *rest is what follows. */
static int
name_enter(struct rotor_str name, struct rotor_str part, struct rotor_str *rest)
{
	if (name.len < part.len || part.len == 0 || memcmp(name.p, part.p, part.len) != 0)
		return 0;
	if (name.len == part.len) {
		*rest = (struct rotor_str){ NULL, 0 };
		return 1;
	}
	*rest = (struct rotor_str){ name.p + part.len + 1, name.len - part.len - 1 };
	return name.p[part.len] == '.' && rest->len > 0;
}

/* Does an element of one of these kinds have the name, or contain what has?  `kinds` are
 * field numbers, 0 at the end. */
static int
has_symbol(struct rotor_str descriptor, struct rotor_str name, const uint32_t *kinds)
{
	/* Of messages.  In enums and services there is nothing but values and methods, with
	 * the number of a message's fields; and nothing is in those. */
	static const uint32_t inner[] = { MESSAGE_FIELD, MESSAGE_NESTED, MESSAGE_ENUM, 0 };
	struct pb_field f;
	struct rotor_str rest;

	_Static_assert((int)ENUM_VALUE == (int)MESSAGE_FIELD && (int)SERVICE_METHOD == (int)MESSAGE_FIELD,
	    "one table for all");
	while (pb_next(&descriptor, &f) > 0)
		for (const uint32_t *kind = kinds; *kind != 0; kind++)
			if (f.number == *kind && f.wire == PB_BYTES &&
			    name_enter(name, pb_get(f.bytes, ANY_NAME), &rest) &&
			    (rest.len == 0 || has_symbol(f.bytes, rest, inner)))
				return 1;
	return 0;
}

static int
file_has_symbol(struct rotor_str file, struct rotor_str symbol)
{
	static const uint32_t kinds[] = { FILE_MESSAGE, FILE_ENUM, FILE_SERVICE, 0 };
	struct rotor_str rest;

	return name_enter(symbol, pb_get(file, FILE_PACKAGE), &rest) && rest.len > 0 &&
	    has_symbol(file, rest, kinds);
}

static int
file_has_name(struct rotor_str file, struct rotor_str name)
{
	return rotor_str_eq(pb_get(file, FILE_NAME), name);
}

/* The file that matches; empty: none does. */
static struct rotor_str
file_find(struct rotor_str asked, int (*matches)(struct rotor_str, struct rotor_str))
{
	struct rotor_str set = { (const char *)descriptors, descriptors_len };
	struct pb_field f;

	while (pb_next(&set, &f) > 0)
		if (f.number == SET_FILE && matches(f.bytes, asked))
			return f.bytes;
	return (struct rotor_str){ NULL, 0 };
}

static void
put_error(struct pb_out *o, uint32_t code, const char *text)
{
	struct pb_out e = { .p = NULL };

	pb_put_num(&e, ERROR_CODE, code);
	pb_put_bytes(&e, ERROR_MESSAGE, rotor_str_of(text));
	pb_put_message(o, RESPONSE_ERROR, &e);
}

/* FileDescriptorResponse { file_descriptor_proto = 1 }, or an error. */
static void
put_file(struct pb_out *o, struct rotor_str file)
{
	struct pb_out files = { .p = NULL };

	if (file.len == 0) {
		put_error(o, GRPC_STATUS_NOT_FOUND, "not found");
		return;
	}
	pb_put_bytes(&files, 1, file);
	pb_put_message(o, RESPONSE_FILE, &files);
}

/* ExtensionNumberResponse { base_type_name = 1, extension_number = 2 }: there are none. */
static void
put_extensions(struct pb_out *o, struct rotor_str type)
{
	struct pb_out e = { .p = NULL };

	if (file_find(type, file_has_symbol).len == 0) {
		put_error(o, GRPC_STATUS_NOT_FOUND, "not found");
		return;
	}
	pb_put_bytes(&e, 1, type);
	pb_put_message(o, RESPONSE_EXTENSIONS, &e);
}

/* ServiceResponse { name = 1 } of a service, if it is served. */
static void
put_service(const struct api_grpc *g, struct pb_out *list, struct rotor_str package, struct rotor_str name)
{
	struct pb_out service = { .p = NULL };
	char full[256];

	if (package.len + name.len + 1 > sizeof full)
		return;
	memcpy(full, package.p, package.len);
	full[package.len] = '.';
	memcpy(full + package.len + 1, name.p, name.len);
	name = (struct rotor_str){ full, package.len + 1 + name.len };
	if (!methods_have_service(g, name))
		return;
	pb_put_bytes(&service, 1, name);
	pb_put_message(list, 1, &service);
}

static void
put_services(const struct api_grpc *g, struct pb_out *o)
{
	struct rotor_str set = { (const char *)descriptors, descriptors_len };
	struct pb_out list = { .p = NULL };
	struct pb_field file, f;

	while (pb_next(&set, &file) > 0) {
		struct rotor_str package = pb_get(file.bytes, FILE_PACKAGE), rest = file.bytes;

		while (pb_next(&rest, &f) > 0)
			if (f.number == FILE_SERVICE)
				put_service(g, &list, package, pb_get(f.bytes, ANY_NAME));
	}
	pb_put_message(o, RESPONSE_SERVICES, &list);
}

/* The one field of the request that says what is asked. */
static void
put_answer(const struct api_grpc *g, struct pb_out *o, const struct pb_field *asked)
{
	switch (asked->number) {
	case REQUEST_FILE_BY_NAME:
		put_file(o, file_find(asked->bytes, file_has_name));
		break;
	case REQUEST_FILE_OF_SYMBOL:
		put_file(o, file_find(asked->bytes, file_has_symbol));
		break;
	case REQUEST_FILE_OF_EXTENSION:
		put_error(o, GRPC_STATUS_NOT_FOUND, "not found");
		break;
	case REQUEST_EXTENSIONS_OF_TYPE:
		put_extensions(o, asked->bytes);
		break;
	case REQUEST_LIST_SERVICES:
		put_services(g, o);
		break;
	default:
		put_error(o, GRPC_STATUS_INVALID_ARGUMENT, "unknown request");
	}
}

/* 0 or -ENOMEM. */
static int
answer_make(const struct api_grpc *g, struct rotor_str request, grpc_slice *ret)
{
	struct pb_out o = { .p = NULL };
	struct pb_field f, asked = { .number = 0 };
	struct rotor_str rest = request;

	while (pb_next(&rest, &f) > 0)
		if (f.number >= REQUEST_FILE_BY_NAME && f.number <= REQUEST_LIST_SERVICES && f.wire == PB_BYTES)
			asked = f;
	pb_put_bytes(&o, RESPONSE_HOST, pb_get(request, 1));
	pb_put_bytes(&o, RESPONSE_REQUEST, request);
	put_answer(g, &o, &asked);
	return pb_finish(&o, ret);
}

static void
ended(struct call *c, int ok)
{
	(void)ok;
	stream_close(c);
	call_free(c);
}

static void
end(struct call *c, grpc_status_code code)
{
	const grpc_op ops[] = {
		{ .op = GRPC_OP_SEND_STATUS_FROM_SERVER, .data.send_status_from_server.status = code },
		{ .op = GRPC_OP_RECV_CLOSE_ON_SERVER,
		    .data.recv_close_on_server.cancelled = &c->cancelled },
	};

	call_batch(c, ops, sizeof ops / sizeof ops[0], ended);
}

/* The next request has come; no message: the peer has no more. */
static void
got(struct call *c, int ok)
{
	grpc_byte_buffer *b;
	grpc_slice answer;

	if (!ok || c->message == NULL) {
		end(c, GRPC_STATUS_OK);
		return;
	}
	if (answer_make(c->method->g, call_message(c), &answer) != 0) {
		end(c, GRPC_STATUS_RESOURCE_EXHAUSTED);
		return;
	}
	call_message_drop(c);
	b = grpc_raw_byte_buffer_create(&answer, 1);
	const grpc_op ops[] = {
		{ .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = b },
		{ .op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &c->message },
	};
	call_batch(c, ops, sizeof ops / sizeof ops[0], got);
	grpc_byte_buffer_destroy(b);
	grpc_slice_unref(answer);
}

static void
begin(struct call *c)
{
	const grpc_op ops[] = {
		{ .op = GRPC_OP_SEND_INITIAL_METADATA },
		{ .op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &c->message },
	};

	stream_open(c);
	call_batch(c, ops, sizeof ops / sizeof ops[0], got);
}

static void
stop(struct call *c)
{
	(void)grpc_call_cancel_with_status(c->call, GRPC_STATUS_UNAVAILABLE, "the server stops", NULL);
}

const struct method_ops reflection_ops = { .begin = begin, .stop = stop };
