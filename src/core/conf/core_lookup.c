/* SPDX-License-Identifier: MIT */
/* conf/core_lookup.c - single values of the core's configuration, by path. */
#include "config.h"

#include "conf/core_conf_priv.h"

#include <stddef.h>
#include <string.h>

#include "conf/conf_priv.h"

/* Where in struct conf_core each table's struct is. */
static const struct {
	const struct rotor_option_table	*table;
	size_t				at;
} parts[] = {
	{ &core_server_table, 0 },
	{ &core_client_table, offsetof(struct conf_core, client) },
	{ &core_channel_table, offsetof(struct conf_core, channel) },
};

/* 1 when `path` is the row's, below the table's root. */
static int
is_row(const struct rotor_option_table *t, const struct rotor_option *row, const char *path)
{
	char key[CONF_MAX_PATH];

	conf_key_join(key, t->root, row->path);
	return (strcmp(key, path) == 0);
}

/* The value of a row that has one, and its kind; NULL: there is no such row. */
static const void *
lookup(const struct conf_core *cc, const char *path, uint32_t *ret_kind)
{
	struct rotor_option row;

	for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++)
		for (size_t i = 0; i < parts[p].table->n_rows; i++) {
			conf_row_get(parts[p].table, i, &row);
			if (!is_row(parts[p].table, &row, path))
				continue;
			*ret_kind = row.kind;
			return ((const char *)cc + parts[p].at + row.offset);
		}
	return (NULL);
}

const char *
core_conf_str(const struct conf_core *cc, const char *path)
{
	uint32_t kind;
	const char *const *p = lookup(cc, path, &kind);

	if (p == NULL || (kind != ROTOR_OPT_STR && kind != ROTOR_OPT_CHOICE) || *p == NULL)
		return ("");
	return (*p);
}

int64_t
core_conf_int(const struct conf_core *cc, const char *path)
{
	uint32_t kind;
	const void *p = lookup(cc, path, &kind);

	if (p != NULL && kind == ROTOR_OPT_BOOL)
		return (*(const int32_t *)p);
	if (p != NULL && (kind == ROTOR_OPT_INT || kind == ROTOR_OPT_DURATION))
		return (*(const int64_t *)p);
	return (0);
}
