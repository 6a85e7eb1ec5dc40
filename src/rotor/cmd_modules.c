/* SPDX-License-Identifier: MIT */
/* rotor/cmd_modules.c - `rotor modules`: what is installed, and what is wrong with it. */
#include "config.h"

#include "cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
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

struct args {
	const char	*config;	/* NULL: the usual one, if there is one */
	const char	*dir;		/* NULL: see loader_dir() */
	int		json;
};

/* 0; or the exit status: -1 for success (help). */
static int
args_parse(struct args *a, int argc, char **argv)
{
	static const struct option opts[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "module-dir", required_argument, NULL, 'm' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int ch;

	optind = 1;
	while ((ch = getopt_long(argc, argv, "c:h", opts, NULL)) != -1) {
		switch (ch) {
		case 'c':
			a->config = optarg;
			break;
		case 'm':
			a->dir = optarg;
			break;
		case 'j':
			a->json = 1;
			break;
		case 'h':
			cmd_usage(argv[0], 0);
			return -1;
		default:
			return cmd_usage(argv[0], 1);
		}
	}
	return optind < argc ? cmd_usage(argv[0], 1) : 0;
}

/* A configuration that was asked for must be readable; its other faults are the
 * business of `rotor checkconfig`. */
static struct conf *
config_read(const struct args *a)
{
	const struct conf_source src = {
		.file = a->config != NULL ? a->config : conf_default_file(),
		.file_optional = a->config == NULL,
		.env = environ,
	};
	struct conf *c = conf_load(&src);
	const struct conf_problem *p;
	char text[1024];
	size_t i, n;

	if (c == NULL) {
		fprintf(stderr, "rotor: out of memory\n");
		return NULL;
	}
	n = conf_problems(c, &p);
	for (i = 0; i < n; i++) {
		if (!p[i].fatal)
			continue;
		conf_problem_format(&p[i], text, sizeof text);
		fprintf(stderr, "rotor: %s\n", text);
	}
	if (a->config != NULL && conf_failed(c))
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

int
cmd_modules(int argc, char **argv)
{
	struct args a = { NULL, NULL, 0 };
	struct conf *c;
	int status;

	status = args_parse(&a, argc, argv);
	if (status != 0)
		return status < 0 ? 0 : status;
	c = config_read(&a);
	if (c == NULL)
		return 1;
	status = print_dir(loader_dir(a.dir, conf_raw(c, "module_dir")), a.json);
	conf_free(&c);
	return status;
}
