/* SPDX-License-Identifier: MIT */
/* rotor/cmd_genconfig.c - a small configuration file to start with, with fresh secrets. */
#include "config.h"

#include "cmd.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "conf/conf.h"
#include "config_tool.h"

#define SECRET_BYTES	64u
#define SECRET_CHARS	(SECRET_BYTES * 4 / 3 + 2)	/* with the NUL */

static const char yaml_text[] =
    "# Made by \"rotor genconfig\".  All keys: \"rotor defaultconfig -d\".\n"
    "client:\n"
    "  token:\n"
    "    hmac_secret_key: \"%s\"\n"
    "  # Origins of the pages that may connect, such as \"https://example.com\".\n"
    "  allowed_origins: []\n"
    "http_api:\n"
    "  key: \"%s\"\n"
    "channel:\n"
    "  # Channels whose names begin with \"demo:\": who has a token may subscribe.\n"
    "  namespaces:\n"
    "    - name: demo\n"
    "      allow_subscribe_for_client: true\n";

static const char json_text[] =
    "{\n"
    "  \"client\": {\n"
    "    \"token\": {\n"
    "      \"hmac_secret_key\": \"%s\"\n"
    "    },\n"
    "    \"allowed_origins\": []\n"
    "  },\n"
    "  \"http_api\": {\n"
    "    \"key\": \"%s\"\n"
    "  },\n"
    "  \"channel\": {\n"
    "    \"namespaces\": [\n"
    "      {\"name\": \"demo\", \"allow_subscribe_for_client\": true}\n"
    "    ]\n"
    "  }\n"
    "}\n";

/* base64url without padding, so that it can stand in a URL or a shell line. */
static int
make_secret(char out[SECRET_CHARS])
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned char raw[SECRET_BYTES];
	unsigned bits = 0, have = 0;
	size_t i, n = 0;

	if (getrandom(raw, sizeof raw, 0) != (ssize_t)sizeof raw)
		return (-1);
	for (i = 0; i < sizeof raw; i++) {
		bits = bits << 8 | raw[i];
		for (have += 8; have >= 6; have -= 6)
			out[n++] = digits[bits >> (have - 6) & 63];
	}
	out[n++] = digits[bits << (6 - have) & 63];
	out[n] = '\0';
	explicit_bzero(raw, sizeof raw);
	return (0);
}

static int
generate(const char *file)
{
	char token[SECRET_CHARS], api[SECRET_CHARS];
	int format;
	FILE *f;

	format = config_format(file);
	if (format < 0)
		return (1);
	if (make_secret(token) != 0 || make_secret(api) != 0) {
		puts("error: no random bytes from the system");
		return (1);
	}
	f = config_create(file);
	if (f == NULL)
		return (1);
	if (format == (int)CONF_JSON)
		fprintf(f, json_text, token, api);
	else
		fprintf(f, yaml_text, token, api);
	return (config_close(f, file, 0));
}

static const struct rotor_flag flags[] = {
	{ "config", "FILE", "file to write, .yaml or .json (rotor.yaml)", 'c' },
};

static int
run(void *ctx, int argc, char **argv)
{
	const char *file;

	(void)ctx;
	if (rotor_command_parse(&cmd_genconfig, argc, argv, &file) < 0)
		return (2);
	return (generate(file != NULL ? file : "rotor.yaml"));
}

const struct rotor_command cmd_genconfig = {
	.size = sizeof cmd_genconfig, .name = "genconfig", .args = "",
	.summary = "write a minimal configuration with fresh secrets", .run = run, CMD_FLAGS(flags),
};
