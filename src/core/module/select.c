/* SPDX-License-Identifier: MIT */
/*
 * module/select.c - which modules a configuration asks for.
 *
 * With a `modules:` list, those and no others.  Without one, a default set follows
 * from the sections in use, so that a configuration written for Centrifugo v6 starts
 * as it is.
 */
#include "config.h"

#include "module/loader_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "conf/conf.h"

/* As the kind BOOL reads it. */
static int
is_true(const struct conf *c, const char *key)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
	const char *s = conf_raw(c, key);
	size_t i;

	for (i = 0; s != NULL && i < sizeof yes / sizeof yes[0]; i++)
		if (strcmp(s, yes[i]) == 0)
			return 1;
	return 0;
}

/*
 * The default set.  A module whose `off` key is true, or whose `on` key is not, is left
 * out.  What is not `vital`, and whose section is not set, may be missing from the
 * installation.
 */
static const struct def {
	const char	*module;
	const char	*section;	/* where its options are */
	const char	*on, *off;	/* keys that switch it; NULL: none */
	uint32_t	vital;
} defaults[] = {
	{ "http",	"http_server",	NULL,			NULL,			1 },
	{ "websocket",	"websocket",	NULL,			"websocket.disabled",	0 },
	{ "auth_jwt",	"client.token",	NULL,			NULL,			0 },
	{ "api_http",	"http_api",	NULL,			"http_api.disabled",	0 },
	{ "api_grpc",	"grpc_api",	"grpc_api.enabled",	NULL,			0 },
	{ "health",	"health",	"health.enabled",	NULL,			0 },
};
#define N_DEFAULTS	(sizeof defaults / sizeof defaults[0])

static int
def_is_on(const struct def *d, const struct conf *c)
{
	return (d->on == NULL || is_true(c, d->on)) && (d->off == NULL || !is_true(c, d->off));
}

struct pick *
selection_find(const struct selection *s, struct rotor_str name)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (rotor_str_eq(rotor_str_of(s->v[i]->name), name))
			return s->v[i];
	return NULL;
}

static void
pick_free(struct pick *p)
{
	free(p->name);
	free(p->file);
	free(p->key);
	free(p);
}

struct pick *
selection_add(struct selection *s, const char *dir, struct rotor_str name, const char *file,
    const char *key)
{
	struct pick *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->key = strdup(key);
	p->name = strndup(name.p, name.len);
	if (file != NULL)
		p->file = strdup(file);
	else if (asprintf(&p->file, "%s/%.*s.so", dir, (int)name.len, name.p) < 0)
		p->file = NULL;
	if (p->key == NULL || p->name == NULL || p->file == NULL || ptrs_push(&s->v, &s->n, p) != 0) {
		pick_free(p);
		return NULL;
	}
	return p;
}

void
selection_fini(struct selection *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		pick_free(s->v[i]);
	free(s->v);
	*s = (struct selection){ NULL, 0 };
}

/* Item `i` of the list: a name, or a path to a file. */
static int
add_listed(struct selection *s, const char *dir, struct conf *c, size_t i, const char *item)
{
	const char *file = strchr(item, '/') != NULL ? item : NULL;
	struct rotor_str name = file != NULL ? module_file_name(file) : rotor_str_of(item);
	char key[40];

	snprintf(key, sizeof key, "modules[%zu]", i);
	if (!module_name_valid(name)) {
		conf_problem_add(c, 1, key, "expected the name of a module (a-z, 0-9 and _), or a path "
		    "with a \"/\" to NAME.so, got \"%s\"", item);
		return -EINVAL;
	}
	if (selection_find(s, name) != NULL) {
		conf_problem_add(c, 1, key, "module \"%.*s\" is listed twice: take one out",
		    (int)name.len, name.p);
		return -EINVAL;
	}
	return selection_add(s, dir, name, file, key) != NULL ? 0 : -ENOMEM;
}

static int
select_listed(struct selection *s, const char *dir, struct conf *c, const struct conf_module *v, size_t n)
{
	int rc, first = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		rc = add_listed(s, dir, c, i, v[i].name);
		if (rc == -ENOMEM)
			return rc;
		if (rc != 0)
			first = rc;
	}
	return first;
}

/* The engine comes before all that might publish. */
static int
select_engine(struct selection *s, const char *dir, struct conf *c)
{
	const char *type = conf_raw(c, "engine.type");
	char name[64];

	if (type == NULL || *type == '\0')
		type = "memory";
	if (!module_name_valid(rotor_str_of(type)) || strlen(type) > 40) {
		conf_problem_add(c, 1, "engine.type", "expected the type of an engine such as "
		    "\"memory\", got \"%s\"", type);
		return -EINVAL;
	}
	snprintf(name, sizeof name, "engine_%s", type);
	return selection_add(s, dir, rotor_str_of(name), NULL, "engine.type") != NULL ? 0 : -ENOMEM;
}

static int
select_defaults(struct selection *s, const char *dir, struct conf *c)
{
	const struct def *d;
	struct pick *p;
	int rc;

	rc = select_engine(s, dir, c);
	if (rc != 0)
		return rc;
	for (d = defaults; d < defaults + N_DEFAULTS; d++) {
		if (!def_is_on(d, c))
			continue;
		p = selection_add(s, dir, rotor_str_of(d->module), NULL, d->section);
		if (p == NULL)
			return -ENOMEM;
		p->optional = !d->vital && !conf_is_set(c, d->section);
	}
	return 0;
}

int
selection_make(struct selection *s, const char *dir, struct conf *c)
{
	const struct conf_module *v;
	size_t n;

	*s = (struct selection){ NULL, 0 };
	if (conf_modules(c, &v, &n) == 0)
		return select_listed(s, dir, c, v, n);
	return select_defaults(s, dir, c);
}

int
selection_left_out(const struct selection *s, const struct conf *c, selection_left_f *fn, void *priv)
{
	const struct def *d;
	int rc;

	for (d = defaults; d < defaults + N_DEFAULTS; d++) {
		if (selection_find(s, rotor_str_of(d->module)) != NULL || !conf_is_set(c, d->section))
			continue;
		rc = fn(priv, d->module, d->section, def_is_on(d, c));
		if (rc != 0)
			return rc;
	}
	return 0;
}
