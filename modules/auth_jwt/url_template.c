/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "url_template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/str.h>

#include "scratch.h"

/* Text, or a placeholder's name. */
struct part {
	struct rotor_str	s;
	int			is_name;
};

struct url_template {
	size_t		n, n_names;
	struct part	*parts;
	char		text[];		/* what the parts point into */
};

/*
 * What makes a URL good.
 */

/* Where the authority begins and ends. */
static int
find_authority(struct rotor_str url, struct rotor_str *ret)
{
	const char *end = url.p + url.len;
	size_t scheme = url.len >= 7 && rotor_str_is_nocase((struct rotor_str){ url.p, 7 }, "http://") ? 7 :
	    url.len >= 8 && rotor_str_is_nocase((struct rotor_str){ url.p, 8 }, "https://") ? 8 : 0;
	const char *p = url.p + scheme;

	if (scheme == 0)
		return (-1);
	while (p < end && *p != '/' && *p != '?' && *p != '#')
		p++;
	*ret = (struct rotor_str){ url.p + scheme, (size_t)(p - url.p) - scheme };
	return (0);
}

static struct rotor_str
path_of(struct rotor_str url, struct rotor_str authority)
{
	const char *start = authority.p + authority.len, *p = start;

	while (p < url.p + url.len && *p != '?' && *p != '#')
		p++;
	return ((struct rotor_str){ start, (size_t)(p - start) });
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	c |= 0x20;
	return (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
}

/* The next character of a path, %XX resolved; -1: the end; -2: malformed. */
static int
next_char(struct rotor_str *path)
{
	int c, hi, lo;

	if (path->len == 0)
		return (-1);
	c = (unsigned char)*path->p;
	if (c == '%') {
		hi = path->len >= 3 ? hex_value(path->p[1]) : -1;
		lo = path->len >= 3 ? hex_value(path->p[2]) : -1;
		if (hi < 0 || lo < 0)
			return (-2);
		c = hi << 4 | lo;
		path->p += 2;
		path->len -= 2;
	}
	path->p++;
	path->len--;
	return (c);
}

/* 1 when the path, with its %XX resolved, is one that cleaning would not change: no
 * segment is empty, "." or "..", so it does not end in '/' either, unless it is "/". */
static int
path_is_clean(struct rotor_str path)
{
	size_t len = 0, dots = 0, segments = 0;
	int c = next_char(&path);

	if (c == -1)
		return (1);
	if (c != '/')
		return (0);
	do {
		c = next_char(&path);
		if (c == -2)
			return (0);
		if (c != '/' && c != -1) {
			len++;
			dots += c == '.';
			continue;
		}
		if (len == 0 && c == -1 && segments == 0)
			return (1);
		if (len == 0 || (dots == len && len <= 2))
			return (0);
		segments++;
		len = dots = 0;
	} while (c != -1);
	return (1);
}

/* NULL, or what is wrong. */
static const char *
check_url(struct rotor_str url)
{
	struct rotor_str authority;
	size_t i;

	if (url.len > URL_MAX_LEN)
		return ("its URL is longer than 4096 bytes");
	for (i = 0; i < url.len; i++) {
		if ((unsigned char)url.p[i] <= 0x20 || url.p[i] == 0x7f)
			return ("its URL has a space or a control character");
	}
	if (find_authority(url, &authority) != 0)
		return ("its URL does not begin with http:// or https://");
	if (authority.len == 0)
		return ("its URL names no host");
	if (!path_is_clean(path_of(url, authority)))
		return ("its URL's path is not clean: it has \"..\", \".\", \"//\", a slash at the end, "
		    "or a bad %XX");
	return (NULL);
}

/*
 * The template.
 */

static void
add_part(struct url_template *t, const char *from, const char *to, int is_name)
{
	if (from == to && !is_name)
		return;
	t->parts[t->n++] = (struct part){ { from, (size_t)(to - from) }, is_name };
	t->n_names += (size_t)is_name;
}

/* 0, or -1: a placeholder is not closed. */
static int
cut(struct url_template *t)
{
	const char *p = t->text, *open, *close;

	while ((open = strstr(p, "{{")) != NULL) {
		close = strstr(open + 2, "}}");
		if (close == NULL)
			return (-1);
		add_part(t, p, open, 0);
		add_part(t, open + 2, close, 1);
		p = close + 2;
	}
	add_part(t, p, p + strlen(p), 0);
	return (0);
}

static struct url_template *
template_alloc(const char *text)
{
	size_t len = strlen(text);
	struct url_template *t = calloc(1, sizeof *t + len + 1);

	if (t == NULL)
		return (NULL);
	memcpy(t->text, text, len + 1);
	t->parts = calloc(len / 2 + 1, sizeof *t->parts);	/* a placeholder has 4 characters */
	if (t->parts == NULL) {
		free(t);
		return (NULL);
	}
	return (t);
}

int
url_template_new(const char *text, struct url_template **ret, const char **ret_why)
{
	struct rotor_str url = rotor_str_of(text), authority;
	struct url_template *t = template_alloc(text);

	*ret_why = NULL;
	if (t == NULL)
		*ret_why = "no memory";
	else if (cut(t) != 0)
		*ret_why = "has \"{{\" without \"}}\"";
	else if (find_authority(url, &authority) != 0)
		*ret_why = "expected a URL that begins with http:// or https://";
	else if (t->n_names == 0)
		*ret_why = check_url(url);
	if (*ret_why == NULL)
		*ret = t;
	else
		url_template_free(&t);
	return (*ret_why == NULL ? 0 : -1);
}

void
url_template_free(struct url_template **tp)
{
	struct url_template *t = *tp;

	*tp = NULL;
	if (t == NULL)
		return;
	free(t->parts);
	free(t);
}

int
url_template_varies(const struct url_template *t)
{
	return (t->n_names > 0);
}

int
url_template_uses(const struct url_template *t, struct rotor_str name)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (t->parts[i].is_name && rotor_str_eq(t->parts[i].s, name))
			return (1);
	}
	return (0);
}

static struct rotor_str
value_of(const struct part *part, const struct url_vars *vars)
{
	size_t i;

	if (!part->is_name)
		return (part->s);
	for (i = vars->n; i-- > 0;) {
		if (rotor_str_eq(vars->v[i].name, part->s))
			return (vars->v[i].value);
	}
	return ((struct rotor_str){ "", 0 });
}

int
url_template_fill(const struct url_template *t, const struct url_vars *vars,
    struct scratch *s, struct rotor_str *ret, const char **ret_why)
{
	struct rotor_str v;
	size_t i, len = 0;
	char *out, *at;

	if (t->n_names == 0) {
		*ret = rotor_str_of(t->text);
		return (0);
	}
	for (i = 0; i < t->n; i++)
		len += value_of(&t->parts[i], vars).len;
	*ret_why = "its URL is longer than 4096 bytes";
	if (len > URL_MAX_LEN)
		return (-1);
	*ret_why = "no memory";
	out = at = scratch_alloc(s, len + 1);
	if (out == NULL)
		return (-1);
	for (i = 0; i < t->n; i++) {
		v = value_of(&t->parts[i], vars);
		if (v.len > 0)
			memcpy(at, v.p, v.len);
		at += v.len;
	}
	*at = '\0';
	*ret = (struct rotor_str){ out, len };
	*ret_why = check_url(*ret);
	return (*ret_why == NULL ? 0 : -1);
}

void
url_public(const char *url, char *buf, size_t len)
{
	struct rotor_str u = rotor_str_of(url), authority;
	const char *host, *at, *end;

	if (find_authority(u, &authority) != 0) {
		snprintf(buf, len, "?");
		return;
	}
	host = authority.p;
	for (at = host; at < authority.p + authority.len; at++) {
		if (*at == '@')
			host = at + 1;
	}
	end = at + path_of(u, authority).len;
	snprintf(buf, len, "%.*s%.*s", (int)(authority.p - url), url, (int)(end - host), host);
}
