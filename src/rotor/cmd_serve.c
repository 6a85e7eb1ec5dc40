/* SPDX-License-Identifier: MIT */
/*
 * rotor/cmd_serve.c - runs the server.
 *
 * Any key of the configuration may be a flag.  Which keys there are is not known until
 * the modules are loaded: one that nobody knows stops the start then.
 */
#include "config.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <rotor/str.h>

#include "cmd.h"
#include "conf/conf.h"
#include "dotenv.h"
#include "module/flags.h"
#include "node/process.h"
#include "node/server.h"

#define KEYS_MAX	256

struct serve_args {
	const char		*file;
	const char		*module_dir;
	struct rotor_pair	keys[KEYS_MAX];
	size_t			n_keys;
};

/* A flag that is named after a key sets it.  The last one stands for the other keys. */
enum { CONFIG, ADDRESS, PORT, MODULE_DIR, KEY, N_FLAGS };

static const struct rotor_flag flags[N_FLAGS] = {
	[CONFIG] = FLAG_CONFIG,
	[ADDRESS] = { "http_server.address", "ADDRESS", "interface to listen on", 'a' },
	[PORT] = { "http_server.port", "PORT", "port to listen on", 'p' },
	[MODULE_DIR] = FLAG_MODULE_DIR,
	[KEY] = { "KEY", "VALUE", "any key of the configuration, such as --log.level debug", 0 },
};

/* Keys that may stand without a value, meaning true. */
static int
is_switch(const char *key)
{
	static const char *const tails[] = { ".enabled", ".insecure", ".external", ".disabled" };
	struct rotor_str k = rotor_str_of(key);

	for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++)
		if (rotor_str_ends(k, tails[i]) && !rotor_str_is(k, tails[i]))
			return 1;
	return 0;
}

/* The last value of a key counts. */
static int
key_set(struct serve_args *sa, const char *key, const char *value)
{
	size_t i = 0;

	while (i < sa->n_keys && strcasecmp(sa->keys[i].key, key) != 0)
		i++;
	if (i == KEYS_MAX)
		return flag_wrong("serve", key, "too many keys");
	sa->keys[i] = (struct rotor_pair){ key, value };
	sa->n_keys += i == sa->n_keys;
	return 0;
}

/* "--KEY VALUE", "--KEY=VALUE", "--KEY" of a switch, at argv[*i]. */
static int
take_key(struct serve_args *sa, int argc, char **argv, int *i)
{
	char *arg = argv[(*i)++], *eq = strchr(arg, '=');
	const char *value = "true";

	if (arg[0] != '-' || arg[1] != '-' || arg[2] == '\0' || eq == arg + 2)
		return flag_wrong("serve", arg, arg[0] == '-' ? "unknown option" : "unexpected argument");
	if (eq != NULL) {
		*eq = '\0';
		value = eq + 1;
	} else if (!is_switch(arg + 2)) {
		if (*i == argc)
			return flag_wrong("serve", arg, "needs a value");
		value = argv[(*i)++];
	}
	return key_set(sa, arg + 2, value);
}

/* 0, or the exit status. */
static int
parse(struct serve_args *sa, int argc, char **argv)
{
	const char *value;
	int i = 1, k, r = 0;

	while (r == 0 && i < argc) {
		const char *arg = argv[i];

		k = flag_take(flags, N_FLAGS, argc, argv, &i, &value);
		if (k < 0)
			r = take_key(sa, argc, argv, &i);
		else if (value == NULL)
			r = flag_wrong("serve", arg, "needs a value");
		else if (k == CONFIG)
			sa->file = value;
		else if (k == MODULE_DIR)
			sa->module_dir = value;
		else
			r = key_set(sa, flags[k].name, value);
	}
	return r;
}

static int
run(void *ctx, int argc, char **argv)
{
	struct serve_args sa = { .n_keys = 0 };
	struct conf_source src = { .file_optional = 1 };	/* the environment may say all */
	struct server_args args = { NULL, NULL, 0 };
	struct rotor_server *srv;
	int status;

	(void)ctx;
	status = parse(&sa, argc, argv);
	if (status != 0)
		return status;
	process_take_signals();
	if (dotenv_load(".env") != 0)
		return 1;
	src.env = environ;
	src.file = sa.file != NULL ? sa.file : conf_default_file();
	src.flags = sa.keys;
	src.n_flags = sa.n_keys;
	args.conf = conf_load(&src);
	args.module_dir = sa.module_dir;
	srv = args.conf != NULL ? server_new(&args) : NULL;
	if (srv != NULL && server_load(srv) == 0)
		status = server_run(srv);
	else
		status = srv != NULL && conf_wrong_flag(srv->conf) ? 2 : 1;
	server_free(&srv);
	return status;
}

const struct rotor_command cmd_serve = {
	.size = sizeof cmd_serve, .name = "serve", .args = "",
	.summary = "run the server (also without a subcommand)", .run = run, CMD_FLAGS(flags),
};
