/* SPDX-License-Identifier: MIT */
/*
 * tbl/v5_keys.h - what keys of Centrifugo v5, all at the top of its file, became in v6:
 * X(old, new).  Those that only got dots for some of their '_' need no line.
 */
#ifndef ROTOR_TBL_V5_KEYS_H
#define ROTOR_TBL_V5_KEYS_H

#define V5_PAIR(old, now)	{ old, now },

/* Whole keys. */
#define V5_KEYS(X)							\
	X("name", "node.name")						\
	X("namespaces", "channel.namespaces")				\
	X("rpc_namespaces", "rpc.namespaces")				\
	X("global_history_meta_ttl", "channel.history_meta_ttl")	\
	X("separate_subscription_token_config", "client.subscription_token.enabled") \
	X("user_subscribe_to_personal", "client.subscribe_to_user_personal_channel.enabled") \
	X("user_personal_channel_namespace",				\
	    "client.subscribe_to_user_personal_channel.personal_channel_namespace") \
	X("user_personal_single_connection",				\
	    "client.subscribe_to_user_personal_channel.single_connection") \
	X("client_anonymous", "client.allow_anonymous_connect_without_token") \
	X("client_insecure_skip_token_signature_verify",		\
	    "client.insecure_skip_token_signature_verify")		\
	X("tls", "http_server.tls.enabled")				\
	X("tls_cert", "http_server.tls.cert_pem")			\
	X("tls_key", "http_server.tls.key_pem")				\
	X("tls_external", "http_server.tls_external")			\
	X("tls_autocert", "http_server.tls_autocert.enabled")		\
	X("grpc_api_tls", "grpc_api.tls.enabled")			\
	X("grpc_api_tls_cert", "grpc_api.tls.cert_pem")			\
	X("grpc_api_tls_key", "grpc_api.tls.key_pem")			\
	X("websocket_disable", "websocket.disabled")			\
	X("usage_stats_disable", "usage_stats.disabled")		\
	X("disable_api", "http_api.disabled")				\
	X("redis_tls", "engine.redis.tls.enabled")			\
	X("nats_url", "broker.nats.url")				\
	X("proxy_connect_endpoint", "client.proxy.connect.endpoint")	\
	X("proxy_http_headers", "client.proxy.connect.http_headers")

/* Beginnings: the rest stays, when v6 has such a key.  The first that fits counts. */
#define V5_PREFIXES(X)							\
	X("subscription_token_", "client.subscription_token.")		\
	X("token_", "client.token.")					\
	X("api_", "http_api.")						\
	X("redis_", "engine.redis.")					\
	X("nats_", "broker.nats.")					\
	X("tls_autocert_", "http_server.tls_autocert.")			\
	X("proxy_connect_", "client.proxy.connect.")			\
	X("proxy_refresh_", "client.proxy.refresh.")			\
	X("proxy_subscribe_stream_", "channel.proxy.subscribe_stream.")	\
	X("proxy_subscribe_", "channel.proxy.subscribe.")		\
	X("proxy_publish_", "channel.proxy.publish.")			\
	X("proxy_sub_refresh_", "channel.proxy.sub_refresh.")		\
	X("proxy_rpc_", "rpc.proxy.")					\
	X("", "")							\
	X("", "client.")						\
	X("", "http_server.")						\
	X("", "channel.without_namespace.")

#endif
