/* SPDX-License-Identifier: MIT */
/*
 * conf/no_effect.c - keys of Centrifugo v6 whose features this Rotor does not have:
 * known, checked, and warned about where they are set.
 */
#include "config.h"

#include "conf/core_conf_priv.h"

#include <stddef.h>

#include "tbl/no_effect.h"

#define ROW(pt, kd, df)							\
	{ .path = (pt), .kind = ROTOR_OPT_##kd, .flags = ROTOR_OPT_F_NOEFFECT, .def = (df) },
#define LIST(pt, tb)							\
	{ .path = (pt), .kind = ROTOR_OPT_OBJLIST, .flags = ROTOR_OPT_F_NOEFFECT, .sub = &(tb) },
#define TABLE(nm)							\
	static const struct rotor_option_table nm##_table = {		\
		sizeof(struct rotor_option_table), sizeof(struct rotor_option), "",	\
		nm##_rows, sizeof nm##_rows / sizeof nm##_rows[0], 0 }

static const struct rotor_option status_transform_rows[] = { NO_EFFECT_STATUS_TRANSFORM(ROW) };
TABLE(status_transform);
static const struct rotor_option disconnect_transform_rows[] = {
	NO_EFFECT_DISCONNECT_TRANSFORM(ROW)
};
TABLE(disconnect_transform);
static const struct rotor_option response_transform_rows[] = {
	NO_EFFECT_RESPONSE_TRANSFORM(ROW)
};
TABLE(response_transform);

#define PROXY(p)							\
	NO_EFFECT_PROXY(ROW, p)						\
	LIST(p "http.status_to_code_transforms", status_transform_table)

static const struct rotor_option named_proxy_rows[] = { ROW("name", STR, NULL) PROXY("") };
TABLE(named_proxy);
static const struct rotor_option rpc_namespace_rows[] = { NO_EFFECT_RPC_NAMESPACE(ROW) };
TABLE(rpc_namespace);
static const struct rotor_option consumer_rows[] = { NO_EFFECT_CONSUMER(ROW) };
TABLE(consumer);

static const struct rotor_option rows[] = {
	NO_EFFECT_TOP(ROW)
	ROW("client.proxy.connect.enabled", BOOL, NULL)
	PROXY("client.proxy.connect.")
	ROW("client.proxy.refresh.enabled", BOOL, NULL)
	PROXY("client.proxy.refresh.")
	PROXY("channel.proxy.subscribe.")
	PROXY("channel.proxy.publish.")
	PROXY("channel.proxy.sub_refresh.")
	PROXY("channel.proxy.subscribe_stream.")
	PROXY("channel.proxy.map_publish.")
	PROXY("channel.proxy.map_remove.")
	PROXY("channel.proxy.shared_poll_refresh.")
	PROXY("rpc.proxy.")
	LIST("rpc.namespaces", rpc_namespace_table)
	LIST("proxies", named_proxy_table)
	LIST("consumers", consumer_table)
	LIST("client.connect_code_to_unidirectional_disconnect.transforms",
	    disconnect_transform_table)
	LIST("uni_sse.connect_code_to_http_response.transforms", response_transform_table)
	LIST("uni_http_stream.connect_code_to_http_response.transforms", response_transform_table)
};

const struct rotor_option_table no_effect_table = {
	sizeof(struct rotor_option_table), sizeof(struct rotor_option), "", rows,
	sizeof rows / sizeof rows[0], 0,
};
