/* SPDX-License-Identifier: MIT */
/*
 * tbl/no_effect.h - keys of Centrifugo v6 whose features this Rotor does not have:
 * X(path, kind, default).  A key leaves this list when its feature comes.
 */
#ifndef ROTOR_TBL_NO_EFFECT_H
#define ROTOR_TBL_NO_EFFECT_H

/* Blocks that stand in several sections; `p` is the section, with its dot. */
#define NO_EFFECT_TLS(X, p)						\
	X(p "enabled", BOOL, NULL)					\
	X(p "cert_pem", STR, NULL)					\
	X(p "key_pem", STR, NULL)					\
	X(p "server_ca_pem", STR, NULL)					\
	X(p "client_ca_pem", STR, NULL)					\
	X(p "insecure_skip_verify", BOOL, NULL)				\
	X(p "server_name", STR, NULL)

#define NO_EFFECT_REDIS(X, p)						\
	X(p "address", STRLIST, "redis://127.0.0.1:6379")		\
	X(p "connect_timeout", DURATION, "1s")				\
	X(p "io_timeout", DURATION, "4s")				\
	X(p "db", INT, NULL)						\
	X(p "user", STR, NULL)						\
	X(p "password", SECRET, NULL)					\
	X(p "client_name", STR, NULL)					\
	X(p "force_resp2", BOOL, NULL)					\
	X(p "cluster_address", STRLIST, NULL)				\
	NO_EFFECT_TLS(X, p "tls.")					\
	X(p "sentinel_address", STRLIST, NULL)				\
	X(p "sentinel_user", STR, NULL)					\
	X(p "sentinel_password", SECRET, NULL)				\
	X(p "sentinel_master_name", STR, NULL)				\
	X(p "sentinel_client_name", STR, NULL)				\
	NO_EFFECT_TLS(X, p "sentinel_tls.")				\
	X(p "replica_client.enabled", BOOL, NULL)

#define NO_EFFECT_PROXY(X, p)						\
	X(p "endpoint", STR, NULL)					\
	X(p "timeout", DURATION, "1s")					\
	X(p "http_headers", STRLIST, NULL)				\
	X(p "grpc_metadata", STRLIST, NULL)				\
	X(p "emulated_headers", STRLIST, NULL)				\
	X(p "binary_encoding", BOOL, NULL)				\
	X(p "include_connection_meta", BOOL, NULL)			\
	NO_EFFECT_TLS(X, p "http.tls.")					\
	X(p "http.static_headers", PAIRS, NULL)				\
	NO_EFFECT_TLS(X, p "grpc.tls.")					\
	X(p "grpc.credentials_key", STR, NULL)				\
	X(p "grpc.credentials_value", SECRET, NULL)			\
	X(p "grpc.compression", BOOL, NULL)				\
	X(p "grpc.static_metadata", PAIRS, NULL)

#define NO_EFFECT_STATUS_TRANSFORM(X)					\
	X("status_code", INT, NULL)					\
	X("to_error.code", INT, NULL)					\
	X("to_error.message", STR, NULL)				\
	X("to_error.temporary", BOOL, NULL)				\
	X("to_disconnect.code", INT, NULL)				\
	X("to_disconnect.reason", STR, NULL)

/* What the rows call a message's attribute is `s`. */
#define NO_EFFECT_PUBMODE(X, p, s)					\
	X(p "enabled", BOOL, NULL)					\
	X(p "channels_" s, STR, "centrifugo-channels")			\
	X(p "idempotency_key_" s, STR, "centrifugo-idempotency-key")	\
	X(p "delta_" s, STR, "centrifugo-delta")			\
	X(p "version_" s, STR, "centrifugo-version")			\
	X(p "version_epoch_" s, STR, "centrifugo-version-epoch")	\
	X(p "tags_" s "_prefix", STR, "centrifugo-tag-")

/* Options of channels. */
#define NO_EFFECT_CHANNEL(X)						\
	X("map_clients_presence_channel_prefix", STR, NULL)		\
	X("map_users_presence_channel_prefix", STR, NULL)		\
	X("subscribe_proxy_enabled", BOOL, NULL)			\
	X("subscribe_proxy_name", STR, "default")			\
	X("publish_proxy_enabled", BOOL, NULL)				\
	X("publish_proxy_name", STR, "default")				\
	X("sub_refresh_proxy_enabled", BOOL, NULL)			\
	X("sub_refresh_proxy_name", STR, "default")			\
	X("subscribe_stream_proxy_enabled", BOOL, NULL)			\
	X("subscribe_stream_proxy_name", STR, "default")		\
	X("subscribe_stream_proxy_bidirectional", BOOL, NULL)		\
	X("map.mode", STR, NULL)					\
	X("map.key_ttl", DURATION, NULL)				\
	X("map.stream_size", INT, NULL)					\
	X("map.stream_ttl", DURATION, NULL)				\
	X("map.meta_ttl", DURATION, NULL)				\
	X("map.remove_client_on_unsubscribe", BOOL, NULL)		\
	X("map.client_key", STR, NULL)					\
	X("map.allow_publish_for_client", BOOL, NULL)			\
	X("map.allow_publish_for_subscriber", BOOL, NULL)		\
	X("map.allow_publish_for_anonymous", BOOL, NULL)		\
	X("map.allow_remove_for_client", BOOL, NULL)			\
	X("map.allow_remove_for_subscriber", BOOL, NULL)		\
	X("map.allow_remove_for_anonymous", BOOL, NULL)			\
	X("map.publish_proxy_enabled", BOOL, NULL)			\
	X("map.publish_proxy_name", STR, "default")			\
	X("map.remove_proxy_enabled", BOOL, NULL)			\
	X("map.remove_proxy_name", STR, "default")			\
	X("map.default_page_size", INT, NULL)				\
	X("map.min_page_size", INT, NULL)				\
	X("map.max_page_size", INT, NULL)				\
	X("map.live_transition_max_publication_limit", INT, NULL)	\
	X("map.subscribe_catch_up_timeout", DURATION, NULL)		\
	X("shared_poll.proxy_name", STR, NULL)				\
	X("shared_poll.refresh_interval", DURATION, NULL)		\
	X("shared_poll.refresh_batch_size", INT, NULL)			\
	X("shared_poll.max_keys_per_connection", INT, NULL)		\
	X("shared_poll.mode", STR, NULL)				\
	X("shared_poll.channel_shutdown_delay", DURATION, NULL)		\
	X("shared_poll.track_expired_extra_delay", DURATION, NULL)	\
	X("shared_poll.publish_enabled", BOOL, NULL)

/* Objects of lists. */
#define NO_EFFECT_DISCONNECT_TRANSFORM(X)				\
	X("code", INT, NULL)						\
	X("to.code", INT, NULL)						\
	X("to.reason", STR, NULL)

#define NO_EFFECT_RESPONSE_TRANSFORM(X)					\
	X("code", INT, NULL)						\
	X("to.status_code", INT, NULL)					\
	X("to.body", STR, NULL)

#define NO_EFFECT_RPC_NAMESPACE(X)					\
	X("name", STR, NULL)						\
	X("proxy_enabled", BOOL, NULL)					\
	X("proxy_name", STR, "default")

#define NO_EFFECT_CONSUMER(X)						\
	X("name", STR, NULL)						\
	X("enabled", BOOL, NULL)					\
	X("type", STR, NULL)						\
	X("postgresql.dsn", SECRET, NULL)				\
	X("postgresql.outbox_table_name", STR, NULL)			\
	X("postgresql.num_partitions", INT, "1")			\
	X("postgresql.partition_select_limit", INT, "100")		\
	X("postgresql.partition_poll_interval", DURATION, "300ms")	\
	X("postgresql.partition_notification_channel", STR, NULL)	\
	X("postgresql.partition_notification_dsn", SECRET, NULL)	\
	NO_EFFECT_TLS(X, "postgresql.tls.")				\
	X("postgresql.use_try_lock", BOOL, NULL)			\
	X("kafka.brokers", STRLIST, NULL)				\
	X("kafka.topics", STRLIST, NULL)				\
	X("kafka.consumer_group", STR, NULL)				\
	X("kafka.max_poll_records", INT, "100")				\
	X("kafka.fetch_max_bytes", INT, NULL)				\
	X("kafka.fetch_max_wait", DURATION, "500ms")			\
	X("kafka.fetch_read_uncommitted", BOOL, NULL)			\
	X("kafka.partition_queue_max_size", INT, "1000")		\
	X("kafka.dial_timeout", DURATION, "3s")				\
	NO_EFFECT_TLS(X, "kafka.tls.")					\
	X("kafka.sasl_mechanism", STR, NULL)				\
	X("kafka.sasl_user", STR, NULL)					\
	X("kafka.sasl_password", SECRET, NULL)				\
	X("kafka.assume_role_arn", STR, NULL)				\
	X("kafka.instance_id", STR, NULL)				\
	X("kafka.method_header", STR, "centrifugo-method")		\
	X("nats_jetstream.url", STR, "nats://127.0.0.1:4222")		\
	X("nats_jetstream.credentials_file", STR, NULL)			\
	X("nats_jetstream.username", STR, NULL)				\
	X("nats_jetstream.password", SECRET, NULL)			\
	X("nats_jetstream.token", SECRET, NULL)				\
	X("nats_jetstream.stream_name", STR, NULL)			\
	X("nats_jetstream.use_existing_consumer", BOOL, NULL)		\
	X("nats_jetstream.subjects", STRLIST, NULL)			\
	X("nats_jetstream.durable_consumer_name", STR, NULL)		\
	X("nats_jetstream.deliver_policy", STR, "new")			\
	X("nats_jetstream.max_ack_pending", INT, "100")			\
	X("nats_jetstream.method_header", STR, "centrifugo-method")	\
	NO_EFFECT_TLS(X, "nats_jetstream.tls.")				\
	X("redis_stream.streams", STRLIST, NULL)			\
	X("redis_stream.consumer_group", STR, NULL)			\
	X("redis_stream.visibility_timeout", DURATION, "30s")		\
	X("redis_stream.num_workers", INT, "1")				\
	X("redis_stream.payload_value", STR, "payload")			\
	X("redis_stream.method_value", STR, "method")			\
	X("google_pub_sub.project_id", STR, NULL)			\
	X("google_pub_sub.subscriptions", STRLIST, NULL)		\
	X("google_pub_sub.max_outstanding_messages", INT, "100")	\
	X("google_pub_sub.max_outstanding_bytes", INT, "1000000")	\
	X("google_pub_sub.auth_mechanism", STR, NULL)			\
	X("google_pub_sub.credentials_file", STR, NULL)			\
	X("google_pub_sub.method_attribute", STR, "centrifugo-method")	\
	X("aws_sqs.queues", STRLIST, NULL)				\
	X("aws_sqs.sns_envelope", BOOL, NULL)				\
	X("aws_sqs.region", STR, NULL)					\
	X("aws_sqs.max_number_of_messages", INT, "10")			\
	X("aws_sqs.wait_time_time", DURATION, "20s")			\
	X("aws_sqs.visibility_timeout", DURATION, "30s")		\
	X("aws_sqs.max_concurrency", INT, "1")				\
	X("aws_sqs.credentials_profile", STR, NULL)			\
	X("aws_sqs.assume_role_arn", STR, NULL)				\
	X("aws_sqs.method_attribute", STR, "centrifugo-method")		\
	X("aws_sqs.localstack_endpoint", STR, NULL)			\
	X("azure_service_bus.connection_string", SECRET, NULL)		\
	X("azure_service_bus.use_azure_identity", BOOL, NULL)		\
	X("azure_service_bus.fully_qualified_namespace", STR, NULL)	\
	X("azure_service_bus.tenant_id", STR, NULL)			\
	X("azure_service_bus.client_id", STR, NULL)			\
	X("azure_service_bus.client_secret", SECRET, NULL)		\
	X("azure_service_bus.queues", STRLIST, NULL)			\
	X("azure_service_bus.use_sessions", BOOL, NULL)			\
	X("azure_service_bus.max_concurrent_calls", INT, "1")		\
	X("azure_service_bus.max_receive_messages", INT, "1")		\
	X("azure_service_bus.method_property", STR, "centrifugo-method")	\
	NO_EFFECT_REDIS(X, "redis_stream.")				\
	NO_EFFECT_PUBMODE(X, "kafka.publication_data_mode.", "header")	\
	NO_EFFECT_PUBMODE(X, "nats_jetstream.publication_data_mode.", "header")	\
	NO_EFFECT_PUBMODE(X, "redis_stream.publication_data_mode.", "value")	\
	NO_EFFECT_PUBMODE(X, "google_pub_sub.publication_data_mode.", "attribute")	\
	NO_EFFECT_PUBMODE(X, "aws_sqs.publication_data_mode.", "attribute")	\
	NO_EFFECT_PUBMODE(X, "azure_service_bus.publication_data_mode.", "property")

/* Sections. Rotor reports no usage, so that to disable it is not worth a warning. */
#define NO_EFFECT_TOP(X)						\
	X("engine.redis.prefix", STR, "centrifugo")			\
	X("engine.redis.history_use_lists", BOOL, NULL)			\
	X("engine.redis.presence_ttl", DURATION, "60s")			\
	X("engine.redis.presence_hash_field_ttl", BOOL, NULL)		\
	X("engine.redis.presence_user_mapping", BOOL, NULL)		\
	NO_EFFECT_REDIS(X, "engine.redis.")				\
	X("broker.enabled", BOOL, NULL)					\
	X("broker.type", STR, "memory")					\
	X("broker.redis.prefix", STR, "centrifugo")			\
	X("broker.redis.history_use_lists", BOOL, NULL)			\
	NO_EFFECT_REDIS(X, "broker.redis.")				\
	X("broker.nats.prefix", STR, "centrifugo")			\
	X("broker.nats.url", STR, "nats://localhost:4222")		\
	X("broker.nats.dial_timeout", DURATION, "1s")			\
	X("broker.nats.write_timeout", DURATION, "1s")			\
	NO_EFFECT_TLS(X, "broker.nats.tls.")				\
	X("broker.nats.allow_wildcards", BOOL, NULL)			\
	X("broker.nats.raw_mode.enabled", BOOL, NULL)			\
	X("broker.nats.raw_mode.channel_replacements", PAIRS, NULL)	\
	X("broker.nats.raw_mode.prefix", STR, NULL)			\
	X("broker.postgres.dsn", SECRET, NULL)				\
	NO_EFFECT_TLS(X, "broker.postgres.tls.")			\
	X("broker.postgres.pool_size", INT, "16")			\
	X("broker.postgres.num_shards", INT, "8")			\
	X("broker.postgres.cleanup_interval", DURATION, "1m")		\
	X("broker.postgres.idempotent_result_ttl", DURATION, "5m")	\
	X("broker.postgres.binary_data", BOOL, NULL)			\
	X("broker.postgres.stream_retention", DURATION, "24h")		\
	X("broker.postgres.use_notify", BOOL, NULL)			\
	X("broker.postgres.notify_dsn", SECRET, NULL)			\
	X("broker.postgres.table_prefix", STR, "cf")			\
	X("broker.postgres.skip_schema_init", BOOL, NULL)		\
	X("broker.postgres.outbox.poll_interval", DURATION, "100ms")	\
	X("broker.postgres.outbox.batch_size", INT, "1000")		\
	X("broker.postgres.partition_lookahead_days", INT, "2")		\
	X("broker.postgres.partition_retention_days", INT, "7")		\
	X("presence_manager.enabled", BOOL, NULL)			\
	X("presence_manager.type", STR, "memory")			\
	X("presence_manager.redis.prefix", STR, "centrifugo")		\
	X("presence_manager.redis.presence_ttl", DURATION, "60s")	\
	X("presence_manager.redis.presence_hash_field_ttl", BOOL, NULL)	\
	X("presence_manager.redis.presence_user_mapping", BOOL, NULL)	\
	NO_EFFECT_REDIS(X, "presence_manager.redis.")			\
	X("map_broker.type", STR, "memory")				\
	X("map_broker.redis.prefix", STR, "centrifugo")			\
	X("map_broker.redis.cleanup_interval", DURATION, "1s")		\
	X("map_broker.redis.cleanup_batch_size", INT, "100")		\
	X("map_broker.redis.idempotent_result_ttl", DURATION, "5m")	\
	X("map_broker.redis.skip_pub_sub", BOOL, NULL)			\
	NO_EFFECT_REDIS(X, "map_broker.redis.")				\
	X("map_broker.postgres.dsn", SECRET, NULL)			\
	NO_EFFECT_TLS(X, "map_broker.postgres.tls.")			\
	X("map_broker.postgres.pool_size", INT, "16")			\
	X("map_broker.postgres.num_shards", INT, "8")			\
	X("map_broker.postgres.ttl_check_interval", DURATION, "1s")	\
	X("map_broker.postgres.cleanup_interval", DURATION, "1m")	\
	X("map_broker.postgres.idempotent_result_ttl", DURATION, "5m")	\
	X("map_broker.postgres.binary_data", BOOL, NULL)		\
	X("map_broker.postgres.stream_retention", DURATION, "24h")	\
	X("map_broker.postgres.use_notify", BOOL, NULL)			\
	X("map_broker.postgres.notify_dsn", SECRET, NULL)		\
	X("map_broker.postgres.table_prefix", STR, "cf")		\
	X("map_broker.postgres.skip_schema_init", BOOL, NULL)		\
	X("map_broker.postgres.outbox.poll_interval", DURATION, "100ms")	\
	X("map_broker.postgres.outbox.batch_size", INT, "1000")		\
	X("map_broker.postgres.partition_lookahead_days", INT, "2")	\
	X("map_broker.postgres.partition_retention_days", INT, "7")	\
	X("controller.enabled", BOOL, NULL)				\
	X("controller.type", STR, NULL)					\
	X("controller.postgres.dsn", SECRET, NULL)			\
	NO_EFFECT_TLS(X, "controller.postgres.tls.")			\
	X("controller.postgres.pool_size", INT, "8")			\
	X("controller.postgres.num_shards", INT, "1")			\
	X("controller.postgres.table_prefix", STR, "cf")		\
	X("controller.postgres.poll_interval", DURATION, "50ms")	\
	X("controller.postgres.use_notify", BOOL, NULL)			\
	X("controller.postgres.notify_dsn", SECRET, NULL)		\
	X("controller.postgres.partition_retention_days", INT, "1")	\
	X("controller.postgres.partition_lookahead_days", INT, "2")	\
	X("controller.postgres.partition_cleanup_interval", DURATION, "1m")	\
	X("controller.postgres.batch_size", INT, "1000")		\
	X("controller.postgres.skip_schema_init", BOOL, NULL)		\
	X("shared_poll.hmac_secret_key", SECRET, NULL)			\
	X("shared_poll.hmac_previous_secret_key", SECRET, NULL)		\
	X("shared_poll.hmac_previous_secret_key_valid_until", INT, NULL)	\
	X("shared_poll.concurrency_limit", INT, NULL)			\
	X("client.connect_code_to_unidirectional_disconnect.enabled", BOOL, NULL)	\
	X("rpc.without_namespace.proxy_enabled", BOOL, NULL)		\
	X("rpc.without_namespace.proxy_name", STR, "default")		\
	X("rpc.namespace_boundary", STR, ":")				\
	X("sse.enabled", BOOL, NULL)					\
	X("sse.handler_prefix", STR, "/connection/sse")			\
	X("sse.max_request_body_size", INT, "65536")			\
	X("http_stream.enabled", BOOL, NULL)				\
	X("http_stream.handler_prefix", STR, "/connection/http_stream")	\
	X("http_stream.max_request_body_size", INT, "65536")		\
	X("webtransport.enabled", BOOL, NULL)				\
	X("webtransport.handler_prefix", STR, "/connection/webtransport")	\
	X("webtransport.message_size_limit", INT, "65536")		\
	X("uni_sse.enabled", BOOL, NULL)				\
	X("uni_sse.handler_prefix", STR, "/connection/uni_sse")		\
	X("uni_sse.max_request_body_size", INT, "65536")		\
	X("uni_sse.connect_code_to_http_response.enabled", BOOL, NULL)	\
	X("uni_http_stream.enabled", BOOL, NULL)			\
	X("uni_http_stream.handler_prefix", STR, "/connection/uni_http_stream")	\
	X("uni_http_stream.max_request_body_size", INT, "65536")	\
	X("uni_http_stream.connect_code_to_http_response.enabled", BOOL, NULL)	\
	X("uni_websocket.enabled", BOOL, NULL)				\
	X("uni_websocket.handler_prefix", STR, "/connection/uni_websocket")	\
	X("uni_websocket.compression", BOOL, NULL)			\
	X("uni_websocket.compression_min_size", INT, NULL)		\
	X("uni_websocket.compression_level", INT, "1")			\
	X("uni_websocket.read_buffer_size", INT, NULL)			\
	X("uni_websocket.use_write_buffer_pool", BOOL, NULL)		\
	X("uni_websocket.write_buffer_size", INT, NULL)			\
	X("uni_websocket.write_timeout", DURATION, "1000ms")		\
	X("uni_websocket.message_size_limit", INT, "65536")		\
	X("uni_websocket.decompressed_message_size_limit", INT, NULL)	\
	X("uni_websocket.disable_closing_handshake", BOOL, NULL)	\
	X("uni_websocket.disable_disconnect_push", BOOL, NULL)		\
	X("uni_websocket.join_push_messages", BOOL, NULL)		\
	X("uni_grpc.enabled", BOOL, NULL)				\
	X("uni_grpc.address", STR, NULL)				\
	X("uni_grpc.port", INT, "11000")				\
	X("uni_grpc.max_receive_message_size", INT, NULL)		\
	NO_EFFECT_TLS(X, "uni_grpc.tls.")				\
	X("emulation.handler_prefix", STR, "/emulation")		\
	X("emulation.max_request_body_size", INT, "65536")		\
	X("admin.enabled", BOOL, NULL)					\
	X("admin.handler_prefix", STR, NULL)				\
	X("admin.password", SECRET, NULL)				\
	X("admin.secret", SECRET, NULL)					\
	X("admin.insecure", BOOL, NULL)					\
	X("admin.web_path", STR, NULL)					\
	X("admin.web_proxy_address", STR, NULL)				\
	X("admin.external", BOOL, NULL)					\
	X("prometheus.enabled", BOOL, NULL)				\
	X("prometheus.handler_prefix", STR, "/metrics")			\
	X("prometheus.instrument_http_handlers", BOOL, NULL)		\
	X("prometheus.recovered_publications_histogram", BOOL, NULL)	\
	X("prometheus.native_histograms", BOOL, NULL)			\
	X("swagger.enabled", BOOL, NULL)				\
	X("swagger.handler_prefix", STR, "/swagger")			\
	X("debug.enabled", BOOL, NULL)					\
	X("debug.handler_prefix", STR, "/debug/pprof")			\
	X("init.enabled", BOOL, NULL)					\
	X("init.handler_prefix", STR, "/connection/init")		\
	X("opentelemetry.enabled", BOOL, NULL)				\
	X("opentelemetry.api", BOOL, NULL)				\
	X("opentelemetry.consuming", BOOL, NULL)			\
	X("opentelemetry.google_cloud_adc_auth", BOOL, NULL)		\
	X("graphite.enabled", BOOL, NULL)				\
	X("graphite.host", STR, "localhost")				\
	X("graphite.port", INT, "2003")					\
	X("graphite.prefix", STR, "centrifugo")				\
	X("graphite.interval", DURATION, "10s")				\
	X("graphite.tags", BOOL, NULL)					\
	X("usage_stats.disabled", BOOL, "true")				\
	X("enable_unreleased_features", BOOL, NULL)

#endif
