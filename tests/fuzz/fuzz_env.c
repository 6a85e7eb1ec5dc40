/* SPDX-License-Identifier: MIT */
/*
 * fuzz_env.c - the environment: variables, one a line, over a file with two namespaces.
 *
 * A NUL ends a variable, as it does in the kernel's.
 */
#include "config.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/obj.h"
#include "conf/conf_priv.h"
#include "conf/core_conf.h"

#define MAX_VARS	256u

static void
try_with(char **env)
{
	static const char file[] = "channel: {namespaces: [{name: chat}, {name: en-v.1}]}\n";
	const struct conf_source src = { .env = env };
	struct conf *c = conf_load(&src);
	struct conf_core cc;

	ASSERT(c != NULL);
	c->root = conf_parse_file(c, "f.yaml", file, sizeof file - 1);
	ASSERT(c->root != NULL);
	if (core_conf_apply(c, &cc) == 0) {
		ASSERT(conf_is_set(c, "channel"));
		ASSERT(cc.channel.namespaces.n > 0 || conf_raw(c, "channel.namespaces") != NULL);
	}
	core_conf_fini(&cc);
	conf_check_unknown(c);
	conf_free(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *env[MAX_VARS + 1], *text = malloc(len + 1), *line, *rest;
	size_t n = 0;

	ASSERT(text != NULL);
	if (len > 0)
		memcpy(text, data, len);
	text[len] = '\0';
	for (rest = text; n < MAX_VARS && (line = strsep(&rest, "\n")) != NULL;)
		env[n++] = line;
	env[n] = NULL;
	try_with(env);
	free(text);
	return 0;
}
