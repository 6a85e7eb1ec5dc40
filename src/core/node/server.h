/* SPDX-License-Identifier: MIT */
/*
 * node/server.h - one Rotor server: everything hangs from this struct.
 *
 * Life: server_new() reads the configuration, server_load() loads the modules,
 * server_run() starts the workers, serves until a signal, and stops in order.
 * The fields are set before the workers start and not changed while they run,
 * but for those marked atomic.
 */
#ifndef ROTOR_NODE_SERVER_H
#define ROTOR_NODE_SERVER_H

#include <stdatomic.h>
#include <stdint.h>

#include <rotor/auth.h>
#include <rotor/engine.h>
#include <rotor/loop.h>

#include "base/inner.h"
#include "conf/core_conf.h"
#include "node/stats.h"

struct api_callers;
struct aside;
struct conf;
struct denied;
struct interest;
struct loader;
struct metrics;
struct patrols;
struct rotor_log;
struct snapshots;
struct user_counts;

#define SERVER_MAX_WORKERS	64u	/* a worker set is one 64-bit word */

struct rotor_server {
	uint32_t		magic;
#define SERVER_MAGIC		0x77b1d20cu
	struct conf		*conf;		/* owned */
	struct conf_core	cc;
	struct rotor_log	*log;
	struct metrics		*metrics;
	struct stats		stats;		/* ids of the core's metrics */
	struct loader		*loader;
	struct rotor_worker	*control;
	struct rotor_worker	**workers;
	uint32_t		n_workers;
	struct aside		*aside;		/* what is too long for a loop */
	struct interest		*interest;	/* which workers want which channel */
	struct snapshots	*snapshots;	/* of the metrics; NULL unless running */
	struct api_callers	*api_callers;	/* who may use the server API */
	struct denied		*denied;	/* blocked users, revoked tokens */
	struct patrols		*patrols;	/* that end what is denied */
	struct user_counts	*user_counts;	/* NULL without user_connection_limit */

	/* What modules provide; NULL when none does. */
	const struct rotor_broker	*broker;
	void				*broker_ctx;
	const struct rotor_presence	*presence;
	void				*presence_ctx;
	const struct rotor_auth		*auth;
	void				*auth_ctx;

	char			uid[37];	/* of this node, for its lifetime */
	const char		*name;
	char			name_buf[320];
	const char		*client_version;	/* as clients and API callers are told */
	uint64_t		started_ms;	/* monotonic */

	atomic_int		stopping;	/* no new clients */
	atomic_int		n_clients;	/* sessions, authenticated or not */
	atomic_int		n_attached;	/* sessions whose transport is still there */
	_Atomic uint64_t	n_joined;	/* clients that ever got past their credentials */
	atomic_int		n_holds;	/* of modules, see rotor_server_hold() */
	atomic_int		rate_tokens;	/* connection_rate_limit's bucket */
	_Atomic int64_t		rate_refilled_ms;
};

/* How a server is to be made. */
struct server_args {
	struct conf	*conf;		/* taken over, also on failure */
	const char	*module_dir;	/* NULL: configured or compiled in */
	int		quiet;		/* for commands: errors only, as text on stderr */
};

/* Applies the core's configuration and opens the log.  Reports problems on stderr
 * and returns NULL when the configuration is wrong. */
ROTOR_INNER struct rotor_server *server_new(const struct server_args *args);
/* Selects, checks and loads modules: enough to run a command of theirs.  0 or -errno,
 * logged. */
ROTOR_INNER int server_load_modules(struct rotor_server *srv);
/* The same, and resolves engine and auth: enough to run.  0 or -errno, logged. */
ROTOR_INNER int server_load(struct rotor_server *srv);
/* Runs until SIGTERM or SIGINT.  The exit status: 0; 1 when it could not start or
 * did not stop in time. */
ROTOR_INNER int server_run(struct rotor_server *srv);
/* Does what the two above do and leaves nothing of it behind: what would stop a start is
 * then a problem of `c`, which stays the caller's.  0 or -errno. */
ROTOR_INNER int server_check(struct conf *c);
/* Unloads modules and frees all.  NULL in *srvp is a no-op. */
ROTOR_INNER void server_free(struct rotor_server **srvp);

ROTOR_INNER struct rotor_log *server_log(struct rotor_server *srv);
ROTOR_INNER struct metrics *server_metrics(struct rotor_server *srv);
ROTOR_INNER struct loader *server_loader(struct rotor_server *srv);

#endif
