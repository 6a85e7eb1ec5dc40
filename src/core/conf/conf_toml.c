/* SPDX-License-Identifier: MIT */
/* conf/conf_toml.c - TOML text into a tree of nodes, by toml++. */
#include "config.h"

#include "conf/conf_build.h"

#ifdef HAVE_TOML

#include <string.h>

#include "conf/toml_walk.h"

#define MAX_DOTS	256u	/* of one key; a text may have as many */

static int
on_key(void *priv, const char *key, size_t len, int line)
{
	return (conf_build_key(priv, key, len, line));
}

static int
on_scalar(void *priv, const char *text, size_t len, int line)
{
	return (conf_build_scalar(priv, NODE_SCALAR, text, len, line));
}

static int
on_open(void *priv, int is_list, int line)
{
	return (conf_build_open(priv, is_list ? NODE_LIST : NODE_MAP, line));
}

static int
on_close(void *priv)
{
	conf_build_close(priv);
	return (0);
}

static int
on_malformed(void *priv, const char *why, size_t len, int line)
{
	return (conf_build_refuse(priv, line, NULL, "malformed TOML: %.*s", (int)len, why));
}

/* toml++ makes a table of each part of a dotted key and takes tables apart by recursion,
 * so a key of a million parts must not reach it.  The first line that has one, or 0. */
static int
too_many_dots(const char *text, size_t len)
{
	unsigned dots = 0;
	char quote = '\0';
	int line = 1;
	size_t i;

	for (i = 0; i < len; i++) {
		line += text[i] == '\n';
		if (quote != '\0')
			quote = text[i] == quote || text[i] == '\n' ? '\0' : quote;
		else if (text[i] == '"' || text[i] == '\'')
			quote = text[i];
		else if (text[i] == '.' && ++dots > MAX_DOTS)
			return (line);
		else if (strchr("=\n,{}#", text[i]) != NULL)
			dots = 0;
	}
	return (0);
}

struct conf_node *
conf_toml_parse(struct conf *c, const char *text, size_t len, const char *where, const char *var)
{
	struct conf_build b = { .c = c, .where = where, .var = var };
	const struct toml_visitor v = { &b, on_key, on_scalar, on_open, on_close, on_malformed };
	int line = too_many_dots(text, len);

	if (line > 0)
		conf_build_refuse(&b, line, NULL, "a key has too many parts");
	return (line == 0 && toml_walk(text, len, &v) == 0 ? b.root : NULL);
}

#else

struct conf_node *
conf_toml_parse(struct conf *c, const char *text, size_t len, const char *where, const char *var)
{
	struct conf_build b = { .c = c, .where = where, .var = var };

	(void)text;
	(void)len;
	conf_build_refuse(&b, 0, NULL, "is TOML, which this Rotor was built without (--with-toml); "
	    "write it as YAML or JSON");
	return (NULL);
}

#endif
