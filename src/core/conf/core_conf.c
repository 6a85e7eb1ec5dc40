/* SPDX-License-Identifier: MIT */
/* conf/core_conf.c - fills struct conf_core. */
#include "config.h"

#include "conf/core_conf_priv.h"

#include <errno.h>
#include <string.h>

#include <rotor/regex.h>

#include "conf/conf.h"

const struct rotor_option_table *const core_conf_tables[] = {
	&core_server_table,
	&core_client_table,
	&core_channel_table,
	&chan_without_namespace_table,
	&no_effect_table,
};
const size_t core_conf_n_tables = sizeof core_conf_tables / sizeof core_conf_tables[0];

int
core_conf_apply(struct conf *c, struct conf_core *cc)
{
	int r;

	memset(cc, 0, sizeof *cc);
	cc->channel.without_namespace.name = "";
	r = conf_apply(c, &core_server_table, cc);
	r |= conf_apply(c, &core_client_table, &cc->client);
	r |= conf_apply(c, &core_channel_table, &cc->channel);
	r |= conf_apply(c, &chan_without_namespace_table, &cc->channel.without_namespace);
	r |= conf_apply(c, &no_effect_table, NULL);
	/* The checks need complete structs. */
	if (r != 0)
		return (-EINVAL);
	core_check(c, cc);
	return (conf_failed(c) ? -EINVAL : 0);
}

void
core_conf_fini(struct conf_core *cc)
{
	struct chan_options *v = cc->channel.namespaces.v;
	size_t i;

	rotor_regex_free(&cc->channel.without_namespace.regex);
	for (i = 0; i < cc->channel.namespaces.n; i++)
		rotor_regex_free(&v[i].regex);
}
