/* SPDX-License-Identifier: MIT */
/*
 * url_template.h - a URL with {{name}} in it, filled from what a token says.
 *
 * The values come from claims that nothing has been proved about.  Which values are
 * possible at all is for jwks_safety.h; here a URL is refused whose path is not as
 * clean as it was meant to be ("..", "//").  Immutable once made; any thread.
 */
#ifndef AUTH_JWT_URL_TEMPLATE_H
#define AUTH_JWT_URL_TEMPLATE_H

#include <rotor/abi.h>

struct scratch;
struct url_template;

#define URL_MAX_LEN	4096u

struct url_var {
	struct rotor_str	name, value;
};

struct url_vars {
	struct url_var	*v;
	size_t		n;	/* of two with one name the later one counts */
};

/* 0, or -1 with the reason, a constant text: not http or https, no host, an open
 * placeholder, or (without placeholders) a path that is not clean. */
int url_template_new(const char *text, struct url_template **ret, const char **ret_why);
void url_template_free(struct url_template **tp);

/* 1 when there is a placeholder at all; when there is {{name}}. */
int url_template_varies(const struct url_template *t);
int url_template_uses(const struct url_template *t, struct rotor_str name);

/* The URL, NUL-terminated, in `s` or in the template; a name without a value is
 * empty.  0, or -1 with the reason. */
int url_template_fill(const struct url_template *t, const struct url_vars *vars,
    struct scratch *s, struct rotor_str *ret, const char **ret_why);

/* For the log: writes `url` without user, password, query and fragment. */
void url_public(const char *url, char *buf, size_t len);

#endif
