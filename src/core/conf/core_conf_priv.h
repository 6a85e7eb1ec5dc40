/* SPDX-License-Identifier: MIT */
/* conf/core_conf_priv.h - the core's option tables, one a struct, and its checks. */
#ifndef ROTOR_CONF_CORE_CONF_PRIV_H
#define ROTOR_CONF_CORE_CONF_PRIV_H

#include "conf/core_conf.h"

/* core_rows.c; each fills the struct of its name. */
extern const struct rotor_option_table core_server_table;	/* struct conf_core */
extern const struct rotor_option_table core_client_table;	/* struct conf_client */
extern const struct rotor_option_table core_channel_table;	/* struct conf_channel */

/* chan_rows.c; struct chan_options. */
extern const struct rotor_option_table chan_without_namespace_table;
extern const struct rotor_option_table chan_namespace_table;

/* no_effect.c; fills nothing. */
extern const struct rotor_option_table no_effect_table;

/* core_check.c: records what contradicts itself, and resolves what depends on
 * several keys. */
void core_check(struct conf *c, struct conf_core *cc);

#endif
