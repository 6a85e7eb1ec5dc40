/* SPDX-License-Identifier: MIT */
/*
 * module/loader.h - the modules of one server: which, in what order, and what they
 * provide.
 *
 *	l = loader_new(dir, log);
 *	loader_select(l, conf);			which modules
 *	loader_load(l, srv, conf);		dlopen, checks, options, load()
 *	loader_worker_start(l, w) ...		on each worker's thread
 *	loader_start(l); loader_reload(l, conf); loader_stop(l);
 *	loader_worker_stop(l, w) ...
 *	loader_unload(l); loader_free(&l);
 *
 * Control thread, unless said otherwise.  What is refused becomes a fatal problem of
 * the struct conf, one a cause, that names file, versions and remedy; what fails
 * later (load(), start()) is logged.
 */
#ifndef ROTOR_MODULE_LOADER_H
#define ROTOR_MODULE_LOADER_H

#include <rotor/auth.h>
#include <rotor/command.h>
#include <rotor/engine.h>
#include <rotor/http.h>
#include <rotor/module.h>

#include "base/inner.h"

struct conf;
struct conf_core;
struct loader;
struct rotor_log;

/* The directory modules are looked for in: `flag` (--module-dir), or the
 * environment's ROTOR_MODULE_DIR, or `conf` (the key module_dir), or the one compiled
 * in; NULL and "" mean not given.  Borrowed from its source. */
ROTOR_INNER const char *loader_dir(const char *flag, const char *conf);

/* `dir` is copied; NULL or "": loader_dir(NULL, NULL).  `log` is the server's, becomes
 * rotor_instance_log(), and must live longer; it may be NULL where no module is to be
 * loaded.  NULL: no memory. */
ROTOR_INNER struct loader *loader_new(const char *dir, struct rotor_log *log);
/* Stops and unloads what is still there.  NULL in *lp is a no-op. */
ROTOR_INNER void loader_free(struct loader **lp);

/*
 * Life of the modules.
 */

/* Decides which modules `c` asks for: its `modules:` list or, without one, those of
 * the sections in use.  Opens no file.  0, -EINVAL (problems in `c`) or -ENOMEM. */
ROTOR_INNER int loader_select(struct loader *l, struct conf *c);
/* Opens the selected modules and those they need, and fills their option structs from
 * `c`, which must live as long as they are used.  No code of a module is called.  0,
 * -EINVAL (problems in `c`) or -ENOMEM. */
ROTOR_INNER int loader_apply_options(struct loader *l, struct conf *c);
/* Then: check() of each.  0, or -EINVAL when there are fatal problems in `c`, whosever. */
ROTOR_INNER int loader_check(struct loader *l, struct conf *c, const struct conf_core *cc);
/* The same (unless it has been done), then load() of each in order: those listed
 * first come first, save that what a module needs precedes it.  When one fails, those
 * before it are unloaded again.  0, -EINVAL (problems in `c`), or load()'s -errno. */
ROTOR_INNER int loader_load(struct loader *l, struct rotor_server *srv, struct conf *c);
/* start() of each.  When one fails, those before it are stopped again.  0 or -errno. */
ROTOR_INNER int loader_start(struct loader *l);
/* Gives each module its options from the new `c` and calls its reload().  -EINVAL with
 * problems in `c` when a value is wrong; then nothing has changed.  Otherwise
 * every module has been told, the old configuration is out of use, and the result is 0
 * or the first -errno of a reload().  A changed choice of modules is only logged. */
ROTOR_INNER int loader_reload(struct loader *l, struct conf *c);
/* stop() of each started one, last first. */
ROTOR_INNER void loader_stop(struct loader *l);
/* Last first: drops what a module has registered, unload(), dlclose(). */
ROTOR_INNER void loader_unload(struct loader *l);

/* worker_start() of each, on w's thread.  When one fails, those before it are stopped
 * again on this worker.  0 or -errno. */
ROTOR_INNER int loader_worker_start(struct loader *l, struct rotor_worker *w);
/* worker_stop() of each, last first, on w's thread, after a successful
 * loader_worker_start(). */
ROTOR_INNER void loader_worker_stop(struct loader *l, struct rotor_worker *w);

/*
 * What the modules provide.  Valid from loader_load() to loader_unload(); any
 * thread, since nothing changes in between.  Tables are the loader's copies: members
 * that an older module does not know are NULL.  NULL: nobody provides it.
 */
ROTOR_INNER const struct rotor_broker *loader_broker(const struct loader *l, const char *type,
    void **ret_ctx);
ROTOR_INNER const struct rotor_presence *loader_presence(const struct loader *l, const char *type,
    void **ret_ctx);
ROTOR_INNER const struct rotor_auth *loader_auth(const struct loader *l, void **ret_ctx);
ROTOR_INNER const struct rotor_command *loader_command(const struct loader *l, const char *name,
    void **ret_ctx);
/* In registration order. */
ROTOR_INNER void loader_route_foreach(const struct loader *l, rotor_http_route_f *fn, void *priv);

/*
 * What is installed.
 */
struct loader_entry {
	const char			*file;
	const struct rotor_module	*mod;	/* NULL: not readable as a module */
	const char			*why;	/* it cannot be loaded; NULL: it can */
};

/* Calls fn for each *.so in `dir` (as in loader_new()), sorted by name.  The entry is
 * borrowed for the call.  0, or -errno when the directory cannot be read. */
typedef void loader_entry_f(void *priv, const struct loader_entry *e);
ROTOR_INNER int loader_list(const char *dir, loader_entry_f *fn, void *priv);

/* Calls fn for the option table of each module installed in l's directory that takes
 * options, sorted by module name.  The tables stay valid until loader_free().  0 or
 * -errno. */
typedef void loader_table_f(void *priv, const char *module, const struct rotor_option_table *t);
ROTOR_INNER int loader_foreach_table(struct loader *l, loader_table_f *fn, void *priv);

#endif
