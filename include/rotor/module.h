/* SPDX-License-Identifier: MIT */
/*
 * rotor/module.h - the one symbol a module exports, and its life.
 *
 *	check -> load -> start -> (reload)* -> stop -> unload
 *
 * All on the control thread.  check() looks at the configuration, no more.  load() registers what the module provides; nothing
 * runs yet.  start() opens listeners and connections, after every module has been
 * loaded and the workers run.  stop() ends new work; clients are already closed.
 * unload() frees the context; the workers are gone.  All state hangs from the
 * context, so that two servers can live in one process.
 */
#ifndef ROTOR_MODULE_H
#define ROTOR_MODULE_H

#include <rotor/abi.h>
#include <rotor/option.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rotor_check;
struct rotor_command;
struct rotor_instance;		/* a module as loaded into one server */
struct rotor_log;
struct rotor_server;
struct rotor_worker;

struct rotor_module {
	uint32_t	abi_major;	/* first for ever: read before all else */
	uint32_t	abi_minor;
	size_t		size;		/* of this struct, as the module saw it */
	const char	*name;		/* [a-z0-9_]+, same as the file's */
	const char	*version;
	const char	*summary;	/* one line */
	const char	*provides;	/* "engine:memory", "transport:websocket"; space-separated */
	const char	*needs;		/* names of modules to load before; space-separated, or NULL */
	const struct rotor_option_table	*options;	/* NULL: takes none */

	/* ROTOR_OK or -errno, after having logged why. */
	int		(*load)(struct rotor_instance *inst, void **ret_ctx);
	int		(*start)(void *ctx);
	int		(*reload)(void *ctx);	/* the option struct has new values */
	void		(*stop)(void *ctx);
	void		(*unload)(void *ctx);

	/* Called on each worker's own thread, between start-up of the worker and
	 * start(), and after the worker's last client is gone.  May be NULL. */
	int		(*worker_start)(void *ctx, struct rotor_worker *w);
	void		(*worker_stop)(void *ctx, struct rotor_worker *w);

	/* Says what is wrong with the options beyond their table, see <rotor/check.h>.
	 * May be NULL. */
	void		(*check)(struct rotor_check *chk);

	/* The commands of `provides`, up to a NULL, so that `rotor help` can say what they
	 * do without loading the module.  May be NULL. */
	const struct rotor_command *const	*commands;
};

/* Members that are not named are NULL, which -Wextra of C++ would warn of. */
#define ROTOR_MODULE_DEFINE(nm, ...)					\
	_Pragma("GCC diagnostic push")					\
	_Pragma("GCC diagnostic ignored \"-Wmissing-field-initializers\"") \
	ROTOR_MODULE_DEFINE_(nm, __VA_ARGS__)				\
	_Pragma("GCC diagnostic pop")					\
	extern const struct rotor_module rotor_module	/* takes the semicolon */
#define ROTOR_MODULE_DEFINE_(nm, ...)					\
	__attribute__((visibility("default")))				\
	extern const struct rotor_module rotor_module;			\
	const struct rotor_module rotor_module = {			\
		.abi_major = ROTOR_ABI_MAJOR, .abi_minor = ROTOR_ABI_MINOR, \
		.size = sizeof(struct rotor_module), .name = #nm,	\
		.version = ROTOR_MODULE_VERSION, __VA_ARGS__ };

#ifndef ROTOR_MODULE_VERSION
#  ifdef PACKAGE_VERSION
#    define ROTOR_MODULE_VERSION PACKAGE_VERSION
#  else
#    define ROTOR_MODULE_VERSION "0"
#  endif
#endif

ROTOR_API struct rotor_server *rotor_instance_server(struct rotor_instance *inst);
ROTOR_API struct rotor_log *rotor_instance_log(struct rotor_instance *inst);
/* The struct the module's option table fills; it stays at this address, and its
 * values change only around reload(). */
ROTOR_API const void *rotor_instance_conf(struct rotor_instance *inst);

/* Values of the core's configuration that modules of several kinds need, by path
 * ("client.insecure"): texts, or numbers, switches and durations
 * (milliseconds).  The empty string or 0 for any other path. */
ROTOR_API const char *rotor_server_conf_str(const struct rotor_server *srv, const char *path);
ROTOR_API int64_t rotor_server_conf_int(const struct rotor_server *srv, const char *path);
/* Where the option at `path` was set ("rotor.yaml:12"), for a message about its value;
 * as snprintf() does.  Control thread. */
ROTOR_API int rotor_server_conf_where(const struct rotor_server *srv, const char *path,
    char *buf, size_t size);

/* Between the two the stopping server keeps its workers, for the module has answers to
 * give; for some seconds at most.  Counted; any thread. */
ROTOR_API void rotor_server_hold(struct rotor_server *srv);
ROTOR_API void rotor_server_release(struct rotor_server *srv);

#ifdef __cplusplus
}
#endif

#endif
