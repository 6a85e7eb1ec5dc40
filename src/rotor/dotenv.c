/* SPDX-License-Identifier: MIT */
/*
 * rotor/dotenv.c - environment variables from a file.
 *
 *	# comment
 *	export NAME=value		also "NAME: value", and without export
 *	NAME="two\nlines, $OTHER"	\n, \r, and \ before any other character
 *	NAME='as it is, $'		may go on over several lines, as "..." may
 *
 * $OTHER and ${OTHER}, in capitals, stand for what the file has set above, or for
 * nothing; \$ is a dollar.
 */
#include "config.h"

#include "dotenv.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/str.h>

#define FILE_MAX	65536u
#define VALUE_MAX	65536u		/* references may make it grow */

struct var {
	struct var	*next;		/* the one before it in the file */
	char		*name;
	char		*value;
};

struct reader {
	const char	*at;
	struct var	*vars;		/* last first */
};

static int
is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.';
}

static size_t
name_len(const char *s)
{
	size_t n = 0;

	while (is_name(s[n]))
		n++;
	return n;
}

static const char *
value_get(const struct reader *r, const char *name, size_t len)
{
	const struct var *v;

	for (v = r->vars; v != NULL; v = v->next)
		if (rotor_str_is((struct rotor_str){ name, len }, v->name))
			return v->value;
	return "";
}

static void
skip_blanks(struct reader *r)
{
	r->at += strspn(r->at, " \t\r");
}

/* "$NAME" or "${NAME}" at r->at; any other dollar is itself. */
static void
put_reference(struct reader *r, FILE *out)
{
	int braces = r->at[1] == '{';
	const char *name = r->at + 1 + braces;
	size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	if (len == 0 || (braces && name[len] != '}')) {
		putc(*r->at++, out);
		return;
	}
	fputs(value_get(r, name, len), out);
	r->at = name + len + (size_t)braces;
}

static void
put_escaped(struct reader *r, FILE *out)
{
	char c = r->at[1];

	putc(c == 'n' ? '\n' : c == 'r' ? '\r' : c, out);
	r->at += 2;
}

/* Up to the closing `quote`, behind which r->at is then.  -1: there is none, or the value
 * is too long. */
static int
read_quoted(struct reader *r, char quote, FILE *out)
{
	for (r->at++; *r->at != quote; ) {
		if (*r->at == '\0' || ftell(out) > (long)VALUE_MAX)
			return -1;
		if (quote == '"' && *r->at == '\\' && r->at[1] != '\0')
			put_escaped(r, out);
		else if (quote == '"' && *r->at == '$')
			put_reference(r, out);
		else {
			if (r->at[0] == '\\' && r->at[1] == '\'')	/* no end; both stay */
				putc(*r->at++, out);
			putc(*r->at++, out);
		}
	}
	r->at++;
	return 0;
}

/* Up to the end of the line or a comment; blanks before that do not count. */
static int
read_plain(struct reader *r, FILE *out)
{
	size_t len = strcspn(r->at, "\n");
	const char *end = r->at + len, *p;

	for (p = r->at + 1; p < end; p++)
		if (*p == '#' && (p[-1] == ' ' || p[-1] == '\t'))
			end = p;
	while (end > r->at && strchr(" \t\r", end[-1]) != NULL)
		end--;
	while (r->at < end) {
		if (ftell(out) > (long)VALUE_MAX)
			return -1;
		if (*r->at == '$')
			put_reference(r, out);
		else if (r->at[0] == '\\' && r->at[1] == '$')
			put_escaped(r, out);
		else
			putc(*r->at++, out);
	}
	return 0;
}

/* The value at r->at, to be freed; NULL. */
static char *
read_value(struct reader *r)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int bad;

	if (out == NULL)
		return NULL;
	skip_blanks(r);
	bad = *r->at == '"' || *r->at == '\'' ? read_quoted(r, *r->at, out) : read_plain(r, out);
	bad |= ferror(out);
	if (fclose(out) == 0 && bad == 0)
		return text;
	free(text);
	return NULL;
}

static void
var_free(struct var *v)
{
	free(v->name);
	free(v->value);
	free(v);
}

/* Up to the value.  The name's length; 0 when this is no assignment. */
static size_t
read_name(struct reader *r, const char **ret_name)
{
	static const char word[] = "export";
	size_t len = strcspn(r->at, " \t");

	if (r->at[len] != '\0' && rotor_str_is((struct rotor_str){ r->at, len }, word))
		r->at += len;
	skip_blanks(r);
	*ret_name = r->at;
	len = name_len(r->at);
	r->at += len;
	skip_blanks(r);
	if (*r->at != '=' && *r->at != ':')
		return 0;
	r->at++;
	return len;
}

/* The rest of the line behind a value counts for nothing.  0 or -1. */
static int
read_var(struct reader *r)
{
	const char *name;
	size_t len = read_name(r, &name);
	struct var *v;

	if (len == 0 || (v = calloc(1, sizeof *v)) == NULL)
		return -1;
	v->name = strndup(name, len);
	v->value = read_value(r);
	if (v->name == NULL || v->value == NULL) {
		var_free(v);
		return -1;
	}
	/* Not before: its value may name an earlier one of the same name. */
	v->next = r->vars;
	r->vars = v;
	r->at += strcspn(r->at, "\n");
	return 0;
}

static int
read_all(struct reader *r)
{
	for (;;) {
		r->at += strspn(r->at, " \t\r\n");
		if (*r->at == '\0')
			return 0;
		if (*r->at == '#')
			r->at += strcspn(r->at, "\n");
		else if (read_var(r) != 0)
			return -1;
	}
}

/* Frees them; with `set`, those that are not set yet become variables: of a name that
 * comes twice, the last. */
static void
finish(struct reader *r, int set)
{
	struct var *v;

	while ((v = r->vars) != NULL) {
		r->vars = v->next;
		if (set)
			setenv(v->name, v->value, 0);
		var_free(v);
	}
}

/* 0, or -1 with the number of the line where it stopped making sense. */
static int
load_text(const char *text, int *ret_line)
{
	struct reader r = { text, NULL };
	int status = read_all(&r);
	const char *p;

	*ret_line = 1;
	for (p = text; p < r.at; p++)
		*ret_line += *p == '\n';
	finish(&r, status == 0);
	return status;
}

/* NULL with errno set. */
static char *
read_file(const char *file)
{
	char *text = malloc(FILE_MAX + 1);
	FILE *f = fopen(file, "re");
	size_t n = 0;
	int err = errno;

	if (text != NULL && f != NULL) {
		n = fread(text, 1, FILE_MAX + 1, f);
		err = ferror(f) ? errno : n > FILE_MAX ? EFBIG : memchr(text, '\0', n) != NULL ? EINVAL : 0;
	}
	if (f != NULL)
		fclose(f);
	if (text != NULL && f != NULL && err == 0) {
		text[n] = '\0';
		return text;
	}
	free(text);
	errno = err;
	return NULL;
}

int
dotenv_load(const char *file)
{
	char *text = read_file(file);
	int line, status;

	if (text == NULL && errno == ENOENT)
		return 0;
	if (text == NULL) {
		fprintf(stderr, "rotor: %s: cannot be read: %s\n", file, strerror(errno));
		return -1;
	}
	status = load_text(text, &line);
	if (status != 0)
		fprintf(stderr, "rotor: %s:%d: expected NAME=value\n", file, line);
	explicit_bzero(text, strlen(text));
	free(text);
	return status;
}
