/* SPDX-License-Identifier: MIT */
/* conf/conf_parse.c - which format a text is in. */
#include "config.h"

#include "conf/conf_priv.h"

#include <string.h>
#include <strings.h>

#include "proto/json.h"

typedef struct conf_node *parse_f(struct conf *c, const char *text, size_t len, const char *where,
    const char *var);

/* JSON that libyaml would misread is JSON; what is none may be YAML all the same. */
static struct conf_node *
parse_yaml_or_json(struct conf *c, const char *text, size_t len, const char *where, const char *var)
{
	if (json_valid((struct rotor_str){ text, len }))
		return (conf_json_parse(c, text, len, where, var));
	return (conf_yaml_parse(c, text, len, where, var));
}

/* 1 when the text begins as only JSON does, or is sure to have been meant to. */
static int
begins_like_json(const char *text, size_t len)
{
	const char *end = text + len;

	for (; text < end && strchr(" \t\r\n", *text) != NULL; text++)
		;
	if (text == end || *text++ != '{')
		return (0);
	for (; text < end && strchr(" \t\r\n", *text) != NULL; text++)
		;
	return (text < end && *text == '"');
}

/* By the file's extension; what any other holds is told by its beginning. */
static parse_f *
parser_of(const char *file, const char *text, size_t len)
{
	static const struct {
		const char	*ext;
		parse_f		*parse;
	} formats[] = {
		{ ".json", conf_json_parse },
		{ ".yaml", parse_yaml_or_json },
		{ ".yml", parse_yaml_or_json },
		{ ".toml", conf_toml_parse },
	};
	const char *dot = strrchr(file, '.');
	size_t i;

	for (i = 0; dot != NULL && i < sizeof formats / sizeof formats[0]; i++)
		if (strcasecmp(dot, formats[i].ext) == 0)
			return (formats[i].parse);
	return (begins_like_json(text, len) ? conf_json_parse : parse_yaml_or_json);
}

struct conf_node *
conf_parse_file(struct conf *c, const char *file, const char *text, size_t len)
{
	static const char bom[] = "\xef\xbb\xbf";

	if (len >= 3 && memcmp(text, bom, 3) == 0) {
		text += 3;
		len -= 3;
	}
	return (parser_of(file, text, len)(c, text, len, file, NULL));
}

struct conf_node *
conf_parse(struct conf *c, const char *text, size_t len, const char *where, const char *var)
{
	return (parse_yaml_or_json(c, text, len, where, var));
}
