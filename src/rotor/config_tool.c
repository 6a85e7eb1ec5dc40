/* SPDX-License-Identifier: MIT */
/* rotor/config_tool.c - see config_tool.h. */
#include "config.h"

#include "config_tool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/core_conf.h"
#include "module/loader.h"

int
config_format(const char *file)
{
	static const struct {
		const char	*ext;
		int		format;
	} exts[] = {
		{ ".json", CONF_JSON },
		{ ".yaml", CONF_YAML },
		{ ".yml", CONF_YAML },
	};
	const char *dot = strrchr(file, '.');
	size_t i;

	for (i = 0; dot != NULL && i < sizeof exts / sizeof exts[0]; i++)
		if (strcmp(dot, exts[i].ext) == 0)
			return (exts[i].format);
	printf("error: output config file must have one of supported extensions: json, yaml, yml%s\n",
	    dot != NULL && strcmp(dot, ".toml") == 0 ? "; TOML is read, not written" : "");
	return (-1);
}

FILE *
config_create(const char *file)
{
	FILE *f = NULL;
	int fd;

	fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		f = fdopen(fd, "w");
	if (f != NULL)
		return (f);
	if (errno == EEXIST)
		printf("error: output config file already exists: %s\n", file);
	else
		printf("error: cannot create %s: %s\n", file, strerror(errno));
	if (fd >= 0) {
		close(fd);
		unlink(file);
	}
	return (NULL);
}

int
config_close(FILE *f, const char *file, int status)
{
	int bad = ferror(f);

	if (fclose(f) != 0 || bad) {
		printf("error: cannot write %s\n", file);
		status = 1;
	}
	if (status != 0)
		unlink(file);
	return (status);
}

void
config_apply(struct conf *c)
{
	struct conf_core cc;
	struct loader *l;

	core_conf_apply(c, &cc);
	l = loader_new(loader_dir(NULL, cc.module_dir), NULL);
	if (l != NULL && loader_select(l, c) == 0 && loader_apply_options(l, c) == 0)
		conf_check_unknown(c);
	conf_sort_problems(c);
	loader_free(&l);
	core_conf_fini(&cc);
}

void
config_report(const struct conf *c, int fatal, FILE *f, const char *prefix)
{
	const struct conf_problem *v;
	char text[1024];
	size_t i, n;

	n = conf_problems(c, &v);
	for (i = 0; i < n; i++) {
		if (v[i].fatal != fatal)
			continue;
		conf_problem_format(&v[i], text, sizeof text);
		fprintf(f, "%s: %s\n", prefix, text);
	}
}

static void
add(void *priv, const char *module, const struct rotor_option_table *table)
{
	const struct rotor_option_table **v;
	struct config_tables *t = priv;
	const char **names;

	v = reallocarray(t->v, t->n + 1, sizeof *v);
	if (v != NULL)
		t->v = v;
	names = reallocarray(t->module, t->n + 1, sizeof *names);
	if (names != NULL)
		t->module = names;
	if (v == NULL || names == NULL) {
		t->failed = 1;
		return;
	}
	t->v[t->n] = table;
	t->module[t->n++] = module;
}

int
config_tables_init(struct config_tables *t, const char *dir)
{
	size_t i;

	memset(t, 0, sizeof *t);
	t->loader = loader_new(loader_dir(dir, NULL), NULL);
	if (t->loader != NULL) {
		for (i = 0; i + 1 < core_conf_n_tables; i++)
			add(t, NULL, core_conf_tables[i]);
		loader_foreach_table(t->loader, add, t);
		/* What has no effect comes after all the rest. */
		add(t, NULL, core_conf_tables[core_conf_n_tables - 1]);
		if (!t->failed)
			return (0);
	}
	puts("error: out of memory");
	config_tables_fini(t);
	return (-1);
}

void
config_tables_fini(struct config_tables *t)
{
	free(t->v);
	free(t->module);
	loader_free(&t->loader);
	memset(t, 0, sizeof *t);
}

/* The file with values, checked, or NULL after its faults were reported. */
static struct conf *
base_load(const char *file)
{
	const struct conf_source src = { .file = file };
	struct conf *c = conf_load(&src);

	if (c == NULL) {
		puts("error: out of memory");
		return (NULL);
	}
	if (!conf_failed(c))
		config_apply(c);
	if (conf_failed(c)) {
		config_report(c, 1, stdout, "error");
		conf_free(&c);
	}
	return (c);
}

int
config_write(FILE *f, uint32_t format, const char *base, int set_only)
{
	struct conf_print what = { .format = format, .set_only = set_only };
	struct config_tables t;
	int r;

	if (base != NULL && (what.base = base_load(base)) == NULL)
		return (1);
	r = config_tables_init(&t, NULL);
	if (r == 0) {
		what.tables = t.v;
		what.n = t.n;
		r = conf_print(f, &what);
		if (r == -ENOMEM)
			puts("error: out of memory");
		else if (r != 0)
			config_report(what.base, 1, stdout, "error");
		config_tables_fini(&t);
	}
	conf_free(&what.base);
	return (r == 0 ? 0 : 1);
}
