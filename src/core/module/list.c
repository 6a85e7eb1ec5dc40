/* SPDX-License-Identifier: MIT */
/* module/list.c - what is installed in a module directory. */
#include "config.h"

#include "module/loader_priv.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

static int
is_so(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return len > 3 && strcmp(d->d_name + len - 3, ".so") == 0;
}

/* Not alphasort(): that depends on the locale. */
static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Calls fn for the path of each *.so, sorted, until it returns other than 0. */
typedef int file_f(void *priv, const char *dir, const char *file);

static int
foreach_file(const char *dir, file_f *fn, void *priv)
{
	struct dirent **v;
	int n, i, rc = 0;
	char *file;

	n = scandir(dir, &v, is_so, by_name);
	if (n < 0)
		return -errno;
	for (i = 0; i < n; i++) {
		if (rc == 0 && asprintf(&file, "%s/%s", dir, v[i]->d_name) >= 0) {
			rc = fn(priv, dir, file);
			free(file);
		} else if (rc == 0)
			rc = -ENOMEM;
		free(v[i]);
	}
	free(v);
	return rc;
}

struct listing {
	loader_entry_f	*fn;
	void		*priv;
};

static int
is_in(const char *dir, struct rotor_str name)
{
	char file[4096];

	snprintf(file, sizeof file, "%s/%.*s.so", dir, (int)name.len, name.p);
	return access(file, F_OK) == 0;
}

/* 1 when all that `im` needs is installed, beside it or where modules usually are: who
 * writes one has it alone in a folder.  Else `why` says what is not. */
static int
needs_installed(const struct image *im, const char *dir, char *why)
{
	const char *at = im->mod.needs;
	struct rotor_str name;

	while ((name = word_next(&at)).len > 0) {
		if (module_name_valid(name) && (is_in(dir, name) || is_in(loader_dir(NULL, NULL), name)))
			continue;
		snprintf(why, WHY_LEN, "%s needs module \"%.*s\", which is not installed: there is no "
		    "%.*s.so beside it; install it", im->file, (int)name.len, name.p, (int)name.len, name.p);
		return 0;
	}
	return 1;
}

static int
list_file(void *priv, const char *dir, const char *file)
{
	struct listing *li = priv;
	struct loader_entry e = { .file = file };
	struct image im;
	char why[WHY_LEN];
	int rc;

	rc = image_open(&im, file, why);
	if (rc == -ENOMEM)
		return rc;
	if (rc == 0)
		e.mod = &im.mod;
	if (rc != 0 || !needs_installed(&im, dir, why))
		e.why = why;
	li->fn(li->priv, &e);
	if (rc == 0)
		image_close(&im);
	return 0;
}

int
loader_list(const char *dir, loader_entry_f *fn, void *priv)
{
	struct listing li = { fn, priv };

	return foreach_file(loader_dir(dir, NULL), list_file, &li);
}

struct tables {
	struct loader	*l;
	loader_table_f	*fn;
	void		*priv;
};

static int
table_file(void *priv, const char *dir, const char *file)
{
	struct tables *t = priv;
	const struct image *im;

	(void)dir;
	im = table_image(t->l, file);
	if (im != NULL && im->mod.options != NULL)
		t->fn(t->priv, im->mod.name, im->mod.options);
	return 0;
}

int
loader_foreach_table(struct loader *l, loader_table_f *fn, void *priv)
{
	struct tables t = { l, fn, priv };

	OBJ_CHECK(l, LOADER_MAGIC);
	return foreach_file(l->dir, table_file, &t);
}
