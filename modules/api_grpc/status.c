/* SPDX-License-Identifier: MIT */
/* modules/api_grpc/status.c - errors of the API as gRPC statuses. */
#include "config.h"

#include "api_grpc.h"

#include <string.h>

#include <rotor/api.h>
#include <rotor/str.h>

#include "pb.h"

grpc_status_code
status_of_error(uint32_t code)
{
	static const struct {
		uint32_t		code;
		grpc_status_code	status;
	} table[] = {
		{ 102, GRPC_STATUS_NOT_FOUND },
		{ 104, GRPC_STATUS_NOT_FOUND },
		{ 107, GRPC_STATUS_INVALID_ARGUMENT },
		{ 108, GRPC_STATUS_INVALID_ARGUMENT },
		{ 112, GRPC_STATUS_OUT_OF_RANGE },
		{ 113, GRPC_STATUS_ALREADY_EXISTS },
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (table[i].code == code)
			return table[i].status;
	return GRPC_STATUS_INTERNAL;
}

static struct rotor_str
str(const char *s)
{
	return rotor_str_of(s);
}

/* A google.rpc.Status { code = 1, message = 2, details = 3 }, its one detail a
 * google.protobuf.Any { type_url = 1, value = 2 } of the API's own Error. */
grpc_slice
status_details(grpc_status_code code, const struct rotor_api_response *res)
{
	struct pb_out status = { .p = NULL }, any = { .p = NULL };
	grpc_slice ret;

	pb_put_bytes(&any, 1, str("type.googleapis.com/centrifugal.centrifugo.api.Error"));
	pb_put_bytes(&any, 2, res->error_body);
	pb_put_num(&status, 1, (uint64_t)code);
	pb_put_bytes(&status, 2, str(res->error_text));
	pb_put_message(&status, 3, &any);
	return pb_finish(&status, &ret) == 0 ? ret : grpc_empty_slice();
}
