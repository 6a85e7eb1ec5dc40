/* SPDX-License-Identifier: MIT */
/* rotor/cmd_modules.c - `rotor modules`: what is installed, and what is wrong with it. */
#include "config.h"

#include "cmd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "config_tool.h"
#include "module/loader.h"

/* The columns of the table, for a module that can be read. */
enum { COL_NAME, COL_VERSION, COL_ABI, COL_PROVIDES, COL_NEEDS, COL_SUMMARY, N_COLS };

static const char *const titles[N_COLS] = {
	"NAME", "VERSION", "ABI", "PROVIDES", "NEEDS", "SUMMARY"
};

struct row {
	char	*file;
	char	*col[N_COLS];	/* all NULL when the module could not be read */
	char	*why;		/* NULL: it can be loaded */
};

struct report {
	struct row	*rows;
	size_t		n;
	size_t		broken;
	int		failed;		/* no memory */
};

/* Module texts go to a terminal: no control characters. */
static char *
text_copy(const char *s)
{
	char *copy = strdup(s), *p;

	for (p = copy; p != NULL && *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return copy;
}

static int
row_fill(struct row *r, const struct loader_entry *e)
{
	const struct rotor_module *m = e->mod;
	char abi[32];
	size_t i;

	r->file = text_copy(e->file);
	if (e->why != NULL && (r->why = text_copy(e->why)) == NULL)
		return -ENOMEM;
	if (r->file == NULL || m == NULL)
		return r->file != NULL ? 0 : -ENOMEM;
	snprintf(abi, sizeof abi, "%u.%u", m->abi_major, m->abi_minor);

	const char *const text[N_COLS] = {
		m->name, m->version, abi, m->provides, m->needs, m->summary
	};
	for (i = 0; i < N_COLS; i++)
		if ((r->col[i] = text_copy(text[i])) == NULL)
			return -ENOMEM;
	return 0;
}

static void
report_add(void *priv, const struct loader_entry *e)
{
	struct report *rep = priv;
	struct row *rows;

	rows = reallocarray(rep->rows, rep->n + 1, sizeof *rows);
	if (rows == NULL) {
		rep->failed = 1;
		return;
	}
	rep->rows = rows;
	rows += rep->n++;
	memset(rows, 0, sizeof *rows);
	if (row_fill(rows, e) != 0)
		rep->failed = 1;
	if (e->why != NULL)
		rep->broken++;
}

static void
report_fini(struct report *rep)
{
	size_t i, col;

	for (i = 0; i < rep->n; i++) {
		for (col = 0; col < N_COLS; col++)
			free(rep->rows[i].col[col]);
		free(rep->rows[i].file);
		free(rep->rows[i].why);
	}
	free(rep->rows);
}

static const char *
shown(const char *s)
{
	return *s != '\0' ? s : "-";
}

static void
print_line(const char *const *col, const int *width)
{
	size_t i;

	for (i = 0; i + 1 < N_COLS; i++)
		printf("%-*s  ", width[i], shown(col[i]));
	printf("%s\n", shown(col[N_COLS - 1]));
}

static void
print_readable(const struct report *rep)
{
	int width[N_COLS], len;
	size_t i, col;

	for (col = 0; col < N_COLS; col++)
		width[col] = (int)strlen(titles[col]);
	for (i = 0; i < rep->n; i++)
		for (col = 0; rep->rows[i].col[0] != NULL && col < N_COLS; col++) {
			len = (int)strlen(shown(rep->rows[i].col[col]));
			width[col] = len > width[col] ? len : width[col];
		}
	print_line(titles, width);
	for (i = 0; i < rep->n; i++)
		if (rep->rows[i].col[0] != NULL)
			print_line((const char *const *)rep->rows[i].col, width);
}

static void
print_table(const struct report *rep, const char *dir)
{
	size_t i;

	if (rep->n == 0) {
		printf("No modules in %s\n", dir);
		return;
	}
	printf("Modules in %s\n\n", dir);
	print_readable(rep);
	if (rep->broken > 0)
		printf("\nCannot be loaded:\n");
	for (i = 0; i < rep->n; i++)
		if (rep->rows[i].why != NULL)
			printf("  %s\n", rep->rows[i].why);
}

static void
print_json_string(const char *s)
{
	putchar('"');
	for (; *s != '\0'; s++) {	/* control characters are gone already */
		if (*s == '"' || *s == '\\')
			putchar('\\');
		putchar(*s);
	}
	putchar('"');
}

/* An array of objects: file and loadable always, the rest as far as known. */
static void
print_json(const struct report *rep)
{
	static const char *const keys[N_COLS] = {
		"name", "version", "abi", "provides", "needs", "summary"
	};
	const struct row *r;
	size_t col;

	printf("[");
	for (r = rep->rows; r < rep->rows + rep->n; r++) {
		printf("%s\n  {\"file\":", r > rep->rows ? "," : "");
		print_json_string(r->file);
		for (col = 0; r->col[0] != NULL && col < N_COLS; col++) {
			printf(",\"%s\":", keys[col]);
			print_json_string(r->col[col]);
		}
		if (r->why != NULL) {
			printf(",\"error\":");
			print_json_string(r->why);
		}
		printf(",\"loadable\":%s}", r->why == NULL ? "true" : "false");
	}
	printf("%s]\n", rep->n > 0 ? "\n" : "");
}

enum { CONFIG, MODULE_DIR, JSON, N_FLAGS };

static const struct rotor_flag flags[N_FLAGS] = {
	[CONFIG] = { "config", "FILE", "configuration file, for its module_dir", 'c' },
	[MODULE_DIR] = FLAG_MODULE_DIR,
	[JSON] = { "json", NULL, "print an array of objects", 0 },
};

/* A configuration that was asked for must be readable; its other faults are the
 * business of `rotor checkconfig`. */
static struct conf *
config_read(const char *file)
{
	const struct conf_source src = {
		.file = file != NULL ? file : conf_default_file(),
		.file_optional = file == NULL,
		.env = environ,
	};
	struct conf *c = conf_load(&src);

	if (c == NULL) {
		fprintf(stderr, "rotor: out of memory\n");
		return NULL;
	}
	config_report(c, 1, stderr, "rotor");
	if (file != NULL && conf_failed(c))
		conf_free(&c);
	return c;
}

static int
print_dir(const char *dir, int json)
{
	struct report rep = { NULL, 0, 0, 0 };
	int rc, status;

	rc = loader_list(dir, report_add, &rep);
	if (rc == 0 && rep.failed)
		rc = -ENOMEM;
	if (rc != 0)
		fprintf(stderr, "rotor: cannot list the modules in %s: %s\n", dir, strerror(-rc));
	else if (json)
		print_json(&rep);
	else
		print_table(&rep, dir);
	status = rc != 0 || rep.broken > 0 ? 1 : 0;
	report_fini(&rep);
	return status;
}

static int
run(void *ctx, int argc, char **argv)
{
	const char *v[N_FLAGS];
	struct conf *c;
	int status;

	(void)ctx;
	if (rotor_command_parse(&cmd_modules, argc, argv, v) < 0)
		return 2;
	c = config_read(v[CONFIG]);
	if (c == NULL)
		return 1;
	status = print_dir(loader_dir(v[MODULE_DIR], conf_raw(c, "module_dir")), v[JSON] != NULL);
	conf_free(&c);
	return status;
}

const struct rotor_command cmd_modules = {
	.size = sizeof cmd_modules, .name = "modules", .args = "",
	.summary = "list the installed modules", .run = run, CMD_FLAGS(flags),
};
