/* SPDX-License-Identifier: MIT */
/* unit/test_conf_core.c - the core's own options: defaults, namespaces, validation. */
#include "config.h"

#include "conf/core_conf.h"

#include "test_conf.h"

static struct conf *
apply(const char *text, const char *const *env, struct conf_core *cc)
{
	struct conf *c = load(text, env);
	int r;

	r = core_conf_apply(c, cc);
	assert_int_equal(r != 0, conf_failed(c));
	conf_check_unknown(c);
	return (c);
}

static void
done(struct conf **cp, struct conf_core *cc)
{
	core_conf_fini(cc);
	conf_free(cp);
}

static void
clean(const char *text)
{
	const struct conf_problem *v;
	struct conf_core cc;
	struct conf *c = apply(text, NULL, &cc);

	if (conf_problems(c, &v) > 0)
		fail_msg("%s: %s", v[0].key, v[0].text);
	done(&c, &cc);
}

static void
refused(const char *text, int line, const char *key, const char *words)
{
	struct conf_core cc;
	struct conf *c = apply(text, NULL, &cc);

	assert_true(conf_failed(c));
	expect(c, 1, line, key, words);
	done(&c, &cc);
}

static void
warned(const char *text, int line, const char *key)
{
	struct conf_core cc;
	struct conf *c = apply(text, NULL, &cc);

	assert_false(conf_failed(c));
	expect(c, 0, line, key, "has no effect");
	done(&c, &cc);
}

static void
defaults(void **state)
{
	struct conf_core cc;
	struct conf *c = apply("", NULL, &cc);

	(void)state;
	assert_int_equal(n_problems(c), 0);
	assert_int_equal(cc.client.ping_interval_ms, 25000);
	assert_int_equal(cc.client.pong_timeout_ms, 8000);
	assert_int_equal(cc.client.stale_close_delay_ms, 10000);
	assert_int_equal(cc.client.channel_limit, 128);
	assert_int_equal(cc.client.queue_max_size, 1048576);
	assert_int_equal(cc.client.presence_update_interval_ms, 27000);
	assert_int_equal(cc.client.channel_position_check_delay_ms, 40000);
	assert_int_equal(cc.client.history_max_publication_limit, 300);
	assert_int_equal(cc.client.allowed_origins.n, 0);
	assert_int_equal(cc.channel.history_meta_ttl_ms, INT64_C(720) * 3600 * 1000);
	assert_int_equal(cc.channel.max_length, 255);
	assert_string_equal(cc.channel.private_prefix, "$");
	assert_string_equal(cc.channel.namespace_boundary, ":");
	assert_string_equal(cc.channel.user_boundary, "#");
	assert_string_equal(cc.channel.user_separator, ",");
	assert_string_equal(cc.channel.without_namespace.name, "");
	assert_int_equal(cc.channel.without_namespace.history_meta_ttl_ms,
	    cc.channel.history_meta_ttl_ms);
	assert_string_equal(cc.log_level, "info");
	assert_string_equal(cc.log_format, "auto");
	assert_string_equal(cc.engine_type, "memory");
	assert_int_equal(cc.shutdown_timeout_ms, 30000);
	assert_int_equal(cc.shutdown_spread_ms, 1000);
	assert_string_equal(cc.rpc_ping_method, "ping");
	done(&c, &cc);
}

static void
namespaces(void **state)
{
	const char *const env[] = { "CENTRIFUGO_CHANNEL_NAMESPACES_EN_V_HISTORY_SIZE=5",
	    "CENTRIFUGO_CHANNEL_WITHOUT_NAMESPACE_PRESENCE=true", NULL };
	struct conf_core cc;
	struct conf *c = apply("channel:\n  publication_data_format: json\n  namespaces:\n"
	    "  - {name: news, presence: true, channel_regex: '^[a-z]+$', history_meta_ttl: 1h}\n"
	    "  - {name: en-v, history_size: 9, history_ttl: 10s, publication_data_format: binary}\n"
	    "  - {name: chat, history_size: 1, history_ttl: 1s, force_recovery: true,\n"
	    "     force_recovery_mode: cache, auto_cache_recover: true}\n", env, &cc);
	const struct chan_options *o = cc.channel.namespaces.v;

	(void)state;
	assert_int_equal(n_problems(c), 0);
	assert_int_equal(cc.channel.namespaces.n, 3);
	/* Sorted by name. */
	assert_true(cc.channel.namespaces_sorted);
	assert_string_equal(o[0].name, "chat");
	assert_true(o[0].cache_mode);
	assert_int_equal(o[0].data_format, CHAN_DATA_JSON);
	assert_int_equal(o[0].history_meta_ttl_ms, cc.channel.history_meta_ttl_ms);
	assert_string_equal(o[1].name, "en-v");
	assert_int_equal(o[1].history_size, 5);
	assert_int_equal(o[1].history_ttl_ms, 10000);
	assert_int_equal(o[1].data_format, CHAN_DATA_BINARY);
	assert_false(o[1].cache_mode);
	assert_string_equal(o[2].name, "news");
	assert_true(o[2].presence);
	assert_non_null(o[2].regex);
	assert_null(o[1].regex);
	assert_int_equal(o[2].history_meta_ttl_ms, 3600000);
	assert_true(cc.channel.without_namespace.presence);
	assert_int_equal(cc.channel.without_namespace.data_format, CHAN_DATA_JSON);
	done(&c, &cc);
}

static void
namespace_names(void **state)
{
	const char *const word = "at least two letters";

	(void)state;
	clean("channel: {namespaces: [{name: a_}, {name: B-.9}]}");
	refused("channel:\n  namespaces:\n  - name: a\n", 3, "channel.namespaces[0].name", word);
	refused("channel:\n  namespaces:\n  - name: ab\n  - name: \"a b\"\n", 4,
	    "channel.namespaces[1].name", word);
	refused("channel:\n  namespaces:\n  - presence: true\n", 3, "channel.namespaces[0].name", word);
	refused("channel:\n  namespaces:\n  - name: ab\n  - name: cd\n  - name: ab\n", 5,
	    "channel.namespaces[2].name", "given twice");
}

static void
history_rules(void **state)
{
	(void)state;
	refused("channel:\n  without_namespace:\n    history_size: 3\n", 3,
	    "channel.without_namespace.history_size", "both");
	refused("channel:\n  without_namespace:\n    history_ttl: 3s\n", 3,
	    "channel.without_namespace.history_ttl", "both");
	refused("channel:\n  namespaces:\n  - name: ns\n    history_size: 3\n    history_ttl: 1500ms\n",
	    5, "channel.namespaces[0].history_ttl", "whole seconds");
	refused("channel:\n  namespaces:\n  - name: ns\n    history_size: 3\n    history_ttl: 2s\n"
	    "    history_meta_ttl: 1s\n", 5, "channel.namespaces[0].history_ttl", "longer than");
	refused("channel:\n  history_meta_ttl: 1s\n  namespaces:\n  - name: ns\n    history_size: 3\n"
	    "    history_ttl: 2s\n", 6, "channel.namespaces[0].history_ttl", "longer than");
	refused("channel:\n  history_meta_ttl: 1.5s\n", 2, "channel.history_meta_ttl", "whole seconds");
	refused("channel:\n  without_namespace:\n    force_recovery: true\n", 3,
	    "channel.without_namespace.force_recovery", "needs history");
	refused("channel:\n  without_namespace:\n    auto_cache_recover: true\n    history_size: 1\n"
	    "    history_ttl: 1s\n    force_recovery: true\n", 3,
	    "channel.without_namespace.auto_cache_recover", "needs force_recovery");
}

static void
formats_and_patterns(void **state)
{
	(void)state;
	refused("channel:\n  publication_data_format: xml\n", 2, "channel.publication_data_format",
	    "one of: json json_object binary");
	refused("channel:\n  namespaces:\n  - name: ab\n    force_recovery_mode: all\n", 4,
	    "channel.namespaces[0].force_recovery_mode", "one of: stream cache");
	refused("channel:\n  namespaces:\n  - name: ab\n    channel_regex: \"a(b\"\n", 4,
	    "channel.namespaces[0].channel_regex", "regular expression");
	clean("channel: {without_namespace: {channel_regex: '^(?P<x>\\pL+)$'}}");
}

static void
personal_channel(void **state)
{
	(void)state;
	clean("client: {subscribe_to_user_personal_channel: {enabled: true}}\n");
	clean("channel: {namespaces: [{name: user, presence: true}]}\nclient:\n"
	    "  subscribe_to_user_personal_channel:\n    {enabled: true, single_connection: true,\n"
	    "     personal_channel_namespace: user}\n");
	refused("client:\n  subscribe_to_user_personal_channel:\n    enabled: true\n"
	    "    personal_channel_namespace: user\n", 4,
	    "client.subscribe_to_user_personal_channel.personal_channel_namespace", "a namespace");
	refused("client:\n  subscribe_to_user_personal_channel:\n    enabled: true\n"
	    "    single_connection: true\n", 4,
	    "client.subscribe_to_user_personal_channel.single_connection", "needs presence");
}

static void
other_rules(void **state)
{
	struct conf_core cc;
	struct conf *c;

	(void)state;
	refused("client:\n  pong_timeout: 5s\n  ping_interval: 5s\n", 3, "client.ping_interval",
	    "longer than client.pong_timeout");
	refused("workers: 65\n", 1, "workers", "from 0 to 64");
	refused("log:\n  format: xml\n", 2, "log.format", "one of: auto text json");
	c = apply("log: {level: chatty}\n", NULL, &cc);
	assert_false(conf_failed(c));
	expect(c, 0, 1, "log.level", "using info");
	assert_string_equal(cc.log_level, "info");
	done(&c, &cc);
	clean("log: {level: DEBUG}\n");
}

static void
no_effect(void **state)
{
	(void)state;
	warned("admin:\n  enabled: true\n", 2, "admin.enabled");
	warned("prometheus: {enabled: true}\n", 1, "prometheus.enabled");
	warned("channel:\n  namespaces:\n  - name: ab\n    subscription_type: map\n", 4,
	    "channel.namespaces[0].subscription_type");
	warned("channel:\n  namespaces:\n  - name: ab\n    map: {mode: ephemeral}\n", 4,
	    "channel.namespaces[0].map.mode");
	clean("channel: {without_namespace: {subscription_type: stream}}\n");
	warned("channel:\n  without_namespace:\n    subscribe_proxy_enabled: true\n", 3,
	    "channel.without_namespace.subscribe_proxy_enabled");
	warned("consumers:\n- name: a\n  enabled: true\n  type: kafka\n", 1, "consumers");
	warned("proxies: [{name: p, endpoint: \"http://x\", http: {static_headers: {A: b}}}]\n", 1,
	    "proxies");
	warned("engine:\n  redis:\n    address: redis://other:6379\n", 3, "engine.redis.address");
	warned("usage_stats:\n  disabled: false\nenable_unreleased_features: true\n", 3,
	    "enable_unreleased_features");
}

static void
no_effect_when_off(void **state)
{
	(void)state;
	clean("admin: {enabled: false, password: p, secret: s}\n");
	clean("admin: {password: p, secret: s}\n");
	clean("uni_grpc: {port: 11001, tls: {cert_pem: /nonexistent}}\n");
	clean("engine: {redis: {address: [\"redis://127.0.0.1:6379\"], connect_timeout: 1s}}\n");
	clean("consumers: [{name: a, enabled: false, type: kafka}, {name: b}]\n");
	clean("consumers: []\nproxies: []\nrpc: {namespaces: []}\n");
	clean("usage_stats: {disabled: true}\n");
	clean("channel: {without_namespace: {subscribe_proxy_name: default, map: {mode: \"\"}}}\n");
	clean("client: {proxy: {connect: {enabled: false, endpoint: \"http://x\"}}}\n");
}

static void
no_effect_from_variable(void **state)
{
	const char *const env[] = { "CENTRIFUGO_ADMIN_ENABLED=true", "CENTRIFUGO_ADMIN_PASSWORD=hunter2", NULL };
	struct conf_core cc;
	struct conf *c = apply("", env, &cc);

	(void)state;
	assert_int_equal(n_problems(c), 2);
	expect(c, 0, 0, "CENTRIFUGO_ADMIN_ENABLED", "has no effect");
	expect(c, 0, 0, "CENTRIFUGO_ADMIN_PASSWORD", "has no effect");
	done(&c, &cc);
}

/* What defaultconfig writes is what one gets without it. */
static void
default_file(void **state)
{
	char *text = NULL;
	uint32_t format;
	size_t len;
	FILE *f;

	(void)state;
	for (format = CONF_YAML; format <= CONF_JSON; format++) {
		f = open_memstream(&text, &len);
		assert_non_null(f);
		assert_int_equal(conf_print(f, &(struct conf_print){ .tables = core_conf_tables,
		    .n = core_conf_n_tables, .format = format }), 0);
		fclose(f);
		clean(text);
		free(text);
	}
}

static void
hinted(const char *text, const char *const *env, const char *key, const char *words)
{
	struct conf_core cc;
	struct conf *c = apply(text, env, &cc);

	expect(c, 0, env == NULL, key, words);
	done(&c, &cc);
}

/* Keys of the same section that are spelt nearly so, and what keys of v5 are called now. */
static void
hints(void **state)
{
	static const struct {
		const char	*text, *key, *words;
	} cases[] = {
		{ "client: {alowed_origins: []}", "client.alowed_origins", "did you mean client.allowed_origins?" },
		{ "Client: {ALOWED_ORIGINS: []}", "Client.ALOWED_ORIGINS", "did you mean client.allowed_origins?" },
		{ "clinet: {insecure: true}", "clinet", "did you mean client?" },
		{ "client: {subscribe_to_user_personal_chanel: {enabled: true}}",
		    "client.subscribe_to_user_personal_chanel", "did you mean client.subscribe_to_user_personal_channel?" },
		{ "channel: {namespaces: [{name: ab, histroy_size: 1}]}", "channel.namespaces[0].histroy_size",
		    "did you mean channel.namespaces[].history_size?" },
		{ "token_hmac_secret_key: s", "token_hmac_secret_key", "not known" },
		{ "client_channel_limit: 1", "client_channel_limit", "v6, and here, it is client.channel_limit" },
		{ "log_level: info", "log_level", "it is log.level" },
		{ "allowed_origins: []", "allowed_origins", "it is client.allowed_origins" },
		{ "history_size: 1", "history_size", "it is channel.without_namespace.history_size" },
		{ "namespaces: []", "namespaces", "it is channel.namespaces" },
		{ "proxy_subscribe_timeout: 1s", "proxy_subscribe_timeout", "it is channel.proxy.subscribe.timeout" },
		{ "name: x", "name", "it is node.name" },
	};
	struct conf_core cc;
	struct conf *c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		hinted(cases[i].text, NULL, cases[i].key, cases[i].words);
	hinted("", (const char *const[]){ "ROTOR_CLIENT_INSECUER=1", NULL }, "ROTOR_CLIENT_INSECUER",
	    "did you mean ROTOR_CLIENT_INSECURE?");
	hinted("", (const char *const[]){ "CENTRIFUGO_ALLOWED_ORIGINS=x", NULL }, "CENTRIFUGO_ALLOWED_ORIGINS",
	    "did you mean CENTRIFUGO_CLIENT_ALLOWED_ORIGINS?");
	c = apply("client: {nothing_like_it: 1}\nwholly_else: 1\n", NULL, &cc);
	assert_string_equal(problem(c, "client.nothing_like_it")->text, "is not known");
	assert_string_equal(problem(c, "wholly_else")->text, "is not known");
	done(&c, &cc);
	refused("admin: true\n", 1, "admin", "its switch is admin.enabled");
	refused("a: 1\nengine: redis\n", 2, "engine", "its switch is engine.type");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(namespaces),
		cmocka_unit_test(namespace_names),
		cmocka_unit_test(history_rules),
		cmocka_unit_test(formats_and_patterns),
		cmocka_unit_test(personal_channel),
		cmocka_unit_test(other_rules),
		cmocka_unit_test(no_effect),
		cmocka_unit_test(hints),
		cmocka_unit_test(no_effect_when_off),
		cmocka_unit_test(no_effect_from_variable),
		cmocka_unit_test(default_file),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
