/* SPDX-License-Identifier: MIT */
/*
 * module/open.c - opens what has been selected, with what that needs, and hands out the
 * options.
 *
 * Every refusal is given once, where it arises: a module refused only because one it
 * needs has been refused says nothing of its own.
 */
#include "config.h"

#include "module/loader_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rotor/log.h>

#include "base/str.h"
#include "conf/conf.h"

static int open_pick(struct loader *l, struct conf *c, struct pick *p);

/* The pick for a module that `inst` needs: selected already, or added. */
static int
needed_pick(struct loader *l, struct conf *c, const struct rotor_instance *inst, const char *key,
    struct rotor_str name, struct pick **ret)
{
	const char *who = inst->image.mod.name;

	if (!module_name_valid(name)) {
		conf_problem_add(c, 1, key, "module \"%s\" (%s) needs a module whose name is not made "
		    "of a-z, 0-9 and _: correct its rotor_module", who, inst->image.file);
		return -EINVAL;
	}
	*ret = selection_find(&l->selection, name);
	if (*ret != NULL)
		return 0;
	*ret = selection_add(&l->selection, l->dir, name, NULL, key);
	if (*ret == NULL)
		return -ENOMEM;
	(*ret)->needed = 1;
	if (l->log != NULL && access((*ret)->file, F_OK) == 0)
		ROTOR_LOG(l->log, ROTOR_LOG_INFO, "module", "loaded because another module needs it",
		    ROTOR_F_STR("module", (*ret)->name), ROTOR_F_STR("needed_by", who));
	return 0;
}

static int
open_needed(struct loader *l, struct conf *c, const struct rotor_instance *inst, const char *key,
    struct pick *p)
{
	const char *who = inst->image.mod.name, *file = inst->image.file;

	if (p->state == PICK_REFUSED)
		return -EINVAL;
	if (p->state == PICK_OPENING) {
		conf_problem_add(c, 1, key, "module \"%s\" (%s) needs module \"%s\", which, in a circle, "
		    "needs \"%s\": leave one of them out", who, file, p->name, who);
		return -EINVAL;
	}
	if (access(p->file, F_OK) != 0) {
		conf_problem_add(c, 1, key, "module \"%s\" (%s) needs module \"%s\", which is not "
		    "installed: there is no %s; install it, or do without \"%s\"", who, file, p->name,
		    p->file, who);
		p->state = PICK_REFUSED;
		return -EINVAL;
	}
	return open_pick(l, c, p);
}

static int
open_needs(struct loader *l, struct conf *c, const struct rotor_instance *inst, const char *key)
{
	const char *at = inst->image.mod.needs;
	struct rotor_str name;
	struct pick *p;
	int rc = 0;

	while (rc == 0 && (name = word_next(&at)).len > 0) {
		rc = needed_pick(l, c, inst, key, name, &p);
		if (rc == 0)
			rc = open_needed(l, c, inst, key, p);
	}
	return rc;
}

/* Nothing to open: 1 when that is acceptable, or -EINVAL. */
static int
pick_missing(struct loader *l, struct conf *c, struct pick *p)
{
	if (p->optional) {
		conf_problem_add(c, 0, p->key, "module \"%s\" is not installed in %s: the server runs "
		    "without it", p->name, l->dir);
		return 1;
	}
	conf_problem_add(c, 1, p->key, "module \"%s\" is not installed: there is no %s; install it, or "
	    "correct the name", p->name, p->file);
	return -EINVAL;
}

static int
open_instance(struct loader *l, struct conf *c, struct pick *p)
{
	struct rotor_instance *inst;
	char why[WHY_LEN];
	int rc;

	inst = instance_new(l, p->file, why);
	if (inst == NULL) {
		conf_problem_add(c, 1, p->key, "%s", why);
		return -EINVAL;
	}
	rc = open_needs(l, c, inst, p->key);
	if (rc == 0)
		rc = ptrs_push(&l->inst, &l->n_inst, inst);
	if (rc != 0)
		instance_free(&inst);
	return rc;
}

static int
open_pick(struct loader *l, struct conf *c, struct pick *p)
{
	int rc;

	if (p->state == PICK_OPEN)
		return 0;
	if (p->state == PICK_REFUSED)
		return -EINVAL;
	p->state = PICK_OPENING;
	if (access(p->file, F_OK) != 0)
		rc = pick_missing(l, c, p);
	else
		rc = open_instance(l, c, p);
	p->state = rc < 0 ? PICK_REFUSED : PICK_OPEN;
	return rc < 0 ? rc : 0;
}

/* Goes on after a refusal, so that all of them are told at once. */
static int
open_all(struct loader *l, struct conf *c)
{
	int rc, first = 0;
	size_t i, n = l->selection.n;	/* those added meanwhile are open */

	for (i = 0; i < n; i++) {
		rc = open_pick(l, c, l->selection.v[i]);
		if (rc == -ENOMEM)
			return rc;
		if (rc != 0)
			first = rc;
	}
	return first;
}

const struct image *
table_image(struct loader *l, const char *file)
{
	char why[WHY_LEN];
	struct image *im;
	size_t i;

	for (i = 0; i < l->n_tables; i++)
		if (strcmp(l->tables[i]->file, file) == 0)
			return l->tables[i];
	im = calloc(1, sizeof *im);
	if (im == NULL || image_open(im, file, why) != 0 ||
	    ptrs_push(&l->tables, &l->n_tables, im) != 0) {
		if (im != NULL)
			image_close(im);
		free(im);
		return NULL;
	}
	return im;
}

struct left_out {
	struct loader	*l;
	struct conf	*c;
};

/* The keys of a module that is switched off are checked all the same, and are not
 * "unknown"; one that the list of modules forgets is worth a warning. */
static int
left_out_apply(void *priv, const char *module, const char *section, int on)
{
	struct left_out *lo = priv;
	const struct image *im;
	char *file;
	void *base;
	int rc;

	if (on)
		conf_problem_add(lo->c, 0, section, "has no effect: module \"%s\" is not in the list of "
		    "modules", module);
	if (asprintf(&file, "%s/%s.so", lo->l->dir, module) < 0)
		return -ENOMEM;
	im = access(file, F_OK) == 0 ? table_image(lo->l, file) : NULL;
	free(file);
	if (im == NULL)
		return 0;
	rc = options_make(lo->c, im->mod.options, &base);
	free(base);
	return rc;
}

int
loader_left_out(struct loader *l, const struct selection *s, struct conf *c)
{
	struct left_out lo = { l, c };

	return selection_left_out(s, c, left_out_apply, &lo);
}

static int
apply_all(struct loader *l, struct conf *c)
{
	int rc, first = 0;
	size_t i;

	for (i = 0; i < l->n_inst; i++) {
		rc = options_make(c, l->inst[i]->image.mod.options, &l->inst[i]->conf);
		if (rc == -ENOMEM)
			return rc;
		if (rc != 0)
			first = rc;
	}
	rc = loader_left_out(l, &l->selection, c);
	return rc != 0 ? rc : first;
}

int
loader_apply_options(struct loader *l, struct conf *c)
{
	int rc;

	OBJ_CHECK(l, LOADER_MAGIC);
	if (l->opened)
		return 0;
	rc = open_all(l, c);
	if (rc == 0)
		rc = apply_all(l, c);
	if (rc == 0)
		l->opened = 1;
	else
		loader_close(l);
	return rc;
}

void
loader_close(struct loader *l)
{
	size_t i;

	while (l->n_inst > 0)
		instance_free(&l->inst[--l->n_inst]);
	for (i = 0; i < l->selection.n; i++)
		l->selection.v[i]->state = PICK_NEW;
	l->opened = 0;
}
