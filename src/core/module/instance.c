/* SPDX-License-Identifier: MIT */
/* module/instance.c - a module in one server: its options, and what it sees of itself. */
#include "config.h"

#include "module/loader_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rotor/log.h>

#include "conf/conf.h"

struct rotor_instance *
instance_new(struct loader *l, const char *file, char *why)
{
	struct rotor_instance *inst;

	OBJ_ALLOC(inst, INSTANCE_MAGIC);
	if (inst == NULL) {
		snprintf(why, WHY_LEN, "%s: out of memory", file);
		return NULL;
	}
	inst->loader = l;
	if (image_open(&inst->image, file, why) != 0)
		OBJ_FREE(inst);
	return inst;
}

void
instance_free(struct rotor_instance **instp)
{
	struct rotor_instance *inst;

	if (*instp == NULL)
		return;
	OBJ_TAKE(inst, instp, INSTANCE_MAGIC);
	free(inst->conf);
	image_close(&inst->image);
	OBJ_FREE(inst);
}

int
options_make(struct conf *c, const struct rotor_option_table *t, void **ret)
{
	void *base;
	int rc;

	*ret = NULL;
	if (t == NULL)
		return 0;
	base = calloc(1, t->struct_size > 0 ? t->struct_size : 1);
	if (base == NULL)
		return -ENOMEM;
	rc = conf_apply(c, t, base);
	if (rc != 0)
		free(base);
	else
		*ret = base;
	return rc;
}

void
instance_log(const struct rotor_instance *inst, uint32_t level, const char *msg, int rc)
{
	struct rotor_log *log = inst->loader->log;
	const struct rotor_module *m = &inst->image.mod;

	if (log == NULL)
		return;
	if (rc != 0)
		ROTOR_LOG(log, level, "module", msg, ROTOR_F_STR("module", m->name),
		    ROTOR_F_STR("file", inst->image.file), ROTOR_F_STR("error", strerror(-rc)));
	else
		ROTOR_LOG(log, level, "module", msg, ROTOR_F_STR("module", m->name),
		    ROTOR_F_STR("version", m->version), ROTOR_F_STR("file", inst->image.file));
}

struct rotor_server *
rotor_instance_server(struct rotor_instance *inst)
{
	OBJ_CHECK(inst, INSTANCE_MAGIC);
	return inst->loader->srv;
}

struct rotor_log *
rotor_instance_log(struct rotor_instance *inst)
{
	OBJ_CHECK(inst, INSTANCE_MAGIC);
	return inst->loader->log;
}

const void *
rotor_instance_conf(struct rotor_instance *inst)
{
	OBJ_CHECK(inst, INSTANCE_MAGIC);
	return inst->conf;
}
