/* SPDX-License-Identifier: MIT */
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
	puts("error: output config file must have one of supported extensions: json, yaml, yml");
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
config_close(FILE *f, const char *file)
{
	int bad = ferror(f);

	if (fclose(f) == 0 && !bad)
		return (0);
	printf("error: cannot write %s\n", file);
	unlink(file);
	return (1);
}

static int
add(struct config_tables *t, const struct rotor_option_table *table)
{
	const struct rotor_option_table **v;

	v = realloc(t->v, (t->n + 1) * sizeof *v);
	if (v == NULL)
		return (-1);
	t->v = v;
	t->v[t->n++] = table;
	return (0);
}

static void
add_module(void *priv, const char *module, const struct rotor_option_table *table)
{
	(void)module;
	add(priv, table);
}

int
config_tables_init(struct config_tables *t)
{
	size_t i;
	int r = 0;

	memset(t, 0, sizeof *t);
	t->loader = loader_new(loader_dir(NULL, NULL), NULL);
	if (t->loader == NULL)
		return (-1);
	for (i = 0; r == 0 && i + 1 < core_conf_n_tables; i++)
		r = add(t, core_conf_tables[i]);
	loader_foreach_table(t->loader, add_module, t);
	/* What has no effect comes after all the rest. */
	if (r == 0)
		r = add(t, core_conf_tables[core_conf_n_tables - 1]);
	if (r != 0)
		config_tables_fini(t);
	return (r);
}

void
config_tables_fini(struct config_tables *t)
{
	free(t->v);
	loader_free(&t->loader);
	memset(t, 0, sizeof *t);
}
