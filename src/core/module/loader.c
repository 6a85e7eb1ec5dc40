/* SPDX-License-Identifier: MIT */
/* module/loader.c - the life of a server's modules, from load() to unload(). */
#include "config.h"

#include "module/loader_priv.h"

#include <errno.h>
#include <string.h>

#include <rotor/log.h>
#include <rotor/str.h>

#include "base/str.h"
#include "conf/conf.h"

int
ptrs_push(void *vp, size_t *n, void *p)
{
	void **v;

	memcpy(&v, vp, sizeof v);	/* of any pointer type */
	v = reallocarray(v, *n + 1, sizeof *v);
	if (v == NULL)
		return -ENOMEM;
	v[(*n)++] = p;
	memcpy(vp, &v, sizeof v);
	return 0;
}

const char *
loader_dir(const char *flag, const char *conf)
{
	const char *env = getenv("ROTOR_MODULE_DIR");

	if (flag != NULL && *flag != '\0')
		return flag;
	if (env != NULL && *env != '\0')
		return env;
	return conf != NULL && *conf != '\0' ? conf : ROTOR_MODULE_DIR;
}

struct loader *
loader_new(const char *dir, struct rotor_log *log)
{
	struct loader *l;

	OBJ_ALLOC(l, LOADER_MAGIC);
	if (l == NULL)
		return NULL;
	l->log = log;
	l->dir = strdup(loader_dir(dir, NULL));
	if (l->dir == NULL)
		OBJ_FREE(l);
	return l;
}

void
loader_free(struct loader **lp)
{
	struct loader *l;

	if (*lp == NULL)
		return;
	OBJ_TAKE(l, lp, LOADER_MAGIC);
	loader_stop(l);
	loader_unload(l);
	while (l->n_tables > 0) {
		image_close(l->tables[--l->n_tables]);
		free(l->tables[l->n_tables]);
	}
	selection_fini(&l->selection);
	free(l->registry.v);
	free(l->tables);
	free(l->inst);
	free(l->dir);
	OBJ_FREE(l);
}

int
loader_select(struct loader *l, struct conf *c)
{
	OBJ_CHECK(l, LOADER_MAGIC);
	ASSERT(l->n_inst == 0);
	selection_fini(&l->selection);
	return selection_make(&l->selection, l->dir, c);
}

/* Why it failed, the module has logged; that it did is a problem of `c`. */
static int
load_one(struct rotor_instance *inst, struct conf *c)
{
	const struct rotor_module *m = &inst->image.mod;
	int rc = 0;

	inst->state = INSTANCE_LOADING;
	if (m->load != NULL)
		rc = instance_answer(m->load(inst, &inst->ctx));
	if (rc == 0) {
		inst->state = INSTANCE_LOADED;
		instance_log(inst, ROTOR_LOG_DEBUG, "loaded", 0);
		return 0;
	}
	conf_problem_add(c, 1, selection_find(&inst->loader->selection, rotor_str_of(m->name))->key,
	    "module \"%s\" (%s) failed to load: %s", m->name, inst->image.file, strerror(-rc));
	registry_drop(&inst->loader->registry, inst);
	inst->state = INSTANCE_OPEN;
	return rc;
}

int
loader_load(struct loader *l, struct rotor_server *srv, struct conf *c)
{
	size_t i;
	int rc;

	OBJ_CHECK(l, LOADER_MAGIC);
	ASSERT(l->log != NULL);		/* modules write to it */
	rc = loader_apply_options(l, c);
	l->srv = srv;
	for (i = 0; rc == 0 && i < l->n_inst; i++)
		rc = load_one(l->inst[i], c);
	if (rc != 0)
		loader_unload(l);
	return rc;
}

int
loader_start(struct loader *l)
{
	const struct rotor_module *m;
	int rc = 0;
	size_t i;

	OBJ_CHECK(l, LOADER_MAGIC);
	for (i = 0; rc == 0 && i < l->n_inst; i++) {
		m = &l->inst[i]->image.mod;
		if (m->start != NULL)
			rc = instance_answer(m->start(l->inst[i]->ctx));
		if (rc == 0)
			l->inst[i]->state = INSTANCE_STARTED;
		else
			instance_log(l->inst[i], ROTOR_LOG_ERROR, "module failed to start", rc);
	}
	if (rc != 0)
		loader_stop(l);
	return rc;
}

void
loader_stop(struct loader *l)
{
	struct rotor_instance *inst;
	size_t i;

	OBJ_CHECK(l, LOADER_MAGIC);
	for (i = l->n_inst; i-- > 0;) {
		inst = l->inst[i];
		if (inst->state != INSTANCE_STARTED)
			continue;
		inst->state = INSTANCE_LOADED;
		if (inst->image.mod.stop != NULL)
			inst->image.mod.stop(inst->ctx);
	}
}

void
loader_unload(struct loader *l)
{
	struct rotor_instance *inst;
	size_t i;

	OBJ_CHECK(l, LOADER_MAGIC);
	for (i = l->n_inst; i-- > 0;) {
		inst = l->inst[i];
		ASSERT(inst->state != INSTANCE_STARTED);
		if (inst->state != INSTANCE_LOADED)
			continue;
		inst->state = INSTANCE_OPEN;
		registry_drop(&l->registry, inst);
		if (inst->image.mod.unload != NULL)
			inst->image.mod.unload(inst->ctx);
		instance_log(inst, ROTOR_LOG_DEBUG, "unloaded", 0);
	}
	loader_close(l);
}

static void
worker_stop_first(struct loader *l, struct rotor_worker *w, size_t n)
{
	while (n-- > 0)
		if (l->inst[n]->image.mod.worker_stop != NULL)
			l->inst[n]->image.mod.worker_stop(l->inst[n]->ctx, w);
}

int
loader_worker_start(struct loader *l, struct rotor_worker *w)
{
	const struct rotor_module *m;
	size_t i;
	int rc;

	OBJ_CHECK(l, LOADER_MAGIC);
	for (i = 0; i < l->n_inst; i++) {
		m = &l->inst[i]->image.mod;
		rc = m->worker_start != NULL ? instance_answer(m->worker_start(l->inst[i]->ctx, w)) : 0;
		if (rc != 0) {
			instance_log(l->inst[i], ROTOR_LOG_ERROR, "module failed to start on a worker", rc);
			worker_stop_first(l, w, i);
			return rc;
		}
	}
	return 0;
}

void
loader_worker_stop(struct loader *l, struct rotor_worker *w)
{
	OBJ_CHECK(l, LOADER_MAGIC);
	worker_stop_first(l, w, l->n_inst);
}
