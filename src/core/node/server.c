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
#include "base/obj.h"
#include "base/str.h"
#include "conf/conf.h"
#include "hub/hub.h"
#include "log/log.h"
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
	long n = cc->workers > 0 ? (long)cc->workers : sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > (long)SERVER_MAX_WORKERS ? SERVER_MAX_WORKERS : (uint32_t)n;
}

/* Problems go to the log once there is one, and to stderr before. */
static void
report(struct rotor_log *log, struct conf *c)
{
	const struct conf_problem *p;
	size_t n = conf_problems(c, &p);
	char text[1024];

	for (size_t i = 0; i < n; i++) {
		if (log != NULL)
			ROTOR_LOG(log, p[i].fatal ? ROTOR_LOG_FATAL : ROTOR_LOG_WARN, "config", p[i].text,
			    ROTOR_F_STR("file", p[i].file != NULL ? p[i].file : ""),
			    ROTOR_F_INT("line", p[i].line),
			    ROTOR_F_STR("key", p[i].key != NULL ? p[i].key : ""));
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
	int level = log_level_parse(srv->cc.log_level);
	uint32_t threshold = level >= 0 ? (uint32_t)level : ROTOR_LOG_INFO;

	if (quiet && threshold < ROTOR_LOG_ERROR)
		threshold = ROTOR_LOG_ERROR;
	srv->log = log_new(quiet ? NULL : srv->cc.log_file, threshold,
	    quiet || strcmp(format, "text") == 0 ? LOG_TEXT :
	    strcmp(format, "json") == 0 ? LOG_JSON : LOG_AUTO);
	if (srv->log == NULL) {
		fprintf(stderr, "rotor: cannot open the log file %s: %s\n", srv->cc.log_file, strerror(errno));
		return -1;
	}
	if (level < 0)
		ROTOR_LOG(srv->log, ROTOR_LOG_WARN, "config", "unknown log.level, using info",
		    ROTOR_F_STR("level", srv->cc.log_level));
	return 0;
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
	if (srv->metrics == NULL || srv->workers == NULL || srv->interest == NULL)
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

struct rotor_server *
server_new(const struct server_args *args)
{
	struct conf *conf = args->conf;
	struct rotor_server *srv;

	OBJ_ALLOC(srv, SERVER_MAGIC);
	if (srv == NULL) {
		conf_free(&conf);
		return NULL;
	}
	srv->conf = conf;
	if (core_conf_apply(conf, &srv->cc) != 0 || conf_failed(conf)) {
		report(NULL, conf);
		server_free(&srv);
		return NULL;
	}
	if (log_open(srv, args->quiet) != 0) {
		server_free(&srv);
		return NULL;
	}
	name_node(srv);
	srv->loader = loader_new(loader_dir(args->module_dir, srv->cc.module_dir), srv->log);
	if (srv->loader == NULL || make_workers(srv) != 0) {
		ROTOR_LOG(srv->log, ROTOR_LOG_FATAL, "server", "out of memory");
		server_free(&srv);
		return NULL;
	}
	atomic_init(&srv->rate_tokens, (int)srv->cc.client.connection_rate_limit);
	return srv;
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
	ROTOR_LOG(srv->log, ROTOR_LOG_FATAL, "server",
	    "no loaded module provides this engine; name its module under `modules`",
	    ROTOR_F_STR("engine.type", type));
	return -ENOENT;
}

int
server_load_modules(struct rotor_server *srv)
{
	int r;

	OBJ_CHECK(srv, SERVER_MAGIC);
	r = loader_select(srv->loader, srv->conf);
	if (r == 0)
		r = loader_load(srv->loader, srv, srv->conf);
	if (r == 0)
		conf_check_unknown(srv->conf);
	report(srv->log, srv->conf);
	if (r == 0 && conf_failed(srv->conf))
		r = -EINVAL;
	return r;
}

int
server_load(struct rotor_server *srv)
{
	int r = server_load_modules(srv);

	return r == 0 ? resolve(srv) : r;
}

void
server_free(struct rotor_server **srvp)
{
	struct rotor_server *srv;

	if (*srvp == NULL)
		return;
	OBJ_TAKE(srv, srvp, SERVER_MAGIC);
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

/* What modules of several kinds ask of the core's configuration. */
static const struct {
	const char	*path;
	size_t		offset;
	int		is_str;
	int		is_wide;	/* int64_t, not int32_t */
} shared_conf[] = {
	{ "client.insecure", offsetof(struct conf_core, client.insecure), 0, 0 },
	{ "client.insecure_skip_token_signature_verify",
	    offsetof(struct conf_core, client.insecure_skip_token_signature_verify), 0, 0 },
	{ "client.queue_max_size", offsetof(struct conf_core, client.queue_max_size), 0, 1 },
	{ "engine.type", offsetof(struct conf_core, engine_type), 1, 0 },
	{ "node.name", offsetof(struct conf_core, node_name), 1, 0 },
	{ "shutdown.timeout", offsetof(struct conf_core, shutdown_timeout_ms), 0, 1 },
};

static const void *
shared_find(const struct rotor_server *srv, const char *path, int is_str, int *ret_wide)
{
	for (size_t i = 0; i < sizeof shared_conf / sizeof shared_conf[0]; i++)
		if (shared_conf[i].is_str == is_str && strcmp(shared_conf[i].path, path) == 0) {
			*ret_wide = shared_conf[i].is_wide;
			return (const char *)&srv->cc + shared_conf[i].offset;
		}
	return NULL;
}

const char *
rotor_server_conf_str(const struct rotor_server *srv, const char *path)
{
	int wide;
	const char *const *p = shared_find(srv, path, 1, &wide);

	return p != NULL ? *p : "";
}

int64_t
rotor_server_conf_int(const struct rotor_server *srv, const char *path)
{
	int wide = 0;
	const void *p = shared_find(srv, path, 0, &wide);

	if (p == NULL)
		return 0;
	return wide ? *(const int64_t *)p : *(const int32_t *)p;
}

int
rotor_server_conf_where(const struct rotor_server *srv, const char *path, char *buf, size_t size)
{
	return conf_where(srv->conf, path, buf, size);
}
