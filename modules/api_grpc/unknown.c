/* SPDX-License-Identifier: MIT */
/* modules/api_grpc/unknown.c - calls of what there is not. */
#include "config.h"

#include "call.h"

#include <stdio.h>
#include <string.h>

#include <rotor/api.h>
#include <rotor/str.h>

/* Methods of Centrifugo's commercial edition, in its .proto and so in its clients. */
static const char *const known_elsewhere[] = {
	"Connections", "UpdateUserStatus", "GetUserStatus", "DeleteUserStatus", "BlockUser",
	"UnblockUser", "RevokeToken", "InvalidateUserTokens", "DeviceRegister", "DeviceUpdate",
	"DeviceRemove", "DeviceList", "DeviceTopicList", "DeviceTopicUpdate", "UserTopicList",
	"UserTopicUpdate", "SendPushNotification", "UpdatePushStatus", "CancelPush",
};

#define SHOWN	200	/* bytes of a name in the answer */

/* "/service/method" in two. */
static int
path_split(const grpc_slice *path, struct rotor_str *service, struct rotor_str *method)
{
	const char *p = (const char *)GRPC_SLICE_START_PTR(*path), *slash;
	size_t len = GRPC_SLICE_LENGTH(*path);

	slash = len > 1 && p[0] == '/' ? memrchr(p + 1, '/', len - 1) : NULL;
	if (slash == NULL)
		return -1;
	*service = (struct rotor_str){ p + 1, (size_t)(slash - p) - 1 };
	*method = (struct rotor_str){ slash + 1, (size_t)(p + len - slash) - 1 };
	return 0;
}

static int
is_known_elsewhere(struct rotor_str service, struct rotor_str method)
{
	if (!rotor_str_is(service, ROTOR_API_SERVICE))
		return 0;
	for (size_t i = 0; i < sizeof known_elsewhere / sizeof known_elsewhere[0]; i++)
		if (rotor_str_is(method, known_elsewhere[i]))
			return 1;
	return 0;
}

static int
shown(struct rotor_str s)
{
	return s.len < SHOWN ? (int)s.len : SHOWN;
}

static void
begin(struct call *c)
{
	const struct api_grpc *g = c->method->g;
	struct rotor_str service, method;
	char text[3 * SHOWN];

	if (path_split(&c->details.method, &service, &method) != 0) {
		call_refuse(c, GRPC_STATUS_UNIMPLEMENTED, "malformed method name");
		return;
	}
	if (is_known_elsewhere(service, method)) {
		if (auth_caller(g, &c->metadata) == NULL) {
			call_refuse(c, GRPC_STATUS_UNAUTHENTICATED, "unauthenticated");
			return;
		}
		(void)snprintf(text, sizeof text, "method %.*s not implemented", shown(method), method.p);
	} else if (methods_have_service(g, service)) {
		(void)snprintf(text, sizeof text, "unknown method %.*s for service %.*s",
		    shown(method), method.p, shown(service), service.p);
	} else {
		(void)snprintf(text, sizeof text, "unknown service %.*s", shown(service), service.p);
	}
	call_refuse(c, GRPC_STATUS_UNIMPLEMENTED, text);
}

const struct method_ops unknown_ops = { .begin = begin };
