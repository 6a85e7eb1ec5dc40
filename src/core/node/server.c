/* SPDX-License-Identifier: MIT */
/* node/server.c - making a server out of a configuration, and taking it apart.  How it
 * runs: node/run.c. */
#include "config.h"

#include "node/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rotor/log.h>
#include <rotor/module.h>

#include "api/caller.h"
#include "base/cpus.h"
#include "base/obj.h"
#include "base/str.h"
#include "conf/conf.h"
#include "hub/hub.h"
#include "log/log.h"
#include "loop/aside.h"
#include "loop/worker.h"
#include "metrics/metrics.h"
#include "module/loader.h"
#include "node/denied.h"
#include "node/enforce.h"
#include "node/interest.h"
#include "node/user_counts.h"

static uint32_t
worker_count(const struct conf_core *cc)
{
	uint32_t n = cc->workers > 0 ? (uint32_t)cc->workers : cpus_allowed();

	return n > SERVER_MAX_WORKERS ? SERVER_MAX_WORKERS : n;
}

/* With the fields that are known: no file has a line 0. */
static void
log_problem(struct rotor_log *log, const struct conf_problem *p)
{
	struct rotor_field fields[3] = { ROTOR_F_STR("file", p->file) };
	size_t n = 1;

	if (p->line > 0)
		fields[n++] = (struct rotor_field)ROTOR_F_INT("line", p->line);
	if (p->key != NULL)
		fields[n++] = (struct rotor_field)ROTOR_F_STR("key", p->key);
	rotor_log_write(log, p->fatal ? ROTOR_LOG_FATAL : ROTOR_LOG_WARN, "config", p->text, fields, n);
}

/* Problems from number `first` on go to the log once there is one, and to stderr before. */
static void
report(struct rotor_log *log, const struct conf *c, size_t first)
{
	const struct conf_problem *p;
	size_t n = conf_problems(c, &p);
	char text[1024];

	for (size_t i = first; i < n; i++) {
		if (log != NULL)
			log_problem(log, &p[i]);
		else {
			conf_problem_format(&p[i], text, sizeof text);
			fprintf(stderr, "rotor: %s%s\n", p[i].fatal ? "" : "warning: ", text);
		}
	}
}

static int
log_open(struct rotor_server *srv, int quiet)
{
	const char *format = srv->cc.log_format;
	uint32_t threshold = (uint32_t)log_level_parse(srv->cc.log_level);

	if (quiet && threshold < ROTOR_LOG_ERROR)
		threshold = ROTOR_LOG_ERROR;
	srv->log = log_new(quiet ? NULL : srv->cc.log_file, threshold,
	    quiet || strcmp(format, "text") == 0 ? LOG_TEXT :
	    strcmp(format, "json") == 0 ? LOG_JSON : LOG_AUTO);
	return srv->log != NULL ? 0 : -1;
}

static void
name_node(struct rotor_server *srv)
{
	unsigned char uuid[16];
	char host[256] = "";
	const char *port = conf_raw(srv->conf, "http_server.port");

	uuid_make(uuid);
	uuid_text(uuid, srv->uid);
	gethostname(host, sizeof host - 1);
	snprintf(srv->name_buf, sizeof srv->name_buf, "%s_%.16s", host, port != NULL ? port : "8000");
	srv->name = srv->cc.node_name[0] != '\0' ? srv->cc.node_name : srv->name_buf;
	srv->client_version = PACKAGE_VERSION " OSS";
}

static struct rotor_worker *
make_worker(struct rotor_server *srv, uint32_t index, uint32_t shard)
{
	struct rotor_worker *w = worker_new(srv, index);

	if (w == NULL)
		return NULL;
	w->metrics = metrics_shard_get(srv->metrics, shard);
	w->on_stall = stats_stall;
	if (index == ROTOR_CONTROL || (w->hub = hub_new(w)) != NULL)
		return w;
	worker_free(&w);
	return NULL;
}

static int
make_workers(struct rotor_server *srv)
{
	srv->n_workers = worker_count(&srv->cc);
	srv->metrics = metrics_new(srv->n_workers + 1);
	srv->workers = calloc(srv->n_workers, sizeof *srv->workers);
	srv->interest = interest_new(srv);
	srv->aside = aside_new();
	if (srv->metrics == NULL || srv->workers == NULL || srv->interest == NULL || srv->aside == NULL)
		return -ENOMEM;
	if (srv->cc.client.user_connection_limit > 0 && (srv->user_counts = user_counts_new()) == NULL)
		return -ENOMEM;
	srv->control = make_worker(srv, ROTOR_CONTROL, srv->n_workers);
	if (srv->control == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < srv->n_workers; i++)
		if ((srv->workers[i] = make_worker(srv, i, i)) == NULL)
			return -ENOMEM;
	srv->denied = denied_new(srv, (uint32_t)srv->cc.api_max_denied);
	srv->patrols = patrols_new(srv->n_workers);
	srv->api_callers = callers_new(srv);
	return srv->denied != NULL && srv->patrols != NULL && srv->api_callers != NULL ? stats_init(&srv->stats, srv) : -ENOMEM;
}

/* The core's own part.  0, -EINVAL (problems in the configuration) or -ENOMEM. */
static int
server_init(struct rotor_server *srv, const struct server_args *args)
{
	struct conf *c = srv->conf;

	if (core_conf_apply(c, &srv->cc) == 0 && !args->quiet)
		core_check_files(c, &srv->cc);
	if (!conf_failed(c) && log_open(srv, args->quiet) != 0)
		conf_problem_add(c, 1, "log.file", "cannot be opened: %s", strerror(errno));
	srv->loader = loader_new(loader_dir(args->module_dir, srv->cc.module_dir), srv->log);
	if (srv->loader == NULL)
		return -ENOMEM;
	if (conf_failed(c))
		return -EINVAL;
	name_node(srv);
	atomic_init(&srv->rate_tokens, (int)srv->cc.client.connection_rate_limit);
	return make_workers(srv);
}

/* The modules' part of the configuration.  Also when the core's is wrong: one run is to
 * tell all problems. */
static int
configure_modules(struct rotor_server *srv, int core_ok)
{
	struct conf *c = srv->conf;

	if (loader_select(srv->loader, c) == 0 && loader_apply_options(srv->loader, c) == 0) {
		if (core_ok)
			loader_check(srv->loader, c, &srv->cc);
		conf_check_unknown(c);
	}
	conf_sort_problems(c);
	return conf_failed(c) ? -EINVAL : 0;
}

struct rotor_server *
server_new(const struct server_args *args)
{
	struct conf *conf = args->conf;
	struct rotor_server *srv;
	int r;

	OBJ_ALLOC(srv, SERVER_MAGIC);
	if (srv == NULL) {
		conf_free(&conf);
		return NULL;
	}
	srv->conf = conf;
	r = server_init(srv, args);
	if (r == 0)
		return srv;
	if (r == -EINVAL)
		configure_modules(srv, 0);
	report(NULL, conf, 0);
	if (r == -ENOMEM)
		fprintf(stderr, "rotor: out of memory\n");
	server_free(&srv);
	return NULL;
}

static int
resolve(struct rotor_server *srv)
{
	const char *type = srv->cc.engine_type;

	srv->broker = loader_broker(srv->loader, type, &srv->broker_ctx);
	srv->presence = loader_presence(srv->loader, type, &srv->presence_ctx);
	srv->auth = loader_auth(srv->loader, &srv->auth_ctx);
	if (srv->broker != NULL)
		return 0;
	conf_problem_add(srv->conf, 1, "engine.type", "no loaded module provides the engine \"%s\": "
	    "name its module under `modules`", type);
	return -ENOENT;
}

static int
load(struct rotor_server *srv, int with_engine)
{
	int r = loader_load(srv->loader, srv, srv->conf);

	return r == 0 && with_engine ? resolve(srv) : r;
}

static int
load_and_report(struct rotor_server *srv, int with_engine)
{
	const struct conf_problem *p;
	size_t reported;
	int r;

	OBJ_CHECK(srv, SERVER_MAGIC);
	r = configure_modules(srv, 1);
	if (r == 0 && conf_file(srv->conf) != NULL)
		ROTOR_LOG(srv->log, ROTOR_LOG_INFO, "config", "configuration read",
		    ROTOR_F_STR("file", conf_file(srv->conf)));
	report(srv->log, srv->conf, 0);
	reported = conf_problems(srv->conf, &p);
	if (r == 0)
		r = load(srv, with_engine);
	report(srv->log, srv->conf, reported);
	return r;
}

int
server_load_modules(struct rotor_server *srv)
{
	return load_and_report(srv, 0);
}

int
server_load(struct rotor_server *srv)
{
	return load_and_report(srv, 1);
}

int
server_check(struct conf *c)
{
	const struct server_args args = { .conf = c, .quiet = 1 };
	struct rotor_server *srv;
	int r;

	OBJ_ALLOC(srv, SERVER_MAGIC);
	if (srv == NULL)
		return -ENOMEM;
	srv->conf = c;
	r = server_init(srv, &args);
	if (r == 0)
		core_check_files(c, &srv->cc);
	if (r != -ENOMEM)
		r = configure_modules(srv, r == 0);
	if (r == 0)
		r = load(srv, 1);
	srv->conf = NULL;
	server_free(&srv);
	return r;
}

void
server_free(struct rotor_server **srvp)
{
	struct rotor_server *srv;

	if (*srvp == NULL)
		return;
	OBJ_TAKE(srv, srvp, SERVER_MAGIC);
	aside_free(&srv->aside);	/* its thread wakes workers */
	for (uint32_t i = 0; srv->workers != NULL && i < srv->n_workers; i++)
		if (srv->workers[i] != NULL)
			hub_free(&srv->workers[i]->hub);
	loader_free(&srv->loader);
	for (uint32_t i = 0; srv->workers != NULL && i < srv->n_workers; i++)
		worker_free(&srv->workers[i]);
	patrols_free(&srv->patrols);
	denied_free(&srv->denied);
	worker_free(&srv->control);
	free(srv->workers);
	interest_free(&srv->interest);
	callers_free(&srv->api_callers);
	user_counts_free(&srv->user_counts);
	stats_fini(&srv->stats);
	metrics_free(&srv->metrics);
	log_free(&srv->log);
	core_conf_fini(&srv->cc);
	conf_free(&srv->conf);
	OBJ_FREE(srv);
}

struct rotor_log *
server_log(struct rotor_server *srv)
{
	OBJ_CHECK(srv, SERVER_MAGIC);
	return srv->log;
}

struct metrics *
server_metrics(struct rotor_server *srv)
{
	OBJ_CHECK(srv, SERVER_MAGIC);
	return srv->metrics;
}

struct loader *
server_loader(struct rotor_server *srv)
{
	OBJ_CHECK(srv, SERVER_MAGIC);
	return srv->loader;
}

uint32_t
rotor_server_workers(const struct rotor_server *srv)
{
	return srv->n_workers;
}

struct rotor_worker *
rotor_server_worker(struct rotor_server *srv, uint32_t index)
{
	OBJ_CHECK(srv, SERVER_MAGIC);
	if (index == ROTOR_CONTROL)
		return srv->control;
	ASSERT(index < srv->n_workers);
	return srv->workers[index];
}

struct rotor_server *
rotor_worker_server(struct rotor_worker *w)
{
	return w->srv;
}

const char *
rotor_server_conf_str(const struct rotor_server *srv, const char *path)
{
	return core_conf_str(&srv->cc, path);
}

int64_t
rotor_server_conf_int(const struct rotor_server *srv, const char *path)
{
	return core_conf_int(&srv->cc, path);
}

int
rotor_server_conf_where(const struct rotor_server *srv, const char *path, char *buf, size_t size)
{
	return conf_where(srv->conf, path, buf, size);
}
