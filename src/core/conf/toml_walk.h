/* SPDX-License-Identifier: MIT */
/*
 * conf/toml_walk.h - the door between conf_toml.c and the C++ of toml_walk.cc, which
 * knows nothing of configurations.
 */
#ifndef ROTOR_CONF_TOML_WALK_H
#define ROTOR_CONF_TOML_WALK_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is met on the way, in the order of the tables' keys; lines count from 1.  A
 * result other than 0 ends the walk. */
struct toml_visitor {
	void	*priv;
	int	(*key)(void *priv, const char *key, size_t len, int line);
	int	(*scalar)(void *priv, const char *text, size_t len, int line);
	int	(*open)(void *priv, int is_list, int line);
	int	(*close)(void *priv);
	/* No TOML; the text is lent. */
	int	(*malformed)(void *priv, const char *why, size_t len, int line);
};

/* 0, or what the visitor answered. */
int toml_walk(const char *text, size_t len, const struct toml_visitor *v);

#ifdef __cplusplus
}
#endif

#endif
