/* SPDX-License-Identifier: MIT */
/*
 * module/reload.c - new options for running modules: all of them, or none.
 */
#include "config.h"

#include "module/loader_priv.h"

#include <errno.h>
#include <string.h>

#include <rotor/log.h>

#include "base/str.h"

/* Says which modules of `a` are not in `b`. */
static void
log_difference(struct loader *l, const struct selection *a, const struct selection *b, const char *msg)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (!a->v[i]->needed && selection_find(b, rotor_str_of(a->v[i]->name)) == NULL)
			ROTOR_LOG(l->log, ROTOR_LOG_WARN, "module", msg,
			    ROTOR_F_STR("module", a->v[i]->name));
}

static int
compare_selections(struct loader *l, struct conf *c)
{
	struct selection s;
	int rc;

	rc = selection_make(&s, l->dir, c);
	if (rc == 0)
		rc = loader_left_out(l, &s, c);
	if (rc == 0) {
		log_difference(l, &s, &l->selection, "a restart is needed to load this module");
		log_difference(l, &l->selection, &s, "a restart is needed to unload this module");
	}
	selection_fini(&s);
	return rc;
}

/* The structs of all instances from `c`, in their order. */
static int
make_all(struct loader *l, struct conf *c, void **confs)
{
	int rc, first = 0;
	size_t i;

	for (i = 0; i < l->n_inst; i++) {
		rc = options_make(c, l->inst[i]->image.mod.options, &confs[i]);
		if (rc != 0)
			first = rc;
	}
	return first;
}

/* All of them first: a module's reload() may ask another module. */
static void
replace_all(struct loader *l, void *const *confs)
{
	size_t i;

	for (i = 0; i < l->n_inst; i++)
		if (confs[i] != NULL)
			memcpy(l->inst[i]->conf, confs[i], l->inst[i]->image.mod.options->struct_size);
}

static int
tell_all(struct loader *l)
{
	const struct rotor_module *m;
	int rc, first = 0;
	size_t i;

	for (i = 0; i < l->n_inst; i++) {
		m = &l->inst[i]->image.mod;
		rc = m->reload != NULL ? instance_answer(m->reload(l->inst[i]->ctx)) : 0;
		if (rc == 0)
			continue;
		instance_log(l->inst[i], ROTOR_LOG_ERROR, "module failed to reload", rc);
		if (first == 0)
			first = rc;
	}
	return first;
}

int
loader_reload(struct loader *l, struct conf *c)
{
	void **confs;
	size_t i;
	int rc, rc2;

	OBJ_CHECK(l, LOADER_MAGIC);
	ASSERT(l->log != NULL);
	confs = calloc(l->n_inst + 1, sizeof *confs);
	if (confs == NULL)
		return -ENOMEM;
	rc = make_all(l, c, confs);
	rc2 = compare_selections(l, c);
	rc = rc != 0 ? rc : rc2;
	if (rc == 0) {
		replace_all(l, confs);
		rc = tell_all(l);
	}
	for (i = 0; i < l->n_inst; i++)
		free(confs[i]);
	free(confs);
	return rc;
}
